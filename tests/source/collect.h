/*
 * collect.h - what the source and target tests share: a sink that keeps everything, random records,
 * a seed.
 *
 * A kept record is one buffer (its fields one after the other), so that records compare as bytes.
 */
#pragma once

#include "libarchive-kv/buf.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/registry.h"
#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fails the test with the error's text. */
#define assert_ok(call, err)                                   \
	do {                                                   \
		if ((call) != ARK_OK)                          \
			fail_msg("%s: %s", #call, (err).text); \
	} while (0)

/* ---- the sink ---- */

struct collect {
	struct arkv_sink sink;
	struct ark_buf *kept;
	size_t count;
	struct ark_buf open; /* pieces so far */
	size_t piece_count;
	size_t refused_count;
	size_t drop_count;
	uint64_t tick_bytes;
	char why[256]; /* of the last refusal */
	char key[64];  /* and its key, cut */
};

static inline void collect_encode(struct ark_buf *out, const struct ark_record *r,
				  struct ark_span value)
{
	ark_wr_lenbytes(&out->wr, r->space);
	ark_wr_lenbytes(&out->wr, r->key);
	ark_wr_u8(&out->wr, r->type);
	ark_wr_u32(&out->wr, r->flags);
	ark_wr_u64(&out->wr, r->expires_ms);
	ark_wr_lenbytes(&out->wr, r->meta);
	ark_wr_lenbytes(&out->wr, value);
	assert_false(out->wr.full);
}

/* The fields of a kept record, borrowed from it. */
static inline struct ark_record collect_decode(const struct ark_buf *kept, struct ark_span *value)
{
	struct ark_rd rd = ark_rd(ark_buf_span(kept));
	struct ark_record r;
	r.space = ark_rd_lenbytes(&rd, ARK_SPACE_MAX);
	r.key = ark_rd_lenbytes(&rd, ARK_KEY_MAX);
	r.type = ark_rd_u8(&rd);
	r.flags = ark_rd_u32(&rd);
	r.expires_ms = ark_rd_u64(&rd);
	r.meta = ark_rd_lenbytes(&rd, ARK_META_MAX);
	*value = ark_rd_lenbytes(&rd, ARK_VALUE_MAX);
	r.value_len = value->len;
	assert_true(ark_rd_done(&rd));
	return r;
}

static inline void collect_add(struct collect *c, const struct ark_record *r, struct ark_span value)
{
	assert_int_equal(r->value_len, value.len);
	c->kept = realloc(c->kept, (c->count + 1) * sizeof *c->kept);
	assert_non_null(c->kept);
	ark_buf_init(&c->kept[c->count]);
	collect_encode(&c->kept[c->count++], r, value);
}

static inline enum ark_rc collect_record(struct arkv_sink *sink, const struct ark_record *r,
					 struct ark_span value, struct ark_err *err)
{
	struct collect *c = (struct collect *)sink;
	(void)err;
	assert_int_equal(c->open.wr.len, 0); /* no value is still open */
	collect_add(c, r, value);
	return ARK_OK;
}

static inline enum ark_rc collect_piece(struct arkv_sink *sink, struct ark_span bytes,
					struct ark_err *err)
{
	struct collect *c = (struct collect *)sink;
	(void)err;
	c->piece_count++;
	ark_wr_bytes(&c->open.wr, bytes);
	return ARK_OK;
}

static inline enum ark_rc collect_record_end(struct arkv_sink *sink, const struct ark_record *r,
					     struct ark_err *err)
{
	struct collect *c = (struct collect *)sink;
	(void)err;
	collect_add(c, r, ark_buf_span(&c->open));
	ark_buf_clear(&c->open);
	return ARK_OK;
}

static inline void collect_drop(struct arkv_sink *sink)
{
	struct collect *c = (struct collect *)sink;
	c->drop_count++;
	ark_buf_clear(&c->open);
}

static inline enum ark_rc collect_refused(struct arkv_sink *sink, struct ark_span key,
					  const char *why, struct ark_err *err)
{
	struct collect *c = (struct collect *)sink;
	(void)err;
	c->refused_count++;
	snprintf(c->why, sizeof c->why, "%s", why);
	snprintf(c->key, sizeof c->key, "%.*s", (int)(key.len < 60 ? key.len : 60),
		 key.len ? (const char *)key.p : "");
	return ARK_OK;
}

static inline enum ark_rc collect_tick(struct arkv_sink *sink, uint64_t source_bytes,
				       struct ark_err *err)
{
	struct collect *c = (struct collect *)sink;
	(void)err;
	c->tick_bytes = source_bytes;
	return ARK_OK;
}

static inline void collect_init(struct collect *c)
{
	*c = (struct collect){ .sink = { .record = collect_record,
					 .piece = collect_piece,
					 .record_end = collect_record_end,
					 .drop = collect_drop,
					 .refused = collect_refused,
					 .tick = collect_tick } };
	ark_buf_init(&c->open);
}

static inline void collect_release(struct collect *c)
{
	for (size_t i = 0; i < c->count; i++)
		ark_buf_release(&c->kept[i]);
	free(c->kept);
	ark_buf_release(&c->open);
	collect_init(c);
}

static inline int collect_cmp(const void *a, const void *b)
{
	struct ark_span value;
	struct ark_record ra = collect_decode(a, &value);
	struct ark_record rb = collect_decode(b, &value);
	return ark_record_cmp(&ra, &rb);
}

/* By space, then key: the order in which a target gets records. */
static inline void collect_sort(struct collect *c)
{
	if (c->count)
		qsort(c->kept, c->count, sizeof *c->kept, collect_cmp);
}

static inline void assert_collected_equal(const struct collect *a, const struct collect *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		if (!ark_span_eq(ark_buf_span(&a->kept[i]), ark_buf_span(&b->kept[i])))
			fail_msg("record %zu differs", i);
}

/* ---- chance ---- */

/* ARKV_SEED, or one of the day's; printed, so that a failure can be had again. */
static inline struct arkv_rand collect_seeded(const char *test)
{
	const char *text = getenv("ARKV_SEED");
	struct arkv_rand chance = arkv_rand_system();
	uint64_t seed = text ? strtoull(text, NULL, 0) : arkv_rand_below(&chance, UINT32_MAX);
	print_message("# %s: ARKV_SEED=%llu\n", test, (unsigned long long)seed);
	return arkv_rand_seeded(seed);
}

static inline size_t pick(struct arkv_rand *rand, size_t limit)
{
	return (size_t)arkv_rand_below(rand, limit);
}

/* len bytes at p: letters, any bytes, or characters of all lengths (then fewer bytes may come). */
static inline size_t random_text(struct arkv_rand *rand, uint8_t *p, size_t len)
{
	static const char *const odd[] = { "\"",	   "\\",	   "/",
					   "\n",	   "\x01",	   "\x7f",
					   "\xc3\xa9",	   "\xe2\x82\xac", "\xf0\x9f\x98\x80",
					   "\xee\x80\x80", "\xef\xbb\xbf", "\x1f",
					   "\b\f\r\t",	   "%2F",	   "a" };
	size_t kind = pick(rand, 3);
	if (kind == 1)
		arkv_rand_bytes(rand, p, len);
	for (size_t i = 0; kind == 0 && i < len; i++)
		p[i] = (uint8_t)('a' + pick(rand, 26));
	size_t n = 0;
	while (kind == 2) {
		const char *more = odd[pick(rand, sizeof odd / sizeof odd[0])];
		if (n + strlen(more) > len)
			return n;
		memcpy(p + n, more, strlen(more));
		n += strlen(more);
	}
	return len;
}

static inline size_t random_len(struct arkv_rand *rand, size_t usual, size_t rare)
{
	return pick(rand, 40) == 0 ? pick(rand, rare + 1) : pick(rand, usual + 1);
}

/* The meta of some random records: JSON in its one spelling. The others have text or bytes. */
static const char collect_json_meta[] = "{\"a\":[1.50,null,{\"\":\"\xc3\xa9\\n\"}]}";

/* count records with different keys, in random order, over all fields and their limits. */
static inline void random_records(struct arkv_rand *rand, struct collect *c, size_t count)
{
	static uint8_t space[ARK_SPACE_MAX], key[ARK_KEY_MAX], meta[ARK_META_MAX], value[200000];
	for (size_t i = 0; i < count; i++) {
		struct ark_record r = { .type = ARK_TYPE_STRING, .expires_ms = ARK_NO_EXPIRY };
		if (pick(rand, 3) == 0)
			r.space = ark_span(space,
					   random_text(rand, space, random_len(rand, 3, 1024)));
		size_t key_len = random_text(rand, key, random_len(rand, 30, ARK_KEY_MAX - 8));
		if (i) /* the first one may be empty; all others differ by their number */
			key_len += (size_t)snprintf((char *)key + key_len, 8, "%zu", i % 1000000);
		r.key = ark_span(key, key_len);
		if (pick(rand, 3) == 0)
			r.type = (uint8_t)(1 + pick(rand, 255));
		if (pick(rand, 3) == 0)
			r.flags = (uint32_t)arkv_rand_below(rand, UINT64_C(1) << 32);
		if (pick(rand, 3) == 0)
			r.expires_ms = arkv_rand_below(rand, ARK_NO_EXPIRY);
		if (pick(rand, 4) == 0)
			r.meta = ark_span_str(collect_json_meta);
		else if (pick(rand, 4) == 0)
			r.meta = ark_span(
				meta, random_text(rand, meta, random_len(rand, 20, ARK_META_MAX)));
		r.value_len = random_text(rand, value, random_len(rand, 200, sizeof value));
		collect_add(c, &r, ark_span(value, (size_t)r.value_len));
	}
}

/* ---- files ---- */

/* By the tool, which manages paths of any depth. */
static inline void remove_tree(const char *path)
{
	char command[512];
	snprintf(command, sizeof command, "rm -rf -- '%s'", path);
	assert_int_equal(system(command), 0);
}

/* A fresh folder as *state: a char * that is freed by the teardown, with all that is in it. */
static inline int folder_setup(void **state)
{
	char *path = strdup("/tmp/arkv-test-XXXXXX");
	*state = path;
	return path && mkdtemp(path) ? 0 : -1;
}

static inline int folder_teardown(void **state)
{
	remove_tree(*state);
	free(*state);
	return 0;
}

static inline void write_file(const char *path, struct ark_span bytes)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes.p, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

static inline void read_file(const char *path, struct ark_buf *out)
{
	uint8_t mem[65536];
	size_t n;
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s cannot be opened", path);
	ark_buf_clear(out);
	while ((n = fread(mem, 1, sizeof mem, f)) > 0)
		ark_wr_bytes(&out->wr, ark_span(mem, n));
	fclose(f);
}

/* Scans url into c; the result is scan's. */
static inline enum ark_rc collect_url(struct collect *c, const char *url, struct ark_err *err)
{
	ARK_AUTO(arkv_source_freep) struct arkv_source *s = NULL;
	struct arkv_source_info info;
	assert_ok(arkv_source_from_url(&s, url, err), *err);
	enum ark_rc rc = s->ops->open(s, &info, err);
	return rc ? rc : s->ops->scan(s, &c->sink, err);
}
