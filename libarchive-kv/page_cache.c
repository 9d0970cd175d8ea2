/* page_cache.c - see page_cache.h. */
#include "libarchive-kv/page_cache.h"

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
	return arkv_page_read(out, cache->archive, run_no, page_no, err);
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
	arkv_page_freep(&oldest->page);
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
		arkv_page_freep(&cache->of[i].page);
}
