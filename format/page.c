/* page.c - see page.h. */
#include "format/page.h"

#include "format/block.h"
#include "format/object.h"

static uint64_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

/* The upper 64 bits of the 128-bit product; n is below 2^32. */
static uint64_t multiply_high(uint64_t h, uint64_t n)
{
	return ((h >> 32) * n + ((h & UINT32_MAX) * n >> 32)) >> 32;
}

bool arkf_filter_has(const struct arkf_filter *filter, uint64_t hash)
{
	uint64_t h = mix(hash + filter->seed);
	uint64_t len = filter->segment_len;
	uint64_t h0 = multiply_high(h, len * filter->segment_count);
	uint64_t h1 = (h0 + len) ^ ((h >> 18) & (len - 1));
	uint64_t h2 = (h0 + 2 * len) ^ (h & (len - 1));
	const uint8_t *f = filter->fingerprints.p;
	return (uint8_t)((h ^ h >> 32) ^ f[h0] ^ f[h1] ^ f[h2]) == 0;
}

static struct arkf_key first_key_at(const void *ctx, size_t i)
{
	const struct arkf_page_block *blocks = ctx;
	return blocks[i].first;
}

void arkf_page_encode_head(struct ark_wr *wr, size_t block_count, bool has_filter)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_u8(wr, has_filter ? ARKF_PAGE_FILTER : 0);
	ark_wr_varint(wr, block_count);
}

void arkf_page_encode_blocks(struct ark_wr *wr, const struct arkf_page_block *blocks, size_t count,
			     const struct arkf_filter *filter)
{
	arkf_keylist_encode(wr, first_key_at, blocks, count);
	for (size_t i = 0; i < count; i++)
		ark_wr_bytes(wr, ark_span(blocks[i].id.b, sizeof blocks[i].id.b));
	for (size_t i = 0; i < count; i++)
		arkf_place_encode(wr, &blocks[i].place);
	for (size_t i = 0; i < count; i++)
		ark_wr_varint(wr, blocks[i].entry_count);
	if (filter) {
		ark_wr_u64(wr, filter->seed);
		ark_wr_varint(wr, filter->segment_len);
		ark_wr_varint(wr, filter->segment_count);
		ark_wr_lenbytes(wr, filter->fingerprints);
	}
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_page_decode(struct arkf_page_rd *it, struct ark_span raw, struct ark_err *err)
{
	it->rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&it->rd, "index page", err);
	if (rc)
		return rc;
	unsigned flags = ark_rd_u8(&it->rd);
	it->block_count = ark_rd_varint(&it->rd);
	if (!it->rd.bad && (flags & ~(unsigned)ARKF_PAGE_FILTER))
		return ark_fail(err, ARK_UNSUPPORTED, "index page: flags 0x%02x: use a newer arkv",
				flags);
	if (it->rd.bad || it->block_count < 1 || it->block_count > ARKF_PAGE_BLOCKS_MAX)
		return ark_fail(err, ARK_CORRUPT, "index page: bad count of blocks");
	it->has_filter = flags & ARKF_PAGE_FILTER;
	return arkf_packtable_decode(&it->packs, &it->rd, err);
}

static enum ark_rc decode_filter(struct arkf_page_rd *it, struct ark_err *err)
{
	struct arkf_filter f = { 0 };
	f.seed = ark_rd_u64(&it->rd);
	uint64_t len = ark_rd_varint(&it->rd);
	uint64_t count = ark_rd_varint(&it->rd);
	f.fingerprints = ark_rd_lenbytes(&it->rd, ARKF_PAGE_RAW_MAX);
	if (it->rd.bad || len < 4 || len > ARKF_FILTER_SEGMENT_LEN_MAX || (len & (len - 1)) ||
	    count < 1 || count > ARKF_FILTER_LEN_MAX / len ||
	    f.fingerprints.len != (count + 2) * len)
		return ark_fail(err, ARK_CORRUPT, "index page: bad filter");
	f.segment_len = (uint32_t)len;
	f.segment_count = (uint32_t)count;
	it->filter = f;
	return ARK_OK;
}

/* Checks b places and b counts, and remembers where they begin. */
static bool check_columns(struct arkf_page_rd *it)
{
	it->ids = ark_rd_sub(&it->rd, it->block_count * ARK_ID_LEN);
	it->places = it->rd;
	struct arkf_place place;
	for (uint64_t i = 0; i < it->block_count; i++)
		arkf_place_decode(&it->rd, it->packs.pack_count, &place);
	it->counts = it->rd;
	for (uint64_t i = 0; i < it->block_count; i++) {
		uint64_t entries = ark_rd_varint(&it->rd);
		if (entries < 1 || entries > ARKF_BLOCK_ENTRIES_MAX)
			ark_rd_fail(&it->rd);
	}
	return !it->rd.bad;
}

enum ark_rc arkf_page_decode_blocks(struct arkf_page_rd *it, struct ark_err *err)
{
	enum ark_rc rc =
		arkf_keylist_decode(&it->keys, &it->rd, it->block_count, "index page", err);
	if (rc)
		return rc;
	if (!check_columns(it))
		return ark_fail(err, ARK_CORRUPT, "index page: a place is cut off or out of range");
	it->filter = (struct arkf_filter){ 0 };
	if (it->has_filter)
		rc = decode_filter(it, err);
	if (!rc)
		rc = arkf_ext_decode(&it->rd, "index page", err);
	return rc ? rc : arkf_end(&it->rd, "index page", err);
}

enum ark_rc arkf_page_next(struct arkf_page_rd *it, struct arkf_page_block *out,
			   struct ark_err *err)
{
	enum ark_rc rc = arkf_keylist_next(&it->keys, &out->first, err);
	if (rc)
		return rc;
	ark_rd_copy(&it->ids, out->id.b, sizeof out->id.b);
	arkf_place_decode(&it->places, it->packs.pack_count, &out->place);
	out->entry_count = (uint32_t)ark_rd_varint(&it->counts);
	return ARK_OK;
}
