/*
 * places_io.h - fragments of places/, from and to the store, and sorted lists of names.
 */
#pragma once

#include "format/places.h"
#include "libarchive-kv/sealed_io.h"
#include "libarchive-kv/store.h"

/* The most frames that a writer puts into one fragment. */
enum { ARKV_PLACES_FRAMES_MAX = 200000 };

/* Stores the fragment with that raw body (format/places.h); *name: the object's. */
enum ark_rc arkv_places_store(struct ark_id *name, struct arkv_store *store,
			      const struct arkv_keys *keys, struct arkv_codec *codec,
			      struct ark_span raw, struct ark_err *err) ARK_CHECK;
/* Appends the raw body of fragment name to raw. NOTFOUND: it is gone. CORRUPT, AUTH, UNSUPPORTED,
 * LIMIT: it is damaged or not ours to read; the text names it. */
enum ark_rc arkv_places_load(struct ark_buf *raw, struct arkv_store *store,
			     const struct arkv_keys *keys, struct arkv_codec *codec,
			     const struct ark_id *name, struct ark_err *err) ARK_CHECK;

struct arkv_listed {
	struct ark_id name;
	uint64_t size;
};

/* Names, ascending, each once; a zeroed struct is an empty list. */
struct arkv_listing {
	struct arkv_listed *items;
	size_t count;
	size_t cap;
};

void arkv_listing_release(struct arkv_listing *list);
/* Appends; the list is in order again after arkv_listing_sort. NOMEM. */
enum ark_rc arkv_listing_add(struct arkv_listing *list, const struct ark_id *name, uint64_t size,
			     struct ark_err *err) ARK_CHECK;
void arkv_listing_sort(struct arkv_listing *list);
/* All fragments; other names under places/ are passed over. */
enum ark_rc arkv_places_list(struct arkv_listing *out, struct arkv_store *store,
			     struct ark_err *err) ARK_CHECK;
/* The place of name in list, or NULL. */
const struct arkv_listed *arkv_listing_find(const struct arkv_listing *list,
					    const struct ark_id *name);
