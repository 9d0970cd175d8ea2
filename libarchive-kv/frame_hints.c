/* frame_hints.c - where the chunks of a frame are, as its trailer says. See frames.h. */
#include "libarchive-kv/frames.h"

/* References take that many bytes at least. No more hints than references are of use, and no more
 * data keys than hints. */
enum { REF_LEN_MIN = 1 + ARK_ID_LEN };

static enum ark_rc load_hints(struct arkv_frame *frame, struct ark_rd *rd, size_t max,
			      struct ark_err *err)
{
	if (max > ark_rd_left(rd)) /* a hint has at least one byte */
		max = ark_rd_left(rd);
	frame->hints = arkv_arena_room(&frame->arena, max * sizeof *frame->hints);
	frame->hint_known = arkv_arena_room(&frame->arena, max * sizeof *frame->hint_known);
	if (!frame->hints || !frame->hint_known)
		return ark_fail(err, ARK_NOMEM, "hints: out of memory");
	size_t count = 0;
	for (; count < max && ark_rd_left(rd) && !rd->bad; count++)
		frame->hint_known[count] =
			arkf_hint_decode(rd, frame->hint_packs.pack_count, &frame->hints[count]);
	frame->hint_count = rd->bad ? 0 : count;
	return ARK_OK;
}

/* A trailer that cannot be decoded, or makes no sense, is one without hints. */
static enum ark_rc read_hints(struct arkv_frame *frame, struct ark_err *err)
{
	frame->hints_read = true;
	if (frame->content.trailer.wr.len == 0)
		return ARK_OK;
	size_t max = frame->content.raw.wr.len / REF_LEN_MIN;
	size_t before = frame->arena.bytes;
	struct ark_rd rd = ark_rd(ark_buf_span(&frame->content.trailer));
	struct arkf_packtable_rd it;
	enum ark_rc rc = arkf_packtable_decode(&it, &rd, err);
	if (!rc && it.datakey_count > max)
		return ARK_OK;
	if (!rc)
		rc = arkv_packs_load(&frame->hint_packs, &it, &frame->arena, err);
	if (!rc)
		rc = load_hints(frame, &rd, max, err);
	*frame->held_bytes += frame->arena.bytes - before;
	return rc == ARK_NOMEM ? rc : ARK_OK;
}

enum ark_rc arkv_frame_hint(struct arkv_frame_want *want, struct arkv_frame *frame, size_t no,
			    size_t end_no, size_t ahead_max, struct ark_err *err)
{
	want->packs = NULL;
	want->ahead = 0;
	enum ark_rc rc = frame->hints_read ? ARK_OK : read_hints(frame, err);
	if (rc)
		return rc;
	if (no >= frame->hint_count || !frame->hint_known[no])
		return ARK_OK;
	want->packs = &frame->hint_packs;
	want->place = frame->hints[no];
	uint64_t end = (uint64_t)want->place.offset + want->place.clen + ARKF_FRAME_EXTRA;
	for (size_t i = no + 1; i < end_no && i < frame->hint_count; i++) {
		const struct arkf_place *next = &frame->hints[i];
		uint64_t next_end = (uint64_t)next->offset + next->clen + ARKF_FRAME_EXTRA;
		if (!frame->hint_known[i] || next->pack_no != want->place.pack_no ||
		    next->offset != end || next_end - want->place.offset > ahead_max)
			break;
		end = next_end;
	}
	want->ahead = (size_t)(end - want->place.offset);
	return ARK_OK;
}
