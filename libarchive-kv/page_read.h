/*
 * page_read.h - an index page in memory (spec/07-page.md), fetched through the one door to pages.
 */
#pragma once

#include "format/page.h"
#include "libarchive-kv/archive.h"
#include "libarchive-kv/packs.h"

struct arkv_page_block {
	struct ark_id id;
	struct arkf_place place;
	struct arkf_key first;
	uint32_t entry_count;
};

struct arkv_page {
	struct arkv_packs packs;
	struct arkv_page_block blocks[ARKF_PAGE_BLOCKS_MAX];
	size_t block_count;
	struct arkf_filter filter; /* segment_len 0: there is none */
	size_t bytes;		   /* of memory that all of it takes */
	struct ark_buf raw;	   /* the filter borrows it */
	struct arkv_arena arena;
};

/* Opens and decodes a page's box. The blocks and entries that the root promises must be there.
 * CORRUPT, AUTH, UNSUPPORTED, NOMEM; the text does not name the page. */
enum ark_rc arkv_page_open(struct arkv_page **out, struct arkv_keys *keys,
			   const struct arkv_archive_run *run, const struct arkv_root *root,
			   size_t page_no, struct ark_span box, struct ark_err *err) ARK_CHECK;
/* Fetches page page_no of run run_no of the archive and opens it. CORRUPT also when the run is
 * gone; the text names run and page. */
enum ark_rc arkv_page_read(struct arkv_page **out, struct arkv_archive *archive, size_t run_no,
			   size_t page_no, struct ark_err *err) ARK_CHECK;
void arkv_page_freep(struct arkv_page **page);

/* The last block whose first key is not above key; 0 when there is none. */
size_t arkv_page_block_of(const struct arkv_page *page, const struct arkf_key *key);
/* The last page whose first key is not above key; 0 when there is none. */
size_t arkv_root_page_of(const struct arkv_root *root, const struct arkf_key *key);
