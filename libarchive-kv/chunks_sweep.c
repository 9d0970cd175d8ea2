/* chunks_sweep.c - see chunks_db.h: what gone fragments have left in chunks.mdb goes. */
#include "libarchive-kv/chunks_inside.h"

#include <stdlib.h>

enum {
	SWEEP_MIN = 10000,    /* dead ids that are not worth a sweep */
	STEP_VISITS = 100000, /* in one transaction */
	STEP_DELETES = 4096,
};

struct sweep {
	struct arkv_chunks *c;
	uint8_t *alive; /* a bit a number below known_below */
	uint64_t alive_ids;
	uint64_t all_ids;
	uint8_t from[CHUNK_KEY_LEN]; /* the next step begins here */
	uint8_t to[CHUNK_KEY_LEN];   /* where this step ended */
	bool done;
};

static void close_cursor(MDB_cursor **cursor)
{
	if (*cursor)
		mdb_cursor_close(*cursor);
}

/* Which numbers still have a fragment, and how many ids those brought. */
static enum ark_rc survey(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct sweep *s = ctx;
	struct arkv_rec_db db = arkv_chunks_db(s->c, txn, CHUNKS_FRAGMENTS);
	MDB_stat st;
	MDB_val key, value;
	ARK_AUTO(close_cursor) MDB_cursor *cursor = NULL;
	int sys = mdb_stat(txn, arkv_mdb_db(s->c->mdb, CHUNKS_IDS), &st);
	if (!sys)
		sys = mdb_cursor_open(txn, db.dbi, &cursor);
	enum ark_rc rc = arkv_mdb_rc(sys, "surveying", err);
	if (rc)
		return rc;
	s->all_ids = st.ms_entries;
	rc = arkv_chunks_step(cursor, &key, &value, MDB_FIRST, err);
	for (; !rc; rc = arkv_chunks_step(cursor, &key, &value, MDB_NEXT, err)) {
		struct ark_id name;
		struct fragment f;
		if (key.mv_size == sizeof CHUNKS_NEXT_KEY - 1)
			continue;
		if (!arkv_chunks_fragment_decode(&db, &key, &value, &name, &f))
			return ark_fail(err, ARK_CORRUPT, "chunks.mdb: a record is damaged");
		s->alive_ids += f.id_count;
		if (f.no < s->c->known_below)
			s->alive[f.no / 8] |= (uint8_t)(1 << f.no % 8);
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static bool is_dead(const struct sweep *s, const MDB_val *key)
{
	if (key->mv_size != CHUNK_KEY_LEN)
		return false;
	const uint8_t *p = key->mv_data;
	uint32_t no = arkv_chunks_be32(p + ARK_ID_LEN);
	return no < s->c->known_below && !(s->alive[no / 8] & 1 << no % 8);
}

static enum ark_rc step(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct sweep *s = ctx;
	MDB_val key = arkv_mdb_val(ark_span(s->from, sizeof s->from)), value;
	ARK_AUTO(close_cursor) MDB_cursor *cursor = NULL;
	int sys = mdb_cursor_open(txn, arkv_mdb_db(s->c->mdb, CHUNKS_IDS), &cursor);
	enum ark_rc rc = arkv_mdb_rc(sys, "sweeping", err);
	if (!rc)
		rc = arkv_chunks_step(cursor, &key, &value, MDB_SET_RANGE, err);
	size_t deletes = 0;
	for (size_t visits = 0; !rc && visits < STEP_VISITS && deletes < STEP_DELETES; visits++) {
		if (is_dead(s, &key)) {
			rc = arkv_mdb_rc(mdb_cursor_del(cursor, 0), "sweeping", err);
			deletes++;
		}
		if (!rc)
			rc = arkv_chunks_step(cursor, &key, &value, MDB_NEXT, err);
	}
	s->done = rc == ARK_NOTFOUND;
	if (!rc && key.mv_size == sizeof s->to)
		memcpy(s->to, key.mv_data, sizeof s->to);
	else if (!rc)
		return ark_fail(err, ARK_CORRUPT, "chunks.mdb: a key is damaged");
	return s->done ? ARK_OK : rc;
}

static void sweep_end(struct sweep *s)
{
	free(s->alive);
}

enum ark_rc arkv_chunks_sweep(struct arkv_chunks *chunks, struct ark_err *err)
{
	ARK_AUTO(sweep_end) struct sweep s = { .c = chunks };
	s.alive = calloc(1, chunks->known_below / 8 + 1);
	if (!s.alive)
		return ark_fail(err, ARK_NOMEM, "chunks.mdb: out of memory");
	enum ark_rc rc = arkv_mdb_read(chunks->mdb, survey, &s, err);
	if (!rc && s.all_ids <= s.alive_ids + s.alive_ids / 2 + SWEEP_MIN)
		return ARK_OK;
	while (!rc && !s.done) {
		rc = arkv_mdb_write(chunks->mdb, step, &s, err);
		memcpy(s.from, s.to, sizeof s.from);
	}
	return arkv_chunks_note(chunks, rc);
}
