/* remap.c - see remap.h. */
#include "format/remap.h"

static const char noun[] = "remap";

const struct arkf_sealed_shape arkf_remap_shape = { .kind = ARKF_KIND_REMAP, .noun = noun };

enum {
	FRAME_LEN_MIN = ARK_ID_LEN + 4, /* id and the four varints of a place */
	STRETCH_LEN_MIN = 2 + FRAME_LEN_MIN,
	OLD_LEN_MIN = ARK_ID_LEN + 1 + STRETCH_LEN_MIN,
};

void arkf_remap_encode_head(struct ark_wr *wr, const struct ark_uid *session)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_bytes(wr, ark_span(session->b, sizeof session->b));
}

void arkf_remap_encode_olds(struct ark_wr *wr, uint64_t count)
{
	ark_wr_varint(wr, count);
}

void arkf_remap_encode_old(struct ark_wr *wr, const struct ark_id *name, uint64_t stretch_count)
{
	ark_wr_bytes(wr, ark_span(name->b, sizeof name->b));
	ark_wr_varint(wr, stretch_count);
}

void arkf_remap_encode_stretch(struct ark_wr *wr, uint32_t skipped, uint64_t frame_count)
{
	ark_wr_varint(wr, skipped);
	ark_wr_varint(wr, frame_count);
}

void arkf_remap_encode_frame(struct ark_wr *wr, const struct ark_id *id,
			     const struct arkf_place *place)
{
	ark_wr_bytes(wr, ark_span(id->b, sizeof id->b));
	arkf_place_encode(wr, place);
}

void arkf_remap_encode_end(struct ark_wr *wr)
{
	arkf_ext_encode_none(wr);
}

static enum ark_rc corrupt(const char *field, struct ark_err *err)
{
	return ark_fail(err, ARK_CORRUPT, "%s: %s is cut off or out of range", noun, field);
}

enum ark_rc arkf_remap_decode(struct arkf_remap_rd *it, struct ark_span raw, struct ark_err *err)
{
	*it = (struct arkf_remap_rd){ .rd = ark_rd(raw) };
	enum ark_rc rc = arkf_version_decode(&it->rd, noun, err);
	if (rc)
		return rc;
	ark_rd_copy(&it->rd, it->session.b, sizeof it->session.b);
	return arkf_packtable_decode(&it->table, &it->rd, err);
}

/* The count of old packs stands behind the pack table. */
static enum ark_rc olds_begin(struct arkf_remap_rd *it, struct ark_err *err)
{
	it->old_count = ark_rd_varint(&it->rd);
	if (it->old_count > ARKF_REMAP_PACKS_MAX ||
	    !ark_rd_fits(&it->rd, it->old_count, OLD_LEN_MIN))
		return corrupt("the count of old packs", err);
	it->olds_left = it->old_count;
	it->in_olds = true;
	return ARK_OK;
}

static enum ark_rc ended(struct arkf_remap_rd *it, struct ark_err *err)
{
	enum ark_rc rc = arkf_ext_decode(&it->rd, noun, err);
	if (!rc)
		rc = arkf_end(&it->rd, noun, err);
	return rc ? rc : ARK_NOTFOUND;
}

enum ark_rc arkf_remap_old_next(struct arkf_remap_rd *it, struct ark_id *name, struct ark_err *err)
{
	if (!it->in_olds) {
		enum ark_rc rc = olds_begin(it, err);
		if (rc)
			return rc;
	}
	if (it->olds_left == 0)
		return ended(it, err);
	struct ark_id found;
	ark_rd_copy(&it->rd, found.b, sizeof found.b);
	uint64_t stretches = ark_rd_varint(&it->rd);
	bool first = it->olds_left == it->old_count;
	if (it->rd.bad || stretches == 0 || !ark_rd_fits(&it->rd, stretches, STRETCH_LEN_MIN) ||
	    (!first && ark_id_cmp(&it->last, &found) >= 0))
		return corrupt("an old pack", err);
	it->olds_left--;
	it->last = found;
	it->stretches_left = stretches;
	it->frames_left = 0;
	it->frame_no = 0;
	it->in_stretches = false;
	*name = found;
	return ARK_OK;
}

static enum ark_rc stretch_begin(struct arkf_remap_rd *it, struct ark_err *err)
{
	uint64_t skipped = ark_rd_varint(&it->rd);
	uint64_t count = ark_rd_varint(&it->rd);
	if (it->rd.bad || skipped > UINT32_MAX || (it->in_stretches && skipped == 0) ||
	    count == 0 || !ark_rd_fits(&it->rd, count, FRAME_LEN_MIN) ||
	    it->frame_no + skipped + count - 1 > UINT32_MAX)
		return corrupt("a stretch of frames", err);
	it->stretches_left--;
	it->in_stretches = true;
	it->frame_no += skipped;
	it->frames_left = count;
	return ARK_OK;
}

enum ark_rc arkf_remap_frame_next(struct arkf_remap_rd *it, struct arkf_remap_frame *out,
				  struct ark_err *err)
{
	if (it->frames_left == 0) {
		if (it->stretches_left == 0)
			return ARK_NOTFOUND;
		enum ark_rc rc = stretch_begin(it, err);
		if (rc)
			return rc;
	}
	struct arkf_remap_frame frame;
	ark_rd_copy(&it->rd, frame.id.b, sizeof frame.id.b);
	arkf_place_decode(&it->rd, it->table.pack_count, &frame.place);
	if (it->rd.bad)
		return corrupt("a moved frame", err);
	frame.frame_no = (uint32_t)it->frame_no;
	it->frame_no++;
	it->frames_left--;
	*out = frame;
	return ARK_OK;
}
