/*
 * crypt.h - boxes, ids and hashes: the one place that calls libsodium's ciphers and libcrypto's
 * SHA-256.
 *
 * Layouts and inputs are fixed in spec/02-seal.md. All functions may be called from any thread;
 * keys are borrowed 32-byte arrays (K_cut too) that the keyring owns.
 */
#pragma once

#include "format/datakey.h"
#include "libarchive-kv/buf.h"

enum {
	ARKV_KEY_LEN = 32,
	ARKV_BOX_NONCE_LEN = 24,
	ARKV_BOX_TAG_LEN = 16,
	ARKV_BOX_EXTRA = ARKV_BOX_NONCE_LEN + ARKV_BOX_TAG_LEN,
};

enum arkv_box_type {
	ARKV_BOX_FRAME = 1,
	ARKV_BOX_PAGE = 2,
	ARKV_BOX_ROOT = 3,
	ARKV_BOX_BOUNDS = 4,
	ARKV_BOX_REFS = 5,
	ARKV_BOX_FOOTER = 6,
	ARKV_BOX_HEAD = 7,
	ARKV_BOX_TABLE = 8,
	ARKV_BOX_STACKS = 9,
	ARKV_BOX_PLACES = 10,
	ARKV_BOX_REMAP = 11,
	ARKV_BOX_SESSION = 12,
	ARKV_BOX_GC = 13,
	ARKV_BOX_MARK = 14,
	ARKV_BOX_SLOT = 15,
	ARKV_BOX_RING = 16,
	ARKV_BOX_STATE = 17,
	ARKV_BOX_SPILL = 18,
};

enum arkv_id_type {
	ARKV_ID_BLOCK = 1,
	ARKV_ID_CHUNK = 2,
	ARKV_ID_RECIPE = 3,
};

/* What a box is bound to besides its key. */
struct arkv_box_for {
	const struct ark_uid *repo;
	const struct ark_uid *datakey; /* NULL when the key is not a data key */
	struct ark_span context;       /* at most 128 bytes */
	enum ark_suite suite;
	enum arkv_box_type type;
};

/* Once per process, before anything else here; safe to repeat. IO when libsodium cannot start. */
enum ark_rc arkv_crypt_init(struct ark_err *err) ARK_CHECK;

/* Seals plain under key into out, which has room for plain.len + ARKV_BOX_EXTRA. Cannot fail. */
void arkv_box_seal(uint8_t *out, struct ark_span plain, const uint8_t *key,
		   const struct arkv_box_for *what);
/* Opens box into out (room for box.len - ARKV_BOX_EXTRA; may be box.p + ARKV_BOX_NONCE_LEN: in
 * place). CORRUPT when shorter than a box; AUTH when it does not open. The text names no object:
 * prefix it. */
enum ark_rc arkv_box_open(uint8_t *out, struct ark_span box, const uint8_t *key,
			  const struct arkv_box_for *what, struct ark_err *err) ARK_CHECK;

/* id = BLAKE2b-256(K_id, type | bytes). */
void arkv_id_of(struct ark_id *out, const uint8_t *k_id, enum arkv_id_type type,
		struct ark_span bytes);
/* BLAKE2b-256 without a key: finds damage, proves nothing. */
void arkv_hash(uint8_t out[32], struct ark_span bytes);
/* BLAKE2b-256 keyed with key over bytes: checksums of objects, local keys. */
void arkv_hash_keyed(uint8_t out[32], const uint8_t *key, struct ark_span bytes);
/* BLAKE2b-128 keyed. */
void arkv_hash_keyed16(uint8_t out[16], const uint8_t *key, struct ark_span bytes);
/* BLAKE2b-256 keyed with parent over label: derives a key for one purpose. */
void arkv_key_derive(uint8_t out[32], const uint8_t *parent, const char *label);
/* BLAKE2b-256 keyed with the repository id over label: keys of a repository of suite none. */
void arkv_key_of_repo(uint8_t out[32], const struct ark_uid *repo, const char *label);
bool arkv_bytes_equal(const void *a, const void *b, size_t len); /* constant time */

/* SHA-256 in pieces, for pack and run names. */
struct arkv_sha256;
enum ark_rc arkv_sha256_new(struct arkv_sha256 **out, struct ark_err *err) ARK_CHECK;
void arkv_sha256_update(struct arkv_sha256 *sha, struct ark_span bytes);
void arkv_sha256_final(struct arkv_sha256 *sha, struct ark_id *out); /* and starts anew */
void arkv_sha256_freep(struct arkv_sha256 **sha);
void arkv_sha256_of(struct ark_id *out, struct ark_span bytes);

/* Cut and filter hashes of a key (spec/02-seal.md, derived values). */
uint64_t arkv_cut_hash(const uint8_t *k_cut, struct ark_span space, struct ark_span key);
uint64_t arkv_filter_hash(const uint8_t *k_cut, struct ark_span space, struct ark_span key);
