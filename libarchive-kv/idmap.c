/* idmap.c - see idmap.h: open addressing, linear probing, deletion by moving back. */
#include "libarchive-kv/idmap.h"

#include <stdlib.h>

enum { CAP_MIN = 64 };

void arkv_idmap_release(struct arkv_idmap *map)
{
	free(map->slots);
	*map = (struct arkv_idmap){ .cap = 0 };
}

/* Ids are keyed hashes already; other keys (a few numbers and zeros) need the mixing. */
static size_t home(const struct arkv_idmap *map, const struct ark_id *id)
{
	uint64_t h = ark_le64(id->b) ^ ark_le64(id->b + 8) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (size_t)(h ^ h >> 33) & (map->cap - 1);
}

/* Where id is, or the free slot where it would be. */
static size_t find(const struct arkv_idmap *map, const struct ark_id *id)
{
	size_t i = home(map, id);
	while (map->slots[i].used && !ark_id_eq(&map->slots[i].id, id))
		i = (i + 1) & (map->cap - 1);
	return i;
}

struct arkv_where *arkv_idmap_get(const struct arkv_idmap *map, const struct ark_id *id)
{
	if (map->cap == 0)
		return NULL;
	size_t i = find(map, id);
	return map->slots[i].used ? &map->slots[i].where : NULL;
}

static enum ark_rc grow(struct arkv_idmap *map, struct ark_err *err)
{
	struct arkv_idmap next = { .cap = map->cap ? map->cap * 2 : CAP_MIN, .count = map->count };
	next.slots = calloc(next.cap, sizeof *next.slots);
	if (!next.slots)
		return ark_fail(err, ARK_NOMEM, "ids of this session: out of memory");
	for (size_t i = 0; i < map->cap; i++)
		if (map->slots[i].used)
			next.slots[find(&next, &map->slots[i].id)] = map->slots[i];
	free(map->slots);
	*map = next;
	return ARK_OK;
}

enum ark_rc arkv_idmap_put(struct arkv_idmap *map, const struct ark_id *id,
			   const struct arkv_where *where, struct ark_err *err)
{
	if (map->count >= map->cap / 4 * 3) {
		enum ark_rc rc = grow(map, err);
		if (rc)
			return rc;
	}
	map->slots[find(map, id)] =
		(struct arkv_idmap_slot){ .id = *id, .where = *where, .used = true };
	map->count++;
	return ARK_OK;
}

void arkv_idmap_delete(struct arkv_idmap *map, const struct ark_id *id)
{
	if (map->cap == 0)
		return;
	const size_t mask = map->cap - 1;
	size_t hole = find(map, id);
	if (!map->slots[hole].used)
		return;
	for (size_t i = (hole + 1) & mask; map->slots[i].used; i = (i + 1) & mask) {
		/* What began at or before the hole may move into it. */
		if (((i - home(map, &map->slots[i].id)) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole].used = false;
	map->count--;
}
