/* dkcache.c - see dkcache.h. A hash table of ids whose keys lie in slabs that never move. */
#include "libarchive-kv/dkcache.h"

#include "libarchive-kv/crypt.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	SLAB_KEYS = 128, /* 4 KiB: one page between guard pages */
	FIRST_CAP = 64,
};

struct slab {
	struct slab *next;
	struct ark_secret keys;
};

struct entry {
	struct ark_uid id;
	const uint8_t *key; /* NULL: free */
};

struct arkv_dkcache {
	pthread_mutex_t lock;
	struct entry *table; /* cap entries, a power of two, at most half of them taken */
	size_t cap;
	size_t count;
	struct slab *slabs; /* newest first; only the newest has room */
};

enum ark_rc arkv_dkcache_new(struct arkv_dkcache **out, struct ark_err *err)
{
	struct arkv_dkcache *cache = calloc(1, sizeof *cache);
	if (cache)
		cache->table = calloc(FIRST_CAP, sizeof *cache->table);
	if (!cache || !cache->table || pthread_mutex_init(&cache->lock, NULL) != 0) {
		if (cache)
			free(cache->table);
		free(cache);
		return ark_fail(err, ARK_NOMEM, "data keys: out of memory");
	}
	cache->cap = FIRST_CAP;
	*out = cache;
	return ARK_OK;
}

void arkv_dkcache_free(struct arkv_dkcache *cache)
{
	if (!cache)
		return;
	while (cache->slabs) {
		struct slab *slab = cache->slabs;
		cache->slabs = slab->next;
		ark_secret_release(&slab->keys);
		free(slab);
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache->table);
	free(cache);
}

/* Where id is, or would go. Ids are hashes: their first bytes spread well enough. */
static struct entry *slot_of(struct entry *table, size_t cap, const struct ark_uid *id)
{
	size_t at = (size_t)ark_le64(id->b) & (cap - 1);
	while (table[at].key && !ark_uid_eq(&table[at].id, id))
		at = (at + 1) & (cap - 1);
	return &table[at];
}

static bool table_grow(struct arkv_dkcache *cache)
{
	if (cache->count < cache->cap / 2)
		return true;
	size_t cap = cache->cap * 2;
	struct entry *table = calloc(cap, sizeof *table);
	if (!table)
		return false;
	for (size_t i = 0; i < cache->cap; i++)
		if (cache->table[i].key)
			*slot_of(table, cap, &cache->table[i].id) = cache->table[i];
	free(cache->table);
	cache->table = table;
	cache->cap = cap;
	return true;
}

static bool slab_grow(struct arkv_dkcache *cache)
{
	if (cache->count % SLAB_KEYS)
		return true; /* the newest has room */
	struct slab *slab = calloc(1, sizeof *slab);
	if (!slab || ark_secret_new(&slab->keys, (size_t)SLAB_KEYS * ARKV_KEY_LEN, NULL)) {
		free(slab);
		return false;
	}
	slab->next = cache->slabs;
	cache->slabs = slab;
	return true;
}

const uint8_t *arkv_dkcache_get(struct arkv_dkcache *cache, const struct ark_uid *id)
{
	pthread_mutex_lock(&cache->lock);
	const uint8_t *key = slot_of(cache->table, cache->cap, id)->key;
	pthread_mutex_unlock(&cache->lock);
	return key;
}

static const uint8_t *put_locked(struct arkv_dkcache *cache, const struct ark_uid *id,
				 const uint8_t *key)
{
	struct entry *entry = slot_of(cache->table, cache->cap, id);
	if (entry->key)
		return entry->key;
	if (!table_grow(cache) || !slab_grow(cache))
		return NULL;
	uint8_t *copy = cache->slabs->keys.p + cache->count % SLAB_KEYS * ARKV_KEY_LEN;
	memcpy(copy, key, ARKV_KEY_LEN);
	entry = slot_of(cache->table, cache->cap, id);
	entry->id = *id;
	entry->key = copy;
	cache->count++;
	return copy;
}

enum ark_rc arkv_dkcache_put(const uint8_t **out, struct arkv_dkcache *cache,
			     const struct ark_uid *id, const uint8_t *key, struct ark_err *err)
{
	pthread_mutex_lock(&cache->lock);
	const uint8_t *kept = put_locked(cache, id, key);
	pthread_mutex_unlock(&cache->lock);
	if (!kept)
		return ark_fail(err, ARK_NOMEM, "data keys: out of memory");
	*out = kept;
	return ARK_OK;
}
