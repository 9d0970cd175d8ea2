/* sealed.c - see sealed.h. */
#include "format/sealed.h"

void arkf_sealed_encode_head(struct ark_wr *wr, const struct arkf_sealed_shape *shape,
			     enum ark_suite suite, struct ark_span context)
{
	arkf_header_encode(wr, shape->kind, suite);
	ark_wr_bytes(wr, context);
}

enum ark_rc arkf_sealed_decode(struct arkf_sealed *out, const struct arkf_sealed_shape *shape,
			       struct ark_span bytes, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(bytes);
	struct arkf_sealed object = { 0 };
	enum ark_rc rc = arkf_header_decode(&rd, shape->kind, shape->noun, &object.suite, err);
	if (rc)
		return rc;
	size_t checksum_len = shape->has_checksum ? ARKF_CHECKSUM_LEN : 0;
	object.context = ark_rd_bytes(&rd, shape->context_len);
	if (rd.bad || ark_rd_left(&rd) < ARKF_BOX_LEN_MIN + checksum_len)
		return ark_fail(err, ARK_CORRUPT, "%s: %zu bytes are too short for it: cut off",
				shape->noun, bytes.len);
	object.box = ark_rd_bytes(&rd, ark_rd_left(&rd) - checksum_len);
	object.checksum = ark_rd_bytes(&rd, checksum_len);
	object.covered = ark_span(bytes.p, bytes.len - checksum_len);
	*out = object;
	return ARK_OK;
}
