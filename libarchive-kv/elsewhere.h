/*
 * elsewhere.h - where else a frame may be, when it is not where its place says: first remaps/, then
 * places/ (spec/12-remap.md, spec/11-places.md).
 *
 * Each is read once, when first asked for: 32 bytes of memory for each frame listed, of fragments
 * at most ARKV_ELSEWHERE_PLACES_MAX frames. More than ARKV_ELSEWHERE_REMAPS_MAX moved frames are
 * LIMIT: without all of them nobody could say that a frame is lost. Objects that cannot be read are
 * passed over. One thread.
 */
#pragma once

#include "libarchive-kv/packs.h"
#include "libarchive-kv/repo.h"

enum { ARKV_ELSEWHERE_PLACES_MAX = 1 << 20, ARKV_ELSEWHERE_REMAPS_MAX = 1 << 22 };

struct arkv_elsewhere;

/* repo is borrowed. Reads nothing yet. */
enum ark_rc arkv_elsewhere_new(struct arkv_elsewhere **out, struct arkv_repo *repo,
			       struct ark_err *err) ARK_CHECK;
void arkv_elsewhere_freep(struct arkv_elsewhere **elsewhere);

struct arkv_candidate {
	const struct arkv_packs *packs; /* lives as long as the object */
	struct arkf_place place;
};

/* The nth place, from 0, where a frame of this id may be: remaps first, then fragments.
 * It is only likely: what is found there must be checked. NOTFOUND: no further one. */
enum ark_rc arkv_elsewhere_find(struct arkv_candidate *out, struct arkv_elsewhere *elsewhere,
				const struct ark_id *id, size_t nth, struct ark_err *err) ARK_CHECK;
