/* stacks.c - see stacks.h. */
#include "format/stacks.h"

#include "format/manifest.h"
#include "format/run.h"

void arkf_stacks_encode_head(struct ark_wr *wr, uint64_t segment_count)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_varint(wr, segment_count);
}

void arkf_stacks_encode_segment(struct ark_wr *wr, const struct arkf_segment *segment)
{
	ark_wr_varint(wr, segment->phase);
	ark_wr_varint(wr, segment->fold_limit);
	ark_wr_u32(wr, segment->cut_threshold);
	ark_wr_varint(wr, segment->live);
	ark_wr_varint(wr, segment->depth);
}

void arkf_stacks_encode_slice(struct ark_wr *wr, const struct arkf_stack_slice *slice)
{
	ark_wr_varint(wr, slice->run_no);
	ark_wr_varint(wr, slice->slice_no);
	ark_wr_varint(wr, slice->from);
	ark_wr_varint(wr, slice->entry_count);
}

void arkf_stacks_encode_end(struct ark_wr *wr)
{
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_stacks_decode(struct arkf_stacks_rd *it, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, "stacks", err);
	if (rc)
		return rc;
	uint64_t count = ark_rd_varint(&rd);
	if (count < 1 || count > ARKF_SEGMENTS_MAX || !ark_rd_fits(&rd, count, 8))
		return ark_fail(err, ARK_CORRUPT, "stacks: bad count of segments");
	*it = (struct arkf_stacks_rd){ .rd = rd, .segment_count = count, .segments_left = count };
	return ARK_OK;
}

enum ark_rc arkf_stacks_segment_next(struct arkf_stacks_rd *it, struct arkf_segment *out,
				     struct ark_err *err)
{
	if (it->segments_left == 0) {
		enum ark_rc rc = arkf_ext_decode(&it->rd, "stacks", err);
		if (!rc)
			rc = arkf_end(&it->rd, "stacks", err);
		return rc ? rc : ARK_NOTFOUND;
	}
	it->segments_left--;
	uint64_t phase = ark_rd_varint(&it->rd);
	uint64_t fold_limit = ark_rd_varint(&it->rd);
	uint32_t cut_threshold = ark_rd_u32(&it->rd);
	uint64_t live = ark_rd_varint(&it->rd);
	uint64_t depth = ark_rd_varint(&it->rd);
	if (it->rd.bad || phase > UINT16_MAX || fold_limit < 1 || fold_limit > UINT16_MAX ||
	    depth > ARKF_STACK_DEPTH_MAX)
		return ark_fail(err, ARK_CORRUPT, "stacks: a segment is cut off or out of range");
	*out = (struct arkf_segment){
		.phase = (uint32_t)phase,
		.fold_limit = (uint32_t)fold_limit,
		.cut_threshold = cut_threshold,
		.depth = (uint32_t)depth,
		.live = live,
	};
	it->slices_left = out->depth;
	it->next_run_no = 0;
	return ARK_OK;
}

enum ark_rc arkf_stacks_slice_next(struct arkf_stacks_rd *it, uint64_t run_count,
				   struct arkf_stack_slice *out, struct ark_err *err)
{
	if (it->slices_left == 0)
		return ARK_NOTFOUND;
	it->slices_left--;
	uint64_t run_no = ark_rd_varint(&it->rd);
	uint64_t slice_no = ark_rd_varint(&it->rd);
	uint64_t from = ark_rd_varint(&it->rd);
	uint64_t entry_count = ark_rd_varint(&it->rd);
	if (it->rd.bad || run_no < it->next_run_no || run_no >= run_count ||
	    run_no >= ARKF_RUNS_MAX || slice_no >= ARKF_RUN_SLICES_MAX)
		return ark_fail(err, ARK_CORRUPT,
				"stacks: a slice is cut off, out of range or out of order");
	it->next_run_no = run_no + 1;
	*out = (struct arkf_stack_slice){
		.run_no = (uint32_t)run_no,
		.slice_no = (uint32_t)slice_no,
		.from = from,
		.entry_count = entry_count,
	};
	return ARK_OK;
}

void arkf_bounds_encode(struct ark_wr *wr, arkf_key_at_fn *at, const void *ctx, size_t count)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_varint(wr, count);
	arkf_keylist_encode(wr, at, ctx, count);
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_bounds_decode(struct arkf_keylist_rd *it, uint64_t *count, struct ark_span raw,
			       struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, "segment bounds", err);
	if (rc)
		return rc;
	uint64_t n = ark_rd_varint(&rd);
	if (n >= ARKF_SEGMENTS_MAX || !ark_rd_fits(&rd, n, 2))
		return ark_fail(err, ARK_CORRUPT, "segment bounds: bad count");
	rc = arkf_keylist_decode(it, &rd, n, "segment bounds", err);
	if (!rc)
		rc = arkf_ext_decode(&rd, "segment bounds", err);
	if (!rc)
		rc = arkf_end(&rd, "segment bounds", err);
	if (!rc)
		*count = n;
	return rc;
}
