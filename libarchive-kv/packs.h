/*
 * packs.h - a pack table in memory (spec/05-pack.md): the packs that a list of places names, and
 * the data keys of their frames.
 */
#pragma once

#include "format/packtable.h"
#include "libarchive-kv/arena.h"

struct arkv_packs_pair {
	uint16_t no_in_pack;
	uint32_t datakey_no; /* in the table */
};

struct arkv_packs_pack {
	struct ark_id name;
	const struct arkv_packs_pair *pairs; /* ascending by no_in_pack */
	size_t pair_count;
};

struct arkv_packs {
	struct arkf_datakey *datakeys;
	struct arkv_packs_pack *packs;
	size_t datakey_count;
	size_t pack_count;
};

/* Reads the table that it is at the start of; everything lies in arena. CORRUPT, NOMEM. */
enum ark_rc arkv_packs_load(struct arkv_packs *out, struct arkf_packtable_rd *it,
			    struct arkv_arena *arena, struct ark_err *err) ARK_CHECK;
/* The data key that has number no_in_pack in that pack, or NULL when the table lacks it. */
const struct arkf_datakey *arkv_packs_datakey(const struct arkv_packs *packs, size_t pack_no,
					      uint16_t no_in_pack);
