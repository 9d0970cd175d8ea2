/* dk.c - see keys.h: data keys, and boxes under them and under K_meta. */
#include "libarchive-kv/keys_inside.h"

#include <sodium.h>

_Static_assert(ARKF_DATAKEY_SEALED_LEN == crypto_box_SEALBYTES + ARKV_KEY_LEN, "sealed data key");

void arkv_dk_id(struct ark_uid *out, const uint8_t *key)
{
	arkv_hash_keyed16(out->b, key, ark_span_str("arkv-dk"));
}

enum ark_rc arkv_dk_new(struct arkv_dk *out, const struct arkv_keys *keys, struct ark_err *err)
{
	struct arkv_dk dk = { .record.ring = keys->reader_ring };
	if (ark_secret_new(&dk.key, ARKV_KEY_LEN, err))
		return ARK_NOMEM;
	if (keys->suite == ARK_SUITE_NONE) {
		memcpy(dk.key.p, arkv_keys_at(keys, ARKV_KEYS_DATA), ARKV_KEY_LEN);
	} else {
		crypto_aead_xchacha20poly1305_ietf_keygen(dk.key.p);
		dk.record.has_sealed = true;
		if (crypto_box_seal(dk.record.sealed, dk.key.p, ARKV_KEY_LEN, keys->reader) != 0) {
			arkv_dk_release(&dk);
			return ark_fail(err, ARK_AUTH, "keys: the reader's public key is no key");
		}
	}
	arkv_dk_id(&dk.record.id, dk.key.p);
	*out = dk;
	return ARK_OK;
}

void arkv_dk_release(struct arkv_dk *dk)
{
	if (dk)
		ark_secret_release(&dk->key);
}

/* Tries each reader pair of the record's ring: two rotations at once may have made two. */
static enum ark_rc unseal(struct ark_secret *dk, const struct arkv_keys *keys,
			  const struct arkf_datakey *record, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(keys->ring.pairs);
	struct arkf_ring_pair pair;
	bool tried = false;
	while (arkf_ring_pair_next(&rd, &pair)) {
		if (pair.ring != record->ring)
			continue;
		tried = true;
		if (crypto_box_seal_open(dk->p, record->sealed, sizeof record->sealed, pair.pub.p,
					 pair.secret.p) == 0)
			return ARK_OK;
	}
	if (tried)
		return ark_fail(err, ARK_AUTH,
				"data key %s does not open: damaged, or sealed to "
				"another repository's reader",
				ark_uid_hex(&record->id).s);
	return ark_fail(err, ARK_AUTH,
			"data key %s is sealed to the reader of keyring %u; "
			"the newest here is %u",
			ark_uid_hex(&record->id).s, (unsigned)record->ring,
			(unsigned)keys->reader_ring);
}

static enum ark_rc suite_check(const struct arkv_keys *keys, const struct arkf_datakey *record,
			       struct ark_err *err)
{
	bool sealed_suite = keys->suite != ARK_SUITE_NONE;
	if (record->has_sealed != sealed_suite)
		return ark_fail(err, ARK_AUTH, "data key %s is %ssealed, and the repository is %s",
				ark_uid_hex(&record->id).s, record->has_sealed ? "" : "not ",
				sealed_suite ? "encrypted" : "not encrypted");
	if (!keys->can_read)
		return ark_fail(err, ARK_AUTH, "this key can write and deduplicate, not read");
	return ARK_OK;
}

static enum ark_rc dk_get(struct ark_secret *dk, const struct arkv_keys *keys,
			  const struct arkf_datakey *record, struct ark_err *err)
{
	enum ark_rc rc = suite_check(keys, record, err);
	if (!rc)
		rc = ark_secret_new(dk, ARKV_KEY_LEN, err);
	if (rc)
		return rc;
	if (keys->suite == ARK_SUITE_NONE)
		memcpy(dk->p, arkv_keys_at(keys, ARKV_KEYS_DATA), ARKV_KEY_LEN);
	else
		rc = unseal(dk, keys, record, err);
	if (rc)
		return rc;
	struct ark_uid id;
	arkv_dk_id(&id, dk->p);
	if (!ark_uid_eq(&id, &record->id))
		return ark_fail(err, ARK_CORRUPT, "data key %s: its id should be %s",
				ark_uid_hex(&record->id).s, ark_uid_hex(&id).s);
	return ARK_OK;
}

enum ark_rc arkv_dk_open(const uint8_t **out, struct arkv_keys *keys,
			 const struct arkf_datakey *record, struct ark_err *err)
{
	const uint8_t *known = arkv_dkcache_get(keys->opened, &record->id);
	if (known) {
		*out = known;
		return ARK_OK;
	}
	ARK_AUTO(ark_secret_release) struct ark_secret dk = { .p = NULL };
	enum ark_rc rc = dk_get(&dk, keys, record, err);
	return rc ? rc : arkv_dkcache_put(out, keys->opened, &record->id, dk.p, err);
}

/* ---- boxes ---- */

static enum ark_rc seal(struct ark_buf *out, struct ark_span plain, const uint8_t *key,
			const struct arkv_box_for *what, struct ark_err *err)
{
	size_t len;
	uint8_t *at = NULL;
	if (ark_add(&len, plain.len, ARKV_BOX_EXTRA))
		at = ark_wr_room(&out->wr, len);
	if (!at)
		return ark_fail(err, ARK_NOMEM, "sealing %zu bytes: out of memory", plain.len);
	arkv_box_seal(at, plain, key, what);
	return ARK_OK;
}

static enum ark_rc open_box(struct ark_buf *out, struct ark_span box, const uint8_t *key,
			    const struct arkv_box_for *what, struct ark_err *err)
{
	size_t len_before = out->wr.len;
	size_t len = box.len < ARKV_BOX_EXTRA ? 0 : box.len - ARKV_BOX_EXTRA;
	/* One byte more, so that an empty plaintext has an address. */
	uint8_t *at = ark_wr_room(&out->wr, len + 1);
	if (!at)
		return ark_fail(err, ARK_NOMEM, "opening %zu bytes: out of memory", box.len);
	enum ark_rc rc = arkv_box_open(at, box, key, what, err);
	out->wr.len = rc ? len_before : len_before + len;
	return rc;
}

static struct arkv_box_for meta_box(const struct arkv_keys *keys, enum arkv_box_type type,
				    struct ark_span context)
{
	return (struct arkv_box_for){
		.repo = &keys->repo, .context = context, .suite = keys->suite, .type = type
	};
}

enum ark_rc arkv_seal_meta(struct ark_buf *out, const struct arkv_keys *keys,
			   enum arkv_box_type type, struct ark_span context, struct ark_span plain,
			   struct ark_err *err)
{
	struct arkv_box_for what = meta_box(keys, type, context);
	return seal(out, plain, arkv_keys_meta(keys), &what, err);
}

enum ark_rc arkv_open_meta(struct ark_buf *out, const struct arkv_keys *keys,
			   enum arkv_box_type type, struct ark_span context, struct ark_span box,
			   struct ark_err *err)
{
	struct arkv_box_for what = meta_box(keys, type, context);
	return open_box(out, box, arkv_keys_meta(keys), &what, err);
}

enum ark_rc arkv_seal_dk(struct ark_buf *out, const struct arkv_keys *keys,
			 const struct arkv_dk *dk, enum arkv_box_type type, struct ark_span context,
			 struct ark_span plain, struct ark_err *err)
{
	struct arkv_box_for what = meta_box(keys, type, context);
	what.datakey = &dk->record.id;
	return seal(out, plain, dk->key.p, &what, err);
}

enum ark_rc arkv_open_dk(struct ark_buf *out, struct arkv_keys *keys,
			 const struct arkf_datakey *record, enum arkv_box_type type,
			 struct ark_span context, struct ark_span box, struct ark_err *err)
{
	const uint8_t *key = NULL;
	enum ark_rc rc = arkv_dk_open(&key, keys, record, err);
	if (rc)
		return rc;
	struct arkv_box_for what = meta_box(keys, type, context);
	what.datakey = &record->id;
	return open_box(out, box, key, &what, err);
}
