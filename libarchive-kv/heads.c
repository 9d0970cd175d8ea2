/* heads.c - see heads.h. */
#include "libarchive-kv/heads.h"

#include "libarchive-kv/mdb.h"
#include "libarchive-kv/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 16 };

struct fetch {
	struct arkv_task task;
	struct arkv_store *store;
	const struct arkv_archive_info *info;
	struct arkv_head_start start;
	bool fetched; /* from the store, not from the cache */
};

struct arkv_heads {
	struct arkv_repo *repo;
	const struct arkv_archive_info *infos;
	size_t count;
	size_t first; /* number of batch[0] */
	size_t batch_count;
	struct fetch batch[ARKV_HEADS_BATCH];
	struct arkv_pool *pool;
	struct arkv_mdb *mdb; /* NULL: no cache */
};

/* ---- cache ---- */

/* A cache that does not open is none. */
static void cache_open(struct arkv_heads *h)
{
	static const struct arkv_mdb_options options = {
		.layout = "arkv heads 1",
		.rebuildable = true,
	};
	if (arkv_repo_store(h->repo)->caps & ARKV_STORE_LOCAL)
		return;
	const char *dir = arkv_repo_cache_dir(h->repo, NULL);
	char path[4096];
	int len = dir ? snprintf(path, sizeof path, "%s/heads.mdb", dir) : -1;
	if (len > 0 && (size_t)len < sizeof path && arkv_mdb_open(&h->mdb, path, &options, NULL))
		h->mdb = NULL;
}

static struct arkv_rec_db records_of(const struct arkv_heads *h, MDB_txn *txn)
{
	return (struct arkv_rec_db){
		.txn = txn,
		.dbi = arkv_mdb_db(h->mdb, 0),
		.key_local = arkv_keys_local(arkv_repo_keys(h->repo)),
	};
}

/* Takes the starts that are there; what is not, or not sound, is read from the store. */
static enum ark_rc cache_read(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct arkv_heads *h = ctx;
	const struct arkv_rec_db db = records_of(h, txn);
	(void)err;
	for (size_t i = 0; i < h->batch_count; i++) {
		struct fetch *f = &h->batch[i];
		struct ark_span value;
		if (arkv_rec_get(&db, ark_span(f->info->uid.b, ARK_UID_LEN), &value, NULL) ||
		    value.len <= 8 || ark_le64(value.p) != f->info->object_len)
			continue;
		ark_wr_bytes(&f->start.bytes.wr, ark_span(value.p + 8, value.len - 8));
		if (f->start.bytes.wr.full)
			ark_buf_clear(&f->start.bytes);
	}
	return ARK_OK;
}

/* Where the head ends in the start of its manifest; 0 when it is not worth keeping. */
static size_t head_end(const struct fetch *f)
{
	struct arkf_manifest outer;
	if (!f->fetched || f->start.rc ||
	    arkf_manifest_decode(&outer, ark_buf_span(&f->start.bytes), NULL))
		return 0;
	size_t end = outer.head_off + outer.head_len;
	return end <= f->start.bytes.wr.len && end <= ARKF_MANIFEST_HEAD_MAX ? end : 0;
}

static enum ark_rc cache_write(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct arkv_heads *h = ctx;
	const struct arkv_rec_db db = records_of(h, txn);
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; !rc && i < h->batch_count; i++) {
		const struct fetch *f = &h->batch[i];
		uint8_t value[8 + ARKF_MANIFEST_HEAD_MAX];
		size_t end = head_end(f);
		if (!end)
			continue;
		ark_put_le64(value, f->info->object_len);
		memcpy(value + 8, f->start.bytes.wr.p, end);
		rc = arkv_rec_put(&db, ark_span(f->info->uid.b, ARK_UID_LEN),
				  ark_span(value, 8 + end), 0, err);
	}
	return rc;
}

/* ---- batches ---- */

static void fetch_run(struct arkv_task *task)
{
	struct fetch *f = (struct fetch *)(void *)task;
	struct arkv_object_name name = arkv_archive_name(&f->info->uid);
	uint64_t len = f->info->object_len;
	if (len > ARKF_MANIFEST_HEAD_MAX)
		len = ARKF_MANIFEST_HEAD_MAX;
	f->start.rc = arkv_store_get(f->store, name.s, 0, len, &f->start.bytes, &f->start.err);
}

static enum ark_rc pool_make(struct arkv_heads *h, struct ark_err *err)
{
	unsigned parallel = arkv_repo_store(h->repo)->max_parallel;
	if (h->pool)
		return ARK_OK;
	if (parallel > THREADS_MAX)
		parallel = THREADS_MAX;
	return arkv_pool_new(&h->pool, parallel - 1, err);
}

static enum ark_rc fetch_missing(struct arkv_heads *h, struct ark_err *err)
{
	bool parallel = arkv_repo_store(h->repo)->max_parallel > 1;
	for (size_t i = 0; i < h->batch_count; i++) {
		struct fetch *f = &h->batch[i];
		f->fetched = f->start.bytes.wr.len == 0;
		if (f->fetched && !parallel) {
			fetch_run(&f->task);
		} else if (f->fetched) {
			enum ark_rc rc = pool_make(h, err);
			if (rc)
				return rc;
			arkv_pool_submit(h->pool, &f->task);
		}
	}
	for (size_t i = 0; parallel && i < h->batch_count; i++)
		if (h->batch[i].fetched)
			arkv_pool_wait(h->pool, &h->batch[i].task);
	return ARK_OK;
}

static enum ark_rc batch_fill(struct arkv_heads *h, size_t first, struct ark_err *err)
{
	h->first = first;
	h->batch_count = h->count - first < ARKV_HEADS_BATCH ? h->count - first : ARKV_HEADS_BATCH;
	for (size_t i = 0; i < h->batch_count; i++) {
		struct fetch *f = &h->batch[i];
		ark_buf_clear(&f->start.bytes);
		f->start.rc = ARK_OK;
		f->info = &h->infos[first + i];
	}
	if (h->mdb)
		(void)!arkv_mdb_read(h->mdb, cache_read, h, NULL);
	enum ark_rc rc = fetch_missing(h, err);
	bool any = false;
	for (size_t i = 0; i < h->batch_count; i++)
		any = any || head_end(&h->batch[i]);
	if (!rc && any && h->mdb) /* what is not kept is read again next time */
		(void)!arkv_mdb_write(h->mdb, cache_write, h, NULL);
	return rc;
}

enum ark_rc arkv_heads_open(struct arkv_heads **out, struct arkv_repo *repo,
			    const struct arkv_archive_info *infos, size_t count,
			    struct ark_err *err)
{
	struct arkv_heads *h = calloc(1, sizeof *h);
	if (!h)
		return ark_fail(err, ARK_NOMEM, "archives: out of memory");
	h->repo = repo;
	h->infos = infos;
	h->count = count;
	for (size_t i = 0; i < ARKV_HEADS_BATCH; i++) {
		ark_buf_init(&h->batch[i].start.bytes);
		h->batch[i].task.run = fetch_run;
		h->batch[i].store = arkv_repo_store(repo);
	}
	cache_open(h);
	*out = h;
	return ARK_OK;
}

void arkv_heads_freep(struct arkv_heads **heads)
{
	struct arkv_heads *h = *heads;
	if (!h)
		return;
	arkv_pool_freep(&h->pool);
	arkv_mdb_freep(&h->mdb);
	for (size_t i = 0; i < ARKV_HEADS_BATCH; i++)
		ark_buf_release(&h->batch[i].start.bytes);
	free(h);
	*heads = NULL;
}

enum ark_rc arkv_heads_get(const struct arkv_head_start **out, struct arkv_heads *h, size_t no,
			   struct ark_err *err)
{
	if (no >= h->first + h->batch_count) {
		enum ark_rc rc = batch_fill(h, no, err);
		if (rc)
			return rc;
	}
	*out = &h->batch[no - h->first].start;
	return ARK_OK;
}
