/* head.c - the head of a manifest. See manifest.h. */
#include "format/manifest.h"

static const struct ark_uid no_uid;

static void encode_counts(struct ark_wr *wr, const struct arkf_counts *c)
{
	const uint64_t all[] = { c->records, c->expiring,     c->raw_bytes, c->added,
				 c->changed, c->deleted,      c->touched,   c->duplicates,
				 c->refused, c->stored_bytes, c->segments };
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		ark_wr_varint(wr, all[i]);
}

static void encode_digests(struct ark_wr *wr, const struct arkf_digests *d)
{
	ark_wr_bytes(wr, ark_span(d->content, 32));
	ark_wr_bytes(wr, ark_span(d->content_expiring, 32));
	ark_wr_bytes(wr, ark_span(d->full, 32));
	ark_wr_bytes(wr, ark_span(d->full_expiring, 32));
}

void arkf_head_encode(struct ark_wr *wr, const struct arkf_head *h)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_varint(wr, h->n);
	ark_wr_bytes(wr, ark_span(h->parent.b, sizeof h->parent.b));
	ark_wr_bytes(wr, ark_span(h->parent_checksum, 32));
	ark_wr_bytes(wr, ark_span(h->session.b, sizeof h->session.b));
	ark_wr_bytes(wr, ark_span(h->body_hash, 32));
	ark_wr_lenbytes(wr, h->source_name);
	ark_wr_lenbytes(wr, h->source_url);
	ark_wr_lenbytes(wr, h->host);
	ark_wr_lenbytes(wr, h->tool);
	ark_wr_varint(wr, h->started_ms);
	ark_wr_varint(wr, h->scan_start_ms);
	ark_wr_varint(wr, h->scan_end_ms);
	ark_wr_varint(wr, h->made_ms);
	ark_wr_u8(wr, h->consistency);
	ark_wr_lenbytes(wr, h->detail);
	ark_wr_varint(wr, h->marks);
	encode_counts(wr, &h->counts);
	ark_wr_varint(wr, h->type_count);
	for (size_t i = 0; i < h->type_count; i++) {
		ark_wr_u8(wr, h->types[i].type);
		ark_wr_varint(wr, h->types[i].records);
		ark_wr_varint(wr, h->types[i].value_bytes);
	}
	encode_digests(wr, &h->digests);
	ark_wr_bytes(wr, ark_span(h->filter_hash, 32));
	ark_wr_lenbytes(wr, h->filter_text);
	ark_wr_varint(wr, h->tag_count);
	for (size_t i = 0; i < h->tag_count; i++)
		ark_wr_lenbytes(wr, h->tags[i]);
	ark_wr_lenbytes(wr, h->comment);
	arkf_ext_encode_none(wr);
}

static void decode_counts(struct ark_rd *rd, struct arkf_counts *c)
{
	uint64_t *const all[] = { &c->records, &c->expiring,	 &c->raw_bytes, &c->added,
				  &c->changed, &c->deleted,	 &c->touched,	&c->duplicates,
				  &c->refused, &c->stored_bytes, &c->segments };
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		*all[i] = ark_rd_varint(rd);
}

static void decode_types(struct ark_rd *rd, struct arkf_head *h)
{
	uint64_t count = ark_rd_varint(rd);
	if (count > ARKF_MANIFEST_TYPES_MAX || !ark_rd_fits(rd, count, 3)) {
		ark_rd_fail(rd);
		count = 0;
	}
	h->type_count = (size_t)count;
	for (size_t i = 0; i < h->type_count; i++) {
		h->types[i].type = ark_rd_u8(rd);
		h->types[i].records = ark_rd_varint(rd);
		h->types[i].value_bytes = ark_rd_varint(rd);
		if (h->types[i].type <= (i ? h->types[i - 1].type : 0))
			ark_rd_fail(rd);
	}
}

static void decode_tags(struct ark_rd *rd, struct arkf_head *h)
{
	uint64_t count = ark_rd_varint(rd);
	if (count > ARKF_MANIFEST_TAGS_MAX || !ark_rd_fits(rd, count, 1)) {
		ark_rd_fail(rd);
		count = 0;
	}
	h->tag_count = (size_t)count;
	for (size_t i = 0; i < h->tag_count; i++) {
		h->tags[i] = ark_rd_lenbytes(rd, ARKF_TAG_MAX);
		if (i && ark_span_cmp(h->tags[i - 1], h->tags[i]) >= 0)
			ark_rd_fail(rd);
	}
}

static void decode_chain(struct ark_rd *rd, struct arkf_head *h)
{
	static const uint8_t no_checksum[32];
	h->n = ark_rd_varint(rd);
	ark_rd_copy(rd, h->parent.b, sizeof h->parent.b);
	ark_rd_copy(rd, h->parent_checksum, 32);
	ark_rd_copy(rd, h->session.b, sizeof h->session.b);
	ark_rd_copy(rd, h->body_hash, 32);
	bool orphan = ark_uid_eq(&h->parent, &no_uid);
	if (h->n < 1 || (orphan && memcmp(h->parent_checksum, no_checksum, 32) != 0))
		ark_rd_fail(rd);
}

enum ark_rc arkf_head_decode(struct arkf_head *h, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, "manifest head", err);
	if (rc)
		return rc;
	decode_chain(&rd, h);
	h->source_name = ark_rd_lenbytes(&rd, ARKF_SOURCE_NAME_MAX);
	h->source_url = ark_rd_lenbytes(&rd, ARKF_SOURCE_URL_MAX);
	h->host = ark_rd_lenbytes(&rd, ARKF_HOST_MAX);
	h->tool = ark_rd_lenbytes(&rd, ARKF_TOOL_MAX);
	h->started_ms = ark_rd_varint(&rd);
	h->scan_start_ms = ark_rd_varint(&rd);
	h->scan_end_ms = ark_rd_varint(&rd);
	h->made_ms = ark_rd_varint(&rd);
	h->consistency = ark_rd_u8(&rd);
	h->detail = ark_rd_lenbytes(&rd, ARKF_DETAIL_MAX);
	h->marks = ark_rd_varint(&rd);
	decode_counts(&rd, &h->counts);
	decode_types(&rd, h);
	ark_rd_copy(&rd, h->digests.content, 32);
	ark_rd_copy(&rd, h->digests.content_expiring, 32);
	ark_rd_copy(&rd, h->digests.full, 32);
	ark_rd_copy(&rd, h->digests.full_expiring, 32);
	ark_rd_copy(&rd, h->filter_hash, 32);
	h->filter_text = ark_rd_lenbytes(&rd, ARKF_FILTER_TEXT_MAX);
	decode_tags(&rd, h);
	h->comment = ark_rd_lenbytes(&rd, ARKF_COMMENT_MAX);
	if (rd.bad)
		return ark_fail(err, ARK_CORRUPT,
				"manifest head: a field is cut off or out of range");
	rc = arkf_ext_decode(&rd, "manifest head", err);
	return rc ? rc : arkf_end(&rd, "manifest head", err);
}
