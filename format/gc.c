/* gc.c - see gc.h. */
#include "format/gc.h"

static const char noun[] = "gc list";

const struct arkf_sealed_shape arkf_gc_shape = {
	.kind = ARKF_KIND_GC,
	.noun = noun,
	.context_len = ARKF_GC_CONTEXT_LEN,
	.has_checksum = true,
};

size_t arkf_gc_name_len(enum arkf_gc_class class_no)
{
	return class_no < ARKF_GC_ARCHIVES ? ARK_ID_LEN : ARK_UID_LEN;
}

void arkf_gc_context_encode(uint8_t out[ARKF_GC_CONTEXT_LEN], uint64_t n, const struct ark_uid *uid)
{
	ark_put_le64(out, n);
	memcpy(out + 8, uid->b, sizeof uid->b);
}

enum ark_rc arkf_gc_context_decode(struct ark_span context, uint64_t *n, struct ark_uid *uid,
				   struct ark_err *err)
{
	struct ark_rd rd = ark_rd(context);
	uint64_t number = ark_rd_u64(&rd);
	struct ark_uid found;
	ark_rd_copy(&rd, found.b, sizeof found.b);
	if (!ark_rd_done(&rd) || number == 0)
		return ark_fail(err, ARK_CORRUPT, "%s: its number is 0 or cut off", noun);
	*n = number;
	*uid = found;
	return ARK_OK;
}

void arkf_gc_encode_head(struct ark_wr *wr, const struct ark_uid *session, unsigned class_count)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_bytes(wr, ark_span(session->b, sizeof session->b));
	ark_wr_varint(wr, class_count);
}

void arkf_gc_encode_class(struct ark_wr *wr, enum arkf_gc_class class_no, uint64_t count)
{
	ark_wr_u8(wr, (uint8_t)class_no);
	ark_wr_varint(wr, count);
}

void arkf_gc_encode_name(struct ark_wr *wr, struct ark_span name)
{
	ark_wr_bytes(wr, name);
}

void arkf_gc_encode_end(struct ark_wr *wr)
{
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_gc_decode(struct arkf_gc_rd *it, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, noun, err);
	if (rc)
		return rc;
	struct ark_uid session;
	ark_rd_copy(&rd, session.b, sizeof session.b);
	uint64_t classes = ark_rd_varint(&rd);
	if (!ark_rd_fits(&rd, classes, 2 + ARK_UID_LEN))
		return ark_fail(err, ARK_CORRUPT, "%s: its head is cut off or out of range", noun);
	*it = (struct arkf_gc_rd){ .rd = rd, .session = session, .classes_left = classes };
	return ARK_OK;
}

static enum ark_rc ended(struct arkf_gc_rd *it, struct ark_err *err)
{
	enum ark_rc rc = arkf_ext_decode(&it->rd, noun, err);
	if (!rc)
		rc = arkf_end(&it->rd, noun, err);
	return rc ? rc : ARK_NOTFOUND;
}

enum ark_rc arkf_gc_class_next(struct arkf_gc_rd *it, enum arkf_gc_class *class_no, uint64_t *count,
			       struct ark_err *err)
{
	if (it->classes_left == 0)
		return ended(it, err);
	unsigned no = ark_rd_u8(&it->rd);
	if (no > ARKF_GC_SESSIONS)
		return ark_fail(err, ARK_UNSUPPORTED, "%s: class %u: use a newer arkv", noun, no);
	uint64_t names = ark_rd_varint(&it->rd);
	size_t name_len = arkf_gc_name_len((enum arkf_gc_class)no);
	if (it->rd.bad || no <= it->class_no || names == 0 ||
	    !ark_rd_fits(&it->rd, names, name_len))
		return ark_fail(err, ARK_CORRUPT, "%s: a class is cut off or out of order", noun);
	it->classes_left--;
	it->class_no = no;
	it->names_left = names;
	it->name_len = name_len;
	it->last = ark_span(NULL, 0);
	*class_no = (enum arkf_gc_class)no;
	*count = names;
	return ARK_OK;
}

enum ark_rc arkf_gc_name_next(struct arkf_gc_rd *it, struct ark_span *name, struct ark_err *err)
{
	if (it->names_left == 0)
		return ARK_NOTFOUND;
	struct ark_span found = ark_rd_bytes(&it->rd, it->name_len);
	if (it->rd.bad || ark_span_cmp(it->last, found) >= 0)
		return ark_fail(err, ARK_CORRUPT, "%s: a name is cut off or out of order", noun);
	it->names_left--;
	it->last = found;
	*name = found;
	return ARK_OK;
}
