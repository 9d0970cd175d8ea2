/*
 * chunks_inside.h - what chunks_db.c, chunks_insert.c and chunks_sweep.c share: the records of
 * chunks.mdb and the object behind it.
 */
#pragma once

#include "libarchive-kv/chunks_db.h"
#include "libarchive-kv/where.h"

enum {
	CHUNKS_FRAGMENTS = 0,
	CHUNKS_PACKS = 1,
	CHUNKS_IDS = 2,
	CHUNK_KEY_LEN = ARK_ID_LEN + 4,
	CHUNK_PACK_KEY_LEN = 8,
	CHUNK_PACK_HEAD_LEN = ARK_ID_LEN + 8 + 4 + 2,
	CHUNK_BATCH_IDS = 4096,
	CHUNK_BATCH_PAGES = 4096,      /* 16 MiB of memory in a transaction */
	CHUNK_FRAGMENTS_MAX = 1 << 27, /* numbers; then the file is made anew */
};

/* Under it, in fragments: the next number to give. */
#define CHUNKS_NEXT_KEY "next"

enum fragment_state {
	FRAGMENT_PENDING = 0, /* its ids are on their way in */
	FRAGMENT_LOADED = 1,
	FRAGMENT_FOREIGN = 2, /* of another lineage: without its ids */
};

struct fragment {
	uint32_t no;
	enum fragment_state state;
	struct ark_uid lineage;
	uint64_t id_count;
};

struct arkv_chunks {
	struct arkv_mdb *mdb;
	const uint8_t *key_local;
	uint32_t known_below; /* fragments from this number on came after begin */
	uint8_t *live;	      /* a bit a number */
	size_t live_len;
	bool damaged;
	char *path;
};

static inline struct arkv_rec_db arkv_chunks_db(const struct arkv_chunks *c, MDB_txn *txn, size_t i)
{
	return (struct arkv_rec_db){ .txn = txn,
				     .dbi = arkv_mdb_db(c->mdb, i),
				     .key_local = c->key_local };
}

static inline void arkv_chunks_put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static inline uint32_t arkv_chunks_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool arkv_chunks_is_live(const struct arkv_chunks *c, uint32_t no);
enum ark_rc arkv_chunks_make_live(struct arkv_chunks *c, uint32_t no, struct ark_err *err)
	ARK_CHECK;

/* key: of any length; false unless it is a fragment's record. */
bool arkv_chunks_fragment_decode(const struct arkv_rec_db *db, const MDB_val *key,
				 const MDB_val *stored, struct ark_id *name, struct fragment *out);
enum ark_rc arkv_chunks_fragment_put(const struct arkv_rec_db *db, const struct ark_id *name,
				     const struct fragment *fragment, struct ark_err *err)
	ARK_CHECK;
/* Notes damage in c and returns rc. */
enum ark_rc arkv_chunks_note(struct arkv_chunks *c, enum ark_rc rc);

/* Steps a cursor. OK, NOTFOUND at the end, or what else LMDB says. */
enum ark_rc arkv_chunks_step(MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op,
			     struct ark_err *err) ARK_CHECK;
