/* store_check_many.c - the promises of store.h that concern lists, and many threads at once. */
#include "libarchive-kv/store_check_in.h"

#include <stdatomic.h>
#include <stdio.h>

struct name_text {
	char s[ARKV_NAME_MAX + 1];
};

/* Names spread over their first digits, as those made of hashes are. */
static struct name_text numbered(const char *space, size_t index)
{
	struct name_text text;
	snprintf(text.s, sizeof text.s, "%s/%02x%02x-%zu", space, (unsigned)(index * 37) & 0xff,
		 (unsigned)(index * 11) & 0xff, index);
	return text;
}

static enum ark_rc put_numbered(struct store_checker *c, void *ctx, size_t index,
				struct ark_err *err)
{
	const char *space = ctx;
	return arkv_store_check_put(c, numbered(space, index).s, index, index % 50, err);
}

static enum ark_rc check_each_once(struct store_checker *c, const struct store_check_names *names,
				   const char *space, struct ark_err *err)
{
	bool late = c->s->caps & ARKV_STORE_LIST_LATE;
	for (size_t i = 0; i < c->options.many_count; i++) {
		struct name_text name = numbered(space, i);
		size_t times = arkv_store_check_names_has(names, name.s);
		if (times > 1 || (times == 0 && !late))
			return ark_fail(err, ARK_CORRUPT, "%s: listed %zu times", name.s, times);
	}
	if (names->count > c->options.many_count)
		return ark_fail(err, ARK_CORRUPT, "%zu objects listed of %zu", names->count,
				c->options.many_count);
	return ARK_OK;
}

static enum ark_rc many_listed(struct store_checker *c, struct ark_err *err)
{
	char space[] = "packs";
	ARK_AUTO(arkv_store_check_names_release) struct store_check_names names = { 0 };
	ark_buf_init(&names.text);
	size_t count = c->options.many_count;
	enum ark_rc rc = arkv_store_check_parallel(c, put_numbered, space, count, err);
	if (!rc)
		rc = arkv_store_check_list(c, "packs/", &names, err);
	if (!rc)
		rc = check_each_once(c, &names, space, err);
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += i % 50;
	if (!rc && names.count == count && names.size_sum != sum)
		rc = ark_fail(err, ARK_CORRUPT, "the sizes in the list sum up to %llu, not %llu",
			      (unsigned long long)names.size_sum, (unsigned long long)sum);
	return rc;
}

/* OK when prefix lists exactly count objects, name among them. */
static enum ark_rc lists_exactly(struct store_checker *c, const char *prefix, size_t count,
				 const char *name, struct ark_err *err)
{
	ARK_AUTO(arkv_store_check_names_release) struct store_check_names names = { 0 };
	ark_buf_init(&names.text);
	enum ark_rc rc = arkv_store_check_list(c, prefix, &names, err);
	bool late = c->s->caps & ARKV_STORE_LIST_LATE;
	if (rc ||
	    (names.count == count && (!name || arkv_store_check_names_has(&names, name) == 1)) ||
	    (late && names.count < count))
		return rc;
	return ark_fail(err, ARK_CORRUPT, "list of \"%s\" gives %zu objects, not %zu, or not %s",
			prefix, names.count, count, name ? name : "none");
}

static enum ark_rc spaces_apart(struct store_checker *c, struct ark_err *err)
{
	static const char *const names[] = { "packs/a1b2c3", "packs2/a1b2c3", "pack/a1b2c3",
					     "packsx",	     "gc/1-ab",	      "gc/reaped/ab" };
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < sizeof names / sizeof names[0] && !rc; i++)
		rc = arkv_store_check_put(c, names[i], i, i, err);
	if (!rc)
		rc = lists_exactly(c, "packs/", 1, "packs/a1b2c3", err);
	if (!rc)
		rc = lists_exactly(c, "pack/", 1, "pack/a1b2c3", err);
	if (!rc)
		rc = lists_exactly(c, "gc/", 2, "gc/reaped/ab", err);
	if (!rc)
		rc = lists_exactly(c, "gc/reaped/", 1, "gc/reaped/ab", err);
	if (!rc)
		rc = lists_exactly(c, "", sizeof names / sizeof names[0], "packsx", err);
	if (!rc)
		rc = lists_exactly(c, "nowhere/", 0, NULL, err);
	return rc ? rc : lists_exactly(c, "nowhere/at/all/", 0, NULL, err);
}

static enum ark_rc stop_at_second(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	(void)size;
	size_t *seen = ctx;
	return ++*seen == 2 ? ark_fail(err, ARK_CANCELLED, "stopped at %s", name) : ARK_OK;
}

static enum ark_rc list_stops(struct store_checker *c, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < 5 && !rc; i++)
		rc = arkv_store_check_put(c, numbered("runs", i).s, i, 1, err);
	if (rc || (c->s->caps & ARKV_STORE_LIST_LATE))
		return rc;
	size_t seen = 0;
	struct ark_err said = { 0 };
	rc = arkv_store_check_rc(arkv_store_list(c->s, "runs/", stop_at_second, &seen, &said),
				 ARK_CANCELLED, "list whose callback stops it", &said, err);
	if (!rc && seen != 2)
		rc = ark_fail(err, ARK_CORRUPT, "list went on after its callback had stopped it");
	return rc;
}

/* ---- threads ---- */

static enum ark_rc put_get_remove(struct store_checker *c, void *ctx, size_t index,
				  struct ark_err *err)
{
	(void)ctx;
	struct name_text name = numbered("runs", index);
	size_t len = 1000 + index * 331;
	enum ark_rc rc = arkv_store_check_put(c, name.s, index, len, err);
	if (!rc)
		rc = arkv_store_check_holds(c, name.s, index, len, err);
	return rc || index % 3 ? rc : arkv_store_remove(c->s, name.s, err);
}

static enum ark_rc threads_apart(struct store_checker *c, struct ark_err *err)
{
	enum { COUNT = 64 };
	enum ark_rc rc = arkv_store_check_parallel(c, put_get_remove, NULL, COUNT, err);
	for (size_t i = 0; i < COUNT && !rc; i++) {
		struct arkv_stat st;
		struct ark_err said;
		enum ark_rc there = arkv_store_stat(c->s, numbered("runs", i).s, &st, &said);
		rc = arkv_store_check_rc(there, i % 3 ? ARK_OK : ARK_NOTFOUND, "stat afterwards",
					 &said, err);
	}
	return rc;
}

enum { WHOLE_COUNT = 6 };

struct whole {
	size_t len;		/* of each object */
	atomic_size_t put_done; /* how many of the objects the putting thread has finished */
	atomic_size_t reads;
};

/* Index 0 puts, all others read what is being put until it is there. */
static enum ark_rc put_or_watch(struct store_checker *c, void *ctx, size_t index,
				struct ark_err *err)
{
	struct whole *whole = ctx;
	enum ark_rc rc = ARK_OK;
	if (index == 0) {
		for (size_t i = 0; i < WHOLE_COUNT && !rc; i++) {
			rc = arkv_store_check_put(c, numbered("packs", i).s, i, whole->len, err);
			atomic_store(&whole->put_done, rc ? WHOLE_COUNT : i + 1);
		}
		return rc;
	}
	for (size_t i = atomic_load(&whole->put_done); i < WHOLE_COUNT && !rc;
	     i = atomic_load(&whole->put_done)) {
		struct ark_err said;
		rc = arkv_store_check_holds(c, numbered("packs", i).s, i, whole->len, &said);
		if (rc == ARK_NOTFOUND)
			rc = ARK_OK;
		else if (rc)
			*err = said;
		atomic_fetch_add(&whole->reads, 1);
	}
	return rc;
}

static enum ark_rc all_or_nothing(struct store_checker *c, struct ark_err *err)
{
	struct whole whole = { .len = c->options.large_len / 11 };
	enum ark_rc rc = arkv_store_check_parallel(c, put_or_watch, &whole, c->threads, err);
	for (size_t i = 0; i < WHOLE_COUNT && !rc; i++)
		rc = arkv_store_check_holds(c, numbered("packs", i).s, i, whole.len, err);
	return rc;
}

static enum ark_rc put_same(struct store_checker *c, void *ctx, size_t index, struct ark_err *err)
{
	(void)ctx;
	(void)index;
	return arkv_store_check_put(c, "packs/same", 1, 200000, err);
}

static enum ark_rc same_at_once(struct store_checker *c, struct ark_err *err)
{
	enum ark_rc rc = arkv_store_check_parallel(c, put_same, NULL, 32, err);
	if (!rc)
		rc = arkv_store_check_holds(c, "packs/same", 1, 200000, err);
	return rc ? rc : lists_exactly(c, "packs/", 1, "packs/same", err);
}

const struct store_check_entry arkv_store_checks_many[] = {
	{ "list shows each of many objects once", many_listed },
	{ "namespaces are kept apart, and an absent one is empty", spaces_apart },
	{ "list ends when its callback says so", list_stops },
	{ "threads that put, get and delete do not mix", threads_apart },
	{ "readers during a put see all or nothing", all_or_nothing },
	{ "the same bytes put by many at once are there once", same_at_once },
	{ NULL, NULL },
};
