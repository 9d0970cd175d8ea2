/*
 * digest.h - what a record hashes to, and the sums that tell whether two sets of records are equal
 * (spec/01-record.md). Sums do not depend on order.
 */
#pragma once

#include "format/manifest.h"
#include "format/record.h"

#include <sodium.h>

enum { ARKV_DIGEST_LEN = 16 };

/* A value's hash in the making: bytes first, then the record they belong to. */
struct arkv_value_hash {
	crypto_generichash_state state;
};

void arkv_value_hash_begin(struct arkv_value_hash *vh, const uint8_t *k_dig);
void arkv_value_hash_update(struct arkv_value_hash *vh, struct ark_span bytes);
/* r->value_len: the sum of what was given. h: the value digest. */
void arkv_value_hash_end(struct arkv_value_hash *vh, const struct ark_record *r,
			 uint8_t h[ARKV_DIGEST_LEN]);

/* Keyed states made once, so that hashing a record need not absorb the key again. */
struct arkv_digester {
	crypto_generichash_state h; /* for value digests and attribute digests */
	crypto_generichash_state term;
};

void arkv_digester_init(struct arkv_digester *d, const uint8_t *k_dig);
/* The value digest of a whole value; value.len equals r->value_len. */
void arkv_digest_value(const struct arkv_digester *d, const struct ark_record *r,
		       struct ark_span value, uint8_t h[ARKV_DIGEST_LEN]);
/* The attribute digest; all zeros when r has no expiry, flags and meta. */
void arkv_digest_attributes(const struct arkv_digester *d, const struct ark_record *r,
			    uint8_t a[ARKV_DIGEST_LEN]);
/* Adds r, whose value digest is h, to the four sums. */
void arkv_digests_add(const struct arkv_digester *d, struct arkf_digests *sums,
		      const struct ark_record *r, const uint8_t h[ARKV_DIGEST_LEN]);
/* Adds the sums of a part. */
void arkv_digests_merge(struct arkf_digests *sums, const struct arkf_digests *part);
bool arkv_digests_equal(const struct arkf_digests *a, const struct arkf_digests *b);
