/* elsewhere.c - see elsewhere.h. */
#include "libarchive-kv/elsewhere.h"

#include "format/places.h"
#include "format/remap.h"
#include "libarchive-kv/sealed_io.h"

#include <stdlib.h>

struct spot {
	uint64_t id_start; /* the first 8 bytes of the id */
	uint32_t object_no;
	struct arkf_place place;
};

/* All objects of one namespace. */
struct side {
	bool loaded;
	struct arkv_packs *objects;
	size_t object_count;
	size_t object_cap;
	struct spot *spots; /* by id_start */
	size_t spot_count;
	size_t spot_cap;
	size_t spot_max;
};

struct arkv_elsewhere {
	struct arkv_repo *repo;
	struct arkv_codec *codec;
	struct arkv_arena arena;
	struct side remaps;
	struct side places;
	bool too_many; /* remaps list more than can be held */
};

enum ark_rc arkv_elsewhere_new(struct arkv_elsewhere **out, struct arkv_repo *repo,
			       struct ark_err *err)
{
	struct arkv_elsewhere *e = calloc(1, sizeof *e);
	if (!e)
		return ark_fail(err, ARK_NOMEM, "places: out of memory");
	e->repo = repo;
	e->remaps.spot_max = ARKV_ELSEWHERE_REMAPS_MAX;
	e->places.spot_max = ARKV_ELSEWHERE_PLACES_MAX;
	enum ark_rc rc = arkv_codec_new(&e->codec, 1, err);
	if (rc) {
		arkv_elsewhere_freep(&e);
		return rc;
	}
	*out = e;
	return ARK_OK;
}

static void side_release(struct side *side)
{
	free(side->objects);
	free(side->spots);
}

void arkv_elsewhere_freep(struct arkv_elsewhere **elsewhere)
{
	if (!*elsewhere)
		return;
	side_release(&(*elsewhere)->remaps);
	side_release(&(*elsewhere)->places);
	arkv_arena_release(&(*elsewhere)->arena);
	arkv_codec_freep(&(*elsewhere)->codec);
	free(*elsewhere);
	*elsewhere = NULL;
}

/* Room for one item more in an array of item_len each. */
static bool room_for_one(void **items, size_t count, size_t *cap, size_t item_len)
{
	if (count < *cap)
		return true;
	size_t more = *cap ? *cap : 16, len;
	if (!ark_add(&more, more, *cap) || !ark_mul(&len, more, item_len))
		return false;
	void *p = realloc(*items, len);
	if (!p)
		return false;
	*items = p;
	*cap = more;
	return true;
}

static enum ark_rc spot_add(struct side *side, const struct ark_id *id,
			    const struct arkf_place *place, struct ark_err *err)
{
	if (side->spot_count >= side->spot_max)
		return ARK_OK;
	void *items = side->spots;
	if (!room_for_one(&items, side->spot_count, &side->spot_cap, sizeof *side->spots))
		return ark_fail(err, ARK_NOMEM, "places: out of memory");
	side->spots = items;
	side->spots[side->spot_count++] = (struct spot){
		.id_start = ark_le64(id->b),
		.object_no = (uint32_t)side->object_count,
		.place = *place,
	};
	return ARK_OK;
}

static enum ark_rc add_remap(struct arkv_elsewhere *e, struct ark_span raw,
			     struct arkv_packs *packs, struct ark_err *err)
{
	struct arkf_remap_rd it;
	struct arkf_remap_frame frame;
	struct ark_id old;
	enum ark_rc rc = arkf_remap_decode(&it, raw, err);
	if (!rc)
		rc = arkv_packs_load(packs, &it.table, &e->arena, err);
	while (!rc && !(rc = arkf_remap_old_next(&it, &old, err))) {
		while (!rc && !(rc = arkf_remap_frame_next(&it, &frame, err))) {
			e->too_many = e->too_many || e->remaps.spot_count == e->remaps.spot_max;
			rc = spot_add(&e->remaps, &frame.id, &frame.place, err);
		}
		rc = rc == ARK_NOTFOUND ? ARK_OK : rc;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc add_datakeys(struct arkv_elsewhere *e, struct arkf_places_rd *it,
				struct arkv_packs *packs, struct ark_err *err)
{
	packs->datakeys = arkv_arena_room(&e->arena, it->datakeys_left * sizeof *packs->datakeys);
	if (!packs->datakeys)
		return ark_fail(err, ARK_NOMEM, "places: out of memory");
	struct arkf_datakey datakey;
	enum ark_rc rc;
	while (!(rc = arkf_places_datakey_next(it, &datakey, err)))
		packs->datakeys[packs->datakey_count++] = datakey;
	if (rc != ARK_NOTFOUND)
		return rc;
	packs->packs = arkv_arena_room(&e->arena, it->packs_left * sizeof *packs->packs);
	if (!packs->packs)
		return ark_fail(err, ARK_NOMEM, "places: out of memory");
	return ARK_OK;
}

static enum ark_rc add_pairs(struct arkv_elsewhere *e, struct arkf_places_rd *it,
			     struct arkv_packs *packs, struct ark_err *err)
{
	struct arkv_packs_pair *pairs =
		arkv_arena_room(&e->arena, it->pack.datakey_count * sizeof *pairs);
	if (!pairs)
		return ark_fail(err, ARK_NOMEM, "places: out of memory");
	struct arkv_packs_pack *pack = &packs->packs[packs->pack_count++];
	*pack = (struct arkv_packs_pack){ .name = it->pack.name, .pairs = pairs };
	uint32_t no = 0;
	enum ark_rc rc;
	while (!(rc = arkf_places_no_next(it, &no, err))) {
		pairs[pack->pair_count] = (struct arkv_packs_pair){
			.no_in_pack = (uint16_t)pack->pair_count,
			.datakey_no = no,
		};
		pack->pair_count++;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc add_fragment(struct arkv_elsewhere *e, struct ark_span raw,
				struct arkv_packs *packs, struct ark_err *err)
{
	struct arkf_places_rd it;
	struct arkf_places_pack pack;
	struct arkf_footer_entry entry;
	struct arkf_place place;
	enum ark_rc rc = arkf_places_decode(&it, raw, err);
	if (!rc)
		rc = add_datakeys(e, &it, packs, err);
	while (!rc && !(rc = arkf_places_pack_next(&it, &pack, err))) {
		rc = add_pairs(e, &it, packs, err);
		while (!rc && !(rc = arkf_places_frame_next(&it, &entry, &place, err)))
			rc = spot_add(&e->places, &entry.id, &place, err);
		rc = rc == ARK_NOTFOUND ? ARK_OK : rc;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc open_object(struct arkv_elsewhere *e, const struct arkv_sealed_kind *kind,
			       const char *name, struct ark_buf *raw, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf bytes;
	ark_buf_init(&bytes);
	enum ark_rc rc =
		arkv_store_get(arkv_repo_store(e->repo), name, 0, ARKV_TO_END, &bytes, err);
	if (!rc)
		rc = arkv_sealed_open(raw, NULL, kind, arkv_repo_keys(e->repo), e->codec,
				      ark_buf_span(&bytes), err);
	return rc;
}

static const struct arkv_sealed_kind remap_kind = {
	.shape = &arkf_remap_shape,
	.box = ARKV_BOX_REMAP,
	.raw_max = ARKF_REMAP_RAW_MAX,
};

static const struct arkv_sealed_kind places_kind = {
	.shape = &arkf_places_shape,
	.box = ARKV_BOX_PLACES,
	.raw_max = ARKF_PLACES_RAW_MAX,
};

struct names {
	char (*items)[ARKV_NAME_MAX + 1];
	size_t count;
	size_t cap;
};

static enum ark_rc name_add(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	(void)size;
	struct names *names = ctx;
	void *items = names->items;
	if (!room_for_one(&items, names->count, &names->cap, sizeof *names->items))
		return ark_fail(err, ARK_NOMEM, "places: out of memory");
	names->items = items;
	memcpy(names->items[names->count++], name, strlen(name) + 1);
	return ARK_OK;
}

/* True for damage to the object alone: then it is as if it were not there. */
static bool passed_over(enum ark_rc rc)
{
	return rc == ARK_CORRUPT || rc == ARK_AUTH || rc == ARK_UNSUPPORTED || rc == ARK_LIMIT ||
	       rc == ARK_NOTFOUND;
}

static enum ark_rc side_add(struct arkv_elsewhere *e, struct side *side, const char *name,
			    struct ark_err *err)
{
	void *objects = side->objects;
	if (!room_for_one(&objects, side->object_count, &side->object_cap, sizeof *side->objects))
		return ark_fail(err, ARK_NOMEM, "places: out of memory");
	side->objects = objects;
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&raw);
	struct arkv_packs packs = { 0 };
	size_t spots_before = side->spot_count;
	bool remaps = side == &e->remaps;
	enum ark_rc rc = open_object(e, remaps ? &remap_kind : &places_kind, name, &raw, err);
	if (!rc)
		rc = remaps ? add_remap(e, ark_buf_span(&raw), &packs, err)
			    : add_fragment(e, ark_buf_span(&raw), &packs, err);
	if (rc) {
		side->spot_count = spots_before;
		return passed_over(rc) ? ARK_OK : rc;
	}
	side->objects[side->object_count++] = packs;
	return ARK_OK;
}

static int spot_cmp(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;
	if (x->id_start != y->id_start)
		return x->id_start < y->id_start ? -1 : 1;
	return 0;
}

static enum ark_rc side_load(struct arkv_elsewhere *e, struct side *side, const char *prefix,
			     struct ark_err *err)
{
	if (side->loaded)
		return ARK_OK;
	struct names names = { 0 };
	enum ark_rc rc = arkv_store_list(arkv_repo_store(e->repo), prefix, name_add, &names, err);
	for (size_t i = side->object_count; !rc && i < names.count; i++)
		rc = side_add(e, side, names.items[i], err);
	free(names.items);
	if (rc) { /* the next call starts again */
		side->object_count = 0;
		side->spot_count = 0;
		return rc;
	}
	if (side->spot_count)
		qsort(side->spots, side->spot_count, sizeof *side->spots, spot_cmp);
	side->loaded = true;
	return ARK_OK;
}

/* Counts *nth down by the spots of id; true when it came to the one that is asked for. */
static bool side_find(struct arkv_candidate *out, const struct side *side, const struct ark_id *id,
		      size_t *nth)
{
	uint64_t id_start = ark_le64(id->b);
	size_t low = 0, high = side->spot_count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (side->spots[mid].id_start < id_start)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < side->spot_count && side->spots[low].id_start == id_start; low++) {
		if ((*nth)-- > 0)
			continue;
		out->packs = &side->objects[side->spots[low].object_no];
		out->place = side->spots[low].place;
		return true;
	}
	return false;
}

enum ark_rc arkv_elsewhere_find(struct arkv_candidate *out, struct arkv_elsewhere *e,
				const struct ark_id *id, size_t nth, struct ark_err *err)
{
	enum ark_rc rc = side_load(e, &e->remaps, "remaps/", err);
	if (rc)
		return rc;
	if (side_find(out, &e->remaps, id, &nth))
		return ARK_OK;
	if (e->too_many)
		return ark_fail(err, ARK_LIMIT, "remaps/ list more than %d moved frames",
				(int)ARKV_ELSEWHERE_REMAPS_MAX);
	rc = side_load(e, &e->places, "places/", err);
	if (rc)
		return rc;
	if (side_find(out, &e->places, id, &nth))
		return ARK_OK;
	return ark_fail(err, ARK_NOTFOUND, "no further place is known for %s", ark_id_hex(id).s);
}
