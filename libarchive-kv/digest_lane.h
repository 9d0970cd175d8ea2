/*
 * digest_lane.h - the digests of many records, computed by a pool's threads while their owner goes
 * on. About 1 MiB of copies.
 */
#pragma once

#include "libarchive-kv/digest.h"
#include "libarchive-kv/pipeline.h"

struct arkv_digest_lane;

/* k_dig and pool are borrowed. NOMEM. */
enum ark_rc arkv_digest_lane_new(struct arkv_digest_lane **out, const uint8_t *k_dig,
				 struct arkv_pool *pool, struct ark_err *err) ARK_CHECK;
/* Waits for what is under way. */
void arkv_digest_lane_freep(struct arkv_digest_lane **lane);
/* Adds a record with its whole value; both are copied, or done with on return. NOMEM. */
enum ark_rc arkv_digest_lane_add(struct arkv_digest_lane *lane, const struct ark_record *r,
				 struct ark_span value, struct ark_err *err) ARK_CHECK;
/* Adds a record whose value digest is known. */
void arkv_digest_lane_add_known(struct arkv_digest_lane *lane, const struct ark_record *r,
				const uint8_t h[ARKV_DIGEST_LEN]);
/* Waits for all: the sums of everything added so far. */
void arkv_digest_lane_sums(struct arkv_digest_lane *lane, struct arkf_digests *out);
