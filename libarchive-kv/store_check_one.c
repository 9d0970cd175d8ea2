/* store_check_one.c - the promises of store.h that concern one object at a time. */
#include "libarchive-kv/store_check_in.h"

#include <sodium.h>

enum { SALT = 1 };

static enum ark_rc comes_back(struct store_checker *c, struct ark_err *err)
{
	static const size_t sizes[] = { 0, 1, 2, 511, 4096, 65535, 65536, 65537, 1 << 20 };
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		char name[] = "check/size-0";
		name[sizeof name - 2] = (char)('0' + i);
		enum ark_rc rc = arkv_store_check_put(c, name, i, sizes[i], err);
		if (!rc)
			rc = arkv_store_check_holds(c, name, i, sizes[i], err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

static enum ark_rc large(struct store_checker *c, struct ark_err *err)
{
	size_t len = c->options.large_len;
	enum ark_rc rc = arkv_store_check_put(c, "packs/abcd", SALT, len, err);
	return rc ? rc : arkv_store_check_holds(c, "packs/abcd", SALT, len, err);
}

/* Every form that the library may use, up to the longest. */
static enum ark_rc names_kept(struct store_checker *c, struct ark_err *err)
{
	char longest[ARKV_NAME_MAX + 1];
	memset(longest, 'z', ARKV_NAME_MAX);
	memcpy(longest, "check/", 6);
	longest[ARKV_NAME_MAX] = '\0';
	const char *const names[] = {
		"a",
		"config",
		"0",
		"_",
		"-",
		"check/0",
		"check/a/b/c/d/e",
		"check/x.del",
		"check/a.b.c",
		"check/tmp",
		"check/x.tmp.y",
		"check/0123456789abcdef",
		"check/a-b_c.d",
		"check/a.",
		"check/-",
		longest,
	};
	enum { COUNT = sizeof names / sizeof names[0] };
	ARK_AUTO(arkv_store_check_names_release) struct store_check_names listed = { 0 };
	ark_buf_init(&listed.text);
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < COUNT && !rc; i++)
		rc = arkv_store_check_put(c, names[i], i, 10 + i, err);
	if (!rc)
		rc = arkv_store_check_list(c, "", &listed, err);
	bool late = c->s->caps & ARKV_STORE_LIST_LATE;
	for (size_t i = 0; i < COUNT && !rc; i++) {
		rc = arkv_store_check_holds(c, names[i], i, 10 + i, err);
		size_t times = rc ? 1 : arkv_store_check_names_has(&listed, names[i]);
		if (times > 1 || (times == 0 && !late))
			rc = ark_fail(err, ARK_CORRUPT, "%s: listed %zu times", names[i], times);
	}
	return rc;
}

static enum ark_rc bad_names(struct store_checker *c, struct ark_err *err)
{
	static const char *const names[] = {
		"",	"/a", "a/",  "a//b",  ".",    "..",  "a/../b",
		"a/.b", "A",  "a b", "a.tmp", "a\\b", "a\n", "\xc3\xa4"
	};
	struct ark_err said;
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < sizeof names / sizeof names[0] && !rc; i++)
		rc = arkv_store_check_rc(arkv_store_put(c->s, names[i], ark_span("x", 1), &said),
					 ARK_USAGE, "put of a bad name", &said, err);
	return rc;
}

/* One ranged read of an object of OBJECT_LEN bytes, appended to something that must stay. */
enum { OBJECT_LEN = 1000 };

static enum ark_rc read_range(struct store_checker *c, const struct ark_buf *whole, uint64_t off,
			      uint64_t len, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf got;
	ark_buf_init(&got);
	ark_wr_bytes(&got.wr, ark_span("front", 5));
	enum ark_rc rc = arkv_store_get(c->s, "packs/range", off, len, &got, err);
	if (rc)
		return rc;
	size_t want = len == ARKV_TO_END ? OBJECT_LEN - (size_t)off : (size_t)len;
	struct ark_span bytes = ark_span(whole->wr.p + off, want);
	if (got.wr.len == 5 + want && !memcmp(got.wr.p, "front", 5) &&
	    ark_span_eq(ark_span(got.wr.p + 5, want), bytes))
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT,
			"the range of %zu bytes at %llu came as %zu bytes, or others", want,
			(unsigned long long)off, got.wr.len - 5);
}

static enum ark_rc ranges(struct store_checker *c, struct ark_err *err)
{
	static const uint64_t good[][2] = {
		{ 0, 0 },
		{ 0, 1 },
		{ 0, OBJECT_LEN - 1 },
		{ 0, OBJECT_LEN },
		{ 0, ARKV_TO_END },
		{ 1, 1 },
		{ 1, OBJECT_LEN - 1 },
		{ 500, 100 },
		{ 500, ARKV_TO_END },
		{ 500, 0 },
		{ OBJECT_LEN - 1, 1 },
		{ OBJECT_LEN - 1, ARKV_TO_END },
		{ OBJECT_LEN, 0 },
		{ OBJECT_LEN, ARKV_TO_END },
	};
	ARK_AUTO(ark_buf_release) struct ark_buf whole;
	ark_buf_init(&whole);
	enum ark_rc rc = arkv_store_check_fill(c, &whole, SALT, OBJECT_LEN, err);
	if (!rc)
		rc = arkv_store_put(c->s, "packs/range", ark_buf_span(&whole), err);
	for (size_t i = 0; i < sizeof good / sizeof good[0] && !rc; i++)
		rc = read_range(c, &whole, good[i][0], good[i][1], err);
	return rc;
}

static enum ark_rc past_the_end(struct store_checker *c, struct ark_err *err)
{
	static const uint64_t bad[][2] = {
		{ 0, OBJECT_LEN + 1 }, { OBJECT_LEN - 1, 2 },	  { OBJECT_LEN, 1 },
		{ OBJECT_LEN + 1, 0 }, { OBJECT_LEN + 1, 1 },	  { OBJECT_LEN + 1, ARKV_TO_END },
		{ 1, UINT64_MAX - 1 }, { (uint64_t)1 << 40, 10 },
	};
	ARK_AUTO(ark_buf_release) struct ark_buf got;
	ark_buf_init(&got);
	enum ark_rc rc = arkv_store_check_put(c, "packs/range", SALT, OBJECT_LEN, err);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0] && !rc; i++) {
		struct ark_err said;
		enum ark_rc read =
			arkv_store_get(c->s, "packs/range", bad[i][0], bad[i][1], &got, &said);
		rc = arkv_store_check_rc(read, ARK_CORRUPT, "a read past the end", &said, err);
	}
	return rc;
}

static enum ark_rc absent(struct store_checker *c, struct ark_err *err)
{
	static const char *const names[] = { "packs/absent", "nowhere/at/all", "absent" };
	ARK_AUTO(ark_buf_release) struct ark_buf got;
	ark_buf_init(&got);
	enum ark_rc rc = arkv_store_check_put(c, "packs/present", SALT, 3, err);
	for (size_t i = 0; i < sizeof names / sizeof names[0] && !rc; i++) {
		struct arkv_stat st;
		struct ark_err said;
		rc = arkv_store_check_rc(
			arkv_store_get(c->s, names[i], 0, ARKV_TO_END, &got, &said), ARK_NOTFOUND,
			"get of an absent object", &said, err);
		if (!rc)
			rc = arkv_store_check_rc(arkv_store_get(c->s, names[i], 7, 9, &got, &said),
						 ARK_NOTFOUND, "ranged get of an absent object",
						 &said, err);
		if (!rc)
			rc = arkv_store_check_rc(arkv_store_stat(c->s, names[i], &st, &said),
						 ARK_NOTFOUND, "stat of an absent object", &said,
						 err);
		if (!rc)
			rc = arkv_store_remove(c->s, names[i], err);
	}
	if (!rc && got.wr.len)
		rc = ark_fail(err, ARK_CORRUPT, "an absent object gave %zu bytes", got.wr.len);
	return rc;
}

static enum ark_rc put_again(struct store_checker *c, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (int i = 0; i < 3 && !rc; i++)
		rc = arkv_store_check_put(c, "packs/again", SALT, 100000, err);
	return rc ? rc : arkv_store_check_holds(c, "packs/again", SALT, 100000, err);
}

static enum ark_rc put_other(struct store_checker *c, struct ark_err *err)
{
	static const size_t other_len[] = { 5000, 4999, 5001, 0 };
	bool no_replace = c->s->caps & ARKV_STORE_NO_REPLACE;
	uint64_t salt = 100;
	size_t len = 5000;
	enum ark_rc rc = arkv_store_check_put(c, "packs/taken", salt, len, err);
	for (size_t i = 0; i < sizeof other_len / sizeof other_len[0] && !rc; i++) {
		struct ark_err said;
		enum ark_rc put =
			arkv_store_check_put(c, "packs/taken", 101 + i, other_len[i], &said);
		if (no_replace || put)
			rc = arkv_store_check_rc(put, ARK_EXISTS, "put of other bytes", &said, err);
		if (!put) {
			salt = 101 + i;
			len = other_len[i];
		}
		if (!rc)
			rc = arkv_store_check_holds(c, "packs/taken", salt, len, err);
	}
	return rc;
}

static enum ark_rc stat_tells(struct store_checker *c, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf bytes;
	ark_buf_init(&bytes);
	struct arkv_stat st;
	enum ark_rc rc = arkv_store_check_fill(c, &bytes, SALT, 12345, err);
	if (!rc)
		rc = arkv_store_put(c->s, "packs/stat", ark_buf_span(&bytes), err);
	if (!rc)
		rc = arkv_store_stat(c->s, "packs/stat", &st, err);
	if (rc)
		return rc;
	if (st.size != bytes.wr.len)
		return ark_fail(err, ARK_CORRUPT, "stat says %llu bytes of 12345",
				(unsigned long long)st.size);
	uint8_t sum[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(sum, bytes.wr.p, bytes.wr.len);
	if (st.has_sha256 && memcmp(sum, st.sha256, sizeof sum))
		return ark_fail(err, ARK_CORRUPT,
				"stat gives another SHA-256 than that of the bytes");
	if ((c->s->caps & ARKV_STORE_CHECKSUM) && !st.has_sha256)
		return ark_fail(err, ARK_CORRUPT,
				"stat gives no SHA-256, though the store says it can");
	return ARK_OK;
}

static enum ark_rc deleted(struct store_checker *c, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (uint64_t round = 0; round < 3 && !rc; round++) {
		struct arkv_stat st;
		struct ark_err said;
		rc = arkv_store_check_put(c, "packs/gone", round, 100 + (size_t)round, err);
		if (!rc)
			rc = arkv_store_check_holds(c, "packs/gone", round, 100 + (size_t)round,
						    err);
		if (!rc)
			rc = arkv_store_remove(c->s, "packs/gone", err);
		if (!rc)
			rc = arkv_store_check_rc(arkv_store_stat(c->s, "packs/gone", &st, &said),
						 ARK_NOTFOUND, "stat after a delete", &said, err);
		if (!rc)
			rc = arkv_store_remove(c->s, "packs/gone", err);
	}
	ARK_AUTO(arkv_store_check_names_release) struct store_check_names listed = { 0 };
	ark_buf_init(&listed.text);
	if (!rc)
		rc = arkv_store_check_list(c, "packs/", &listed, err);
	if (!rc && listed.count && !(c->s->caps & ARKV_STORE_LIST_LATE))
		rc = ark_fail(err, ARK_CORRUPT, "list still shows the deleted object");
	return rc;
}

static enum ark_rc create_again(struct store_checker *c, struct ark_err *err)
{
	struct ark_err said;
	enum ark_rc rc = arkv_store_check_put(c, "config", SALT, 10, err);
	if (!rc)
		rc = arkv_store_check_rc(arkv_store_create(c->s, &said), ARK_EXISTS,
					 "create where something is", &said, err);
	if (!rc)
		rc = arkv_store_open(c->s, err);
	return rc ? rc : arkv_store_check_holds(c, "config", SALT, 10, err);
}

const struct store_check_entry arkv_store_checks_one[] = {
	{ "an object of any size comes back as it was put", comes_back },
	{ "a large object comes back whole", large },
	{ "names of every form are kept", names_kept },
	{ "what is no name is refused", bad_names },
	{ "a ranged read gives exactly its bytes", ranges },
	{ "a read past the end is corrupt, never short", past_the_end },
	{ "an absent object is not found, and deleting it is fine", absent },
	{ "putting the same bytes again is fine", put_again },
	{ "other bytes under a taken name are refused, or replace it whole", put_other },
	{ "stat tells the size, and the checksum if it gives one", stat_tells },
	{ "a deleted object is gone and its name is free again", deleted },
	{ "create refuses a place that holds something", create_again },
	{ NULL, NULL },
};
