/*
 * block_write.h - from a sorted stream of records to placed blocks (spec/06-block.md).
 *
 * Blocks go through a lane of slots: records gather in one while the pool encodes, hashes,
 * compresses and seals the others; they are placed in key order. What index pages need of each
 * block goes to a callback, in order.
 */
#pragma once

#include "format/block.h"
#include "libarchive-kv/digest.h"
#include "libarchive-kv/pack_write.h"
#include "libarchive-kv/usemap.h"

struct arkv_placed_block {
	struct ark_id id;
	struct arkv_where where;
	struct arkf_key first;
	uint32_t entry_count;
};

typedef enum ark_rc arkv_block_fn(void *ctx, const struct arkv_placed_block *block,
				  struct ark_err *err);

struct arkv_blocks;

struct arkv_blocks_options {
	const struct arkv_frame_ctx *ctx;
	struct arkv_packer *packer;
	struct arkv_pool *pool;
	struct arkv_usemap *uses;
	arkv_block_fn *placed;
	void *placed_ctx;
	uint32_t cut_threshold; /* spec/06-block.md */
	unsigned lane_len;	/* slots: 1 to 32 */
};

struct arkv_block_stats {
	uint64_t blocks;
	uint64_t entries;
	uint64_t raw_bytes; /* of encoded blocks */
	struct arkf_digests digests;
};

enum ark_rc arkv_blocks_new(struct arkv_blocks **out, const struct arkv_blocks_options *options,
			    struct ark_err *err) ARK_CHECK;
void arkv_blocks_freep(struct arkv_blocks **blocks);
/* The next put, in ascending order of space and key; copied. digest: the record's value digest. */
enum ark_rc arkv_blocks_add(struct arkv_blocks *b, const struct arkf_entry *entry,
			    const uint8_t digest[ARKV_DIGEST_LEN], struct ark_err *err) ARK_CHECK;
/* Ends the present block and returns when all are placed. */
enum ark_rc arkv_blocks_flush(struct arkv_blocks *b, struct ark_err *err) ARK_CHECK;
/* Final after a flush. */
const struct arkv_block_stats *arkv_blocks_stats(const struct arkv_blocks *b);
