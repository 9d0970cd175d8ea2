/*
 * pages.h - the one door to index pages: from the archive's index on this host when it has them,
 * else by a ranged read from the store.
 *
 * What was read from a store that is not local is remembered, up to 16 MiB, and goes into the
 * indexes when arkv_pages_flush is called: after output, so that nobody waits for it. A cached page
 * whose box does not open is forgotten by whoever opens it, and read again.
 *
 * All functions may be called from any thread. Without a cache folder, and where the cache cannot
 * be used, everything works and comes from the store.
 */
#pragma once

#include "format/id.h"
#include "libarchive-kv/store.h"

struct arkv_pages;

struct arkv_page_ref {
	struct ark_id run;	/* its name */
	struct ark_uid archive; /* that brought the run */
	uint64_t off;		/* of the page's box in the run object */
	uint32_t box_len;
	uint32_t page_no;
};

/* store is borrowed for the object's life; cache_dir (NULL: none) is copied. NOMEM. */
enum ark_rc arkv_pages_new(struct arkv_pages **out, struct arkv_store *store, const char *cache_dir,
			   struct ark_err *err) ARK_CHECK;
/* What is remembered and not flushed is dropped. NULL is fine. */
void arkv_pages_freep(struct arkv_pages **pages);

/* Appends the page's box to out. *from_cache (may be NULL): whether it came from this host. Errors
 * of the store: NOTFOUND when the run is gone, CORRUPT when it is cut off. */
enum ark_rc arkv_pages_get(struct arkv_pages *pages, const struct arkv_page_ref *ref,
			   struct ark_buf *out, bool *from_cache, struct ark_err *err) ARK_CHECK;
/* The page that was got does not open: it is neither remembered nor taken from the index again, and
 * the index loses it at the next flush. When it came from this host, get it once more. */
void arkv_pages_forget(struct arkv_pages *pages, const struct arkv_page_ref *ref);

/* Appends the archive's manifest to out when its index has it; NOTFOUND otherwise. */
enum ark_rc arkv_pages_manifest(struct arkv_pages *pages, const struct ark_uid *archive,
				struct ark_buf *out, struct ark_err *err) ARK_CHECK;
/* Remembers a manifest that was read from the store and is sound; one above 4 MiB is not. run: the
 * run that the archive brought (NULL: none). */
void arkv_pages_keep_manifest(struct arkv_pages *pages, const struct ark_uid *archive,
			      const struct ark_id *run, struct ark_span manifest);

/* Writes what is remembered into the indexes. Failure costs nothing but reads later on. */
enum ark_rc arkv_pages_flush(struct arkv_pages *pages, struct ark_err *err) ARK_CHECK;
