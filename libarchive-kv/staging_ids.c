/* staging_ids.c - see staging_ids.h. */
#include "libarchive-kv/staging_ids.h"

#include "libarchive-kv/mdb.h"
#include "libarchive-kv/where.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DB_IDS = 0,
	DB_FRAMES = 1,
	PART_FRAMES = 4096,
	PART_KEY_LEN = 8,
};

static const char layout[] = "arkv staging 1";
static const char *const dbs[] = { "ids", "frames", NULL };
static const char prefix[] = "ids-";
static const char suffix[] = ".mdb";

struct arkv_staging {
	struct arkv_mdb *mdb;
	const uint8_t *key_local;
	char *path;
};

static struct arkv_rec_db rec_db(const struct arkv_staging *s, MDB_txn *txn, size_t i)
{
	return (struct arkv_rec_db){ .txn = txn,
				     .dbi = arkv_mdb_db(s->mdb, i),
				     .key_local = s->key_local };
}

/* ---- opening ---- */

void arkv_staging_freep(struct arkv_staging **staging)
{
	struct arkv_staging *s = *staging;
	if (!s)
		return;
	const bool made = s->mdb != NULL;
	arkv_mdb_freep(&s->mdb);
	if (made)
		(void)!arkv_mdb_remove(s->path, NULL); /* else the next session removes it */
	free(s->path);
	free(s);
	*staging = NULL;
}

static bool is_ours(const char *name)
{
	struct ark_uid uid;
	const size_t len = sizeof prefix - 1 + 2 * ARK_UID_LEN + sizeof suffix - 1;
	return strlen(name) == len && !strncmp(name, prefix, sizeof prefix - 1) &&
	       !strcmp(name + len - (sizeof suffix - 1), suffix) &&
	       ark_uid_from_hex(&uid, ark_span(name + sizeof prefix - 1, 2 * ARK_UID_LEN));
}

/* What killed sessions have left costs space and nothing else: failures are let pass. */
static void remove_stale(const char *dir)
{
	DIR *d = opendir(dir);
	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		char *path = NULL;
		if (!is_ours(e->d_name) || asprintf(&path, "%s/%s", dir, e->d_name) < 0)
			continue;
		(void)!arkv_mdb_remove_stale(path, NULL);
		free(path);
	}
	closedir(d);
}

enum ark_rc arkv_staging_open(struct arkv_staging **out, const char *dir,
			      const struct ark_uid *session, const struct arkv_keys *keys,
			      struct ark_err *err)
{
	const struct arkv_mdb_options options = { .layout = layout,
						  .dbs = dbs,
						  .rebuildable = true };
	ARK_AUTO(arkv_staging_freep) struct arkv_staging *s = calloc(1, sizeof *s);
	if (!s)
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", dir);
	if (asprintf(&s->path, "%s/%s%s%s", dir, prefix, ark_uid_hex(session).s, suffix) < 0) {
		s->path = NULL;
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", dir);
	}
	s->key_local = arkv_keys_local(keys);
	remove_stale(dir);
	enum ark_rc rc = arkv_mdb_open(&s->mdb, s->path, &options, err);
	if (rc)
		return rc;
	*out = s;
	s = NULL;
	return ARK_OK;
}

/* ---- a pack's frames ---- */

struct add {
	struct arkv_staging *s;
	const struct arkv_staged_frame *frames;
	uint32_t *order; /* of frames, by id */
	size_t count;
	size_t done;
	size_t next;
	uint32_t pack_no;
};

static void part_key(uint8_t out[PART_KEY_LEN], uint32_t pack_no, uint32_t part)
{
	for (int i = 0; i < 4; i++) {
		out[i] = (uint8_t)(pack_no >> (24 - 8 * i));
		out[4 + i] = (uint8_t)(part >> (24 - 8 * i));
	}
}

static enum ark_rc add_parts(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct add *a = ctx;
	struct arkv_rec_db db = rec_db(a->s, txn, DB_FRAMES);
	ARK_AUTO(ark_buf_release) struct ark_buf part;
	ark_buf_init(&part);
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < a->count && !rc;) {
		uint8_t key[PART_KEY_LEN];
		part_key(key, a->pack_no, (uint32_t)(i / PART_FRAMES));
		ark_buf_clear(&part);
		size_t end = a->count - i < PART_FRAMES ? a->count : i + PART_FRAMES;
		for (; i < end; i++)
			arkf_footer_encode_entry(&part.wr, &a->frames[i].entry);
		rc = ark_buf_check(&part, "frames of a pack", err);
		if (!rc)
			rc = arkv_rec_put(&db, ark_span(key, sizeof key), ark_buf_span(&part), 0,
					  err);
	}
	return rc;
}

static enum ark_rc add_ids(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct add *a = ctx;
	struct arkv_rec_db db = rec_db(a->s, txn, DB_IDS);
	enum ark_rc rc = ARK_OK;
	a->next = a->done + arkv_mdb_batch(txn, db.dbi, a->count - a->done);
	for (size_t i = a->done; i < a->next && !rc; i++) {
		const struct arkv_staged_frame *f = &a->frames[a->order[i]];
		const struct arkv_where where = { .pack_no = a->pack_no,
						  .frame_no = a->order[i],
						  .offset = f->offset,
						  .clen = f->entry.clen,
						  .raw_len = f->entry.raw_len,
						  .datakey_no = f->entry.datakey_no };
		uint8_t value[ARKV_WHERE_LEN];
		arkv_where_encode(value, &where);
		rc = arkv_rec_put(&db, ark_span(f->entry.id.b, ARK_ID_LEN),
				  ark_span(value, sizeof value), 0, err);
	}
	return rc;
}

static int by_id(const void *a, const void *b, void *ctx)
{
	const struct arkv_staged_frame *frames = ctx;
	const uint32_t *x = a, *y = b;
	return ark_id_cmp(&frames[*x].entry.id, &frames[*y].entry.id);
}

static void free_order(uint32_t **order)
{
	free(*order);
}

enum ark_rc arkv_staging_add(struct arkv_staging *staging, uint32_t pack_no,
			     const struct arkv_staged_frame *frames, size_t count,
			     struct ark_err *err)
{
	union {
		const struct arkv_staged_frame *in;
		void *out; /* qsort_r hands it to by_id, which only reads */
	} ctx = { .in = frames };
	if (count == 0)
		return ARK_OK;
	ARK_AUTO(free_order) uint32_t *order = calloc(count, sizeof *order);
	if (!order)
		return ark_fail(err, ARK_NOMEM, "frames of a pack: out of memory");
	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, count, sizeof *order, by_id, ctx.out);
	struct add a = {
		.s = staging, .frames = frames, .order = order, .count = count, .pack_no = pack_no
	};
	enum ark_rc rc = arkv_mdb_write(staging->mdb, add_parts, &a, err);
	for (; a.done < count && !rc; a.done = a.next)
		rc = arkv_mdb_write(staging->mdb, add_ids, &a, err);
	return rc;
}

struct find {
	struct arkv_staging *s;
	const struct ark_id *id;
	struct arkv_where *where;
};

static enum ark_rc find(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct find *f = ctx;
	struct arkv_rec_db db = rec_db(f->s, txn, DB_IDS);
	MDB_val key = arkv_mdb_val(ark_span(f->id->b, ARK_ID_LEN)), stored;
	struct ark_span value;
	int sys = mdb_get(txn, db.dbi, &key, &stored);
	if (sys == MDB_NOTFOUND)
		return ARK_NOTFOUND;
	if (sys)
		return arkv_mdb_rc(sys, "finding", err);
	if (arkv_rec_open(&db, &key, &stored, &value) && arkv_where_decode(f->where, value))
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT, "a record is damaged: back up again");
}

enum ark_rc arkv_staging_find(struct arkv_staging *staging, const struct ark_id *id,
			      struct arkv_where *where, struct ark_err *err)
{
	struct find f = { .s = staging, .id = id, .where = where };
	return arkv_mdb_read(staging->mdb, find, &f, err);
}

struct collect {
	struct arkv_staging *s;
	struct ark_wr *wr;
	size_t start; /* of wr's content before */
	uint64_t count;
	uint32_t pack_no;
};

static enum ark_rc collect(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct collect *c = ctx;
	struct arkv_rec_db db = rec_db(c->s, txn, DB_FRAMES);
	enum ark_rc rc = ARK_OK;
	c->wr->len = c->start;
	for (uint64_t i = 0; i < c->count && !rc; i += PART_FRAMES) {
		uint8_t key[PART_KEY_LEN];
		struct ark_span value;
		part_key(key, c->pack_no, (uint32_t)(i / PART_FRAMES));
		rc = arkv_rec_get(&db, ark_span(key, sizeof key), &value, err);
		if (!rc)
			ark_wr_bytes(c->wr, value);
	}
	return rc == ARK_NOTFOUND ? ark_fail(err, ARK_CORRUPT, "frames of a pack are missing") : rc;
}

enum ark_rc arkv_staging_frames(struct arkv_staging *staging, uint32_t pack_no, uint64_t count,
				struct ark_wr *wr, struct ark_err *err)
{
	struct collect c = {
		.s = staging, .wr = wr, .start = wr->len, .count = count, .pack_no = pack_no
	};
	return arkv_mdb_read(staging->mdb, collect, &c, err);
}
