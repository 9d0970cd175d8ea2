/* mark.c - see mark.h. */
#include "format/mark.h"

static const char noun[] = "mark";

const struct arkf_sealed_shape arkf_mark_shape = {
	.kind = ARKF_KIND_MARK,
	.noun = noun,
	.context_len = ARK_UID_LEN,
	.has_checksum = true,
};

void arkf_mark_encode(struct ark_wr *wr, const struct arkf_mark *mark)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u8(wr, (uint8_t)mark->kind);
	ark_wr_u64(wr, mark->time_ms);
	ark_wr_bytes(wr, ark_span(mark->session.b, sizeof mark->session.b));
	ark_wr_lenbytes(wr, mark->host);
	ark_wr_lenbytes(wr, mark->reason);
	ark_wr_bytes(wr, ark_span(mark->replacement.b, sizeof mark->replacement.b));
	ark_wr_bytes(wr, ark_span(mark->lineage.b, sizeof mark->lineage.b));
	ark_wr_varint(wr, mark->n);
	ark_wr_bytes(wr, ark_span(mark->parent.b, sizeof mark->parent.b));
	arkf_ext_encode_none(wr);
}

static bool links_hold(const struct arkf_mark *mark, const struct ark_uid *archive)
{
	bool replaced = !ark_uid_is_zero(&mark->replacement);
	if (mark->kind == ARKF_MARK_KIND_FORGET && replaced)
		return false;
	if (mark->kind == ARKF_MARK_KIND_REPLACE && !replaced)
		return false;
	return mark->n && !ark_uid_eq(&mark->replacement, archive) &&
	       !ark_uid_eq(&mark->parent, archive);
}

enum ark_rc arkf_mark_decode(struct arkf_mark *out, struct ark_span raw,
			     const struct ark_uid *archive, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, noun, err);
	if (rc)
		return rc;
	unsigned kind = ark_rd_u8(&rd);
	if (kind > ARKF_MARK_KIND_REPLACE)
		return ark_fail(err, ARK_UNSUPPORTED, "%s: kind %u: use a newer arkv", noun, kind);
	struct arkf_mark mark = { .kind = (enum arkf_mark_kind)kind };
	mark.time_ms = ark_rd_u64(&rd);
	ark_rd_copy(&rd, mark.session.b, sizeof mark.session.b);
	mark.host = ark_rd_lenbytes(&rd, ARKF_HOST_MAX);
	mark.reason = ark_rd_lenbytes(&rd, ARKF_MARK_REASON_MAX);
	ark_rd_copy(&rd, mark.replacement.b, sizeof mark.replacement.b);
	ark_rd_copy(&rd, mark.lineage.b, sizeof mark.lineage.b);
	mark.n = ark_rd_varint(&rd);
	ark_rd_copy(&rd, mark.parent.b, sizeof mark.parent.b);
	if (rd.bad || kind == 0 || !links_hold(&mark, archive))
		return ark_fail(err, ARK_CORRUPT, "%s: a field is cut off or out of range", noun);
	rc = arkf_ext_decode(&rd, noun, err);
	if (!rc)
		rc = arkf_end(&rd, noun, err);
	if (!rc)
		*out = mark;
	return rc;
}
