/* ring.c - see ring.h. */
#include "format/ring.h"

static const char ring_name[] = "keyring";

void arkf_ring_encode(struct ark_wr *wr, const struct arkf_ring *ring)
{
	arkf_header_encode(wr, ARKF_KIND_RING, ring->suite);
	ark_wr_bytes(wr, ark_span(ring->repo.b, sizeof ring->repo.b));
	ark_wr_u32(wr, ring->n);
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
	size_t left = ark_rd_left(&rd);
	size_t fixed = ARKF_RING_BOX_EXTRA + sizeof ring.checksum.b;
	if (left < fixed)
		ark_rd_fail(&rd);
	else if (left > fixed + ARKF_RING_BODY_MAX)
		return ark_fail(err, ARK_LIMIT, "keyring: %zu bytes, %d at most", bytes.len,
				ARKF_RING_LEN_MAX);
	ring.box = ark_rd_bytes(&rd, rd.bad ? 0 : left - sizeof ring.checksum.b);
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
