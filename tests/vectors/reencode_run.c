/* reencode_run.c - whole runs, their roots and refs. */
#include "format/run.h"
#include "tests/vectors/reencode.h"

enum ark_rc reencode_run(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_run_head head;
	struct arkf_run_tail tail;
	enum ark_rc rc = arkf_run_head_decode(&head, in, err);
	if (rc)
		return rc;
	assert(head.len <= in.len && head.len <= ARKF_RUN_HEAD_MAX);
	if (in.len - head.len < ARKF_RUN_TAIL_LEN)
		return ark_fail(err, ARK_CORRUPT, "run: cut off");
	size_t tail_off = in.len - ARKF_RUN_TAIL_LEN;
	rc = arkf_run_tail_decode(&tail, ark_span(in.p + tail_off, ARKF_RUN_TAIL_LEN), in.len, err);
	if (rc)
		return rc;
	if (tail.root_off < head.len)
		return ark_fail(err, ARK_CORRUPT, "run: its root begins before its pages do");
	assert(tail.root_off + tail.root_len + tail.refs_len == tail_off);
	arkf_run_head_encode(out, &head);
	ark_wr_bytes(out, ark_span(in.p + head.len, tail_off - head.len));
	arkf_run_tail_encode(out, &tail);
	return ARK_OK;
}

enum ark_rc reencode_root(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_root_rd it;
	enum ark_rc rc = arkf_root_decode(&it, in, err);
	if (rc)
		return rc;
	assert(it.page_count <= in.len);
	ARK_AUTO(release_items)
	struct arkf_root_page *pages = need_items(it.page_count, sizeof *pages);
	ARK_AUTO(key_bag_release) struct key_bag bag = { 0 };
	size_t n = 0;
	while (!rc && !(rc = arkf_root_next(&it, &pages[n], err)))
		rc = key_bag_keep(&bag, &pages[n++].first.key, err);
	if (rc != ARK_NOTFOUND)
		return rc;
	assert(n == it.page_count);
	arkf_root_encode(out, pages, n);
	reencode_ext(out, in);
	return ARK_OK;
}

static enum ark_rc uses(struct ark_wr *out, struct arkf_runrefs_rd *it,
			const uint64_t *frame_counts, struct ark_err *err)
{
	struct arkf_slice_use use;
	enum ark_rc rc;
	while (!(rc = arkf_runrefs_use_next(it, &use.pack_no, err))) {
		assert(use.pack_no < it->pack_count);
		rc = arkf_runrefs_use_bitmap(it, frame_counts[use.pack_no], &use.bitmap, err);
		if (rc)
			return rc;
		arkf_runrefs_encode_use(out, &use);
	}
	return reencode_walked(rc);
}

static enum ark_rc slices(struct ark_wr *out, struct arkf_runrefs_rd *it,
			  const uint64_t *frame_counts, struct ark_err *err)
{
	struct arkf_slice slice;
	enum ark_rc rc;
	arkf_runrefs_encode_slices(out, it->slice_count);
	while (!(rc = arkf_runrefs_slice_next(it, &slice, err))) {
		arkf_runrefs_encode_slice(out, &slice);
		rc = uses(out, it, frame_counts, err);
		if (rc)
			return rc;
	}
	arkf_runrefs_encode_end(out);
	return reencode_walked(rc);
}

enum ark_rc reencode_runrefs(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_runrefs_rd it;
	struct arkf_runrefs_pack pack;
	enum ark_rc rc = arkf_runrefs_decode_packs(&it, in, err);
	if (rc)
		return rc;
	ARK_AUTO(release_items)
	uint64_t *frame_counts = need_items(it.pack_count, sizeof *frame_counts);
	size_t n = 0;
	arkf_runrefs_encode_packs(out, it.pack_count);
	while (!(rc = arkf_runrefs_pack_next(&it, &pack, err))) {
		frame_counts[n++] = pack.frame_count;
		arkf_runrefs_encode_pack(out, &pack);
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	assert(n == it.pack_count);
	rc = slices(out, &it, frame_counts, err);
	reencode_ext(out, in);
	return rc;
}
