/* value_read.c - the value of the record that a cursor gave last. See cursor.h. */
#include "libarchive-kv/cursor_inside.h"

/* Chunks that follow each other are read ahead as far as this. */
enum { CHUNKS_AHEAD = 2 << 20 };

struct reading {
	struct arkv_cursor *c;
	arkv_piece_fn *fn;
	void *ctx;
};

bool arkv_cursor_inline(const struct arkv_cursor *c, struct ark_span *value)
{
	if (!c->put || c->put->entry.form != ARKF_INLINE)
		return false;
	*value = c->put->entry.body;
	return true;
}

const struct arkf_entry *arkv_cursor_entry(const struct arkv_cursor *c)
{
	return c->put ? &c->put->entry : NULL;
}

uint64_t arkv_cursor_value_n(const struct arkv_cursor *c)
{
	return c->value_n;
}

uint64_t arkv_cursor_attr_n(const struct arkv_cursor *c)
{
	return c->attr_n;
}

static enum ark_rc read_chunk(const struct reading *r, const struct arkv_frame_want *want,
			      uint64_t len, struct ark_err *err)
{
	struct arkv_frame *frame = NULL;
	enum ark_rc rc = arkv_frames_get(&frame, r->c->env.frames, want, err);
	if (rc)
		return rc;
	struct ark_span bytes = ark_buf_span(&frame->content.raw);
	if (bytes.len != len)
		rc = ark_fail(err, ARK_CORRUPT, "chunk %.16s is not as long as its reference says",
			      ark_id_hex(&want->id).s);
	if (!rc)
		rc = r->fn(r->ctx, bytes, err);
	arkv_frames_release(r->c->env.frames, &frame);
	return rc;
}

static enum ark_rc read_recipe(const struct reading *r, struct arkv_frame_want *want,
			       unsigned depth, uint64_t len, struct ark_err *err);

static enum ark_rc read_items(const struct reading *r, struct arkv_frame *recipe, unsigned depth,
			      uint64_t len, struct ark_err *err)
{
	struct arkf_recipe_rd it;
	struct arkf_ref item;
	enum ark_rc rc = arkf_recipe_decode(&it, ark_buf_span(&recipe->content.raw), err);
	if (!rc && it.depth != depth)
		rc = ark_fail(err, ARK_CORRUPT, "recipe %.16s has depth %u, not %u",
			      ark_id_hex(&recipe->id).s, it.depth, depth);
	size_t count = rc ? 0 : (size_t)it.count;
	for (size_t no = 0; !rc && !(rc = arkf_recipe_next(&it, &item, err)); no++) {
		if (item.len > len)
			return ark_fail(err, ARK_CORRUPT, "recipe %.16s is longer than its value",
					ark_id_hex(&recipe->id).s);
		len -= item.len;
		struct arkv_frame_want want = {
			.id = item.id,
			.type = depth > 1 ? ARKF_FRAME_RECIPE : ARKF_FRAME_CHUNK,
		};
		rc = arkv_frame_hint(&want, recipe, no, count, CHUNKS_AHEAD, err);
		if (!rc)
			rc = depth > 1 ? read_recipe(r, &want, depth - 1, item.len, err)
				       : read_chunk(r, &want, item.len, err);
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	if (len)
		return ark_fail(err, ARK_CORRUPT, "recipe %.16s is shorter than its value",
				ark_id_hex(&recipe->id).s);
	return ARK_OK;
}

/* At most ARKF_RECIPE_DEPTH_MAX deep. */
static enum ark_rc read_recipe(const struct reading *r, struct arkv_frame_want *want,
			       unsigned depth, uint64_t len, struct ark_err *err)
{
	struct arkv_frame *frame = NULL;
	want->ahead = 0; /* what follows a recipe in its pack is another value's */
	enum ark_rc rc = arkv_frames_get(&frame, r->c->env.frames, want, err);
	if (!rc)
		rc = read_items(r, frame, depth, len, err);
	arkv_frames_release(r->c->env.frames, &frame);
	return rc;
}

/* Whoever reads the values of a block one after the other gets the next ones with this one. */
static size_t ahead_end(struct arkv_cursor *c, const struct arkf_refs *refs)
{
	const struct arkv_slice *put = c->put;
	bool in_row = ark_id_eq(&c->chunks_of, &put->block->id) && c->next_ref_no == put->ref_no;
	c->chunks_of = put->block->id;
	c->next_ref_no = put->ref_no + refs->count;
	return in_row ? SIZE_MAX : put->ref_no + refs->count;
}

static enum ark_rc read_refs(const struct reading *r, const struct arkf_refs *refs,
			     struct ark_err *err)
{
	const struct arkv_slice *put = r->c->put;
	size_t end_no = ahead_end(r->c, refs);
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < refs->count && !rc; i++) {
		struct arkv_frame_want want = {
			.id = refs->ref[i].id,
			.type = refs->depth ? ARKF_FRAME_RECIPE : ARKF_FRAME_CHUNK,
		};
		rc = arkv_frame_hint(&want, put->block, put->ref_no + i, end_no, CHUNKS_AHEAD, err);
		if (!rc)
			rc = refs->depth ? read_recipe(r, &want, refs->depth, refs->ref[i].len, err)
					 : read_chunk(r, &want, refs->ref[i].len, err);
	}
	return rc;
}

enum ark_rc arkv_value_read(struct arkv_cursor *c, arkv_piece_fn *fn, void *ctx,
			    struct ark_err *err)
{
	const struct reading r = { .c = c, .fn = fn, .ctx = ctx };
	if (!c->put)
		return ark_fail(err, ARK_USAGE, "the cursor stands at no record");
	const struct arkf_entry *entry = &c->put->entry;
	if (entry->form == ARKF_INLINE)
		return entry->body.len ? fn(ctx, entry->body, err) : ARK_OK;
	struct arkf_refs refs;
	enum ark_rc rc =
		arkf_refs_decode(&refs, entry->body, entry->form, entry->rec.value_len, err);
	return rc ? rc : read_refs(&r, &refs, err);
}
