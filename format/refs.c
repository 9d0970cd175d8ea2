/* refs.c - the references of a chunked value, and recipes. See block.h. */
#include "format/block.h"
#include "format/object.h"
#include "format/pack.h"

void arkf_refs_encode_chunks(struct ark_wr *wr, const struct arkf_ref *refs, size_t count)
{
	ark_wr_varint(wr, count);
	for (size_t i = 0; i < count; i++)
		arkf_recipe_encode_item(wr, &refs[i]);
}

void arkf_refs_encode_recipe(struct ark_wr *wr, unsigned depth, const struct ark_id *id)
{
	ark_wr_u8(wr, (uint8_t)depth);
	ark_wr_bytes(wr, ark_span(id->b, sizeof id->b));
}

struct ark_span arkf_refs_take(struct ark_rd *rd, enum arkf_form form)
{
	struct ark_rd one = *rd;
	if (form == ARKF_RECIPE)
		return ark_rd_bytes(rd, 1 + ARK_ID_LEN);
	uint64_t count = ark_rd_varint(&one);
	if (count < 1 || count > ARKF_REFS_CHUNKS_MAX)
		ark_rd_fail(&one);
	for (uint64_t i = 0; i < count && !one.bad; i++) {
		ark_rd_varint(&one);
		ark_rd_bytes(&one, ARK_ID_LEN);
	}
	if (one.bad)
		ark_rd_fail(rd);
	return ark_rd_bytes(rd, rd->bad ? 0 : (uint64_t)(one.p - rd->p));
}

static enum ark_rc decode_recipe_ref(struct arkf_refs *out, struct ark_rd *rd, uint64_t value_len,
				     struct ark_err *err)
{
	out->depth = ark_rd_u8(rd);
	out->count = 1;
	ark_rd_copy(rd, out->ref[0].id.b, ARK_ID_LEN);
	out->ref[0].len = value_len;
	if (!ark_rd_done(rd) || out->depth < 1 || out->depth > ARKF_RECIPE_DEPTH_MAX ||
	    value_len == 0)
		return ark_fail(err, ARK_CORRUPT, "reference to a recipe: out of range");
	return ARK_OK;
}

enum ark_rc arkf_refs_decode(struct arkf_refs *out, struct ark_span body, enum arkf_form form,
			     uint64_t value_len, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(body);
	if (form == ARKF_RECIPE)
		return decode_recipe_ref(out, &rd, value_len, err);
	uint64_t count = ark_rd_varint(&rd);
	if (rd.bad || count < 1 || count > ARKF_REFS_CHUNKS_MAX)
		return ark_fail(err, ARK_CORRUPT, "references: bad count of chunks");
	out->depth = 0;
	out->count = (size_t)count;
	uint64_t sum = 0;
	for (size_t i = 0; i < out->count; i++) {
		out->ref[i].len = ark_rd_varint(&rd);
		ark_rd_copy(&rd, out->ref[i].id.b, ARK_ID_LEN);
		if (out->ref[i].len < 1 || out->ref[i].len > ARKF_CHUNK_RAW_MAX)
			ark_rd_fail(&rd);
		sum += out->ref[i].len;
	}
	if (!ark_rd_done(&rd) || sum != value_len)
		return ark_fail(err, ARK_CORRUPT, "references: chunks do not add up to the value");
	return ARK_OK;
}

void arkf_recipe_encode_head(struct ark_wr *wr, unsigned depth, uint64_t count)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u8(wr, (uint8_t)depth);
	ark_wr_varint(wr, count);
}

void arkf_recipe_encode_item(struct ark_wr *wr, const struct arkf_ref *ref)
{
	ark_wr_varint(wr, ref->len);
	ark_wr_bytes(wr, ark_span(ref->id.b, sizeof ref->id.b));
}

void arkf_recipe_encode_end(struct ark_wr *wr)
{
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_recipe_decode(struct arkf_recipe_rd *it, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, "recipe", err);
	if (rc)
		return rc;
	unsigned depth = ark_rd_u8(&rd);
	uint64_t count = ark_rd_varint(&rd);
	if (depth < 1 || depth > ARKF_RECIPE_DEPTH_MAX || count < 1 ||
	    count > ARKF_RECIPE_ITEMS_MAX || !ark_rd_fits(&rd, count, 1 + ARK_ID_LEN))
		return ark_fail(err, ARK_CORRUPT, "recipe: bad depth or count");
	*it = (struct arkf_recipe_rd){ .rd = rd, .depth = depth, .count = count, .left = count };
	return ARK_OK;
}

enum ark_rc arkf_recipe_next(struct arkf_recipe_rd *it, struct arkf_ref *out, struct ark_err *err)
{
	if (it->left == 0) {
		enum ark_rc rc = arkf_ext_decode(&it->rd, "recipe", err);
		if (!rc)
			rc = arkf_end(&it->rd, "recipe", err);
		return rc ? rc : ARK_NOTFOUND;
	}
	it->left--;
	struct arkf_ref ref;
	ref.len = ark_rd_varint(&it->rd);
	ark_rd_copy(&it->rd, ref.id.b, sizeof ref.id.b);
	uint64_t max = it->depth == 1 ? ARKF_CHUNK_RAW_MAX : ARK_VALUE_MAX;
	if (it->rd.bad || ref.len < 1 || ref.len > max)
		return ark_fail(err, ARK_CORRUPT, "recipe: an item is cut off or out of range");
	*out = ref;
	return ARK_OK;
}
