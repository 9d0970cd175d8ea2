/* heads.c - see heads.h. */
#include "libarchive-kv/heads.h"

#include "libarchive-kv/pipeline.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 16 };
#define MAP_LEN ((size_t)256 << 20)

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
	MDB_env *env; /* NULL: no cache */
	MDB_dbi dbi;
};

/* ---- cache ---- */

static bool cache_dbi(struct arkv_heads *h)
{
	MDB_txn *txn = NULL;
	if (mdb_txn_begin(h->env, NULL, 0, &txn) != 0)
		return false;
	if (mdb_dbi_open(txn, NULL, 0, &h->dbi) != 0) {
		mdb_txn_abort(txn);
		return false;
	}
	return mdb_txn_commit(txn) == 0;
}

/* A cache that does not open is none. */
static void cache_open(struct arkv_heads *h)
{
	const char *dir = arkv_repo_cache_dir(h->repo, NULL);
	char path[4096];
	if (!dir || (arkv_repo_store(h->repo)->caps & ARKV_STORE_LOCAL))
		return;
	int len = snprintf(path, sizeof path, "%s/heads.mdb", dir);
	if (len < 0 || (size_t)len >= sizeof path || mdb_env_create(&h->env) != 0) {
		h->env = NULL;
		return;
	}
	if (mdb_env_set_mapsize(h->env, MAP_LEN) != 0 ||
	    mdb_env_open(h->env, path, MDB_NOSUBDIR, 0600) != 0 || !cache_dbi(h)) {
		mdb_env_close(h->env);
		h->env = NULL;
	}
}

static void cache_read(struct arkv_heads *h)
{
	MDB_txn *txn = NULL;
	if (!h->env || mdb_txn_begin(h->env, NULL, MDB_RDONLY, &txn) != 0)
		return;
	for (size_t i = 0; i < h->batch_count; i++) {
		struct fetch *f = &h->batch[i];
		struct ark_uid uid = f->info->uid;
		MDB_val key = { .mv_size = sizeof uid.b, .mv_data = uid.b }, value;
		if (mdb_get(txn, h->dbi, &key, &value) != 0 || value.mv_size <= 8 ||
		    value.mv_size > 8 + ARKF_MANIFEST_HEAD_MAX ||
		    ark_le64(value.mv_data) != f->info->object_len)
			continue;
		ark_wr_bytes(&f->start.bytes.wr,
			     ark_span((const uint8_t *)value.mv_data + 8, value.mv_size - 8));
		if (f->start.bytes.wr.full)
			ark_buf_clear(&f->start.bytes);
	}
	mdb_txn_abort(txn);
}

/* Cuts the start off behind the head; false when it is not worth keeping. */
static bool trim(struct fetch *f)
{
	struct arkf_manifest outer;
	if (f->start.rc || arkf_manifest_decode(&outer, ark_buf_span(&f->start.bytes), NULL))
		return false;
	size_t end = outer.head_off + outer.head_len;
	if (end < f->start.bytes.wr.len)
		f->start.bytes.wr.len = end;
	return true;
}

static bool cache_put(struct arkv_heads *h, MDB_txn *txn, struct fetch *f)
{
	uint8_t bytes[8 + ARKF_MANIFEST_HEAD_MAX];
	struct ark_span start = ark_buf_span(&f->start.bytes);
	ark_put_le64(bytes, f->info->object_len);
	memcpy(bytes + 8, start.p, start.len);
	struct ark_uid uid = f->info->uid;
	MDB_val key = { .mv_size = sizeof uid.b, .mv_data = uid.b };
	MDB_val value = { .mv_size = 8 + start.len, .mv_data = bytes };
	return mdb_put(txn, h->dbi, &key, &value, 0) == 0;
}

static void cache_write(struct arkv_heads *h)
{
	MDB_txn *txn = NULL;
	bool good = h->env != NULL;
	for (size_t i = 0; good && i < h->batch_count; i++) {
		struct fetch *f = &h->batch[i];
		if (!f->fetched || !trim(f))
			continue;
		if (!txn)
			good = mdb_txn_begin(h->env, NULL, 0, &txn) == 0;
		good = good && cache_put(h, txn, f);
	}
	if (!txn)
		return;
	if (good)
		(void)mdb_txn_commit(txn); /* what is not kept is read again next time */
	else
		mdb_txn_abort(txn);
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
	cache_read(h);
	enum ark_rc rc = fetch_missing(h, err);
	if (!rc)
		cache_write(h);
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
	if (h->env)
		mdb_env_close(h->env);
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
