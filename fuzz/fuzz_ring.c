/* fuzz_ring.c - keyrings, and the bodies in them: format/ring.h. An input that begins as an object
 * is taken for a keyring, all else for a body. */
#include "format/ring.h"
#include "fuzz/roundtrip.h"

static enum ark_rc reencode(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_ring ring;
	enum ark_rc rc = arkf_ring_decode(&ring, in, err);
	if (!rc)
		arkf_ring_encode(out, &ring);
	return rc;
}

static enum ark_rc reencode_body(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_ring_body body;
	enum ark_rc rc = arkf_ring_body_decode(&body, in, err);
	if (rc)
		return rc;
	arkf_ring_body_encode(out, &body);
	struct ark_rd rd = ark_rd(body.pairs);
	struct arkf_ring_pair pair;
	uint32_t count = 0;
	while (arkf_ring_pair_next(&rd, &pair))
		count++;
	assert(count == body.pair_count && ark_rd_done(&rd));
	return ARK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ark_span in = ark_span(data, size);
	if (arkf_kind_of(in))
		fuzz_roundtrip(in, reencode, arkf_ring_dump);
	else
		fuzz_roundtrip(in, reencode_body, arkf_ring_body_dump);
	return 0;
}
