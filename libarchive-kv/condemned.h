/*
 * condemned.h - what the lists of gc/ condemn, for a writer: it treats all of that as absent
 * (spec/14-gc.md).
 *
 * Order matters. The writer's session object is stored before gc/ is listed, and gc/ is listed
 * before places/: a list is only deleted after the fragments that name its packs are gone, so a
 * writer that came too late to see the list does not see those fragments either.
 */
#pragma once

#include "format/gc.h"
#include "libarchive-kv/places_io.h"

struct arkv_condemned {
	struct arkv_listing packs;
	struct arkv_listing places;
};

void arkv_condemned_release(struct arkv_condemned *c);
/* Reads all lists. One that goes away in between is passed over. A list that cannot be read is a
 * failure (CORRUPT, AUTH, UNSUPPORTED; the text names it): to go on without it could build an
 * archive upon packs that are about to be deleted. */
enum ark_rc arkv_condemned_load(struct arkv_condemned *out, struct arkv_store *store,
				const struct arkv_keys *keys, struct arkv_codec *codec,
				struct ark_err *err) ARK_CHECK;
