/* idnos.c - see idnos.h. */
#include "libarchive-kv/idnos.h"

#include "libarchive-kv/rand.h"

#include <sodium.h>
#include <stdlib.h>

void arkv_idnos_release(struct arkv_idnos *map)
{
	if (!map)
		return;
	free(map->slots);
	*map = (struct arkv_idnos){ 0 };
}

/* Where id is, or the free slot where it would be. */
static size_t slot_of(const struct arkv_idnos *map, const struct ark_id *id)
{
	uint8_t hash[8];
	crypto_shorthash_siphash24(hash, id->b, sizeof id->b, map->key);
	size_t at = (size_t)ark_le64(hash) & (map->cap - 1);
	while (map->slots[at].value && !ark_id_eq(&map->slots[at].id, id))
		at = (at + 1) & (map->cap - 1);
	return at;
}

bool arkv_idnos_find(const struct arkv_idnos *map, const struct ark_id *id, size_t *value)
{
	if (map->count == 0)
		return false;
	size_t at = slot_of(map, id);
	if (!map->slots[at].value)
		return false;
	*value = map->slots[at].value - 1;
	return true;
}

static enum ark_rc grow(struct arkv_idnos *map, struct ark_err *err)
{
	struct arkv_idnos bigger = { .cap = map->cap ? 2 * map->cap : 64, .count = map->count };
	bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
	if (!bigger.slots)
		return ark_fail(err, ARK_NOMEM, "ids: out of memory");
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, bigger.key, sizeof bigger.key);
	for (size_t i = 0; i < map->cap; i++)
		if (map->slots[i].value)
			bigger.slots[slot_of(&bigger, &map->slots[i].id)] = map->slots[i];
	free(map->slots);
	*map = bigger;
	return ARK_OK;
}

enum ark_rc arkv_idnos_add(struct arkv_idnos *map, const struct ark_id *id, size_t value,
			   struct ark_err *err)
{
	if (2 * (map->count + 1) > map->cap) {
		enum ark_rc rc = grow(map, err);
		if (rc)
			return rc;
	}
	map->slots[slot_of(map, id)] = (struct arkv_idnos_slot){ .id = *id, .value = value + 1 };
	map->count++;
	return ARK_OK;
}
