/* reencode_block.c - blocks, recipes, index pages. */
#include "format/block.h"
#include "format/page.h"
#include "tests/vectors/reencode.h"

/* References stand in one spelling too. */
static void check_refs(const struct arkf_entry *e)
{
	struct arkf_refs refs;
	uint8_t mem[ARKF_REFS_LEN_MAX];
	struct ark_wr wr = ark_wr(mem, sizeof mem);
	assert(!arkf_refs_decode(&refs, e->body, e->form, e->rec.value_len, NULL));
	if (e->form == ARKF_RECIPE)
		arkf_refs_encode_recipe(&wr, refs.depth, &refs.ref[0].id);
	else
		arkf_refs_encode_chunks(&wr, refs.ref, refs.count);
	assert(ark_span_eq(ark_wr_span(&wr), e->body));
}

enum ark_rc reencode_block(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_block_rd it;
	enum ark_rc rc = arkf_block_decode(&it, in, err);
	if (rc)
		return rc;
	assert(it.count >= 1 && it.count <= in.len);
	ARK_AUTO(release_items)
	struct arkf_entry *entries = need_items(it.count, sizeof *entries);
	ARK_AUTO(key_bag_release) struct key_bag bag = { 0 };
	size_t n = 0;
	while (!rc && !(rc = arkf_block_next(&it, &entries[n], err))) {
		struct arkf_entry *e = &entries[n++];
		assert(e->rec.meta.len <= ARK_META_MAX && e->rec.value_len <= ARK_VALUE_MAX);
		if (e->form == ARKF_INLINE)
			assert(e->body.len == e->rec.value_len);
		else
			check_refs(e);
		rc = key_bag_keep(&bag, &e->rec.key, err);
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	assert(n == it.count);
	arkf_block_encode(out, entries, n);
	reencode_ext(out, in);
	return ARK_OK;
}

enum ark_rc reencode_recipe(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_recipe_rd it;
	struct arkf_ref ref;
	enum ark_rc rc = arkf_recipe_decode(&it, in, err);
	if (rc)
		return rc;
	arkf_recipe_encode_head(out, it.depth, it.count);
	while (!(rc = arkf_recipe_next(&it, &ref, err)))
		arkf_recipe_encode_item(out, &ref);
	arkf_recipe_encode_end(out);
	reencode_ext(out, in);
	return reencode_walked(rc);
}

static enum ark_rc page_blocks(struct ark_wr *out, struct arkf_page_rd *it, struct ark_err *err)
{
	struct arkf_page_block blocks[ARKF_PAGE_BLOCKS_MAX + 1];
	ARK_AUTO(key_bag_release) struct key_bag bag = { 0 };
	size_t n = 0;
	enum ark_rc rc = ARK_OK;
	while (!rc && !(rc = arkf_page_next(it, &blocks[n], err))) {
		assert(n < it->block_count && blocks[n].place.pack_no < it->packs.pack_count);
		rc = key_bag_keep(&bag, &blocks[n++].first.key, err);
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	assert(n == it->block_count);
	arkf_page_encode_blocks(out, blocks, n, it->has_filter ? &it->filter : NULL);
	return ARK_OK;
}

enum ark_rc reencode_page(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_page_rd it;
	enum ark_rc rc = arkf_page_decode(&it, in, err);
	if (rc)
		return rc;
	arkf_page_encode_head(out, (size_t)it.block_count, it.has_filter);
	rc = reencode_packtable(&it.packs, out, err);
	if (!rc)
		rc = arkf_page_decode_blocks(&it, err);
	if (rc)
		return rc;
	if (it.has_filter) /* no hash leads outside the fingerprints */
		for (uint64_t hash = 1; hash; hash <<= 1)
			(void)arkf_filter_has(&it.filter, hash);
	rc = page_blocks(out, &it, err);
	reencode_ext(out, in);
	return rc;
}
