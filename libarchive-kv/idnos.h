/*
 * idnos.h - ids, and a number for each of them (an index, mostly): 40 bytes an entry and as much
 * free room. One thread.
 */
#pragma once

#include "format/err.h"
#include "format/id.h"

struct arkv_idnos {
	struct arkv_idnos_slot {
		struct ark_id id;
		size_t value; /* plus 1; 0: free */
	} * slots;
	size_t cap; /* a power of two, or 0 */
	size_t count;
	uint8_t key[16]; /* of the hash: names in a store may be chosen to fall together */
};

/* A zeroed struct is an empty map. */
void arkv_idnos_release(struct arkv_idnos *map);
/* False when id is not there. */
bool arkv_idnos_find(const struct arkv_idnos *map, const struct ark_id *id, size_t *value);
/* id is not there yet. NOMEM. */
enum ark_rc arkv_idnos_add(struct arkv_idnos *map, const struct ark_id *id, size_t value,
			   struct ark_err *err) ARK_CHECK;
