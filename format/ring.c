/* ring.c - see ring.h. */
#include "format/ring.h"

static const char ring_name[] = "keyring";

void arkf_ring_encode_head(struct ark_wr *wr, const struct arkf_ring *ring)
{
	arkf_header_encode(wr, ARKF_KIND_RING, ring->suite);
	ark_wr_bytes(wr, ark_span(ring->repo.b, sizeof ring->repo.b));
	ark_wr_u32(wr, ring->n);
}

void arkf_ring_encode(struct ark_wr *wr, const struct arkf_ring *ring)
{
	arkf_ring_encode_head(wr, ring);
	ark_wr_u32(wr, (uint32_t)ring->box.len);
	ark_wr_bytes(wr, ring->box);
	ark_wr_bytes(wr, ark_span(ring->checksum.b, sizeof ring->checksum.b));
}

enum ark_rc arkf_ring_decode(struct arkf_ring *out, struct ark_span bytes, struct ark_err *err)
{
	struct arkf_ring ring;
	struct ark_rd rd = ark_rd(bytes);
	enum ark_rc rc = arkf_header_decode(&rd, ARKF_KIND_RING, ring_name, &ring.suite, err);
	if (rc)
		return rc;
	ark_rd_copy(&rd, ring.repo.b, sizeof ring.repo.b);
	ring.n = ark_rd_u32(&rd);
	uint32_t box_len = ark_rd_u32(&rd);
	if (box_len > ARKF_RING_BODY_MAX + ARKF_RING_BOX_EXTRA)
		return ark_fail(err, ARK_LIMIT, "keyring: a box of %u bytes, %d at most",
				(unsigned)box_len, ARKF_RING_BODY_MAX + ARKF_RING_BOX_EXTRA);
	if (box_len < ARKF_RING_BOX_EXTRA)
		ark_rd_fail(&rd);
	ring.box = ark_rd_bytes(&rd, box_len);
	ark_rd_copy(&rd, ring.checksum.b, sizeof ring.checksum.b);
	if (ring.suite == ARK_SUITE_NONE || !ring.n)
		ark_rd_fail(&rd);
	rc = arkf_end(&rd, ring_name, err);
	if (!rc)
		*out = ring;
	return rc;
}

void arkf_ring_pair_encode(struct ark_wr *wr, const struct arkf_ring_pair *pair)
{
	ark_wr_varint(wr, pair->ring);
	ark_wr_bytes(wr, pair->pub);
	ark_wr_bytes(wr, pair->secret);
}

bool arkf_ring_pair_next(struct ark_rd *rd, struct arkf_ring_pair *out)
{
	if (!ark_rd_left(rd))
		return false;
	uint64_t ring = ark_rd_varint(rd);
	if (!ring || ring > UINT32_MAX)
		ark_rd_fail(rd);
	out->ring = (uint32_t)ring;
	out->pub = ark_rd_bytes(rd, ARKF_KEY_LEN);
	out->secret = ark_rd_bytes(rd, ARKF_KEY_LEN);
	return !rd->bad;
}

void arkf_ring_body_encode(struct ark_wr *wr, const struct arkf_ring_body *body)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u8(wr, (uint8_t)body->suite);
	ark_wr_bytes(wr, body->keys);
	arkf_chunker_encode(wr, &body->chunker);
	ark_wr_varint(wr, body->pair_count);
	ark_wr_bytes(wr, body->pairs);
	if (body->ext.len)
		ark_wr_bytes(wr, body->ext);
	else
		arkf_ext_encode_none(wr);
}

/* Steps over the pairs and checks their order. */
static void pairs_check(struct ark_rd *rd, struct arkf_ring_body *body)
{
	const uint8_t *start = rd->p;
	struct arkf_ring_pair last = { .ring = 0 };
	if (!body->pair_count || body->pair_count > ARKF_RING_PAIRS_MAX)
		ark_rd_fail(rd);
	for (uint32_t i = 0; i < body->pair_count && !rd->bad; i++) {
		struct arkf_ring_pair pair;
		if (!arkf_ring_pair_next(rd, &pair))
			ark_rd_fail(rd);
		else if (pair.ring < last.ring ||
			 (pair.ring == last.ring && ark_span_cmp(pair.pub, last.pub) <= 0))
			ark_rd_fail(rd);
		last = pair;
	}
	if (!rd->bad)
		body->pairs = ark_span(start, (size_t)(rd->p - start));
}

enum ark_rc arkf_ring_body_decode(struct arkf_ring_body *out, struct ark_span bytes,
				  struct ark_err *err)
{
	static const char what[] = "keyring body";
	struct arkf_ring_body body = { .pair_count = 0 };
	struct ark_rd rd = ark_rd(bytes);
	if (bytes.len > ARKF_RING_BODY_MAX)
		return ark_fail(err, ARK_LIMIT, "%s: %zu bytes, %d at most", what, bytes.len,
				ARKF_RING_BODY_MAX);
	enum ark_rc rc = arkf_version_decode(&rd, what, err);
	if (rc)
		return rc;
	unsigned suite = ark_rd_u8(&rd);
	if (suite > ARK_SUITE_XCHACHA)
		return ark_fail(err, ARK_UNSUPPORTED, "%s: suite %u: use a newer arkv", what,
				suite);
	body.suite = (enum ark_suite)suite;
	body.keys = ark_rd_bytes(&rd, (uint64_t)ARKF_RING_KEY_COUNT * ARKF_KEY_LEN);
	arkf_chunker_decode(&rd, &body.chunker);
	uint64_t pair_count = ark_rd_varint(&rd);
	body.pair_count = pair_count > UINT32_MAX ? UINT32_MAX : (uint32_t)pair_count;
	pairs_check(&rd, &body);
	if (suite == ARK_SUITE_NONE)
		ark_rd_fail(&rd);
	if (rd.bad)
		return arkf_end(&rd, what, err);
	rc = arkf_chunker_check(&body.chunker, what, err);
	const uint8_t *ext_at = rd.p;
	if (!rc)
		rc = arkf_ext_decode(&rd, what, err);
	if (!rc)
		rc = arkf_end(&rd, what, err);
	if (rc)
		return rc;
	body.ext = ark_span(ext_at, (size_t)(rd.p - ext_at));
	*out = body;
	return ARK_OK;
}

void arkf_ring_dump(struct arkf_dump *d)
{
	arkf_dump_header(d, ARKF_KIND_RING);
	arkf_dump_hex(d, "repository", ARK_UID_LEN);
	arkf_dump_u32(d, "n");
	uint64_t box_len = arkf_dump_u32(d, "box_length");
	arkf_dump_hex(d, "box", box_len);
	arkf_dump_hex(d, "checksum", ARK_ID_LEN);
	arkf_dump_end(d);
}

void arkf_ring_body_dump(struct arkf_dump *d)
{
	static const char *const names[ARKF_RING_KEY_COUNT] = { "k_id", "k_cut", "k_dig", "k_meta",
								"k_auth" };
	arkf_dump_u8(d, "version");
	arkf_dump_u8(d, "suite");
	for (unsigned i = 0; i < ARKF_RING_KEY_COUNT; i++)
		arkf_dump_hex(d, names[i], ARKF_KEY_LEN);
	arkf_chunker_dump(d);
	uint64_t pair_count = arkf_dump_count(d, "pair_count", ARKF_RING_PAIRS_MAX);
	for (uint64_t i = 0; i < pair_count && !d->stopped; i++) {
		arkf_dump_item(d, "pair", i);
		arkf_dump_varint(d, "ring");
		arkf_dump_hex(d, "public", ARKF_KEY_LEN);
		arkf_dump_hex(d, "secret", ARKF_KEY_LEN);
		arkf_dump_item_end(d);
	}
	arkf_dump_ext(d);
	arkf_dump_end(d);
}
