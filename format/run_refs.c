/* run_refs.c - the refs of a run: packs used, and a bitmap of frames for each slice. See run.h. */
#include "format/run.h"

void arkf_runrefs_encode_packs(struct ark_wr *wr, uint64_t count)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_varint(wr, count);
}

void arkf_runrefs_encode_pack(struct ark_wr *wr, const struct arkf_runrefs_pack *pack)
{
	ark_wr_bytes(wr, ark_span(pack->name.b, sizeof pack->name.b));
	ark_wr_varint(wr, pack->frame_count);
}

void arkf_runrefs_encode_slices(struct ark_wr *wr, uint64_t count)
{
	ark_wr_varint(wr, count);
}

void arkf_runrefs_encode_slice(struct ark_wr *wr, const struct arkf_slice *slice)
{
	ark_wr_u8(wr, (uint8_t)slice->kind);
	ark_wr_varint(wr, slice->from);
	ark_wr_varint(wr, slice->puts);
	ark_wr_varint(wr, slice->touches);
	ark_wr_varint(wr, slice->deletes);
	ark_wr_varint(wr, slice->raw_bytes);
	ark_wr_varint(wr, slice->use_count);
}

void arkf_runrefs_encode_use(struct ark_wr *wr, const struct arkf_slice_use *use)
{
	ark_wr_varint(wr, use->pack_no);
	ark_wr_bytes(wr, use->bitmap);
}

void arkf_runrefs_encode_end(struct ark_wr *wr)
{
	arkf_ext_encode_none(wr);
}

static enum ark_rc corrupt(const char *field, struct ark_err *err)
{
	return ark_fail(err, ARK_CORRUPT, "run refs: %s: cut off or out of range", field);
}

enum ark_rc arkf_runrefs_decode_packs(struct arkf_runrefs_rd *it, struct ark_span raw,
				      struct ark_err *err)
{
	*it = (struct arkf_runrefs_rd){ .rd = ark_rd(raw) };
	enum ark_rc rc = arkf_version_decode(&it->rd, "run refs", err);
	if (rc)
		return rc;
	it->pack_count = ark_rd_varint(&it->rd);
	it->packs_left = it->pack_count;
	if (it->pack_count > ARKF_RUN_PACKS_MAX ||
	    !ark_rd_fits(&it->rd, it->pack_count, ARK_ID_LEN + 1))
		return corrupt("count of packs", err);
	return ARK_OK;
}

static enum ark_rc slices_begin(struct arkf_runrefs_rd *it, struct ark_err *err)
{
	it->slice_count = ark_rd_varint(&it->rd);
	it->slices_left = it->slice_count;
	it->in_slices = true;
	if (it->slice_count > ARKF_RUN_SLICES_MAX || !ark_rd_fits(&it->rd, it->slice_count, 7))
		return corrupt("count of slices", err);
	return ARK_OK;
}

enum ark_rc arkf_runrefs_pack_next(struct arkf_runrefs_rd *it, struct arkf_runrefs_pack *out,
				   struct ark_err *err)
{
	if (it->packs_left == 0) {
		enum ark_rc rc = it->in_slices ? ARK_OK : slices_begin(it, err);
		return rc ? rc : ARK_NOTFOUND;
	}
	bool first = it->packs_left == it->pack_count;
	it->packs_left--;
	ark_rd_copy(&it->rd, out->name.b, sizeof out->name.b);
	out->frame_count = ark_rd_varint(&it->rd);
	if (it->rd.bad || out->frame_count < 1 || out->frame_count > UINT32_MAX ||
	    (!first && ark_id_cmp(&it->last_name, &out->name) >= 0))
		return corrupt("a pack", err);
	it->last_name = out->name;
	return ARK_OK;
}

enum ark_rc arkf_runrefs_slice_next(struct arkf_runrefs_rd *it, struct arkf_slice *out,
				    struct ark_err *err)
{
	if (it->slices_left == 0) {
		enum ark_rc rc = arkf_ext_decode(&it->rd, "run refs", err);
		if (!rc)
			rc = arkf_end(&it->rd, "run refs", err);
		return rc ? rc : ARK_NOTFOUND;
	}
	it->slices_left--;
	unsigned kind = ark_rd_u8(&it->rd);
	struct arkf_slice s;
	s.kind = (enum arkf_slice_kind)kind;
	s.from = ark_rd_varint(&it->rd);
	s.puts = ark_rd_varint(&it->rd);
	s.touches = ark_rd_varint(&it->rd);
	s.deletes = ark_rd_varint(&it->rd);
	s.raw_bytes = ark_rd_varint(&it->rd);
	s.use_count = ark_rd_varint(&it->rd);
	bool base_ok = kind != ARKF_SLICE_BASE || (s.from == 0 && s.touches == 0 && s.deletes == 0);
	if (!base_ok || s.use_count > it->pack_count || !ark_rd_fits(&it->rd, s.use_count, 2))
		return corrupt("a slice", err);
	if (kind > ARKF_SLICE_BASE)
		return ark_fail(err, ARK_UNSUPPORTED, "run refs: slice kind %u: use a newer arkv",
				kind);
	it->uses_left = s.use_count;
	it->next_pack_no = 0;
	*out = s;
	return ARK_OK;
}

enum ark_rc arkf_runrefs_use_next(struct arkf_runrefs_rd *it, uint32_t *pack_no,
				  struct ark_err *err)
{
	if (it->uses_left == 0)
		return ARK_NOTFOUND;
	it->uses_left--;
	uint64_t no = ark_rd_varint(&it->rd);
	if (it->rd.bad || no < it->next_pack_no || no >= it->pack_count)
		return corrupt("the pack of a slice", err);
	it->next_pack_no = no + 1;
	*pack_no = (uint32_t)no;
	return ARK_OK;
}

enum ark_rc arkf_runrefs_use_bitmap(struct arkf_runrefs_rd *it, uint64_t frame_count,
				    struct ark_span *bitmap, struct ark_err *err)
{
	struct ark_span bits = ark_rd_bytes(&it->rd, arkf_bitmap_len(frame_count));
	if (it->rd.bad || bits.len == 0)
		return corrupt("a bitmap", err);
	if (frame_count % 8 && bits.p[bits.len - 1] >> (frame_count % 8))
		return corrupt("a bitmap's spare bits", err);
	*bitmap = bits;
	return ARK_OK;
}
