/*
 * stacks.h - segments of an archive: their bounds, and their stacks of slices (spec/10-stacks.md).
 */
#pragma once

#include "format/keylist.h"

enum {
	ARKF_SEGMENTS_MAX = 65536,
	ARKF_STACK_DEPTH_MAX = 255,
	ARKF_STACKS_BODY_MAX = 64 * 1024 * 1024,
};

struct arkf_segment {
	uint32_t phase;
	uint32_t fold_limit;	/* thousandths of the live records */
	uint32_t cut_threshold; /* spec/06-block.md */
	uint32_t depth;
	uint64_t live;
};

struct arkf_stack_slice {
	uint32_t run_no;
	uint32_t slice_no;
	uint64_t from;
	uint64_t entry_count;
};

/* Encoding: head, then per segment its fields and its slices, newest first, then end. */
void arkf_stacks_encode_head(struct ark_wr *wr, uint64_t segment_count);
void arkf_stacks_encode_segment(struct ark_wr *wr, const struct arkf_segment *segment);
void arkf_stacks_encode_slice(struct ark_wr *wr, const struct arkf_stack_slice *slice);
void arkf_stacks_encode_end(struct ark_wr *wr);

struct arkf_stacks_rd {
	struct ark_rd rd;
	uint64_t segment_count;
	uint64_t segments_left;
	uint32_t slices_left;
	uint64_t next_run_no;
};

enum ark_rc arkf_stacks_decode(struct arkf_stacks_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
/* NOTFOUND after the last segment (the list ended as it must), CORRUPT. */
enum ark_rc arkf_stacks_segment_next(struct arkf_stacks_rd *it, struct arkf_segment *out,
				     struct ark_err *err) ARK_CHECK;
/* NOTFOUND after the present segment's last slice, CORRUPT. run_count: of the run table. */
enum ark_rc arkf_stacks_slice_next(struct arkf_stacks_rd *it, uint64_t run_count,
				   struct arkf_stack_slice *out, struct ark_err *err) ARK_CHECK;

/* Bounds: the first key of each segment but the first. */
void arkf_bounds_encode(struct ark_wr *wr, arkf_key_at_fn *at, const void *ctx, size_t count);
/* count bounds follow by arkf_keylist_next(it). The whole body is checked but for the keys'
 * order. */
enum ark_rc arkf_bounds_decode(struct arkf_keylist_rd *it, uint64_t *count, struct ark_span raw,
			       struct ark_err *err) ARK_CHECK;

/* ---- shown (dump.h) ---- */

struct arkf_dump;
void arkf_stacks_dump(struct arkf_dump *d); /* raw bodies */
void arkf_bounds_dump(struct arkf_dump *d);
