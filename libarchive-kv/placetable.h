/*
 * placetable.h - makes the pack table that stands beside a list of places: packs and data keys each
 * once, numbered in the order they are met (spec/05-pack.md).
 */
#pragma once

#include "format/packtable.h"
#include "libarchive-kv/dedup.h"

struct arkv_placetable {
	const struct arkv_dedup *dedup;
	struct arkv_placetable_pack {
		uint32_t pack_no;      /* the session's */
		uint16_t *datakey_nos; /* in the pack, ascending */
		size_t datakey_count;
	} * packs;
	size_t pack_count;
};

void arkv_placetable_init(struct arkv_placetable *t, const struct arkv_dedup *dedup);
void arkv_placetable_release(struct arkv_placetable *t);
/* The place as it is written beside this table; its pack, which must be closed, is added if new. */
enum ark_rc arkv_placetable_add(struct arkv_placetable *t, const struct arkv_where *where,
				struct arkf_place *place, struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_placetable_encode(const struct arkv_placetable *t, struct ark_buf *out,
				   struct ark_err *err) ARK_CHECK;
