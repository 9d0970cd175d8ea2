/* spill.c - see spill.h. */
#include "format/spill.h"

static const char noun[] = "spill piece";
static const uint8_t no_digest[16];

void arkf_spill_head_encode(struct ark_wr *wr, enum ark_suite suite, const struct ark_uid *spill)
{
	arkf_header_encode(wr, ARKF_KIND_SPILL, suite);
	ark_wr_bytes(wr, ark_span(spill->b, sizeof spill->b));
}

enum ark_rc arkf_spill_head_decode(struct ark_rd *rd, enum ark_suite *suite, struct ark_uid *spill,
				   struct ark_err *err)
{
	enum ark_suite found;
	enum ark_rc rc = arkf_header_decode(rd, ARKF_KIND_SPILL, "spill", &found, err);
	if (rc)
		return rc;
	struct ark_uid uid;
	ark_rd_copy(rd, uid.b, sizeof uid.b);
	if (rd->bad)
		return ark_fail(err, ARK_CORRUPT, "spill: its head is cut off");
	*suite = found;
	*spill = uid;
	return ARK_OK;
}

void arkf_spill_begin(struct ark_wr *wr)
{
	ark_wr_u8(wr, ARKF_VERSION);
}

void arkf_spill_encode(struct ark_wr *wr, const struct arkf_spill_rec *rec)
{
	ark_wr_u8(wr, rec->form);
	ark_wr_u8(wr, rec->rec.type);
	ark_wr_varint(wr, rec->rec.expires_ms + 1); /* ARK_NO_EXPIRY becomes 0 */
	ark_wr_varint(wr, rec->rec.flags);
	ark_wr_varint(wr, rec->seq);
	ark_wr_bytes(wr, ark_span(rec->digest, sizeof rec->digest));
	ark_wr_lenbytes(wr, rec->rec.space);
	ark_wr_lenbytes(wr, rec->rec.key);
	ark_wr_lenbytes(wr, rec->rec.meta);
	ark_wr_varint(wr, rec->rec.value_len);
	ark_wr_lenbytes(wr, rec->value);
}

void arkf_spill_end(struct ark_wr *wr)
{
	ark_wr_u8(wr, 0);
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_spill_decode(struct ark_rd *rd, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd body = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&body, noun, err);
	if (rc)
		return rc;
	*rd = body;
	return ARK_OK;
}

static bool refs_hold(const struct arkf_spill_rec *r, enum arkf_form form)
{
	struct arkf_refs refs;
	return r->rec.type && !arkf_refs_decode(&refs, r->value, form, r->rec.value_len, NULL);
}

/* Deleted: nothing but a key. */
static bool is_bare(const struct ark_record *rec)
{
	return rec->expires_ms == ARK_NO_EXPIRY && rec->flags == 0 && rec->meta.len == 0;
}

static bool form_holds(const struct arkf_spill_rec *r)
{
	bool empty = r->rec.type == 0 && r->rec.value_len == 0 && r->value.len == 0 &&
		     !memcmp(r->digest, no_digest, sizeof no_digest);
	switch (r->form) {
	case ARKF_SPILL_INLINE: return r->rec.type && r->value.len == r->rec.value_len;
	case ARKF_SPILL_CHUNKS: return refs_hold(r, ARKF_CHUNKS);
	case ARKF_SPILL_RECIPE: return refs_hold(r, ARKF_RECIPE);
	case ARKF_SPILL_DELETED: return empty && is_bare(&r->rec);
	default: return empty;
	}
}

static enum ark_rc ended(struct ark_rd *rd, struct ark_err *err)
{
	enum ark_rc rc = arkf_ext_decode(rd, noun, err);
	if (!rc)
		rc = arkf_end(rd, noun, err);
	return rc ? rc : ARK_NOTFOUND;
}

enum ark_rc arkf_spill_next(struct ark_rd *rd, struct arkf_spill_rec *out, struct ark_err *err)
{
	struct arkf_spill_rec r;
	r.form = ark_rd_u8(rd);
	if (r.form == 0 && !rd->bad)
		return ended(rd, err);
	if (r.form > ARKF_SPILL_SAME)
		return ark_fail(err, ARK_UNSUPPORTED, "%s: record form %u: use a newer arkv", noun,
				r.form);
	r.rec.type = ark_rd_u8(rd);
	r.rec.expires_ms = ark_rd_varint(rd) - 1;
	uint64_t flags = ark_rd_varint(rd);
	r.rec.flags = (uint32_t)flags;
	r.seq = ark_rd_varint(rd);
	ark_rd_copy(rd, r.digest, sizeof r.digest);
	r.rec.space = ark_rd_lenbytes(rd, ARK_SPACE_MAX);
	r.rec.key = ark_rd_lenbytes(rd, ARK_KEY_MAX);
	r.rec.meta = ark_rd_lenbytes(rd, ARK_META_MAX);
	r.rec.value_len = ark_rd_varint(rd);
	r.value = ark_rd_lenbytes(rd, ARKF_INLINE_MAX);
	if (rd->bad || flags > UINT32_MAX || r.rec.value_len > ARK_VALUE_MAX || !form_holds(&r))
		return ark_fail(err, ARK_CORRUPT, "%s: a record is cut off or out of range", noun);
	*out = r;
	return ARK_OK;
}

int arkf_spill_cmp(const struct arkf_spill_rec *a, const struct arkf_spill_rec *b)
{
	int c = ark_record_cmp(&a->rec, &b->rec);
	return c ? c : (a->seq > b->seq) - (a->seq < b->seq);
}
