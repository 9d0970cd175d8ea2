/* reencode_pack.c - whole packs, frames' plaintexts, footers, hints. */
#include "format/pack.h"
#include "tests/vectors/reencode.h"

enum { BOX_EXTRA = ARKF_FRAME_EXTRA - ARKF_FRAME_HEADER_LEN };

static enum ark_rc frames(struct ark_wr *out, struct ark_rd *rd, unsigned datakeys,
			  struct ark_err *err)
{
	while (ark_rd_left(rd)) {
		struct arkf_frame frame;
		enum ark_rc rc = arkf_frame_decode(&frame, ark_span(rd->p, ark_rd_left(rd)), err);
		if (rc)
			return rc;
		arkf_frame_encode(ark_wr_room(out, ARKF_FRAME_HEADER_LEN), &frame);
		ark_rd_bytes(rd, ARKF_FRAME_HEADER_LEN);
		ark_wr_bytes(out, ark_rd_bytes(rd, (uint64_t)frame.clen + BOX_EXTRA));
		if (rd->bad || frame.datakey_no >= datakeys)
			return ark_fail(err, ARK_CORRUPT,
					"pack: a frame is cut off or names no data key");
	}
	return ARK_OK;
}

enum ark_rc reencode_pack(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(in);
	enum ark_suite suite;
	unsigned datakeys;
	enum ark_rc rc = arkf_pack_head_decode(&rd, &suite, &datakeys, err);
	if (rc)
		return rc;
	arkf_pack_head_encode(out, suite, datakeys);
	for (unsigned i = 0; i < datakeys && !rd.bad; i++) {
		struct arkf_datakey key;
		arkf_datakey_decode(&rd, &key);
		arkf_datakey_encode(out, &key);
	}
	if (rd.bad || ark_rd_left(&rd) < ARKF_PACK_TAIL_LEN)
		return ark_fail(err, ARK_CORRUPT, "pack: cut off");
	uint32_t footer_len;
	struct ark_span tail = ark_span(in.p + in.len - ARKF_PACK_TAIL_LEN, ARKF_PACK_TAIL_LEN);
	rc = arkf_pack_tail_decode(&footer_len, tail, err);
	if (rc)
		return rc;
	size_t left = ark_rd_left(&rd) - ARKF_PACK_TAIL_LEN;
	if (footer_len > left)
		return ark_fail(err, ARK_CORRUPT, "pack: its footer is longer than it");
	struct ark_rd inner = ark_rd_sub(&rd, left - footer_len);
	rc = frames(out, &inner, datakeys, err);
	ark_wr_bytes(out, ark_rd_bytes(&rd, footer_len));
	arkf_pack_tail_encode(out, footer_len);
	return rc;
}

enum ark_rc reencode_frame(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_frame_plain plain;
	enum ark_rc rc = arkf_frame_plain_decode(&plain, in, err);
	if (rc)
		return rc;
	assert(plain.raw_len <= ARKF_CHUNK_RAW_MAX && plain.trailer.len <= ARKF_TRAILER_MAX);
	arkf_frame_plain_encode_head(out, &plain);
	ark_wr_bytes(out, plain.packed);
	ark_wr_bytes(out, plain.trailer);
	return ARK_OK;
}

enum ark_rc reencode_footer(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_footer_rd it;
	struct arkf_footer_entry entry;
	enum ark_rc rc = arkf_footer_decode(&it, in, err);
	if (rc)
		return rc;
	arkf_footer_encode_head(out, it.count);
	while (!(rc = arkf_footer_next(&it, &entry, err)))
		arkf_footer_encode_entry(out, &entry);
	arkf_footer_encode_end(out);
	reencode_ext(out, in);
	return reencode_walked(rc);
}

/* How many chunks and recipes the blocks have that the hints of the vectors belong to. */
enum { HINT_COUNT = 3 };

enum ark_rc reencode_hints(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(in);
	struct arkf_packtable_rd it;
	enum ark_rc rc = arkf_packtable_decode(&it, &rd, err);
	if (!rc)
		rc = reencode_packtable(&it, out, err);
	if (rc)
		return rc;
	for (int i = 0; i < HINT_COUNT && !rd.bad; i++) {
		struct arkf_place place;
		bool known = arkf_hint_decode(&rd, it.pack_count, &place);
		assert(!known || place.pack_no < it.pack_count);
		arkf_hint_encode(out, known ? &place : NULL);
	}
	return arkf_end(&rd, "hints", err);
}
