/* writer.c - see writer.h. */
#include "tests/unit/writer.h"

#include "backends/stores/memory.h"
#include "libarchive-kv/keyset.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/repo_inside.h"
#include "libarchive-kv/restore.h"
#include "libarchive-kv/store_fault.h"
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

/* ---- a store that outlives those who open it ---- */

struct view {
	struct arkv_store base;
	struct arkv_store *real;
};

static struct arkv_store *real_of(struct arkv_store *s)
{
	return ((struct view *)s)->real;
}

static enum ark_rc view_create(struct arkv_store *s, struct ark_err *err)
{
	return arkv_store_create(real_of(s), err);
}

static enum ark_rc view_open(struct arkv_store *s, struct ark_err *err)
{
	return arkv_store_open(real_of(s), err);
}

static enum ark_rc view_put(struct arkv_store *s, const char *name, struct ark_span bytes,
			    struct ark_err *err)
{
	return arkv_store_put(real_of(s), name, bytes, err);
}

static enum ark_rc view_get(struct arkv_store *s, const char *name, uint64_t off, uint64_t len,
			    struct ark_buf *out, struct ark_err *err)
{
	return arkv_store_get(real_of(s), name, off, len, out, err);
}

static enum ark_rc view_stat(struct arkv_store *s, const char *name, struct arkv_stat *out,
			     struct ark_err *err)
{
	return arkv_store_stat(real_of(s), name, out, err);
}

static enum ark_rc view_list(struct arkv_store *s, const char *prefix, arkv_list_fn *fn, void *ctx,
			     struct ark_err *err)
{
	return arkv_store_list(real_of(s), prefix, fn, ctx, err);
}

static enum ark_rc view_remove(struct arkv_store *s, const char *name, struct ark_err *err)
{
	return arkv_store_remove(real_of(s), name, err);
}

static enum ark_rc view_destroy(struct arkv_store *s, struct ark_err *err)
{
	return arkv_store_destroy(real_of(s), err);
}

static void view_free(struct arkv_store *s)
{
	free(s);
}

static const struct arkv_store_ops view_ops = {
	.kind = "view",
	.create = view_create,
	.open = view_open,
	.put = view_put,
	.get = view_get,
	.stat = view_stat,
	.list = view_list,
	.remove = view_remove,
	.destroy = view_destroy,
	.free = view_free,
};

static struct arkv_store *view_of(struct arkv_store *real)
{
	struct view *v = calloc(1, sizeof *v);
	assert_non_null(v);
	v->base = (struct arkv_store){ .ops = &view_ops,
				       .caps = real->caps,
				       .max_parallel = real->max_parallel };
	v->real = real;
	return &v->base;
}

/* ---- the repository ---- */

static const struct ark_uid repo_id = { .b = "writer's tests" };

static struct arkv_keys *keys_copy(const struct arkv_keys *keys)
{
	struct arkv_keys *copy = NULL;
	if (arkv_keys_suite(keys) == ARK_SUITE_NONE)
		must(arkv_keys_none(&copy, &repo_id, arkv_keys_chunker(keys), &fault));
	else
		must(arkv_keys_from_ring(&copy, &repo_id, arkv_keys_ring_body(keys), &fault));
	return copy;
}

void writer_init(struct writer *w, enum ark_suite suite, const struct arkf_chunker *sizes)
{
	struct arkf_chunker defaults = arkf_chunker_default();
	*w = (struct writer){ .dir = "/tmp/arkv-test-XXXXXX" };
	must(arkv_crypt_init(&fault));
	assert_non_null(mkdtemp(w->dir));
	must(arkv_memory_new(&w->memory, arkv_clock_system(), &fault));
	must(arkv_store_create(w->memory, &fault));
	if (suite == ARK_SUITE_NONE)
		must(arkv_keys_none(&w->keys, &repo_id, sizes ? sizes : &defaults, &fault));
	else
		must(arkv_keys_generate(&w->keys, &repo_id, sizes ? sizes : &defaults, &fault));
	writer_reopen(w, NULL);
}

void writer_reopen(struct writer *w, const char *script)
{
	struct arkv_repo_options options = { .store = view_of(w->memory), .cache_root = w->dir };
	struct arkv_unlocked unlocked = { .keys = keys_copy(w->keys) };
	struct arkv_levels levels = { .count = 0 };
	unlocked.config.repo = repo_id;
	unlocked.config.suite = arkv_keys_suite(w->keys);
	arkv_repo_freep(&w->repo);
	if (script)
		must(arkv_store_fault(&options.store, script, 1, &fault));
	must(arkv_store_count(&options.store, &w->counter, &fault));
	must(arkv_repo_make(&w->repo, &options, &unlocked, &levels, &fault));
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	return at->level ? remove(path) : 0;
}

void writer_drop_cache(struct writer *w)
{
	arkv_repo_freep(&w->repo);
	nftw(w->dir, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
	writer_reopen(w, NULL);
}

void writer_release(struct writer *w)
{
	arkv_repo_freep(&w->repo);
	arkv_keys_freep(&w->keys);
	arkv_store_freep(&w->memory);
	nftw(w->dir, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(rmdir(w->dir), 0);
}

/* ---- objects ---- */

static enum ark_rc note_name(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	(void)size;
	(void)err;
	struct writer_names *n = ctx;
	assert_true(n->count < WRITER_NAMES_MAX);
	snprintf(n->name[n->count++], sizeof n->name[0], "%s", name);
	return ARK_OK;
}

struct writer_names *writer_names_of(const struct writer *w, const char *prefix)
{
	struct writer_names *n = test_calloc(1, sizeof *n);
	must(arkv_store_list(w->memory, prefix, note_name, n, &fault));
	return n;
}

size_t writer_objects(const struct writer *w, const char *prefix)
{
	struct writer_names *n = writer_names_of(w, prefix);
	size_t count = n->count;
	test_free(n);
	return count;
}

void writer_remove(struct writer *w, const char *prefix)
{
	struct writer_names *n = writer_names_of(w, prefix);
	for (size_t i = 0; i < n->count; i++)
		must(arkv_store_remove(w->memory, n->name[i], &fault));
	test_free(n);
}

uint64_t writer_puts(const struct writer *w)
{
	return arkv_counter_read(w->counter).op[ARKV_OP_PUT].calls;
}

/* ---- the source ---- */

static enum ark_rc source_open(struct arkv_source *s, struct arkv_source_info *info,
			       struct ark_err *err)
{
	(void)s;
	(void)err;
	*info = (struct arkv_source_info){ .identity = "made-up:" };
	return ARK_OK;
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

static enum ark_rc give_pieces(const struct writer_source *s, struct arkv_sink *sink,
			       const struct lived_record *r, uint64_t len, struct ark_err *err)
{
	uint8_t bytes[65536];
	size_t most = s->piece_len && s->piece_len < sizeof bytes ? s->piece_len : sizeof bytes;
	for (uint64_t off = 0; off < len; off += most) {
		size_t n = len - off < most ? (size_t)(len - off) : most;
		lived_value(r, off, bytes, n);
		enum ark_rc rc = sink->piece(sink, ark_span(bytes, n), err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

static enum ark_rc give(const struct writer_source *s, struct arkv_sink *sink, size_t no,
			struct ark_err *err)
{
	const struct lived_record *r = &s->records[no];
	struct ark_record rec = as_record(r);
	uint8_t bytes[65536];
	if (!s->piece_len && r->value_len <= sizeof bytes) {
		lived_value(r, 0, bytes, (size_t)r->value_len);
		return sink->record(sink, &rec, ark_span(bytes, (size_t)r->value_len), err);
	}
	if (s->drop_every && no % s->drop_every == 0) {
		enum ark_rc rc = give_pieces(s, sink, r, r->value_len, err);
		if (rc)
			return rc;
		sink->drop(sink);
	}
	enum ark_rc rc = give_pieces(s, sink, r, r->value_len, err);
	return rc ? rc : sink->record_end(sink, &rec, err);
}

static enum ark_rc stop_here(const struct writer_source *s, struct arkv_sink *sink, size_t no,
			     struct ark_err *err)
{
	if (s->cancel) {
		atomic_store(s->cancel, true);
		return ARK_OK;
	}
	if (s->stop_in_value) {
		enum ark_rc rc = give_pieces(s, sink, &s->records[no], 1 << 22, err);
		if (rc)
			return rc;
	}
	return ark_fail(err, s->stop, "the source broke down");
}

/* NULL: as they stand. */
static size_t *order_of(const struct writer_source *s)
{
	if (!s->shuffle)
		return NULL;
	struct arkv_rand rand = arkv_rand_seeded(s->shuffle);
	size_t *order = calloc(s->count + 1, sizeof *order);
	assert_non_null(order);
	for (size_t i = 0; i < s->count; i++)
		order[i] = i;
	for (size_t i = s->count; i > 1; i--) {
		size_t j = (size_t)arkv_rand_below(&rand, i);
		size_t swap = order[j];
		order[j] = order[i - 1];
		order[i - 1] = swap;
	}
	return order;
}

static enum ark_rc source_scan(struct arkv_source *base, struct arkv_sink *sink,
			       struct ark_err *err)
{
	const struct writer_source *s = (const struct writer_source *)base;
	size_t *order = order_of(s);
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < s->count && !rc; i++) {
		size_t no = order ? order[i] : i;
		if (s->stop_at == i + 1)
			rc = stop_here(s, sink, no, err);
		if (!rc && s->refuse_every && i % s->refuse_every == 0)
			rc = sink->refused(sink, ark_span_str("bad\x01"), "of no use", err);
		if (!rc)
			rc = give(s, sink, no, err);
		if (!rc && i % 64 == 0)
			rc = sink->tick(sink, i, err);
	}
	free(order);
	return rc;
}

static void source_free(struct arkv_source *s)
{
	(void)s;
}

struct writer_source writer_source(const struct lived_record *records, size_t count)
{
	static const struct arkv_source_ops ops = {
		.kind = "made-up",
		.open = source_open,
		.scan = source_scan,
		.free = source_free,
	};
	return (struct writer_source){ .source.ops = &ops, .records = records, .count = count };
}

enum ark_rc writer_backup(struct writer *w, struct writer_source *source,
			  const struct arkv_backup_options *options, const struct arkv_job *job,
			  struct arkv_backup_result *result, struct ark_err *err)
{
	struct arkv_backup_options all = options ? *options : (struct arkv_backup_options){ 0 };
	if (!all.name)
		all.name = "s";
	if (!all.memory_bytes)
		all.memory_bytes = ARKV_MEMORY_MIN;
	return arkv_backup(w->repo, &source->source, &all, job, result, err);
}

struct arkv_backup_result writer_night(struct writer *w, const struct lived_record *records,
				       size_t count)
{
	struct writer_source source = writer_source(records, count);
	struct arkv_backup_result result;
	must(writer_backup(w, &source, NULL, NULL, &result, &fault));
	return result;
}

/* ---- what was written, by those who read it ---- */

void writer_assert_archive(struct writer *w, const struct ark_uid *uid,
			   const struct lived_record *records, size_t count)
{
	struct arkv_archive *a = NULL;
	struct lived_target target;
	struct arkv_restore_options options = { .filter = NULL };
	struct arkv_restore_result result;
	must(arkv_archive_open(&a, w->repo, uid, &fault));
	lived_target_init(&target, records, count);
	must(arkv_restore(a, &target.target, &options, NULL, &result, &fault));
	assert_int_equal(target.at, count);
	assert_int_equal(target.missed, 0);
	assert_true(result.digest_checked);
	arkv_archive_freep(&a);
}

void writer_assert_sound(struct writer *w)
{
	struct lived l = { .repo = w->repo };
	struct lived_findings found;
	lived_verify(&l, ARKV_VERIFY_DATA, &found);
	if (found.result.damages)
		fail_msg("%s", found.text);
}

/* ---- a session ---- */

void writer_session_open(struct writer_session *s, struct writer *w, uint64_t pack_aim,
			 bool dry_run)
{
	memset(s, 0, sizeof *s);
	const char *cache = arkv_repo_cache_dir(w->repo, NULL);
	assert_non_null(cache);
	char staging[256];
	snprintf(staging, sizeof staging, "%s/staging", cache);
	struct arkv_dedup_options dedup = { .cache_dir = cache, .staging_dir = staging };
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, dedup.session.b, sizeof dedup.session.b);
	struct arkv_keys *keys = arkv_repo_keys(w->repo);
	struct arkv_store *store = arkv_repo_store(w->repo);
	uint64_t skipped;
	must(arkv_dk_new(&s->dk, keys, &fault));
	must(arkv_pool_new(&s->pool, 2, &fault));
	must(arkv_dedup_open(&s->dedup, store, keys, &dedup, &skipped, &fault));
	s->ctx = (struct arkv_frame_ctx){
		.keys = keys, .dk = &s->dk, .dedup = s->dedup, .zstd_level = 1
	};
	struct arkv_packer_options packer = { .ctx = &s->ctx,
					      .store = store,
					      .pool = s->pool,
					      .spool_dir = w->dir,
					      .pack_aim = pack_aim,
					      .dry_run = dry_run };
	must(arkv_packer_new(&s->packer, &packer, &fault));
	struct arkv_sort_options sort = { .dir = w->dir,
					  .repo = &repo_id,
					  .k_dig = arkv_keys_dig(keys),
					  .pool = s->pool,
					  .memory_bytes = 8 << 20 };
	must(arkv_sort_new(&s->sort, &sort, &fault));
}

void writer_session_close(struct writer_session *s)
{
	arkv_sort_freep(&s->sort);
	arkv_packer_freep(&s->packer);
	arkv_dedup_freep(&s->dedup);
	arkv_pool_freep(&s->pool);
	arkv_usemap_release(&s->uses);
	arkv_dk_release(&s->dk);
}
