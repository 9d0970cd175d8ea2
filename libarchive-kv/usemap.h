/*
 * usemap.h - which frames of which packs a slice needs: a bitmap for each pack (spec/08-run.md,
 * refs).
 *
 * Recipes are noted when they are placed, before it is known whether their record will be replaced
 * by a later one of the same scan: so a frame may be marked that no entry needs, never the other
 * way round.
 *
 * Pack numbers are the session's (dedup.h). Memory: one bit a frame of the packs met.
 */
#pragma once

#include "format/run.h"
#include "libarchive-kv/dedup.h"

struct arkv_usemap {
	struct arkv_usemap_pack {
		uint8_t *bits;
		size_t len; /* bytes of bits */
	} * packs;
	size_t pack_count;
};

void arkv_usemap_release(struct arkv_usemap *map);
enum ark_rc arkv_usemap_add(struct arkv_usemap *map, const struct arkv_where *where,
			    struct ark_err *err) ARK_CHECK;
/* The raw body of a run's refs for one slice that needs all of map. All packs are closed. */
enum ark_rc arkv_usemap_encode(const struct arkv_usemap *map, const struct arkv_dedup *dedup,
			       const struct arkf_slice *slice, struct ark_buf *out,
			       struct ark_err *err) ARK_CHECK;
