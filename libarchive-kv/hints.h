/*
 * hints.h - the trailer of a frame that refers to chunks: where each of them is (spec/05-pack.md).
 */
#pragma once

#include "libarchive-kv/dedup.h"

/* Collects places, in the order of the ids of the frame; then writes pack table and hints. */
struct arkv_hints {
	struct arkv_where *places;
	size_t count;
	size_t cap;
};

void arkv_hints_release(struct arkv_hints *h);
void arkv_hints_clear(struct arkv_hints *h);
/* The place of a chunk or recipe that was placed before, in this session or an earlier one.
 * CORRUPT: it is not known any more. Any thread. */
enum ark_rc arkv_hints_find(struct arkv_hints *h, struct arkv_dedup *dedup, const struct ark_id *id,
			    struct ark_err *err) ARK_CHECK;
/* Appends the trailer to out; nothing when there are no places. A place in a pack that is still
 * open has no name to give: it becomes "no hint". Hints that a trailer has no room for (chunks in
 * thousands of packs) are left out, all of them. */
enum ark_rc arkv_hints_encode(const struct arkv_hints *h, const struct arkv_dedup *dedup,
			      struct ark_buf *out, struct ark_err *err) ARK_CHECK;
