/* lived.c - see lived.h. */
#include "tests/unit/lived.h"

#include "libarchive-kv/rand.h"
#include "libarchive-kv/registry.h"
#include "libarchive-kv/slots.h"
#include "tests/unit/cm.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct ark_err fault;

#define must(call)                                             \
	do {                                                   \
		if (call)                                      \
			fail_msg("%s: %s", #call, fault.text); \
	} while (0)

static const char passphrase[] = "a secret of tests";

static struct arkv_repo_options options_of(struct lived *l, char cache[96])
{
	struct arkv_repo_options options = { .where = l->repo_dir };
	snprintf(cache, 96, "%s/cache", l->dir);
	options.cache_root = cache;
	must(arkv_store_from_url(&options.store, l->repo_dir, &fault));
	return options;
}

void lived_init(struct lived *l, enum ark_suite suite)
{
	char cache[96];
	*l = (struct lived){ .dir = "/tmp/arkv-test-XXXXXX" };
	assert_non_null(mkdtemp(l->dir));
	snprintf(l->repo_dir, sizeof l->repo_dir, "%s/r", l->dir);
	struct arkv_slot_new slot = { .kind = ARKF_SLOT_PASSPHRASE,
				      .passphrase = ark_span_str(passphrase),
				      .passes = 1,
				      .memory_kib = 8 };
	struct arkv_slot_made made = { .uid = { .b = { 0 } } };
	struct arkv_repo_new what = { .suite = suite,
				      .slot = suite == ARK_SUITE_NONE ? NULL : &slot,
				      .made = &made };
	struct arkv_repo_options options = options_of(l, cache);
	must(arkv_repo_init(&l->repo, &options, &what, &fault));
	arkv_slot_made_release(&made);
}

static void reopen(struct lived *l, struct arkv_counter **counter)
{
	char cache[96];
	struct arkv_unlock unlock = { .passphrase = ark_span_str(passphrase) };
	if (arkv_keys_suite(arkv_repo_keys(l->repo)) == ARK_SUITE_NONE)
		unlock.passphrase = ark_span(NULL, 0);
	arkv_repo_freep(&l->repo);
	struct arkv_repo_options options = options_of(l, cache);
	options.unlock = &unlock;
	if (counter)
		must(arkv_store_count(&options.store, counter, &fault));
	must(arkv_repo_open(&l->repo, &options, &fault));
	if (counter)
		arkv_repo_store(l->repo)->caps &= ~(unsigned)ARKV_STORE_LOCAL;
}

void lived_reopen(struct lived *l)
{
	reopen(l, NULL);
}

struct arkv_counter *lived_reopen_far(struct lived *l)
{
	struct arkv_counter *counter = NULL;
	reopen(l, &counter);
	return counter;
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void lived_release(struct lived *l)
{
	arkv_repo_freep(&l->repo);
	nftw(l->dir, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- records ---- */

/* Eight bytes at a multiple of eight: mixed well enough to not compress. */
static uint64_t word(uint64_t seed, uint64_t no)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + no + 1;
	x ^= x >> 31;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 29;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 32;
}

void lived_value(const struct lived_record *r, uint64_t off, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(word(r->seed, (off + i) / 8) >> (off + i) % 8 * 8);
}

static int record_cmp(const void *a, const void *b)
{
	const struct lived_record *x = a, *y = b;
	int order = strcmp(x->space, y->space);
	return order ? order : strcmp(x->key, y->key);
}

static uint64_t random_len(struct arkv_rand *rand, size_t no, size_t count)
{
	if (no == 11 && count >= 1000)
		return 12 << 20; /* below a recipe */
	if (no % 401 == 7 && count >= 100)
		return 2000000 + arkv_rand_below(rand, 500000); /* a few chunks */
	if (no % 13 == 5)
		return 1025 + arkv_rand_below(rand, 40000); /* one chunk */
	return arkv_rand_below(rand, 200);
}

struct lived_record *lived_records(size_t count, uint64_t seed)
{
	struct arkv_rand rand = arkv_rand_seeded(seed);
	struct lived_record *all = test_calloc(count + 1, sizeof *all);
	for (size_t i = 0; i < count; i++) {
		struct lived_record *r = &all[i];
		if (i % 3)
			snprintf(r->space, sizeof r->space, "%u", (unsigned)(i % 3));
		snprintf(r->key, sizeof r->key, "user:%04u:%06u",
			 (unsigned)arkv_rand_below(&rand, 50), (unsigned)i);
		r->value_len = random_len(&rand, i, count);
		r->seed = seed + i;
		r->type = (uint8_t)(1 + arkv_rand_below(&rand, 5));
		if (arkv_rand_below(&rand, 4) == 0)
			r->expires_ms = 1800000000000 + arkv_rand_below(&rand, 1000000);
		if (arkv_rand_below(&rand, 5) == 0)
			r->flags = (uint32_t)arkv_rand_below(&rand, 100);
		if (arkv_rand_below(&rand, 5) == 0)
			snprintf(r->meta, sizeof r->meta, "meta %u",
				 (unsigned)arkv_rand_below(&rand, 100));
	}
	qsort(all, count, sizeof *all, record_cmp);
	return all;
}

static struct ark_record as_record(const struct lived_record *r)
{
	return (struct ark_record){
		.space = ark_span_str(r->space),
		.key = ark_span_str(r->key),
		.meta = ark_span_str(r->meta),
		.expires_ms = r->expires_ms ? r->expires_ms : ARK_NO_EXPIRY,
		.value_len = r->value_len,
		.flags = r->flags,
		.type = r->type,
	};
}

/* ---- the source ---- */

struct lived_source {
	struct arkv_source source;
	const struct lived_record *records;
	size_t count;
};

static enum ark_rc source_open(struct arkv_source *s, struct arkv_source_info *info,
			       struct ark_err *err)
{
	(void)s;
	(void)err;
	*info = (struct arkv_source_info){ .identity = "made-up:" };
	return ARK_OK;
}

static enum ark_rc emit(struct arkv_sink *sink, const struct lived_record *r, struct ark_err *err)
{
	uint8_t bytes[65536];
	struct ark_record rec = as_record(r);
	if (r->value_len <= sizeof bytes) {
		lived_value(r, 0, bytes, (size_t)r->value_len);
		return sink->record(sink, &rec, ark_span(bytes, (size_t)r->value_len), err);
	}
	for (uint64_t off = 0; off < r->value_len; off += sizeof bytes) {
		uint64_t left = r->value_len - off;
		size_t len = left < sizeof bytes ? (size_t)left : sizeof bytes;
		lived_value(r, off, bytes, len);
		enum ark_rc rc = sink->piece(sink, ark_span(bytes, len), err);
		if (rc)
			return rc;
	}
	return sink->record_end(sink, &rec, err);
}

/* Neither sorted nor in the records' order. */
static enum ark_rc source_scan(struct arkv_source *s, struct arkv_sink *sink, struct ark_err *err)
{
	const struct lived_source *l = (const struct lived_source *)s;
	enum ark_rc rc = ARK_OK;
	for (size_t step = 0; !rc && step < 7; step++)
		for (size_t i = step; !rc && i < l->count; i += 7)
			rc = emit(sink, &l->records[i], err);
	return rc;
}

static void source_free(struct arkv_source *s)
{
	(void)s;
}

static const struct arkv_source_ops source_ops = {
	.kind = "made-up",
	.open = source_open,
	.scan = source_scan,
	.free = source_free,
};

struct ark_uid lived_backup(struct lived *l, const char *name, const struct lived_record *records,
			    size_t count)
{
	struct lived_source source = { .source.ops = &source_ops,
				       .records = records,
				       .count = count };
	struct arkv_backup_options options = { .name = name };
	struct arkv_backup_result result = { .n = 0 };
	must(arkv_backup(l->repo, &source.source, &options, NULL, &result, &fault));
	assert_int_equal(result.counts.records, count);
	return result.archive;
}

/* ---- the target ---- */

static enum ark_rc target_open(struct arkv_target *t, const struct arkv_target_options *options,
			       struct ark_err *err)
{
	(void)t;
	(void)options;
	(void)err;
	return ARK_OK;
}

static enum ark_rc target_begin(struct arkv_target *t, const struct ark_record *r,
				enum arkv_outcome *outcome, char *why, struct ark_err *err)
{
	(void)err;
	struct lived_target *l = (struct lived_target *)t;
	for (;; l->at++, l->missed++) {
		if (l->at >= l->count)
			fail_msg("%.*s was not archived", (int)r->key.len, (const char *)r->key.p);
		struct ark_record want = as_record(&l->records[l->at]);
		if (ark_record_cmp(&want, r) != 0)
			continue;
		assert_true(ark_span_eq(want.meta, r->meta));
		assert_int_equal(want.expires_ms, r->expires_ms);
		assert_int_equal(want.value_len, r->value_len);
		assert_int_equal(want.flags, r->flags);
		assert_int_equal(want.type, r->type);
		break;
	}
	*outcome = l->answer;
	snprintf(why, 256, "not wanted");
	l->off = 0;
	l->at += l->answer != ARKV_OUTCOME_CREATED;
	return ARK_OK;
}

static enum ark_rc target_piece(struct arkv_target *t, struct ark_span bytes, struct ark_err *err)
{
	(void)err;
	struct lived_target *l = (struct lived_target *)t;
	uint8_t want[4096];
	for (size_t off = 0; off < bytes.len; off += sizeof want) {
		size_t len = bytes.len - off < sizeof want ? bytes.len - off : sizeof want;
		lived_value(&l->records[l->at], l->off + off, want, len);
		assert_memory_equal(bytes.p + off, want, len);
	}
	l->off += bytes.len;
	return ARK_OK;
}

static enum ark_rc target_end(struct arkv_target *t, struct ark_err *err)
{
	(void)err;
	struct lived_target *l = (struct lived_target *)t;
	assert_int_equal(l->off, l->records[l->at].value_len);
	l->at++;
	return ARK_OK;
}

static enum ark_rc target_finish(struct arkv_target *t, struct ark_err *err)
{
	(void)err;
	((struct lived_target *)t)->finished = true;
	return ARK_OK;
}

static const struct arkv_target_ops target_ops = {
	.kind = "compare",
	.open = target_open,
	.begin = target_begin,
	.piece = target_piece,
	.end = target_end,
	.finish = target_finish,
};

void lived_target_init(struct lived_target *t, const struct lived_record *records, size_t count)
{
	*t = (struct lived_target){
		.target.ops = &target_ops,
		.records = records,
		.count = count,
	};
}

/* ---- verification ---- */

static void damage_found(void *ctx, const struct arkv_damage *damage)
{
	struct lived_findings *f = ctx;
	size_t used = strlen(f->text);
	snprintf(f->text + used, sizeof f->text - used, "[%d %s: %s: %zu archives, %llu entries]\n",
		 (int)damage->kind, damage->object, damage->what, damage->archive_count,
		 (unsigned long long)damage->entry_count);
	f->last = *damage;
	f->by_kind[damage->kind]++;
	f->keys += damage->key_count;
}

static void note_found(void *ctx, const char *object, uint64_t len, const char *what)
{
	(void)len;
	struct lived_findings *f = ctx;
	size_t used = strlen(f->text);
	snprintf(f->text + used, sizeof f->text - used, "(%s: %s)\n", object, what);
}

void lived_verify(struct lived *l, enum arkv_verify_level level, struct lived_findings *out)
{
	*out = (struct lived_findings){ .keys = 0 };
	const struct arkv_verify_report report = { .damage = damage_found,
						   .note = note_found,
						   .ctx = out };
	const struct arkv_verify_options options = { .level = level };
	must(arkv_verify(l->repo, &options, &report, NULL, &out->result, &fault));
}
