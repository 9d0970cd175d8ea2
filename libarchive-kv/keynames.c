/* keynames.c - see keynames.h. */
#include "libarchive-kv/keynames.h"

#include <stdio.h>

static const char slot_prefix[] = "keys/slot-";
static const char ring_prefix[] = "keys/ring-";

void arkv_keyname_slot(char *name, const struct ark_uid *uid)
{
	snprintf(name, ARKV_NAME_MAX + 1, "%s%s", slot_prefix, ark_uid_hex(uid).s);
}

void arkv_keyname_ring(char *name, uint32_t n, const struct ark_uid *random)
{
	snprintf(name, ARKV_NAME_MAX + 1, "%s%u-%s", ring_prefix, (unsigned)n,
		 ark_uid_hex(random).s);
}

const struct arkv_keyname *arkv_keynames_slot(const struct arkv_keynames *names,
					      const struct ark_uid *uid)
{
	for (size_t i = 0; i < names->slot_count; i++)
		if (ark_uid_eq(&names->slots[i].uid, uid))
			return &names->slots[i];
	return NULL;
}

static bool has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* The number in "keys/ring-<n>-<32 digits>"; 0 for another name. */
static uint32_t ring_of(const char *name)
{
	const char *p = name + strlen(ring_prefix);
	uint64_t n = 0;
	if (!has_prefix(name, ring_prefix) || *p == '0')
		return 0;
	for (; *p >= '0' && *p <= '9' && n <= UINT32_MAX; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	struct ark_uid uid;
	if (*p != '-' || n > UINT32_MAX || !ark_uid_from_hex(&uid, ark_span_str(p + 1)))
		return 0;
	return (uint32_t)n;
}

static void keyname_set(struct arkv_keyname *out, const char *name, uint64_t size)
{
	snprintf(out->name, sizeof out->name, "%s", name);
	out->size = size;
}

static enum ark_rc slot_add(struct arkv_keynames *names, const char *name, uint64_t size,
			    const struct ark_uid *uid, struct ark_err *err)
{
	if (names->slot_count == ARKV_SLOTS_MAX)
		return ark_fail(err, ARK_LIMIT, "keys/: more than %d key slots", ARKV_SLOTS_MAX);
	size_t at = names->slot_count++;
	for (; at && memcmp(names->slots[at - 1].uid.b, uid->b, sizeof uid->b) > 0; at--)
		names->slots[at] = names->slots[at - 1];
	keyname_set(&names->slots[at], name, size);
	names->slots[at].uid = *uid;
	return ARK_OK;
}

static enum ark_rc ring_add(struct arkv_keynames *names, const char *name, uint64_t size,
			    uint32_t n, struct ark_err *err)
{
	if (n < names->ring)
		return ARK_OK;
	if (n > names->ring)
		names->ring_count = 0;
	names->ring = n;
	if (names->ring_count == ARKV_RINGS_MAX)
		return ark_fail(err, ARK_LIMIT, "keys/: more than %d keyrings of number %u",
				ARKV_RINGS_MAX, (unsigned)n);
	keyname_set(&names->rings[names->ring_count++], name, size);
	return ARK_OK;
}

static enum ark_rc on_name(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct arkv_keynames *names = ctx;
	struct ark_uid uid;
	if (has_prefix(name, slot_prefix) &&
	    ark_uid_from_hex(&uid, ark_span_str(name + strlen(slot_prefix))))
		return slot_add(names, name, size, &uid, err);
	uint32_t n = ring_of(name);
	return n ? ring_add(names, name, size, n, err) : ARK_OK;
}

enum ark_rc arkv_keynames_list(struct arkv_keynames *out, struct arkv_store *store,
			       struct ark_err *err)
{
	out->slot_count = out->ring_count = 0;
	out->ring = 0;
	return arkv_store_list(store, "keys/", on_name, out, err);
}

/* ---- several requests at once ---- */

static void fetch_run(struct arkv_task *task)
{
	struct arkv_fetch *fetch = (struct arkv_fetch *)task;
	if (fetch->rc)
		return; /* refused beforehand */
	fetch->rc = fetch->names ? arkv_keynames_list(fetch->names, fetch->store, &fetch->err)
				 : arkv_store_get(fetch->store, fetch->name, 0, fetch->len,
						  &fetch->buf, &fetch->err);
}

struct arkv_fetch arkv_fetch_key(struct arkv_store *store, const struct arkv_keyname *name,
				 uint64_t max)
{
	struct arkv_fetch fetch = { .store = store, .name = name->name, .len = name->size };
	ark_buf_init(&fetch.buf);
	if (name->size > max)
		fetch.rc =
			ark_fail(&fetch.err, ARK_LIMIT, "%s: %llu bytes, %llu at most", name->name,
				 (unsigned long long)name->size, (unsigned long long)max);
	return fetch;
}

/* A pool whose threads only wait for the store; NULL where one request after the other is best. */
static struct arkv_pool *pool_for(const struct arkv_store *store, size_t count)
{
	struct arkv_pool *pool = NULL;
	size_t at_once = store->max_parallel < count ? store->max_parallel : count;
	if (at_once < 2 || (store->caps & ARKV_STORE_LOCAL))
		return NULL;
	if (at_once > 8)
		at_once = 8;
	if (arkv_pool_new(&pool, (unsigned)at_once - 1, NULL))
		return NULL; /* slower, but no worse */
	return pool;
}

void arkv_fetch_all(struct arkv_fetch *fetches, size_t count)
{
	if (!count)
		return;
	ARK_AUTO(arkv_pool_freep) struct arkv_pool *pool = pool_for(fetches->store, count);
	for (size_t i = 0; i < count; i++) {
		fetches[i].task.run = fetch_run;
		if (pool && i)
			arkv_pool_submit(pool, &fetches[i].task);
	}
	for (size_t i = 0; i < count; i++) {
		if (pool && i)
			arkv_pool_wait(pool, &fetches[i].task);
		else
			fetch_run(&fetches[i].task);
	}
}

void arkv_fetch_release(struct arkv_fetch *fetches, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ark_buf_release(&fetches[i].buf);
}
