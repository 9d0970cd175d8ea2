/* mdb_rec.c - see mdb.h: records with a checksum. */
#include "libarchive-kv/crypt.h"
#include "libarchive-kv/mdb.h"

#include <assert.h>

/* Over the key, its length and the hash of the value, so that no record can pass for another. */
static void sum_of(uint8_t out[ARKV_REC_SUM_LEN], const uint8_t *key_local, struct ark_span key,
		   struct ark_span value)
{
	uint8_t text[8 + 32 + ARKV_MDB_KEY_MAX];
	uint8_t sum[16];
	assert(key.len <= ARKV_MDB_KEY_MAX);
	ark_put_le64(text, key.len);
	arkv_hash(text + 8, value);
	memcpy(text + 40, key.p, key.len);
	arkv_hash_keyed16(sum, key_local, ark_span(text, 40 + key.len));
	memcpy(out, sum, ARKV_REC_SUM_LEN);
}

enum ark_rc arkv_rec_put(const struct arkv_rec_db *db, struct ark_span key, struct ark_span value,
			 unsigned flags, struct ark_err *err)
{
	MDB_val k = arkv_mdb_val(key);
	MDB_val v = { .mv_size = ARKV_REC_SUM_LEN + value.len };
	enum ark_rc rc = arkv_mdb_rc(mdb_put(db->txn, db->dbi, &k, &v, flags | MDB_RESERVE),
				     "writing a record", err);
	if (rc)
		return rc;
	uint8_t *p = v.mv_data;
	sum_of(p, db->key_local, key, value);
	if (value.len)
		memcpy(p + ARKV_REC_SUM_LEN, value.p, value.len);
	return ARK_OK;
}

bool arkv_rec_open(const struct arkv_rec_db *db, const MDB_val *key, const MDB_val *stored,
		   struct ark_span *value)
{
	uint8_t sum[ARKV_REC_SUM_LEN];
	if (stored->mv_size < ARKV_REC_SUM_LEN || key->mv_size > ARKV_MDB_KEY_MAX)
		return false;
	const uint8_t *p = stored->mv_data;
	struct ark_span v = ark_span(p + ARKV_REC_SUM_LEN, stored->mv_size - ARKV_REC_SUM_LEN);
	sum_of(sum, db->key_local, ark_span(key->mv_data, key->mv_size), v);
	if (!arkv_bytes_equal(sum, p, sizeof sum))
		return false;
	*value = v;
	return true;
}

enum ark_rc arkv_rec_get(const struct arkv_rec_db *db, struct ark_span key, struct ark_span *value,
			 struct ark_err *err)
{
	MDB_val k = arkv_mdb_val(key), v;
	int sys = mdb_get(db->txn, db->dbi, &k, &v);
	if (sys)
		return arkv_mdb_rc(sys, "reading a record", err);
	if (arkv_rec_open(db, &k, &v, value))
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT, "a record's checksum is wrong");
}
