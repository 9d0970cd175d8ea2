/* recipes.c - see recipes.h. */
#include "libarchive-kv/recipes.h"

#include "libarchive-kv/grow.h"
#include "libarchive-kv/hints.h"

/* Waiting recipes above this are placed before the scan goes on: about 25 GB of values. */
enum { PENDING_MAX = 4 << 20 };

struct arkv_recipes {
	const struct arkv_frame_ctx *ctx;
	struct arkv_packer *packer;
	struct arkv_usemap *uses;
	struct arkv_frame_slot slot;
	struct arkv_hints hints;
	struct ark_buf pending; /* raw recipes, each behind its varint length */
};

void arkv_reflist_release(struct arkv_reflist *list)
{
	for (size_t i = 0; i <= ARKF_RECIPE_DEPTH_MAX; i++)
		free(list->levels[i].refs);
	*list = (struct arkv_reflist){ 0 };
}

enum ark_rc arkv_recipes_new(struct arkv_recipes **out, const struct arkv_frame_ctx *ctx,
			     struct arkv_packer *packer, struct arkv_usemap *uses,
			     struct ark_err *err)
{
	ARK_AUTO(arkv_recipes_freep) struct arkv_recipes *r = calloc(1, sizeof *r);
	if (!r)
		return ark_fail(err, ARK_NOMEM, "recipes: out of memory");
	ark_buf_init(&r->pending);
	r->ctx = ctx;
	r->packer = packer;
	r->uses = uses;
	enum ark_rc rc = arkv_frame_slot_init(&r->slot, ctx, err);
	if (rc)
		return rc;
	*out = r;
	r = NULL;
	return ARK_OK;
}

void arkv_recipes_freep(struct arkv_recipes **p)
{
	struct arkv_recipes *r = *p;
	if (!r)
		return;
	arkv_frame_slot_release(&r->slot);
	arkv_hints_release(&r->hints);
	ark_buf_release(&r->pending);
	free(r);
	*p = NULL;
}

static enum ark_rc level_add(struct arkv_reflevel *level, const struct arkf_ref *ref,
			     struct ark_err *err)
{
	struct arkf_ref *refs = arkv_grow(level->refs, &level->cap, level->count, sizeof *refs);
	if (!refs)
		return ark_fail(err, ARK_NOMEM, "recipe: out of memory");
	level->refs = refs;
	level->refs[level->count++] = *ref;
	return ARK_OK;
}

/* Makes one recipe of all that stands on level depth - 1, and notes it on level depth. */
static enum ark_rc level_close(struct arkv_recipes *r, struct arkv_reflist *list, unsigned depth,
			       struct ark_err *err)
{
	if (depth > ARKF_RECIPE_DEPTH_MAX)
		return ark_fail(err, ARK_LIMIT, "a value has more chunks than recipes can list");
	struct arkv_reflevel *level = &list->levels[depth - 1];
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&raw);
	struct arkf_ref whole = { .len = 0 };
	arkf_recipe_encode_head(&raw.wr, depth, level->count);
	for (size_t i = 0; i < level->count; i++) {
		arkf_recipe_encode_item(&raw.wr, &level->refs[i]);
		whole.len += level->refs[i].len;
	}
	arkf_recipe_encode_end(&raw.wr);
	level->count = 0;
	arkv_id_of(&whole.id, arkv_keys_id(r->ctx->keys), ARKV_ID_RECIPE, ark_buf_span(&raw));
	ark_wr_lenbytes(&r->pending.wr, ark_buf_span(&raw));
	enum ark_rc rc = ark_buf_check(&raw, "recipe", err);
	if (!rc)
		rc = ark_buf_check(&r->pending, "recipe", err);
	if (!rc)
		rc = level_add(&list->levels[depth], &whole, err);
	if (!rc && r->pending.wr.len > PENDING_MAX)
		rc = arkv_recipes_flush(r, err);
	return rc;
}

enum ark_rc arkv_recipes_add(struct arkv_recipes *r, struct arkv_reflist *list,
			     const struct arkf_ref *chunk, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (unsigned k = 0; k < ARKF_RECIPE_DEPTH_MAX && !rc; k++)
		if (list->levels[k].count == ARKV_RECIPE_ITEMS)
			rc = level_close(r, list, k + 1, err);
	return rc ? rc : level_add(&list->levels[0], chunk, err);
}

static unsigned top_level(const struct arkv_reflist *list)
{
	unsigned top = ARKF_RECIPE_DEPTH_MAX;
	while (top > 0 && list->levels[top].count == 0)
		top--;
	return top;
}

enum ark_rc arkv_recipes_end(struct arkv_recipes *r, struct arkv_reflist *list, struct ark_buf *out,
			     enum arkf_form *form, struct ark_err *err)
{
	const struct arkv_reflevel *chunks = &list->levels[0];
	if (top_level(list) == 0 && chunks->count <= ARKF_REFS_CHUNKS_MAX) {
		*form = ARKF_CHUNKS;
		arkf_refs_encode_chunks(&out->wr, chunks->refs, chunks->count);
		return ark_buf_check(out, "references", err);
	}
	unsigned k = 0;
	while (k < top_level(list) || list->levels[k].count > 1 || k == 0) {
		enum ark_rc rc = list->levels[k].count ? level_close(r, list, k + 1, err) : ARK_OK;
		if (rc)
			return rc;
		k++;
	}
	*form = ARKF_RECIPE;
	arkf_refs_encode_recipe(&out->wr, k, &list->levels[k].refs[0].id);
	return ark_buf_check(out, "references", err);
}

/* Hints for all items of the recipe in the slot, and their frames noted as used. */
static enum ark_rc recipe_hints(struct arkv_recipes *r, struct arkf_recipe_rd *items,
				struct ark_err *err)
{
	struct arkf_ref item;
	enum ark_rc rc;
	arkv_hints_clear(&r->hints);
	while (!(rc = arkf_recipe_next(items, &item, err))) {
		rc = arkv_hints_find(&r->hints, r->ctx->dedup, &item.id, err);
		if (!rc)
			rc = arkv_usemap_add(r->uses, &r->hints.places[r->hints.count - 1], err);
		if (rc)
			return rc;
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	return arkv_hints_encode(&r->hints, r->ctx->dedup, &r->slot.trailer, err);
}

static enum ark_rc recipe_place(struct arkv_recipes *r, struct ark_span raw, struct ark_err *err)
{
	struct arkf_recipe_rd items;
	enum ark_rc rc = arkf_recipe_decode(&items, raw, err);
	if (!rc &&
	    items.depth > 1) /* what it lists may stand in the open pack: that needs a name */
		rc = arkv_packer_flush(r->packer, err);
	arkv_frame_slot_clear(&r->slot);
	r->slot.type = ARKF_FRAME_RECIPE;
	ark_wr_bytes(&r->slot.raw.wr, raw);
	if (!rc)
		rc = recipe_hints(r, &items, err);
	if (!rc)
		rc = arkv_frame_make(&r->slot, r->ctx, err);
	struct arkv_where where;
	return rc ? rc : arkv_packer_add(r->packer, &r->slot, &where, err);
}

enum ark_rc arkv_recipes_flush(struct arkv_recipes *r, struct ark_err *err)
{
	enum ark_rc rc = arkv_packer_flush(r->packer, err);
	struct ark_rd rd = ark_rd(ark_buf_span(&r->pending));
	while (!rc && ark_rd_left(&rd))
		rc = recipe_place(r, ark_rd_lenbytes(&rd, ARKF_CHUNK_RAW_MAX), err);
	ark_buf_clear(&r->pending);
	return rc ? rc : arkv_packer_flush(r->packer, err);
}
