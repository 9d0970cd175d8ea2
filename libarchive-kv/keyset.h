/*
 * keyset.h - how a struct arkv_keys comes to be: from a decrypted keyring, from a write-only
 * bundle, from nothing at all (suite none), or fresh. What it serves for then is keys.h.
 *
 * Bodies of keyrings are secrets: they lie in struct ark_secret, never in a buf. The format of all
 * this is spec/04-keys.md.
 */
#pragma once

#include "format/ring.h"
#include "libarchive-kv/keys.h"

/* Suite none: all keys follow from the repository id. chunker is checked (LIMIT, CORRUPT). */
enum ark_rc arkv_keys_none(struct arkv_keys **out, const struct ark_uid *repo,
			   const struct arkf_chunker *chunker, struct ark_err *err) ARK_CHECK;
/* Fresh random keys for a new encrypted repository, with reader pair 1. */
enum ark_rc arkv_keys_generate(struct arkv_keys **out, const struct ark_uid *repo,
			       const struct arkf_chunker *chunker, struct ark_err *err) ARK_CHECK;
/* body: the plaintext of a keyring's box; copied. CORRUPT, UNSUPPORTED, LIMIT as decoded. */
enum ark_rc arkv_keys_from_ring(struct arkv_keys **out, const struct ark_uid *repo,
				struct ark_span body, struct ark_err *err) ARK_CHECK;
/* The same keys with one reader pair more, number arkv_keys_ring(old) + 1. LIMIT at 255 pairs,
 * AUTH when old cannot read. */
enum ark_rc arkv_keys_rotate(struct arkv_keys **out, const struct arkv_keys *old,
			     struct ark_err *err) ARK_CHECK;
/* keys, and those reader pairs of body that it does not have: for two rings of one number, which
 * two rotations at once leave behind. AUTH when the other keys differ. */
enum ark_rc arkv_keys_merge(struct arkv_keys **out, const struct arkv_keys *keys,
			    struct ark_span body, struct ark_err *err) ARK_CHECK;

/* The body to seal as a keyring; lives in keys. Empty for suite none and for a bundle. */
struct ark_span arkv_keys_ring_body(const struct arkv_keys *keys);

/* What a host needs to write and deduplicate. Spans are borrowed. */
struct arkv_bundle {
	uint32_t ring;		/* number of the reader pair */
	struct ark_span reader; /* its public key: 32 bytes */
	struct ark_span keys;	/* as in struct arkf_ring_body */
	struct arkf_chunker chunker;
};

/* Keys that can write and not read. */
enum ark_rc arkv_keys_from_bundle(struct arkv_keys **out, const struct ark_uid *repo,
				  const struct arkv_bundle *bundle, struct ark_err *err) ARK_CHECK;
/* The bundle of keys; borrows from it. Not for suite none. */
struct arkv_bundle arkv_keys_bundle(const struct arkv_keys *keys);
