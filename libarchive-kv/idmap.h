/*
 * idmap.h - ids and what one session knows of each: a hash table in memory, 60 bytes a slot, at
 * most three quarters full. One thread at a time.
 */
#pragma once

#include "libarchive-kv/dedup.h"

struct arkv_idmap_slot {
	struct ark_id id;
	struct arkv_where where;
	bool used;
};

struct arkv_idmap {
	struct arkv_idmap_slot *slots;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

/* A zeroed struct is an empty map. Releases what it holds and leaves it empty. */
void arkv_idmap_release(struct arkv_idmap *map);
/* What is known of id, to be changed in place, or NULL; good until the next put or delete. */
struct arkv_where *arkv_idmap_get(const struct arkv_idmap *map, const struct ark_id *id);
/* id was not there. NOMEM. */
enum ark_rc arkv_idmap_put(struct arkv_idmap *map, const struct ark_id *id,
			   const struct arkv_where *where, struct ark_err *err) ARK_CHECK;
/* An absent id is fine. */
void arkv_idmap_delete(struct arkv_idmap *map, const struct ark_id *id);
