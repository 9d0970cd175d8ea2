/*
 * slots_repo.h - a repository with one slot in a store in memory, for the tests of slots.h.
 */
#pragma once

#include "backends/stores/memory.h"
#include "libarchive-kv/slots.h"
#include "libarchive-kv/store_count.h"
#include "tests/unit/cm.h"

#include <stdio.h>

/* A repository with one slot; passphrases are cheap here: 1 pass, 8 KiB. */
struct repo {
	struct arkv_clock_shut clock;
	struct arkv_store *store;
	struct arkv_counter *counter;
	struct arkv_unlocked owner; /* opened by creating */
	struct arkv_slot_made made;
};

static inline struct arkv_slot_new cheap(const char *passphrase, int64_t created_ms)
{
	return (struct arkv_slot_new){ .kind = ARKF_SLOT_PASSPHRASE,
				       .passphrase = ark_span_str(passphrase),
				       .label = ark_span_str("test"),
				       .passes = 1,
				       .memory_kib = 8,
				       .created_ms = created_ms };
}

static inline void ok(enum ark_rc rc, const struct ark_err *err)
{
	if (rc)
		fail_msg("%s: %s", ark_rc_name(rc), err->text);
}

static inline void repo_make(struct repo *r, enum ark_suite suite)
{
	struct ark_err err = { .text = "" };
	memset(r, 0, sizeof *r);
	arkv_clock_shut_init(&r->clock, 1000);
	ok(arkv_memory_new(&r->store, &r->clock.clock, &err), &err);
	r->store->caps &= ~(unsigned)ARKV_STORE_LOCAL; /* as if it were far away */
	ok(arkv_store_count(&r->store, &r->counter, &err), &err);
	ok(arkv_store_create(r->store, &err), &err);
	struct arkv_slots_init what = { .suite = suite,
					.chunker = arkf_chunker_default(),
					.slot = cheap("first", 1) };
	ok(arkv_slots_create(&r->owner, &r->made, r->store, &what, &err), &err);
}

static inline void repo_free(struct repo *r)
{
	arkv_unlocked_release(&r->owner);
	arkv_slot_made_release(&r->made);
	arkv_store_free(r->store);
}

static inline struct arkv_unlock with_passphrase(const char *passphrase)
{
	return (struct arkv_unlock){ .passphrase = ark_span_str(passphrase) };
}

static inline struct arkv_unlock with_file(const struct ark_secret *text)
{
	return (struct arkv_unlock){ .key_file = ark_secret_span(text) };
}

static inline enum ark_rc try_open(const struct repo *r, const struct arkv_unlock *unlock,
				   struct ark_err *err)
{
	ARK_AUTO(arkv_unlocked_release) struct arkv_unlocked u = { .keys = NULL };
	enum ark_rc rc = arkv_slots_open(&u, r->store, unlock, err);
	if (!rc)
		assert_memory_equal(arkv_keys_id(u.keys), arkv_keys_id(r->owner.keys), 32);
	return rc;
}

static inline void assert_opens(const struct repo *r, const struct arkv_unlock *unlock)
{
	struct ark_err err = { .text = "" };
	ok(try_open(r, unlock, &err), &err);
}

static inline void assert_refused(const struct repo *r, const struct arkv_unlock *unlock,
				  enum ark_rc rc, const char *text)
{
	struct ark_err err = { .text = "" };
	assert_int_equal(try_open(r, unlock, &err), rc);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" should say \"%s\"", err.text, text);
}

static inline void slot_name(char *name, const struct ark_uid *uid)
{
	snprintf(name, ARKV_NAME_MAX + 1, "keys/slot-%s", ark_uid_hex(uid).s);
}

static inline void get(const struct repo *r, const char *name, struct ark_buf *out)
{
	ark_buf_init(out);
	assert_int_equal(arkv_store_get(r->store, name, 0, ARKV_TO_END, out, NULL), ARK_OK);
}

/* Other bytes under a name: what a broken disk or an owner of the store can do. */
static inline void replace(const struct repo *r, const char *name, struct ark_span bytes)
{
	assert_int_equal(arkv_store_remove(r->store, name, NULL), ARK_OK);
	assert_int_equal(arkv_store_put(r->store, name, bytes, NULL), ARK_OK);
}

static inline enum ark_rc first_ring(void *ctx, const char *name, uint64_t size,
				     struct ark_err *err)
{
	(void)size;
	(void)err;
	if (strstr(name, "/ring-"))
		snprintf(ctx, ARKV_NAME_MAX + 1, "%s", name);
	return ARK_OK;
}

static inline void ring_name(const struct repo *r, char *name)
{
	name[0] = '\0';
	assert_int_equal(arkv_store_list(r->store, "keys/", first_ring, name, NULL), ARK_OK);
	assert_true(name[0]);
}

static inline void add(struct repo *r, struct arkv_slot_made *made,
		       const struct arkv_slot_new *what)
{
	struct ark_err err = { .text = "" };
	ok(arkv_slots_add(made, r->store, &r->owner, what, &err), &err);
}
