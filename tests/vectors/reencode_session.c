/* reencode_session.c - objects that are one box, and the bodies of sessions, gc lists, marks. */
#include "format/gc.h"
#include "format/mark.h"
#include "format/session.h"
#include "tests/vectors/reencode.h"

#include <sodium.h>

static enum ark_rc context(uint8_t *out, const struct arkf_sealed_shape *shape,
			   struct ark_span context, struct ark_err *err)
{
	struct ark_uid uid;
	uint32_t number = 0;
	uint64_t n = 0;
	enum ark_rc rc = ARK_OK;
	if (shape == &arkf_session_shape || shape == &arkf_beat_shape) {
		rc = arkf_session_context_decode(context, shape, &uid, &number, err);
		if (!rc)
			arkf_session_context_encode(out, &uid, number);
	} else if (shape == &arkf_reaped_shape) {
		rc = arkf_reaped_context_decode(context, &uid, err);
		if (!rc)
			arkf_reaped_context_encode(out, &uid);
	} else if (shape == &arkf_gc_shape) {
		rc = arkf_gc_context_decode(context, &n, &uid, err);
		if (!rc)
			arkf_gc_context_encode(out, n, &uid);
	} else if (context.len) {
		memcpy(out, context.p, context.len);
	}
	return rc;
}

/* Where a box ends stands in no field: a cut shows in the checksum alone. Its key in suite 0
 * follows from the repository id (spec/02-seal.md), which is 00 01 .. 0f in the vectors. */
static bool checksum_holds(const struct arkf_sealed *object)
{
	static const uint8_t repo[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	static const uint8_t label[] = { 'a', 'r', 'k', 'v', '-', 'a', 'u', 't', 'h' };
	uint8_t key[32], sum[ARKF_CHECKSUM_LEN];
	if (object->suite != ARK_SUITE_NONE || object->checksum.len == 0)
		return true;
	crypto_generichash(key, sizeof key, label, sizeof label, repo, sizeof repo);
	crypto_generichash(sum, sizeof sum, object->covered.p, object->covered.len, key,
			   sizeof key);
	return memcmp(sum, object->checksum.p, sizeof sum) == 0;
}

enum ark_rc reencode_sealed(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	const struct arkf_sealed_shape *shape = arkf_sealed_shape_of(in);
	struct arkf_sealed object;
	uint8_t mem[64];
	if (!shape)
		return ark_fail(err, ARK_CORRUPT, "test: no object that is one box");
	assert(shape->context_len <= sizeof mem);
	enum ark_rc rc = arkf_sealed_decode(&object, shape, in, err);
	if (!rc)
		rc = context(mem, shape, object.context, err);
	if (!rc && !checksum_holds(&object))
		rc = ark_fail(err, ARK_CORRUPT, "%s: its checksum does not hold", shape->noun);
	if (rc)
		return rc;
	arkf_sealed_encode_head(out, shape, object.suite, ark_span(mem, shape->context_len));
	ark_wr_bytes(out, object.box);
	assert(ark_span_eq(ark_wr_span(out), object.covered));
	ark_wr_bytes(out, object.checksum);
	return ARK_OK;
}

enum ark_rc reencode_session(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_session session;
	enum ark_rc rc = arkf_session_decode(&session, in, err);
	if (rc)
		return rc;
	arkf_session_encode(out, &session);
	reencode_ext(out, in);
	return ARK_OK;
}

static enum ark_rc beat(struct ark_wr *out, struct ark_span in, uint32_t number,
			struct ark_err *err)
{
	struct arkf_beat value;
	enum ark_rc rc = arkf_beat_decode(&value, in, number, err);
	if (rc)
		return rc;
	assert((value.outcome == ARKF_OUTCOME_AT_WORK) == (number != ARKF_BEAT_END));
	arkf_beat_encode(out, &value);
	reencode_ext(out, in);
	return ARK_OK;
}

enum ark_rc reencode_beat(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	return beat(out, in, 1, err);
}

enum ark_rc reencode_session_end(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	return beat(out, in, ARKF_BEAT_END, err);
}

enum ark_rc reencode_reaped(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_reaped value;
	enum ark_rc rc = arkf_reaped_decode(&value, in, err);
	if (rc)
		return rc;
	arkf_reaped_encode(out, &value);
	reencode_ext(out, in);
	return ARK_OK;
}

enum ark_rc reencode_gc(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_gc_rd it;
	enum arkf_gc_class class_no;
	uint64_t count;
	struct ark_span name;
	enum ark_rc rc = arkf_gc_decode(&it, in, err);
	if (rc)
		return rc;
	arkf_gc_encode_head(out, &it.session, (unsigned)it.classes_left);
	while (!(rc = arkf_gc_class_next(&it, &class_no, &count, err))) {
		arkf_gc_encode_class(out, class_no, count);
		for (; !(rc = arkf_gc_name_next(&it, &name, err)); count--)
			arkf_gc_encode_name(out, name);
		if (rc != ARK_NOTFOUND)
			return rc;
		assert(count == 0);
	}
	arkf_gc_encode_end(out);
	reencode_ext(out, in);
	return reencode_walked(rc);
}

/* The archive that is marked in all of the vectors: b0 b1 ... bf. */
enum ark_rc reencode_mark(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	static const struct ark_uid archive = {
		.b = { 0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc,
		       0xbd, 0xbe, 0xbf },
	};
	struct arkf_mark mark;
	enum ark_rc rc = arkf_mark_decode(&mark, in, &archive, err);
	if (rc)
		return rc;
	assert(mark.kind != ARKF_MARK_KIND_REPLACE || !ark_uid_is_zero(&mark.replacement));
	arkf_mark_encode(out, &mark);
	reencode_ext(out, in);
	return ARK_OK;
}
