/* state.c - file, head, segment and end pages of a state; key pages are in state_keys.c. */
#include "format/state.h"

#include "format/manifest.h"

static const char noun[] = "state";

void arkf_state_file_encode(struct ark_wr *wr, enum ark_suite suite, const struct ark_uid *state)
{
	arkf_header_encode(wr, ARKF_KIND_STATE, suite);
	ark_wr_bytes(wr, ark_span(state->b, sizeof state->b));
}

enum ark_rc arkf_state_file_decode(struct ark_rd *rd, enum ark_suite *suite, struct ark_uid *state,
				   struct ark_err *err)
{
	enum ark_suite found;
	enum ark_rc rc = arkf_header_decode(rd, ARKF_KIND_STATE, noun, &found, err);
	if (rc)
		return rc;
	struct ark_uid uid;
	ark_rd_copy(rd, uid.b, sizeof uid.b);
	if (rd->bad)
		return ark_fail(err, ARK_CORRUPT, "%s: its head is cut off", noun);
	*suite = found;
	*state = uid;
	return ARK_OK;
}

enum ark_rc arkf_state_page_kind(enum arkf_state_page *out, struct ark_span raw,
				 struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, noun, err);
	if (rc)
		return rc;
	unsigned kind = ark_rd_u8(&rd);
	if (kind > ARKF_STATE_END)
		return ark_fail(err, ARK_UNSUPPORTED, "%s: page kind %u: use a newer arkv", noun,
				kind);
	if (kind == 0)
		return ark_fail(err, ARK_CORRUPT, "%s: a page without a kind", noun);
	*out = (enum arkf_state_page)kind;
	return ARK_OK;
}

/* A reader behind version and kind, when it is a page of that kind. */
static enum ark_rc page_begin(struct ark_rd *rd, struct ark_span raw, enum arkf_state_page kind,
			      struct ark_err *err)
{
	enum arkf_state_page found = ARKF_STATE_END;
	enum ark_rc rc = arkf_state_page_kind(&found, raw, err);
	if (rc)
		return rc;
	if (found != kind)
		return ark_fail(err, ARK_CORRUPT, "%s: page of kind %u where %u must stand", noun,
				(unsigned)found, (unsigned)kind);
	*rd = ark_rd(raw);
	ark_rd_bytes(rd, 2);
	return ARK_OK;
}

static enum ark_rc ended(struct ark_rd *rd, struct ark_err *err)
{
	enum ark_rc rc = arkf_ext_decode(rd, noun, err);
	return rc ? rc : arkf_end(rd, noun, err);
}

/* ---- head ---- */

void arkf_state_head_encode(struct ark_wr *wr, const struct arkf_state_head *head)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u8(wr, ARKF_STATE_HEAD);
	ark_wr_bytes(wr, ark_span(head->repo.b, sizeof head->repo.b));
	ark_wr_bytes(wr, ark_span(head->archive.b, sizeof head->archive.b));
	ark_wr_varint(wr, head->n);
	ark_wr_bytes(wr, ark_span(head->lineage.b, sizeof head->lineage.b));
	ark_wr_lenbytes(wr, head->source);
	ark_wr_varint(wr, head->segment_count);
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_state_head_decode(struct arkf_state_head *out, struct ark_span raw,
				   struct ark_err *err)
{
	struct ark_rd rd;
	enum ark_rc rc = page_begin(&rd, raw, ARKF_STATE_HEAD, err);
	if (rc)
		return rc;
	struct arkf_state_head head;
	ark_rd_copy(&rd, head.repo.b, sizeof head.repo.b);
	ark_rd_copy(&rd, head.archive.b, sizeof head.archive.b);
	head.n = ark_rd_varint(&rd);
	ark_rd_copy(&rd, head.lineage.b, sizeof head.lineage.b);
	head.source = ark_rd_lenbytes(&rd, ARKF_SOURCE_NAME_MAX);
	uint64_t segments = ark_rd_varint(&rd);
	if (rd.bad || head.n == 0 || segments < 1 || segments > ARKF_STATE_SEGMENTS_MAX)
		return ark_fail(err, ARK_CORRUPT, "%s: its head is cut off or out of range", noun);
	head.segment_count = (uint32_t)segments;
	rc = ended(&rd, err);
	if (!rc)
		*out = head;
	return rc;
}

/* ---- segments ---- */

static struct arkf_key first_at(const void *ctx, size_t i)
{
	const struct arkf_state_segment *segments = ctx;
	return segments[i].first;
}

void arkf_state_segments_encode(struct ark_wr *wr, const struct arkf_state_segment *segments,
				size_t count)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u8(wr, ARKF_STATE_SEGMENTS);
	ark_wr_varint(wr, count);
	arkf_keylist_encode(wr, first_at, segments, count);
	for (size_t i = 0; i < count; i++) {
		ark_wr_varint(wr, segments[i].phase);
		ark_wr_varint(wr, segments[i].fold_limit);
		ark_wr_u32(wr, segments[i].cut_threshold);
		ark_wr_varint(wr, segments[i].live_count);
	}
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_state_segments_decode(struct arkf_state_segments_rd *it, struct ark_span raw,
				       struct ark_err *err)
{
	enum ark_rc rc = page_begin(&it->rd, raw, ARKF_STATE_SEGMENTS, err);
	if (rc)
		return rc;
	it->count = ark_rd_varint(&it->rd);
	/* two columns of the key list, and seven bytes behind it, for each */
	if (it->count < 1 || it->count > ARKF_STATE_SEGMENTS_MAX ||
	    !ark_rd_fits(&it->rd, it->count, 9))
		return ark_fail(err, ARK_CORRUPT, "%s: bad count of segments", noun);
	return arkf_keylist_decode(&it->keys, &it->rd, it->count, noun, err);
}

enum ark_rc arkf_state_segments_next(struct arkf_state_segments_rd *it,
				     struct arkf_state_segment *out, struct ark_err *err)
{
	struct arkf_state_segment segment;
	enum ark_rc rc = arkf_keylist_next(&it->keys, &segment.first, err);
	if (rc == ARK_NOTFOUND) {
		rc = ended(&it->rd, err);
		return rc ? rc : ARK_NOTFOUND;
	}
	if (rc)
		return rc;
	uint64_t phase = ark_rd_varint(&it->rd);
	uint64_t fold_limit = ark_rd_varint(&it->rd);
	segment.cut_threshold = ark_rd_u32(&it->rd);
	segment.live_count = ark_rd_varint(&it->rd);
	if (it->rd.bad || phase > UINT16_MAX || fold_limit < 1 || fold_limit > UINT16_MAX)
		return ark_fail(err, ARK_CORRUPT, "%s: a segment is cut off or out of range", noun);
	segment.phase = (uint16_t)phase;
	segment.fold_limit = (uint16_t)fold_limit;
	*out = segment;
	return ARK_OK;
}

/* ---- end ---- */

void arkf_state_end_encode(struct ark_wr *wr, const struct arkf_state_end *end)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u8(wr, ARKF_STATE_END);
	ark_wr_varint(wr, end->live_count);
	ark_wr_varint(wr, end->deleted_count);
	ark_wr_varint(wr, end->raw_bytes);
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_state_end_decode(struct arkf_state_end *out, struct ark_span raw,
				  struct ark_err *err)
{
	struct ark_rd rd;
	enum ark_rc rc = page_begin(&rd, raw, ARKF_STATE_END, err);
	if (rc)
		return rc;
	struct arkf_state_end end;
	end.live_count = ark_rd_varint(&rd);
	end.deleted_count = ark_rd_varint(&rd);
	end.raw_bytes = ark_rd_varint(&rd);
	rc = ended(&rd, err);
	if (!rc)
		*out = end;
	return rc;
}
