/* session.c - see session.h. */
#include "format/session.h"

const struct arkf_sealed_shape arkf_session_shape = {
	.kind = ARKF_KIND_SESSION,
	.noun = "session",
	.context_len = ARKF_SESSION_CONTEXT_LEN,
	.has_checksum = true,
};
const struct arkf_sealed_shape arkf_beat_shape = {
	.kind = ARKF_KIND_BEAT,
	.noun = "heartbeat",
	.context_len = ARKF_SESSION_CONTEXT_LEN,
	.has_checksum = true,
};
const struct arkf_sealed_shape arkf_reaped_shape = {
	.kind = ARKF_KIND_REAPED,
	.noun = "reaped session",
	.context_len = ARKF_REAPED_CONTEXT_LEN,
	.has_checksum = true,
};

void arkf_session_context_encode(uint8_t out[ARKF_SESSION_CONTEXT_LEN],
				 const struct ark_uid *session, uint32_t number)
{
	memcpy(out, session->b, sizeof session->b);
	ark_put_le32(out + sizeof session->b, number);
}

enum ark_rc arkf_session_context_decode(struct ark_span context,
					const struct arkf_sealed_shape *shape,
					struct ark_uid *session, uint32_t *number,
					struct ark_err *err)
{
	struct ark_rd rd = ark_rd(context);
	struct ark_uid uid;
	ark_rd_copy(&rd, uid.b, sizeof uid.b);
	uint32_t no = ark_rd_u32(&rd);
	if (!ark_rd_done(&rd) || (no == 0) != (shape == &arkf_session_shape))
		return ark_fail(err, ARK_CORRUPT, "%s: number %u cannot be its", shape->noun, no);
	*session = uid;
	*number = no;
	return ARK_OK;
}

void arkf_reaped_context_encode(uint8_t out[ARKF_REAPED_CONTEXT_LEN], const struct ark_uid *session)
{
	memset(out, 0, 8);
	memcpy(out + 8, session->b, sizeof session->b);
}

enum ark_rc arkf_reaped_context_decode(struct ark_span context, struct ark_uid *session,
				       struct ark_err *err)
{
	struct ark_rd rd = ark_rd(context);
	uint64_t zero = ark_rd_u64(&rd);
	struct ark_uid uid;
	ark_rd_copy(&rd, uid.b, sizeof uid.b);
	if (!ark_rd_done(&rd) || zero)
		return ark_fail(err, ARK_CORRUPT, "%s: its number is not 0",
				arkf_reaped_shape.noun);
	*session = uid;
	return ARK_OK;
}

void arkf_session_encode(struct ark_wr *wr, const struct arkf_session *session)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u8(wr, (uint8_t)session->kind);
	ark_wr_u64(wr, session->started_ms);
	ark_wr_bytes(wr, ark_span(session->lineage.b, sizeof session->lineage.b));
	ark_wr_lenbytes(wr, session->source);
	ark_wr_bytes(wr, ark_span(session->parent.b, sizeof session->parent.b));
	ark_wr_lenbytes(wr, session->host);
	ark_wr_varint(wr, session->pid);
	ark_wr_lenbytes(wr, session->tool);
	arkf_ext_encode_none(wr);
}

/* The end that all bodies here have. */
static enum ark_rc ended(struct ark_rd *rd, const char *noun, struct ark_err *err)
{
	enum ark_rc rc = arkf_ext_decode(rd, noun, err);
	return rc ? rc : arkf_end(rd, noun, err);
}

enum ark_rc arkf_session_decode(struct arkf_session *out, struct ark_span raw, struct ark_err *err)
{
	const char *noun = arkf_session_shape.noun;
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, noun, err);
	if (rc)
		return rc;
	unsigned kind = ark_rd_u8(&rd);
	if (kind > ARKF_SESSION_ERASE)
		return ark_fail(err, ARK_UNSUPPORTED, "%s: kind %u: use a newer arkv", noun, kind);
	struct arkf_session s = { .kind = (enum arkf_session_kind)kind };
	s.started_ms = ark_rd_u64(&rd);
	ark_rd_copy(&rd, s.lineage.b, sizeof s.lineage.b);
	s.source = ark_rd_lenbytes(&rd, ARKF_SOURCE_NAME_MAX);
	ark_rd_copy(&rd, s.parent.b, sizeof s.parent.b);
	s.host = ark_rd_lenbytes(&rd, ARKF_HOST_MAX);
	uint64_t pid = ark_rd_varint(&rd);
	s.tool = ark_rd_lenbytes(&rd, ARKF_TOOL_MAX);
	if (rd.bad || kind == 0 || pid > UINT32_MAX)
		return ark_fail(err, ARK_CORRUPT, "%s: a field is cut off or out of range", noun);
	s.pid = (uint32_t)pid;
	rc = ended(&rd, noun, err);
	if (!rc)
		*out = s;
	return rc;
}

void arkf_beat_encode(struct ark_wr *wr, const struct arkf_beat *beat)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u64(wr, beat->time_ms);
	ark_wr_u8(wr, (uint8_t)beat->outcome);
	ark_wr_bytes(wr, ark_span(beat->archive.b, sizeof beat->archive.b));
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_beat_decode(struct arkf_beat *out, struct ark_span raw, uint32_t number,
			     struct ark_err *err)
{
	const char *noun = arkf_beat_shape.noun;
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, noun, err);
	if (rc)
		return rc;
	struct arkf_beat beat = { .time_ms = ark_rd_u64(&rd) };
	unsigned outcome = ark_rd_u8(&rd);
	if (outcome > ARKF_OUTCOME_FAILED)
		return ark_fail(err, ARK_UNSUPPORTED, "%s: outcome %u: use a newer arkv", noun,
				outcome);
	ark_rd_copy(&rd, beat.archive.b, sizeof beat.archive.b);
	bool at_work = outcome == ARKF_OUTCOME_AT_WORK;
	bool committed = outcome == ARKF_OUTCOME_COMMITTED;
	if (rd.bad || at_work == (number == ARKF_BEAT_END) ||
	    committed == ark_uid_is_zero(&beat.archive))
		return ark_fail(err, ARK_CORRUPT, "%s: its outcome fits neither number nor archive",
				noun);
	beat.outcome = (enum arkf_outcome)outcome;
	rc = ended(&rd, noun, err);
	if (!rc)
		*out = beat;
	return rc;
}

void arkf_reaped_encode(struct ark_wr *wr, const struct arkf_reaped *reaped)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_bytes(wr, ark_span(reaped->by.b, sizeof reaped->by.b));
	ark_wr_u64(wr, reaped->store_ms);
	ark_wr_u32(wr, reaped->last_beat_no);
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_reaped_decode(struct arkf_reaped *out, struct ark_span raw, struct ark_err *err)
{
	const char *noun = arkf_reaped_shape.noun;
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, noun, err);
	if (rc)
		return rc;
	struct arkf_reaped reaped;
	ark_rd_copy(&rd, reaped.by.b, sizeof reaped.by.b);
	reaped.store_ms = ark_rd_u64(&rd);
	reaped.last_beat_no = ark_rd_u32(&rd);
	if (rd.bad || reaped.last_beat_no == ARKF_BEAT_END)
		return ark_fail(err, ARK_CORRUPT, "%s: a field is cut off or out of range", noun);
	rc = ended(&rd, noun, err);
	if (!rc)
		*out = reaped;
	return rc;
}
