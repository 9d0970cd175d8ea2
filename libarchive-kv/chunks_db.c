/* chunks_db.c - see chunks_db.h: opening, what is live, finding. chunks_insert.c takes fragments
 * in, chunks_sweep.c deletes what is left of gone ones. */
#include "libarchive-kv/chunks_db.h"

#include "libarchive-kv/chunks_inside.h"

#include <stdlib.h>
#include <string.h>

static const char layout[] = "arkv chunks 1";
static const char *const dbs[] = { "fragments", "packs", "ids", NULL };

enum { FRAGMENT_VALUE_LEN = 4 + 1 + ARK_UID_LEN + 8 };

void arkv_chunks_freep(struct arkv_chunks **chunks)
{
	struct arkv_chunks *c = *chunks;
	if (!c)
		return;
	arkv_mdb_freep(&c->mdb);
	if (c->damaged && arkv_mdb_remove(c->path, NULL))
		c->damaged = true; /* the next one that opens it finds it damaged too */
	free(c->live);
	free(c->path);
	free(c);
	*chunks = NULL;
}

enum ark_rc arkv_chunks_open(struct arkv_chunks **out, const char *path,
			     const struct arkv_keys *keys, struct ark_err *err)
{
	const struct arkv_mdb_options options = { .layout = layout,
						  .dbs = dbs,
						  .rebuildable = true };
	ARK_AUTO(arkv_chunks_freep) struct arkv_chunks *c = calloc(1, sizeof *c);
	if (!c || !(c->path = strdup(path)))
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", path);
	c->key_local = arkv_keys_local(keys);
	enum ark_rc rc = arkv_mdb_open(&c->mdb, path, &options, err);
	if (rc)
		return rc;
	*out = c;
	c = NULL;
	return ARK_OK;
}

bool arkv_chunks_damaged(const struct arkv_chunks *chunks)
{
	return chunks->damaged;
}

enum ark_rc arkv_chunks_note(struct arkv_chunks *c, enum ark_rc rc)
{
	c->damaged |= rc == ARK_CORRUPT;
	return rc;
}

enum ark_rc arkv_chunks_step(MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op,
			     struct ark_err *err)
{
	int sys = mdb_cursor_get(cursor, key, value, op);
	return sys == MDB_NOTFOUND ? ARK_NOTFOUND : arkv_mdb_rc(sys, "walking", err);
}

/* ---- what is live ---- */

bool arkv_chunks_is_live(const struct arkv_chunks *c, uint32_t no)
{
	return no / 8 < c->live_len && c->live[no / 8] & 1 << no % 8;
}

enum ark_rc arkv_chunks_make_live(struct arkv_chunks *c, uint32_t no, struct ark_err *err)
{
	if (no / 8 >= c->live_len) {
		size_t len = no / 8 + 64;
		uint8_t *live = realloc(c->live, len);
		if (!live)
			return ark_fail(err, ARK_NOMEM, "chunks.mdb: out of memory");
		memset(live + c->live_len, 0, len - c->live_len);
		c->live = live;
		c->live_len = len;
	}
	c->live[no / 8] |= (uint8_t)(1 << no % 8);
	return ARK_OK;
}

/* ---- fragments ---- */

bool arkv_chunks_fragment_decode(const struct arkv_rec_db *db, const MDB_val *key,
				 const MDB_val *stored, struct ark_id *name, struct fragment *out)
{
	struct ark_span value;
	if (key->mv_size != ARK_ID_LEN || !arkv_rec_open(db, key, stored, &value) ||
	    value.len != FRAGMENT_VALUE_LEN)
		return false;
	struct ark_rd rd = ark_rd(value);
	out->no = ark_rd_u32(&rd);
	unsigned state = ark_rd_u8(&rd);
	ark_rd_copy(&rd, out->lineage.b, sizeof out->lineage.b);
	out->id_count = ark_rd_u64(&rd);
	out->state = (enum fragment_state)state;
	memcpy(name->b, key->mv_data, ARK_ID_LEN);
	return state <= FRAGMENT_FOREIGN && out->no < CHUNK_FRAGMENTS_MAX;
}

enum ark_rc arkv_chunks_fragment_put(const struct arkv_rec_db *db, const struct ark_id *name,
				     const struct fragment *fragment, struct ark_err *err)
{
	uint8_t value[FRAGMENT_VALUE_LEN];
	struct ark_wr wr = ark_wr(value, sizeof value);
	ark_wr_u32(&wr, fragment->no);
	ark_wr_u8(&wr, (uint8_t)fragment->state);
	ark_wr_bytes(&wr, ark_span(fragment->lineage.b, sizeof fragment->lineage.b));
	ark_wr_u64(&wr, fragment->id_count);
	return arkv_rec_put(db, ark_span(name->b, sizeof name->b), ark_wr_span(&wr), 0, err);
}

static enum ark_rc begin(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct arkv_chunks *c = ctx;
	struct arkv_rec_db db = arkv_chunks_db(c, txn, CHUNKS_FRAGMENTS);
	struct ark_span value;
	enum ark_rc rc = arkv_rec_get(&db, ark_span_str(CHUNKS_NEXT_KEY), &value, err);
	c->known_below = rc || value.len != 4 ? 0 : ark_le32(value.p);
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

enum ark_rc arkv_chunks_begin(struct arkv_chunks *chunks, struct ark_err *err)
{
	return arkv_chunks_note(chunks, arkv_mdb_read(chunks->mdb, begin, chunks, err));
}

/* ---- what the store lists, and what is known here ---- */

struct sync {
	struct arkv_chunks *c;
	struct arkv_listing *listed;
	const struct ark_uid *lineage;
	struct arkv_listing gone; /* size: the number */
};

/* A listed name that needs no loading has this size. */
#define KNOWN UINT64_MAX

static enum ark_rc sync_one(struct sync *s, const struct ark_id *name, const struct fragment *f,
			    struct ark_err *err)
{
	const struct arkv_listed *at = arkv_listing_find(s->listed, name);
	if (!at)
		return f->no < s->c->known_below ? arkv_listing_add(&s->gone, name, f->no, err)
						 : ARK_OK;
	const bool fits = !s->lineage || ark_uid_eq(s->lineage, &f->lineage);
	if (f->state == FRAGMENT_PENDING || (f->state == FRAGMENT_FOREIGN && fits))
		return ARK_OK;
	s->listed->items[at - s->listed->items].size = KNOWN;
	return fits ? arkv_chunks_make_live(s->c, f->no, err) : ARK_OK;
}

static void close_cursor(MDB_cursor **cursor)
{
	if (*cursor)
		mdb_cursor_close(*cursor);
}

static enum ark_rc sync_all(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct sync *s = ctx;
	struct arkv_rec_db db = arkv_chunks_db(s->c, txn, CHUNKS_FRAGMENTS);
	MDB_val key, value;
	ARK_AUTO(close_cursor) MDB_cursor *cursor = NULL;
	enum ark_rc rc = arkv_mdb_rc(mdb_cursor_open(txn, db.dbi, &cursor), "walking", err);
	if (!rc)
		rc = arkv_chunks_step(cursor, &key, &value, MDB_FIRST, err);
	for (; !rc; rc = arkv_chunks_step(cursor, &key, &value, MDB_NEXT, err)) {
		struct ark_id name;
		struct fragment f;
		if (key.mv_size == sizeof CHUNKS_NEXT_KEY - 1)
			continue;
		if (!arkv_chunks_fragment_decode(&db, &key, &value, &name, &f)) {
			s->c->damaged = true;
			continue;
		}
		rc = sync_one(s, &name, &f, err);
		if (rc)
			return rc;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

struct forget {
	struct arkv_chunks *c;
	const struct arkv_listed *gone;
};

/* The fragment's record and those of its packs; its ids stay until a sweep. */
static enum ark_rc forget(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct forget *f = ctx;
	uint8_t first[CHUNK_PACK_KEY_LEN] = { 0 };
	MDB_val name = arkv_mdb_val(ark_span(f->gone->name.b, ARK_ID_LEN));
	arkv_chunks_put_be32(first, (uint32_t)f->gone->size);
	int sys = mdb_del(txn, arkv_mdb_db(f->c->mdb, CHUNKS_FRAGMENTS), &name, NULL);
	if (sys && sys != MDB_NOTFOUND)
		return arkv_mdb_rc(sys, "forgetting a fragment", err);
	MDB_val key = arkv_mdb_val(ark_span(first, sizeof first)), value;
	ARK_AUTO(close_cursor) MDB_cursor *cursor = NULL;
	sys = mdb_cursor_open(txn, arkv_mdb_db(f->c->mdb, CHUNKS_PACKS), &cursor);
	enum ark_rc rc = arkv_mdb_rc(sys, "walking", err);
	if (!rc)
		rc = arkv_chunks_step(cursor, &key, &value, MDB_SET_RANGE, err);
	while (!rc && key.mv_size == CHUNK_PACK_KEY_LEN && !memcmp(key.mv_data, first, 4)) {
		rc = arkv_mdb_rc(mdb_cursor_del(cursor, 0), "forgetting a pack", err);
		if (!rc)
			rc = arkv_chunks_step(cursor, &key, &value, MDB_NEXT, err);
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

enum ark_rc arkv_chunks_sync(struct arkv_chunks *chunks, struct arkv_listing *listed,
			     const struct ark_uid *lineage, struct ark_err *err)
{
	struct sync s = { .c = chunks, .listed = listed, .lineage = lineage };
	enum ark_rc rc = arkv_mdb_read(chunks->mdb, sync_all, &s, err);
	for (size_t i = 0; i < s.gone.count && !rc; i++) {
		struct forget f = { .c = chunks, .gone = &s.gone.items[i] };
		rc = arkv_mdb_write(chunks->mdb, forget, &f, err);
	}
	arkv_listing_release(&s.gone);
	size_t unknown = 0;
	for (size_t i = 0; i < listed->count; i++)
		if (listed->items[i].size != KNOWN)
			listed->items[unknown++] = listed->items[i];
	listed->count = unknown;
	return arkv_chunks_note(chunks, rc);
}

/* ---- finding ---- */

struct lookup {
	struct arkv_chunks *c;
	const struct ark_id *id;
	struct arkv_chunk_entry *out;
	size_t max;
	size_t count;
};

static enum ark_rc lookup(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct lookup *l = ctx;
	struct arkv_rec_db db = arkv_chunks_db(l->c, txn, CHUNKS_IDS);
	uint8_t first[CHUNK_KEY_LEN] = { 0 };
	memcpy(first, l->id->b, ARK_ID_LEN);
	MDB_val key = arkv_mdb_val(ark_span(first, sizeof first)), stored;
	ARK_AUTO(close_cursor) MDB_cursor *cursor = NULL;
	enum ark_rc rc = arkv_mdb_rc(mdb_cursor_open(txn, db.dbi, &cursor), "finding", err);
	if (!rc)
		rc = arkv_chunks_step(cursor, &key, &stored, MDB_SET_RANGE, err);
	while (!rc && l->count < l->max && key.mv_size == CHUNK_KEY_LEN &&
	       !memcmp(key.mv_data, l->id->b, ARK_ID_LEN)) {
		const uint8_t *p = key.mv_data;
		uint32_t no = arkv_chunks_be32(p + ARK_ID_LEN);
		struct ark_span value;
		if (arkv_chunks_is_live(l->c, no)) {
			if (arkv_rec_open(&db, &key, &stored, &value) &&
			    arkv_where_decode(&l->out[l->count].where, value))
				l->out[l->count++].fragment_no = no;
			else
				l->c->damaged = true;
		}
		rc = arkv_chunks_step(cursor, &key, &stored, MDB_NEXT, err);
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

size_t arkv_chunks_find(struct arkv_chunks *chunks, const struct ark_id *id,
			struct arkv_chunk_entry *out, size_t max)
{
	struct lookup l = { .c = chunks, .id = id, .out = out, .max = max };
	enum ark_rc rc = arkv_mdb_read(chunks->mdb, lookup, &l, NULL);
	return arkv_chunks_note(chunks, rc) ? 0 : l.count;
}

struct pack_lookup {
	struct arkv_chunks *c;
	uint8_t key[CHUNK_PACK_KEY_LEN];
	struct arkv_pack_info info;
	struct arkf_datakey *datakeys;
};

static enum ark_rc pack_decode(struct pack_lookup *l, struct ark_span value, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(value);
	l->info = (struct arkv_pack_info){ .closed = true };
	ark_rd_copy(&rd, l->info.name.b, sizeof l->info.name.b);
	l->info.len = ark_rd_u64(&rd);
	l->info.frame_count = ark_rd_u32(&rd);
	l->info.datakey_count = ark_rd_u16(&rd);
	if (l->info.datakey_count == 0 ||
	    !ark_rd_fits(&rd, l->info.datakey_count, ARKF_DATAKEY_LEN_MIN))
		return ark_fail(err, ARK_CORRUPT, "chunks.mdb: a pack's record is damaged");
	l->datakeys = calloc(l->info.datakey_count, sizeof *l->datakeys);
	if (!l->datakeys)
		return ark_fail(err, ARK_NOMEM, "chunks.mdb: out of memory");
	for (uint16_t i = 0; i < l->info.datakey_count; i++)
		arkf_datakey_decode(&rd, &l->datakeys[i]);
	l->info.datakeys = l->datakeys;
	if (ark_rd_done(&rd))
		return ARK_OK;
	free(l->datakeys);
	return ark_fail(err, ARK_CORRUPT, "chunks.mdb: a pack's record is damaged");
}

static enum ark_rc pack_lookup(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct pack_lookup *l = ctx;
	struct arkv_rec_db db = arkv_chunks_db(l->c, txn, CHUNKS_PACKS);
	struct ark_span value;
	enum ark_rc rc = arkv_rec_get(&db, ark_span(l->key, sizeof l->key), &value, err);
	return rc ? rc : pack_decode(l, value, err);
}

enum ark_rc arkv_chunks_pack(struct arkv_chunks *chunks, uint32_t fragment_no, uint32_t pack_no,
			     struct arkv_pack_info *info, struct arkf_datakey **datakeys,
			     struct ark_err *err)
{
	struct pack_lookup l = { .c = chunks };
	arkv_chunks_put_be32(l.key, fragment_no);
	arkv_chunks_put_be32(l.key + 4, pack_no);
	enum ark_rc rc = arkv_mdb_read(chunks->mdb, pack_lookup, &l, err);
	if (!rc) {
		*info = l.info;
		*datakeys = l.datakeys;
	}
	return arkv_chunks_note(chunks, rc) == ARK_CORRUPT ? ARK_NOTFOUND : rc;
}
