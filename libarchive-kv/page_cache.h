/*
 * page_cache.h - the index pages that a cursor uses, opened; some stay for a while after use. One
 * thread.
 */
#pragma once

#include "libarchive-kv/page_read.h"

enum {
	ARKV_PAGE_CACHE_COUNT = 16,
	/* Of all pages that are taken or kept at one time: the largest of a stack of 12, twice. */
	ARKV_PAGE_CACHE_BYTES_MAX = 192 << 20,
};

struct arkv_page_cache {
	struct arkv_archive *archive;
	size_t bytes; /* of all pages, those that are taken, too */
	uint64_t calls;
	struct arkv_cached_page {
		struct arkv_page *page; /* NULL: unused */
		size_t run_no;
		size_t page_no;
		uint64_t used;
	} of[ARKV_PAGE_CACHE_COUNT];
};

/* Takes page page_no of run run_no out of the cache, or reads it; the caller owns *out until he
 * gives it back. Errors: as arkv_page_read; LIMIT: too much memory with those that are taken. */
enum ark_rc arkv_page_cache_take(struct arkv_page **out, struct arkv_page_cache *cache,
				 size_t run_no, size_t page_no, struct ark_err *err) ARK_CHECK;
/* Gives *page back, and sets it to NULL. NULL is fine. */
void arkv_page_cache_give(struct arkv_page_cache *cache, struct arkv_page **page, size_t run_no,
			  size_t page_no);
void arkv_page_cache_release(struct arkv_page_cache *cache);
