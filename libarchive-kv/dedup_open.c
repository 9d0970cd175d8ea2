/* dedup_open.c - see dedup.h: what the store lists, into chunks.mdb. */
#include "libarchive-kv/dedup_inside.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	CODEC_LEVEL = 1,
	OPEN_TRIES = 2,
	/* A fragment's object is its body, at most, and a few bytes. */
	FRAGMENT_LEN_MAX = ARKF_PLACES_RAW_MAX + 1024,
};

void arkv_dedup_freep(struct arkv_dedup **dedup)
{
	struct arkv_dedup *d = *dedup;
	if (!d)
		return;
	arkv_dedup_packs_release(d);
	arkv_idmap_release(&d->known);
	arkv_idmap_release(&d->old_packs);
	arkv_idmap_release(&d->pack_names);
	arkv_condemned_release(&d->condemned);
	arkv_chunks_freep(&d->chunks);
	arkv_staging_freep(&d->staging);
	arkv_codec_freep(&d->codec);
	if (d->lock)
		pthread_mutex_destroy(d->lock);
	free(d->lock);
	free(d->fragments);
	free(d);
	*dedup = NULL;
}

static bool is_damage(enum ark_rc rc)
{
	return rc == ARK_CORRUPT || rc == ARK_AUTH || rc == ARK_UNSUPPORTED || rc == ARK_LIMIT;
}

/* One fragment from the store. A damaged one is counted, one that went away is passed over. */
static enum ark_rc take(struct arkv_dedup *d, const struct arkv_listed *listed, uint64_t *skipped,
			struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&raw);
	enum ark_rc rc = ARK_LIMIT;
	if (listed->size <= FRAGMENT_LEN_MAX)
		rc = arkv_places_load(&raw, d->store, d->keys, d->codec, &listed->name, err);
	if (rc == ARK_NOTFOUND)
		return ARK_OK;
	if (!rc)
		rc = arkv_chunks_insert(d->chunks, &listed->name, ark_buf_span(&raw),
					arkv_dedup_wanted(d), err);
	if (!is_damage(rc) || arkv_chunks_damaged(d->chunks))
		return rc;
	++*skipped;
	return ARK_OK;
}

static void drop_condemned(struct arkv_listing *list, const struct arkv_listing *condemned)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (!arkv_listing_find(condemned, &list->items[i].name))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* gc/ before places/: condemned.h says why. CORRUPT may come from chunks.mdb itself. */
static enum ark_rc load(struct arkv_dedup *d, const char *path, uint64_t *skipped,
			struct ark_err *err)
{
	ARK_AUTO(arkv_listing_release) struct arkv_listing places = { .count = 0 };
	enum ark_rc rc = arkv_chunks_open(&d->chunks, path, d->keys, err);
	if (!rc)
		rc = arkv_chunks_begin(d->chunks, err);
	if (!rc)
		rc = arkv_places_list(&places, d->store, err);
	if (rc)
		return rc;
	drop_condemned(&places, &d->condemned.places);
	*skipped = 0;
	rc = arkv_chunks_sync(d->chunks, &places, arkv_dedup_wanted(d), err);
	for (size_t i = 0; i < places.count && !rc; i++)
		rc = take(d, &places.items[i], skipped, err);
	return rc;
}

static enum ark_rc load_or_rebuild(struct arkv_dedup *d, const char *cache_dir, uint64_t *skipped,
				   struct ark_err *err)
{
	char *path = NULL;
	if (asprintf(&path, "%s/chunks.mdb", cache_dir) < 0)
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", cache_dir);
	enum ark_rc rc = ARK_CORRUPT;
	for (int i = 0; i < OPEN_TRIES && rc == ARK_CORRUPT; i++) {
		arkv_chunks_freep(&d->chunks); /* a damaged file goes with it */
		rc = load(d, path, skipped, err);
		if (rc && (!d->chunks || !arkv_chunks_damaged(d->chunks)))
			break;
	}
	free(path);
	return rc;
}

enum ark_rc arkv_dedup_open(struct arkv_dedup **out, struct arkv_store *store,
			    struct arkv_keys *keys, const struct arkv_dedup_options *options,
			    uint64_t *skipped, struct ark_err *err)
{
	ARK_AUTO(arkv_dedup_freep) struct arkv_dedup *d = calloc(1, sizeof *d);
	if (!d || !(d->lock = malloc(sizeof *d->lock)))
		return ark_fail(err, ARK_NOMEM, "dedup: out of memory");
	pthread_mutex_init(d->lock, NULL);
	d->store = store;
	d->keys = keys;
	d->session = options->session;
	d->lineage = options->lineage;
	d->scope = options->scope;
	enum ark_rc rc = arkv_codec_new(&d->codec, CODEC_LEVEL, err);
	if (!rc)
		rc = arkv_condemned_load(&d->condemned, store, keys, d->codec, err);
	if (!rc)
		rc = arkv_staging_open(&d->staging, options->staging_dir, &d->session, keys, err);
	if (!rc)
		rc = load_or_rebuild(d, options->cache_dir, skipped, err);
	if (rc)
		return rc;
	*out = d;
	d = NULL;
	return ARK_OK;
}
