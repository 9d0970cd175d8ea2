/* page_cache.c - see page_cache.h. */
#include "libarchive-kv/page_cache.h"

static bool too_much(const struct arkv_page_cache *cache)
{
	return cache->bytes > ARKV_PAGE_CACHE_BYTES_MAX;
}

static void drop(struct arkv_page_cache *cache, struct arkv_page **page)
{
	if (*page)
		cache->bytes -= (*page)->bytes;
	arkv_page_freep(page);
}

enum ark_rc arkv_page_cache_take(struct arkv_page **out, struct arkv_page_cache *cache,
				 size_t run_no, size_t page_no, struct ark_err *err)
{
	for (size_t i = 0; i < ARKV_PAGE_CACHE_COUNT; i++) {
		struct arkv_cached_page *c = &cache->of[i];
		if (!c->page || c->run_no != run_no || c->page_no != page_no)
			continue;
		*out = c->page;
		c->page = NULL;
		return ARK_OK;
	}
	struct arkv_page *page = NULL;
	enum ark_rc rc = arkv_page_read(&page, cache->archive, run_no, page_no, err);
	if (rc)
		return rc;
	cache->bytes += page->bytes;
	for (size_t i = 0; i < ARKV_PAGE_CACHE_COUNT && too_much(cache); i++)
		drop(cache, &cache->of[i].page);
	if (too_much(cache)) {
		drop(cache, &page);
		return ark_fail(
			err, ARK_LIMIT,
			"the index pages of one stack would take more than %d MiB of memory",
			ARKV_PAGE_CACHE_BYTES_MAX >> 20);
	}
	*out = page;
	return ARK_OK;
}

void arkv_page_cache_give(struct arkv_page_cache *cache, struct arkv_page **page, size_t run_no,
			  size_t page_no)
{
	if (!*page)
		return;
	struct arkv_cached_page *oldest = &cache->of[0];
	for (size_t i = 1; i < ARKV_PAGE_CACHE_COUNT && oldest->page; i++)
		if (!cache->of[i].page || cache->of[i].used < oldest->used)
			oldest = &cache->of[i];
	drop(cache, &oldest->page);
	*oldest = (struct arkv_cached_page){
		.page = *page,
		.run_no = run_no,
		.page_no = page_no,
		.used = ++cache->calls,
	};
	*page = NULL;
}

void arkv_page_cache_release(struct arkv_page_cache *cache)
{
	for (size_t i = 0; i < ARKV_PAGE_CACHE_COUNT; i++)
		drop(cache, &cache->of[i].page);
}
