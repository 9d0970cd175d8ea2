/* sealed_io.c - see sealed_io.h. */
#include "libarchive-kv/sealed_io.h"

enum ark_rc arkv_sealed_make(struct ark_buf *out, const struct arkv_sealed_kind *kind,
			     const struct arkv_keys *keys, struct arkv_codec *codec,
			     struct ark_span context, struct ark_span raw, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ark_buf_init(&body);
	if (raw.len > kind->raw_max)
		return ark_fail(err, ARK_LIMIT, "%s: %zu bytes, at most %zu are allowed",
				kind->shape->noun, raw.len, kind->raw_max);
	size_t start = out->wr.len;
	enum ark_rc rc = arkv_body_pack(codec, raw, &body, err);
	if (rc)
		return rc;
	arkf_sealed_encode_head(&out->wr, kind->shape, arkv_keys_suite(keys), context);
	rc = arkv_seal_meta(out, keys, kind->box, context, ark_buf_span(&body), err);
	if (!rc && kind->shape->has_checksum) {
		uint8_t sum[ARKF_CHECKSUM_LEN];
		struct ark_span covered = ark_span(out->wr.p + start, out->wr.len - start);
		arkv_hash_keyed(sum, arkv_keys_auth(keys), covered);
		ark_wr_bytes(&out->wr, ark_span(sum, sizeof sum));
	}
	return rc ? rc : ark_buf_check(out, kind->shape->noun, err);
}

static enum ark_rc checksum_check(const struct arkf_sealed *object, const char *noun,
				  const struct arkv_keys *keys, struct ark_err *err)
{
	uint8_t sum[ARKF_CHECKSUM_LEN];
	arkv_hash_keyed(sum, arkv_keys_auth(keys), object->covered);
	if (arkv_bytes_equal(sum, object->checksum.p, sizeof sum))
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT, "%s: its checksum is wrong: damaged, or of another key",
			noun);
}

enum ark_rc arkv_sealed_open(struct ark_buf *raw, struct ark_span *context,
			     const struct arkv_sealed_kind *kind, const struct arkv_keys *keys,
			     struct arkv_codec *codec, struct ark_span bytes, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ark_buf_init(&body);
	struct arkf_sealed object;
	const char *noun = kind->shape->noun;
	enum ark_rc rc = arkf_sealed_decode(&object, kind->shape, bytes, err);
	if (!rc && object.suite != arkv_keys_suite(keys))
		rc = ark_fail(err, ARK_AUTH, "%s: of another suite than its repository", noun);
	if (!rc && kind->shape->has_checksum)
		rc = checksum_check(&object, noun, keys, err);
	if (rc)
		return rc;
	rc = arkv_open_meta(&body, keys, kind->box, object.context, object.box, err);
	if (!rc)
		rc = arkv_body_unpack(codec, ark_buf_span(&body), kind->raw_max, raw, err);
	if (rc) {
		ark_err_prefix(err, "%s", noun);
		return rc;
	}
	if (context)
		*context = object.context;
	return ARK_OK;
}
