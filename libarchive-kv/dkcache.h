/*
 * dkcache.h - the data keys that have been opened, by their ids, in guarded memory.
 *
 * It only grows: a key costs 32 locked bytes and about 50 others, and a repository has one for each
 * session that still has frames. All functions may be called from any thread.
 */
#pragma once

#include "format/id.h"
#include "libarchive-kv/secret.h"

struct arkv_dkcache;

enum ark_rc arkv_dkcache_new(struct arkv_dkcache **out, struct ark_err *err) ARK_CHECK;
void arkv_dkcache_free(struct arkv_dkcache *cache);

/* The 32 bytes, good until the cache is freed; NULL when id is not there. */
const uint8_t *arkv_dkcache_get(struct arkv_dkcache *cache, const struct ark_uid *id);
/* Copies the 32 bytes at key; *out is the cache's copy, also when another thread came first. */
enum ark_rc arkv_dkcache_put(const uint8_t **out, struct arkv_dkcache *cache,
			     const struct ark_uid *id, const uint8_t *key, struct ark_err *err)
	ARK_CHECK;
