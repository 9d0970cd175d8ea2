/*
 * page.h - an index page: where up to 64 consecutive blocks of a run are (spec/07-page.md).
 */
#pragma once

#include "format/keylist.h"
#include "format/packtable.h"

enum {
	ARKF_PAGE_BLOCKS_MAX = 64,
	ARKF_PAGE_FILTER = 1, /* bit of its flags: it has one */
	ARKF_PAGE_RAW_MAX = 8 * 1024 * 1024,
	ARKF_FILTER_SEGMENT_LEN_MAX = 262144,
	ARKF_FILTER_LEN_MAX = 1 << 23, /* segment_len * segment_count */
};

/* A binary fuse filter as it is stored. fingerprints.len == (segment_count + 2) * segment_len. */
struct arkf_filter {
	uint64_t seed;
	uint32_t segment_len;
	uint32_t segment_count;
	struct ark_span fingerprints;
};

/* Whether the key with this filter hash may be in the filter. */
bool arkf_filter_has(const struct arkf_filter *filter, uint64_t hash);

struct arkf_page_block {
	struct ark_id id;
	struct arkf_place place;
	uint32_t entry_count;
	struct arkf_key first; /* decoding: borrows the iterator until the next call */
};

/* Encoding: head, then the pack table (packtable.h), then the blocks with the filter (or NULL). */
void arkf_page_encode_head(struct ark_wr *wr, size_t block_count, bool has_filter);
void arkf_page_encode_blocks(struct ark_wr *wr, const struct arkf_page_block *blocks, size_t count,
			     const struct arkf_filter *filter);

struct arkf_page_rd {
	struct ark_rd rd;
	struct arkf_packtable_rd packs;
	struct arkf_keylist_rd keys;
	struct ark_rd ids;
	struct ark_rd places;
	struct ark_rd counts;
	struct arkf_filter filter; /* segment_len 0: there is none */
	uint64_t block_count;
	bool has_filter;
};

/* Reads the head; then the caller reads it->packs (packtable.h) to its end; then _decode_blocks
 * checks the rest and makes _next ready. raw must stay. CORRUPT, UNSUPPORTED. */
enum ark_rc arkf_page_decode(struct arkf_page_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
enum ark_rc arkf_page_decode_blocks(struct arkf_page_rd *it, struct ark_err *err) ARK_CHECK;
/* NOTFOUND after the last block, CORRUPT. */
enum ark_rc arkf_page_next(struct arkf_page_rd *it, struct arkf_page_block *out,
			   struct ark_err *err) ARK_CHECK;

/* ---- shown (dump.h) ---- */

struct arkf_dump;
void arkf_page_dump(struct arkf_dump *d); /* the raw body */
