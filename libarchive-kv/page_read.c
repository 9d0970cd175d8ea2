/* page_read.c - see page_read.h. */
#include "libarchive-kv/page_read.h"

#include "libarchive-kv/codec.h"

#include <stdlib.h>

void arkv_page_freep(struct arkv_page **page)
{
	if (!*page)
		return;
	ark_buf_release(&(*page)->raw);
	arkv_arena_release(&(*page)->arena);
	free(*page);
	*page = NULL;
}

static enum ark_rc load_blocks(struct arkv_page *page, struct arkf_page_rd *it, struct ark_err *err)
{
	enum ark_rc rc = arkf_page_decode(it, ark_buf_span(&page->raw), err);
	if (!rc)
		rc = arkv_packs_load(&page->packs, &it->packs, &page->arena, err);
	if (!rc)
		rc = arkf_page_decode_blocks(it, err);
	struct arkf_page_block block;
	while (!rc && !(rc = arkf_page_next(it, &block, err))) {
		struct arkv_page_block *b = &page->blocks[page->block_count++];
		b->id = block.id;
		b->place = block.place;
		b->entry_count = block.entry_count;
		rc = arkv_arena_copy_key(&page->arena, &block.first, &b->first, err);
	}
	page->filter = it->filter;
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc open_raw(struct ark_buf *raw, struct arkv_keys *keys,
			    const struct arkv_archive_run *run, size_t page_no, struct ark_span box,
			    struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = NULL;
	ark_buf_init(&body);
	uint8_t context[ARK_UID_LEN + 4];
	memcpy(context, run->uid.b, ARK_UID_LEN);
	ark_put_le32(context + ARK_UID_LEN, (uint32_t)page_no);
	enum ark_rc rc = arkv_open_dk(&body, keys, &run->datakey, ARKV_BOX_PAGE,
				      ark_span(context, sizeof context), box, err);
	if (!rc)
		rc = arkv_codec_new(&codec, 1, err);
	if (!rc)
		rc = arkv_body_unpack(codec, ark_buf_span(&body), ARKF_PAGE_RAW_MAX, raw, err);
	return rc;
}

/* What the root says about the page must be so. */
static enum ark_rc check_promises(const struct arkv_page *page, const struct arkv_root_page *said,
				  struct ark_err *err)
{
	uint64_t entries = 0;
	for (size_t i = 0; i < page->block_count; i++)
		entries += page->blocks[i].entry_count;
	if (page->block_count != said->block_count || entries != said->entry_count ||
	    arkv_key_cmp(&page->blocks[0].first, &said->first) != 0)
		return ark_fail(err, ARK_CORRUPT, "is not the one that the root describes");
	return ARK_OK;
}

enum ark_rc arkv_page_open(struct arkv_page **out, struct arkv_keys *keys,
			   const struct arkv_archive_run *run, const struct arkv_root *root,
			   size_t page_no, struct ark_span box, struct ark_err *err)
{
	struct arkv_page *page = calloc(1, sizeof *page);
	struct arkf_page_rd *it = malloc(sizeof *it); /* 64 KiB */
	enum ark_rc rc = ARK_OK;
	if (page)
		ark_buf_init(&page->raw);
	if (!page || !it)
		rc = ark_fail(err, ARK_NOMEM, "out of memory");
	if (!rc)
		rc = open_raw(&page->raw, keys, run, page_no, box, err);
	if (!rc)
		rc = load_blocks(page, it, err);
	if (!rc)
		rc = check_promises(page, &root->pages[page_no], err);
	free(it);
	if (rc) {
		arkv_page_freep(&page);
		return rc;
	}
	page->bytes = sizeof *page + page->raw.wr.cap + page->arena.bytes;
	*out = page;
	return ARK_OK;
}

/* A page from the cache whose box does not open is read again, from the store. */
static enum ark_rc fetch(struct arkv_page **out, struct arkv_archive *a, size_t run_no,
			 size_t page_no, struct ark_err *err)
{
	const struct arkv_archive_run *run = &a->runs[run_no];
	const struct arkv_root_page *p = &run->root->pages[page_no];
	const struct arkv_page_ref ref = { .run = run->table.name,
					   .archive = run->table.archive,
					   .off = p->off,
					   .box_len = p->box_len,
					   .page_no = (uint32_t)page_no };
	ARK_AUTO(ark_buf_release) struct ark_buf box;
	ark_buf_init(&box);
	struct arkv_pages *pages = arkv_repo_pages(a->repo);
	if (!pages)
		return ark_fail(err, ARK_NOMEM, "index pages: out of memory");
	enum ark_rc rc = ARK_OK;
	bool from_cache = true;
	for (int i = 0; i < 2 && from_cache; i++) {
		ark_buf_clear(&box);
		rc = arkv_pages_get(pages, &ref, &box, &from_cache, err);
		if (rc == ARK_NOTFOUND)
			return ark_fail(err, ARK_CORRUPT, "the run is gone from the store");
		if (rc)
			return rc;
		rc = arkv_page_open(out, arkv_repo_keys(a->repo), run, run->root, page_no,
				    ark_buf_span(&box), err);
		if (!rc || rc == ARK_NOMEM)
			return rc;
		arkv_pages_forget(pages, &ref);
	}
	return rc;
}

enum ark_rc arkv_page_read(struct arkv_page **out, struct arkv_archive *a, size_t run_no,
			   size_t page_no, struct ark_err *err)
{
	const struct arkv_root *root = NULL;
	enum ark_rc rc = arkv_archive_root(&root, a, run_no, err);
	if (!rc)
		rc = fetch(out, a, run_no, page_no, err);
	if (rc)
		return ark_err_prefix(err, "run %.16s, page %zu",
				      ark_id_hex(&a->runs[run_no].table.name).s, page_no);
	return ARK_OK;
}

size_t arkv_page_block_of(const struct arkv_page *page, const struct arkf_key *key)
{
	size_t low = 0, high = page->block_count; /* low's first is not above key */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;
		if (arkv_key_cmp(&page->blocks[mid].first, key) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

size_t arkv_root_page_of(const struct arkv_root *root, const struct arkf_key *key)
{
	size_t low = 0, high = root->page_count;
	while (high > low + 1) {
		size_t mid = low + (high - low) / 2;
		if (arkv_key_cmp(&root->pages[mid].first, key) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}
