/*
 * chunks_insert.c - see chunks_db.h: a fragment's ids into chunks.mdb.
 *
 * The fragment is walked twice: once to see that all of it is sound, once to write. It counts only
 * from its last transaction on, so that a process may die anywhere. Ids go in sorted groups, for
 * neighbours share pages.
 */
#include "libarchive-kv/chunks_inside.h"

#include <stdlib.h>

enum {
	GROUP_IDS = 65536,
	GROUP_PACKS_LEN = 4 << 20,
	/* Data keys of all packs, each of which is written out: few numbers stand for many bytes.
	 */
	PAIRS_MAX = 1 << 20,
};

struct id_record {
	uint8_t key[CHUNK_KEY_LEN];
	uint8_t value[ARKV_WHERE_LEN];
};

/* A group on its way. */
struct load {
	struct arkv_chunks *c;
	const struct ark_id *name;
	struct fragment fragment;
	bool only_check;
	struct arkf_datakey *datakeys; /* of the fragment */
	size_t datakey_count;
	struct id_record *ids;
	size_t id_count;
	size_t done; /* of ids: how many are written */
	size_t next; /* and will be with this transaction */
	uint32_t pack_no;
	size_t pair_count;
	struct ark_buf packs; /* records: u32 length, key, value */
};

static void load_end(struct load *l)
{
	free(l->datakeys);
	free(l->ids);
	ark_buf_release(&l->packs);
}

/* ---- writing a group ---- */

static enum ark_rc write_packs(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct load *l = ctx;
	struct arkv_rec_db db = arkv_chunks_db(l->c, txn, CHUNKS_PACKS);
	struct ark_rd rd = ark_rd(ark_buf_span(&l->packs));
	enum ark_rc rc = ARK_OK;
	while (ark_rd_left(&rd) && !rc) {
		uint32_t len = ark_rd_u32(&rd);
		struct ark_span key = ark_rd_bytes(&rd, CHUNK_PACK_KEY_LEN);
		struct ark_span value = ark_rd_bytes(&rd, len);
		rc = arkv_rec_put(&db, key, value, 0, err);
	}
	return rc;
}

static enum ark_rc write_ids(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct load *l = ctx;
	struct arkv_rec_db db = arkv_chunks_db(l->c, txn, CHUNKS_IDS);
	enum ark_rc rc = ARK_OK;
	l->next = l->done + arkv_mdb_batch(txn, db.dbi, l->id_count - l->done);
	for (size_t i = l->done; i < l->next && !rc; i++)
		rc = arkv_rec_put(&db, ark_span(l->ids[i].key, CHUNK_KEY_LEN),
				  ark_span(l->ids[i].value, ARKV_WHERE_LEN), 0, err);
	return rc;
}

static int id_record_cmp(const void *a, const void *b)
{
	const struct id_record *x = a, *y = b;
	return memcmp(x->key, y->key, sizeof x->key);
}

static enum ark_rc flush(struct load *l, struct ark_err *err)
{
	enum ark_rc rc = ark_buf_check(&l->packs, "packs of a fragment", err);
	if (!rc && l->packs.wr.len)
		rc = arkv_mdb_write(l->c->mdb, write_packs, l, err);
	if (l->id_count)
		qsort(l->ids, l->id_count, sizeof *l->ids, id_record_cmp);
	for (l->done = 0; l->done < l->id_count && !rc; l->done = l->next)
		rc = arkv_mdb_write(l->c->mdb, write_ids, l, err);
	l->id_count = 0;
	ark_buf_clear(&l->packs);
	return rc;
}

/* ---- walking a fragment ---- */

static enum ark_rc take_datakeys(struct load *l, struct arkf_places_rd *it, struct ark_err *err)
{
	struct arkf_datakey key;
	size_t count = 0;
	enum ark_rc rc;
	if (!l->datakeys) /* the decoder has bounded the count by the length of the body */
		l->datakeys = calloc((size_t)it->head.datakey_count + 1, sizeof key);
	if (!l->datakeys)
		return ark_fail(err, ARK_NOMEM, "data keys of a fragment: out of memory");
	while (!(rc = arkf_places_datakey_next(it, &key, err)))
		l->datakeys[count++] = key;
	l->datakey_count = count;
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

/* The record of a pack, with the data keys it names. */
static enum ark_rc take_pack(struct load *l, struct arkf_places_rd *it,
			     const struct arkf_places_pack *pack, struct ark_err *err)
{
	struct ark_wr *wr = &l->packs.wr;
	const size_t start = wr->len;
	uint8_t key[CHUNK_PACK_KEY_LEN];
	uint32_t no;
	enum ark_rc rc;
	l->pair_count += pack->datakey_count;
	if (l->pair_count > PAIRS_MAX)
		return ark_fail(err, ARK_LIMIT, "its packs name more than %d data keys",
				(int)PAIRS_MAX);
	arkv_chunks_put_be32(key, l->fragment.no);
	arkv_chunks_put_be32(key + 4, l->pack_no);
	if (!l->only_check) {
		ark_wr_u32(wr, 0);
		ark_wr_bytes(wr, ark_span(key, sizeof key));
		ark_wr_bytes(wr, ark_span(pack->name.b, sizeof pack->name.b));
		ark_wr_u64(wr, pack->len);
		ark_wr_u32(wr, (uint32_t)pack->frame_count);
		ark_wr_u16(wr, pack->datakey_count);
	}
	while (!(rc = arkf_places_no_next(it, &no, err)))
		if (!l->only_check)
			arkf_datakey_encode(wr, &l->datakeys[no]);
	if (!l->only_check && !wr->full)
		ark_put_le32(wr->p + start, (uint32_t)(wr->len - start - 4 - CHUNK_PACK_KEY_LEN));
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static void take_frame(struct load *l, const struct arkf_footer_entry *entry,
		       const struct arkf_place *place)
{
	struct id_record *r = &l->ids[l->id_count++];
	const struct arkv_where where = { .pack_no = l->pack_no,
					  .frame_no = place->frame_no,
					  .offset = place->offset,
					  .clen = place->clen,
					  .raw_len = entry->raw_len,
					  .datakey_no = entry->datakey_no };
	memcpy(r->key, entry->id.b, ARK_ID_LEN);
	arkv_chunks_put_be32(r->key + ARK_ID_LEN, l->fragment.no);
	arkv_where_encode(r->value, &where);
}

static enum ark_rc take_frames(struct load *l, struct arkf_places_rd *it, struct ark_err *err)
{
	struct arkf_footer_entry entry;
	struct arkf_place place;
	enum ark_rc rc;
	while (!(rc = arkf_places_frame_next(it, &entry, &place, err))) {
		l->fragment.id_count++;
		if (l->only_check)
			continue;
		if (l->id_count == GROUP_IDS)
			rc = flush(l, err);
		if (rc)
			return rc;
		take_frame(l, &entry, &place);
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc walk(struct load *l, struct ark_span raw, struct ark_err *err)
{
	struct arkf_places_rd it;
	struct arkf_places_pack pack;
	l->fragment.id_count = 0;
	l->pack_no = 0;
	l->pair_count = 0;
	enum ark_rc rc = arkf_places_decode(&it, raw, err);
	if (rc)
		return rc;
	l->fragment.lineage = it.head.lineage;
	rc = take_datakeys(l, &it, err);
	for (; !rc; l->pack_no++) {
		rc = arkf_places_pack_next(&it, &pack, err);
		if (!rc)
			rc = take_pack(l, &it, &pack, err);
		if (!rc)
			rc = take_frames(l, &it, err);
		if (!rc && l->packs.wr.len > GROUP_PACKS_LEN)
			rc = flush(l, err);
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

/* ---- the whole ---- */

/* The next number, and a record that says that this fragment is on its way. */
static enum ark_rc announce(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct load *l = ctx;
	struct arkv_rec_db db = arkv_chunks_db(l->c, txn, CHUNKS_FRAGMENTS);
	struct ark_span key = ark_span_str(CHUNKS_NEXT_KEY), value;
	uint8_t next[4];
	l->fragment.no = 0;
	enum ark_rc rc = arkv_rec_get(&db, key, &value, err);
	if (!rc && value.len == 4)
		l->fragment.no = ark_le32(value.p);
	else if (rc != ARK_NOTFOUND)
		return rc ? rc : ark_fail(err, ARK_CORRUPT, "chunks.mdb: its counter is damaged");
	if (l->fragment.no >= CHUNK_FRAGMENTS_MAX)
		return ark_fail(err, ARK_CORRUPT, "chunks.mdb: has seen too many fragments");
	ark_put_le32(next, l->fragment.no + 1);
	rc = arkv_rec_put(&db, key, ark_span(next, sizeof next), 0, err);
	return rc ? rc : arkv_chunks_fragment_put(&db, l->name, &l->fragment, err);
}

static enum ark_rc settle(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct load *l = ctx;
	struct arkv_rec_db db = arkv_chunks_db(l->c, txn, CHUNKS_FRAGMENTS);
	return arkv_chunks_fragment_put(&db, l->name, &l->fragment, err);
}

static enum ark_rc insert_ids(struct load *l, struct ark_span raw, struct ark_err *err)
{
	l->only_check = false;
	l->ids = malloc(GROUP_IDS * sizeof *l->ids);
	if (!l->ids)
		return ark_fail(err, ARK_NOMEM, "ids of a fragment: out of memory");
	enum ark_rc rc = walk(l, raw, err);
	return rc ? rc : flush(l, err);
}

enum ark_rc arkv_chunks_insert(struct arkv_chunks *chunks, const struct ark_id *name,
			       struct ark_span raw, const struct ark_uid *lineage,
			       struct ark_err *err)
{
	ARK_AUTO(load_end) struct load l = { .c = chunks, .name = name, .only_check = true };
	ark_buf_init(&l.packs);
	enum ark_rc rc = walk(&l, raw, err);
	if (rc)
		return rc;
	const bool fits = !lineage || ark_uid_eq(lineage, &l.fragment.lineage);
	rc = arkv_mdb_write(chunks->mdb, announce, &l, err);
	if (!rc && fits)
		rc = insert_ids(&l, raw, err);
	l.fragment.state = fits ? FRAGMENT_LOADED : FRAGMENT_FOREIGN;
	if (!fits)
		l.fragment.id_count = 0;
	if (!rc)
		rc = arkv_mdb_write(chunks->mdb, settle, &l, err);
	if (!rc && fits)
		rc = arkv_chunks_make_live(chunks, l.fragment.no, err);
	return arkv_chunks_note(chunks, rc);
}
