/*
 * recipes.h - lists of the chunks of values that have more than an entry can name
 * (spec/06-block.md).
 *
 * A recipe's id is known when its list is complete, and its entry can be written; the frame waits
 * until the packs of its chunks are closed, so that it can carry hints.
 */
#pragma once

#include "format/block.h"
#include "libarchive-kv/pack_write.h"
#include "libarchive-kv/usemap.h"

enum { ARKV_RECIPE_ITEMS = 16384 };

/* The chunks of one value, level by level. All zeros is empty. */
struct arkv_reflist {
	struct arkv_reflevel {
		struct arkf_ref *refs;
		size_t count;
		size_t cap;
	} levels[ARKF_RECIPE_DEPTH_MAX + 1]; /* level k holds recipes of depth k; 0: chunks */
};

void arkv_reflist_release(struct arkv_reflist *list);

struct arkv_recipes;

enum ark_rc arkv_recipes_new(struct arkv_recipes **out, const struct arkv_frame_ctx *ctx,
			     struct arkv_packer *packer, struct arkv_usemap *uses,
			     struct ark_err *err) ARK_CHECK;
void arkv_recipes_freep(struct arkv_recipes **recipes);
/* The next chunk of the value; it is placed, as are those before it. */
enum ark_rc arkv_recipes_add(struct arkv_recipes *r, struct arkv_reflist *list,
			     const struct arkf_ref *chunk, struct ark_err *err) ARK_CHECK;
/* The value is complete: appends its entry's references to out; *form says which they are. */
enum ark_rc arkv_recipes_end(struct arkv_recipes *r, struct arkv_reflist *list, struct ark_buf *out,
			     enum arkf_form *form, struct ark_err *err) ARK_CHECK;
/* All chunks are placed: closes their packs, and places all recipes. */
enum ark_rc arkv_recipes_flush(struct arkv_recipes *r, struct ark_err *err) ARK_CHECK;
