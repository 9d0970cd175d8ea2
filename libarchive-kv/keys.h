/*
 * keys.h - the keyring of an open repository, and how a session gets and opens data keys.
 *
 * The ring comes from a key slot (slots.h), a key file, or, without encryption, from the repository
 * id. Immutable once loaded, apart from the cache of opened data keys, which has its own lock: all
 * functions may be called from any thread.
 */
#pragma once

#include "format/chunker.h"
#include "libarchive-kv/crypt.h"
#include "libarchive-kv/secret.h"

struct arkv_keys;

void arkv_keys_free(struct arkv_keys *keys);
void arkv_keys_freep(struct arkv_keys **keys);

const struct ark_uid *arkv_keys_repo(const struct arkv_keys *keys);
enum ark_suite arkv_keys_suite(const struct arkv_keys *keys);
/* The sizes that all writers of the repository agree on. */
const struct arkf_chunker *arkv_keys_chunker(const struct arkv_keys *keys);
/* False for a write-only key: it can write and deduplicate, not read. */
bool arkv_keys_can_read(const struct arkv_keys *keys);

/* The number of the newest keyring, from 1; 0 without encryption. */
uint32_t arkv_keys_ring(const struct arkv_keys *keys);

/* 32 bytes each. */
const uint8_t *arkv_keys_id(const struct arkv_keys *keys);
const uint8_t *arkv_keys_cut(const struct arkv_keys *keys);
const uint8_t *arkv_keys_dig(const struct arkv_keys *keys);
const uint8_t *arkv_keys_meta(const struct arkv_keys *keys);
const uint8_t *arkv_keys_auth(const struct arkv_keys *keys);
/* For state files, spills and staging on this host: derived from K_meta and K_dig (both of which a
 * write-only key has too), never stored. */
const uint8_t *arkv_keys_local(const struct arkv_keys *keys);

/* A data key in the open. */
struct arkv_dk {
	struct arkf_datakey record;
	struct ark_secret key;
};

/* A fresh data key for a session, sealed to the newest reader pair. In suite 0: the one key there
 * is. */
enum ark_rc arkv_dk_new(struct arkv_dk *out, const struct arkv_keys *keys, struct ark_err *err)
	ARK_CHECK;
void arkv_dk_release(struct arkv_dk *dk);
/* The key of a record; remembered, so that the next call with the same id is cheap. The pointer is
 * good as long as keys. AUTH: write-only key ("this key can write and deduplicate, not read"), no
 * such reader pair, a record of another suite, or it does not open. CORRUPT: it opens to a key of
 * another id. */
enum ark_rc arkv_dk_open(const uint8_t **out, struct arkv_keys *keys,
			 const struct arkf_datakey *record, struct ark_err *err) ARK_CHECK;

/* The two kinds of box that the library makes everywhere: under K_meta, and under a data key. Both
 * append header-less boxes (nonce, ciphertext, tag) to out; open appends the plaintext. */
enum ark_rc arkv_seal_meta(struct ark_buf *out, const struct arkv_keys *keys,
			   enum arkv_box_type type, struct ark_span context, struct ark_span plain,
			   struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_open_meta(struct ark_buf *out, const struct arkv_keys *keys,
			   enum arkv_box_type type, struct ark_span context, struct ark_span box,
			   struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_seal_dk(struct ark_buf *out, const struct arkv_keys *keys,
			 const struct arkv_dk *dk, enum arkv_box_type type, struct ark_span context,
			 struct ark_span plain, struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_open_dk(struct ark_buf *out, struct arkv_keys *keys,
			 const struct arkf_datakey *record, enum arkv_box_type type,
			 struct ark_span context, struct ark_span box, struct ark_err *err)
	ARK_CHECK;
