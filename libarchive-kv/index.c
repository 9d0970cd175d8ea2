/* index.c - see index.h. */
#include "libarchive-kv/index.h"

#include "libarchive-kv/mdb.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PENDING_MAX = 1 << 20,
	PAGE_KEY_LEN = 5,
	PATH_LEN_MAX = 4000,
	UID_DIGITS = 2 * ARK_UID_LEN,
};

static const char layout[] = "arkv index 1";
static const char suffix[] = ".mdb";
/* Ascending, and all behind the layout's key: pages last, so that they can be appended. */
static const uint8_t run_key[] = { 1 };
static const uint8_t manifest_key[] = { 2 };
static const uint8_t page_key_first = 3;

struct arkv_index {
	struct arkv_mdb *mdb;
	struct ark_buf pending; /* pages: key, u32 length, box */
	char path[PATH_LEN_MAX];
};

void arkv_index_freep(struct arkv_index **index)
{
	if (!*index)
		return;
	arkv_mdb_freep(&(*index)->mdb);
	ark_buf_release(&(*index)->pending);
	free(*index);
	*index = NULL;
}

static enum ark_rc path_of(char out[PATH_LEN_MAX], const char *cache_dir,
			   const struct ark_uid *archive, struct ark_err *err)
{
	int len = snprintf(out, PATH_LEN_MAX, "%s/archives/%s%s", cache_dir, ark_uid_hex(archive).s,
			   suffix);
	if (len < PATH_LEN_MAX)
		return ARK_OK;
	return ark_fail(err, ARK_LIMIT, "%s: the path is too long", cache_dir);
}

static enum ark_rc open_file(struct arkv_index **out, const char *cache_dir,
			     const struct ark_uid *archive, bool read_only, struct ark_err *err)
{
	const struct arkv_mdb_options options = { .layout = layout,
						  .read_only = read_only,
						  .rebuildable = true };
	ARK_AUTO(arkv_index_freep) struct arkv_index *index = calloc(1, sizeof *index);
	if (!index)
		return ark_fail(err, ARK_NOMEM, "index of an archive: out of memory");
	ark_buf_init(&index->pending);
	enum ark_rc rc = path_of(index->path, cache_dir, archive, err);
	if (!rc)
		rc = arkv_mdb_open(&index->mdb, index->path, &options, err);
	if (rc)
		return rc;
	*out = index;
	index = NULL;
	return ARK_OK;
}

/* ---- records ---- */

struct record {
	struct arkv_index *index;
	struct ark_span key;
	struct ark_span value; /* to put */
	struct ark_buf *out;   /* got */
};

static enum ark_rc get(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct record *r = ctx;
	MDB_val key = arkv_mdb_val(r->key), value;
	int sys = mdb_get(txn, arkv_mdb_db(r->index->mdb, 0), &key, &value);
	if (sys == MDB_NOTFOUND)
		return ARK_NOTFOUND;
	if (sys)
		return arkv_mdb_rc(sys, "reading", err);
	ark_wr_bytes(&r->out->wr, ark_span(value.mv_data, value.mv_size));
	return ark_buf_check(r->out, "index of an archive", err);
}

static enum ark_rc get_record(struct arkv_index *index, struct ark_span key, struct ark_buf *out,
			      struct ark_err *err)
{
	struct record r = { .index = index, .key = key, .out = out };
	return arkv_mdb_read(index->mdb, get, &r, err);
}

static enum ark_rc put(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct record *r = ctx;
	MDB_val key = arkv_mdb_val(r->key), value = arkv_mdb_val(r->value);
	int sys = mdb_put(txn, arkv_mdb_db(r->index->mdb, 0), &key, &value, 0);
	return arkv_mdb_rc(sys, "writing", err);
}

static void page_key(uint8_t out[PAGE_KEY_LEN], uint32_t page_no)
{
	out[0] = page_key_first;
	for (int i = 0; i < 4; i++)
		out[1 + i] = (uint8_t)(page_no >> (24 - 8 * i));
}

/* ---- writing ---- */

/* Appended where it can be: behind the last key. */
static enum ark_rc put_page(MDB_txn *txn, MDB_dbi dbi, struct ark_span key, struct ark_span box,
			    struct ark_err *err)
{
	MDB_val k = arkv_mdb_val(key), v = arkv_mdb_val(box);
	int sys = mdb_put(txn, dbi, &k, &v, MDB_APPEND);
	if (sys == MDB_KEYEXIST) {
		k = arkv_mdb_val(key);
		v = arkv_mdb_val(box);
		sys = mdb_put(txn, dbi, &k, &v, 0);
	}
	return arkv_mdb_rc(sys, "writing a page", err);
}

static enum ark_rc put_pending(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct arkv_index *index = ctx;
	struct ark_rd rd = ark_rd(ark_buf_span(&index->pending));
	enum ark_rc rc = ARK_OK;
	while (ark_rd_left(&rd) && !rc) {
		struct ark_span key = ark_rd_bytes(&rd, PAGE_KEY_LEN);
		struct ark_span box = ark_rd_bytes(&rd, ark_rd_u32(&rd));
		rc = put_page(txn, arkv_mdb_db(index->mdb, 0), key, box, err);
	}
	return rc;
}

enum ark_rc arkv_index_flush(struct arkv_index *index, struct ark_err *err)
{
	enum ark_rc rc = ark_buf_check(&index->pending, "index of an archive", err);
	if (!rc && index->pending.wr.len)
		rc = arkv_mdb_write(index->mdb, put_pending, index, err);
	ark_buf_clear(&index->pending);
	return rc;
}

enum ark_rc arkv_index_put_page(struct arkv_index *index, uint32_t page_no, struct ark_span box,
				struct ark_err *err)
{
	uint8_t key[PAGE_KEY_LEN];
	if (box.len > UINT32_MAX / 2)
		return ark_fail(err, ARK_LIMIT, "a page of %zu bytes", box.len);
	page_key(key, page_no);
	ark_wr_bytes(&index->pending.wr, ark_span(key, sizeof key));
	ark_wr_u32(&index->pending.wr, (uint32_t)box.len);
	ark_wr_bytes(&index->pending.wr, box);
	if (index->pending.wr.len < PENDING_MAX && !index->pending.wr.full)
		return ARK_OK;
	return arkv_index_flush(index, err);
}

static enum ark_rc delete_one(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct record *r = ctx;
	MDB_val key = arkv_mdb_val(r->key);
	int sys = mdb_del(txn, arkv_mdb_db(r->index->mdb, 0), &key, NULL);
	return sys == MDB_NOTFOUND ? ARK_OK : arkv_mdb_rc(sys, "deleting a page", err);
}

enum ark_rc arkv_index_drop_page(struct arkv_index *index, uint32_t page_no, struct ark_err *err)
{
	uint8_t key[PAGE_KEY_LEN];
	page_key(key, page_no);
	struct record r = { .index = index, .key = ark_span(key, sizeof key) };
	enum ark_rc rc = arkv_index_flush(index, err);
	return rc ? rc : arkv_mdb_write(index->mdb, delete_one, &r, err);
}

static enum ark_rc put_record(struct arkv_index *index, struct ark_span key, struct ark_span value,
			      struct ark_err *err)
{
	struct record r = { .index = index, .key = key, .value = value };
	enum ark_rc rc = arkv_index_flush(index, err);
	return rc ? rc : arkv_mdb_write(index->mdb, put, &r, err);
}

enum ark_rc arkv_index_set_run(struct arkv_index *index, const struct ark_id *run,
			       struct ark_err *err)
{
	return put_record(index, ark_span(run_key, sizeof run_key), ark_span(run->b, sizeof run->b),
			  err);
}

enum ark_rc arkv_index_set_manifest(struct arkv_index *index, struct ark_span manifest,
				    struct ark_err *err)
{
	return put_record(index, ark_span(manifest_key, sizeof manifest_key), manifest, err);
}

/* Whether what is there already may stay. */
static bool can_add(struct arkv_index *index, const struct ark_id *run)
{
	struct ark_buf name;
	ark_buf_init(&name);
	enum ark_rc rc = get_record(index, ark_span(run_key, sizeof run_key), &name, NULL);
	const bool same = rc == ARK_NOTFOUND || !run ||
			  ark_span_eq(ark_buf_span(&name), ark_span(run->b, sizeof run->b));
	ark_buf_release(&name);
	return same;
}

enum ark_rc arkv_index_create(struct arkv_index **out, const char *cache_dir,
			      const struct ark_uid *archive, const struct ark_id *run,
			      enum arkv_index_start start, struct ark_err *err)
{
	ARK_AUTO(arkv_index_freep) struct arkv_index *index = NULL;
	enum ark_rc rc =
		start == ARKV_INDEX_NEW ? arkv_index_remove(cache_dir, archive, err) : ARK_OK;
	if (!rc)
		rc = open_file(&index, cache_dir, archive, false, err);
	if (!rc && start == ARKV_INDEX_MORE && !can_add(index, run)) {
		arkv_index_freep(&index);
		rc = arkv_index_remove(cache_dir, archive, err);
		if (!rc)
			rc = open_file(&index, cache_dir, archive, false, err);
	}
	if (!rc && run)
		rc = arkv_index_set_run(index, run, err);
	if (rc)
		return rc;
	*out = index;
	index = NULL;
	return ARK_OK;
}

/* ---- reading ---- */

enum ark_rc arkv_index_open(struct arkv_index **out, const char *cache_dir,
			    const struct ark_uid *archive, struct ark_err *err)
{
	return open_file(out, cache_dir, archive, true, err);
}

bool arkv_index_is_of(struct arkv_index *index, const struct ark_id *run)
{
	struct ark_buf name;
	ark_buf_init(&name);
	enum ark_rc rc = get_record(index, ark_span(run_key, sizeof run_key), &name, NULL);
	const bool same = !rc && ark_span_eq(ark_buf_span(&name), ark_span(run->b, sizeof run->b));
	ark_buf_release(&name);
	return same;
}

enum ark_rc arkv_index_page(struct arkv_index *index, uint32_t page_no, struct ark_buf *out,
			    struct ark_err *err)
{
	uint8_t key[PAGE_KEY_LEN];
	page_key(key, page_no);
	return get_record(index, ark_span(key, sizeof key), out, err);
}

enum ark_rc arkv_index_manifest(struct arkv_index *index, struct ark_buf *out, struct ark_err *err)
{
	return get_record(index, ark_span(manifest_key, sizeof manifest_key), out, err);
}

/* ---- the folder ---- */

enum ark_rc arkv_index_remove(const char *cache_dir, const struct ark_uid *archive,
			      struct ark_err *err)
{
	char path[PATH_LEN_MAX];
	enum ark_rc rc = path_of(path, cache_dir, archive, err);
	return rc ? rc : arkv_mdb_remove(path, err);
}

static int uid_cmp(const void *a, const void *b)
{
	return memcmp(a, b, ARK_UID_LEN);
}

/* "<32 digits>.mdb" or "<32 digits>.mdb-lock". */
static bool uid_of(struct ark_uid *out, const char *name)
{
	return strlen(name) >= UID_DIGITS && ark_uid_from_hex(out, ark_span(name, UID_DIGITS)) &&
	       !strncmp(name + UID_DIGITS, suffix, sizeof suffix - 1);
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void free_uids(struct ark_uid **uids)
{
	free(*uids);
}

enum ark_rc arkv_index_prune(const char *cache_dir, const struct ark_uid *used, size_t used_count,
			     struct ark_err *err)
{
	char path[PATH_LEN_MAX];
	if (snprintf(path, sizeof path, "%s/archives", cache_dir) >= PATH_LEN_MAX)
		return ark_fail(err, ARK_LIMIT, "%s: the path is too long", cache_dir);
	ARK_AUTO(closedirp) DIR *dir = opendir(path);
	if (!dir && errno == ENOENT)
		return ARK_OK;
	if (!dir)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno, "%s: cannot be listed",
				    path);
	ARK_AUTO(free_uids) struct ark_uid *sorted = calloc(used_count + 1, sizeof *sorted);
	if (!sorted)
		return ark_fail(err, ARK_NOMEM, "indexes of archives: out of memory");
	if (used_count)
		memcpy(sorted, used, used_count * sizeof *sorted);
	qsort(sorted, used_count, sizeof *sorted, uid_cmp);
	enum ark_rc rc = ARK_OK;
	for (struct dirent *e = readdir(dir); e && !rc; e = readdir(dir)) {
		struct ark_uid uid;
		if (uid_of(&uid, e->d_name) &&
		    !bsearch(&uid, sorted, used_count, sizeof *sorted, uid_cmp))
			rc = arkv_index_remove(cache_dir, &uid, err);
	}
	return rc;
}
