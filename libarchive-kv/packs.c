/* packs.c - see packs.h. */
#include "libarchive-kv/packs.h"

static enum ark_rc no_room(struct ark_err *err)
{
	return ark_fail(err, ARK_NOMEM, "pack table: out of memory");
}

static enum ark_rc load_datakeys(struct arkv_packs *out, struct arkf_packtable_rd *it,
				 struct arkv_arena *arena, struct ark_err *err)
{
	out->datakeys = arkv_arena_room(arena, it->datakey_count * sizeof *out->datakeys);
	if (!out->datakeys)
		return no_room(err);
	struct arkf_datakey datakey;
	enum ark_rc rc;
	while (!(rc = arkf_packtable_datakey_next(it, &datakey, err)))
		out->datakeys[out->datakey_count++] = datakey;
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc load_pairs(struct arkv_packs_pack *pack, struct arkf_packtable_rd *it,
			      struct arkv_arena *arena, struct ark_err *err)
{
	struct arkv_packs_pair *pairs =
		arkv_arena_room(arena, (size_t)it->pairs_left * sizeof *pairs);
	if (!pairs)
		return no_room(err);
	pack->pairs = pairs;
	enum ark_rc rc;
	struct arkv_packs_pair pair;
	while (!(rc = arkf_packtable_pair_next(it, &pair.no_in_pack, &pair.datakey_no, err)))
		pairs[pack->pair_count++] = pair;
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

enum ark_rc arkv_packs_load(struct arkv_packs *out, struct arkf_packtable_rd *it,
			    struct arkv_arena *arena, struct ark_err *err)
{
	struct arkv_packs packs = { 0 };
	enum ark_rc rc = load_datakeys(&packs, it, arena, err);
	struct arkv_packs_pack pack = { 0 };
	while (!rc && !(rc = arkf_packtable_pack_next(it, &pack.name, err))) {
		if (!packs.packs)
			packs.packs = arkv_arena_room(arena, it->pack_count * sizeof *packs.packs);
		if (!packs.packs)
			return no_room(err);
		pack.pair_count = 0;
		rc = load_pairs(&pack, it, arena, err);
		packs.packs[packs.pack_count++] = pack;
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	*out = packs;
	return ARK_OK;
}

const struct arkf_datakey *arkv_packs_datakey(const struct arkv_packs *packs, size_t pack_no,
					      uint16_t no_in_pack)
{
	const struct arkv_packs_pack *pack = &packs->packs[pack_no];
	size_t low = 0, high = pack->pair_count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (pack->pairs[mid].no_in_pack < no_in_pack)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == pack->pair_count || pack->pairs[low].no_in_pack != no_in_pack)
		return NULL;
	return &packs->datakeys[pack->pairs[low].datakey_no];
}
