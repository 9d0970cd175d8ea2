/* run.c - the start, end and root of a run; its refs are in run_refs.c. See run.h. */
#include "format/run.h"

#include "format/page.h"
#include "format/sealed.h"

static const char tail_mark[] = "RUNE";

void arkf_run_head_encode(struct ark_wr *wr, const struct arkf_run_head *head)
{
	arkf_header_encode(wr, ARKF_KIND_RUN, head->suite);
	ark_wr_bytes(wr, ark_span(head->uid.b, sizeof head->uid.b));
	arkf_datakey_encode(wr, &head->datakey);
}

enum ark_rc arkf_run_head_decode(struct arkf_run_head *out, struct ark_span bytes,
				 struct ark_err *err)
{
	struct ark_rd rd = ark_rd(bytes);
	enum ark_rc rc = arkf_header_decode(&rd, ARKF_KIND_RUN, "run", &out->suite, err);
	if (rc)
		return rc;
	ark_rd_copy(&rd, out->uid.b, sizeof out->uid.b);
	arkf_datakey_decode(&rd, &out->datakey);
	if (rd.bad)
		return ark_fail(err, ARK_CORRUPT, "run: its head is cut off");
	out->len = (size_t)(rd.p - bytes.p);
	return ARK_OK;
}

void arkf_run_tail_encode(struct ark_wr *wr, const struct arkf_run_tail *tail)
{
	ark_wr_u64(wr, tail->root_off);
	ark_wr_u32(wr, tail->root_len);
	ark_wr_u32(wr, tail->refs_len);
	ark_wr_bytes(wr, ark_span(tail_mark, 4));
}

enum ark_rc arkf_run_tail_decode(struct arkf_run_tail *out, struct ark_span bytes, uint64_t run_len,
				 struct ark_err *err)
{
	struct ark_rd rd = ark_rd(bytes);
	struct arkf_run_tail tail;
	tail.root_off = ark_rd_u64(&rd);
	tail.root_len = ark_rd_u32(&rd);
	tail.refs_len = ark_rd_u32(&rd);
	struct ark_span mark = ark_rd_bytes(&rd, 4);
	if (!ark_rd_done(&rd) || memcmp(mark.p, tail_mark, 4) != 0)
		return ark_fail(err, ARK_CORRUPT,
				"run: does not end as a run does: cut off or damaged");
	uint64_t parts = (uint64_t)tail.root_len + tail.refs_len + ARKF_RUN_TAIL_LEN;
	if (parts > run_len || tail.root_off != run_len - parts ||
	    tail.root_len < ARKF_BOX_LEN_MIN || tail.refs_len < ARKF_BOX_LEN_MIN)
		return ark_fail(err, ARK_CORRUPT, "run: its parts do not fill it");
	*out = tail;
	return ARK_OK;
}

static struct arkf_key page_key_at(const void *ctx, size_t i)
{
	const struct arkf_root_page *pages = ctx;
	return pages[i].first;
}

void arkf_root_encode(struct ark_wr *wr, const struct arkf_root_page *pages, size_t count)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_varint(wr, count);
	arkf_keylist_encode(wr, page_key_at, pages, count);
	for (size_t i = 0; i < count; i++)
		ark_wr_varint(wr, pages[i].box_len);
	for (size_t i = 0; i < count; i++)
		ark_wr_varint(wr, pages[i].entry_count);
	for (size_t i = 0; i < count; i++)
		ark_wr_varint(wr, pages[i].block_count);
	arkf_ext_encode_none(wr);
}

/* A reader over the next count varints, each from 1 to max. */
static struct ark_rd column(struct ark_rd *rd, uint64_t count, uint64_t max)
{
	const uint8_t *start = rd->p;
	for (uint64_t i = 0; i < count && !rd->bad; i++) {
		uint64_t v = ark_rd_varint(rd);
		if (v < 1 || v > max)
			ark_rd_fail(rd);
	}
	return ark_rd(ark_span(start, rd->bad ? 0 : (size_t)(rd->p - start)));
}

enum ark_rc arkf_root_decode(struct arkf_root_rd *it, struct ark_span raw, struct ark_err *err)
{
	it->rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&it->rd, "run root", err);
	if (rc)
		return rc;
	it->page_count = ark_rd_varint(&it->rd);
	if (it->page_count > ARKF_RUN_PAGES_MAX || !ark_rd_fits(&it->rd, it->page_count, 5))
		return ark_fail(err, ARK_CORRUPT, "run root: bad count of pages");
	rc = arkf_keylist_decode(&it->keys, &it->rd, it->page_count, "run root", err);
	if (rc)
		return rc;
	it->box_lens = column(&it->rd, it->page_count, ARKF_PAGE_RAW_MAX + 64);
	it->entry_counts = column(&it->rd, it->page_count, UINT64_MAX);
	it->block_counts = column(&it->rd, it->page_count, ARKF_PAGE_BLOCKS_MAX);
	if (it->rd.bad)
		return ark_fail(err, ARK_CORRUPT,
				"run root: a page's numbers are cut off or out of range");
	rc = arkf_ext_decode(&it->rd, "run root", err);
	return rc ? rc : arkf_end(&it->rd, "run root", err);
}

enum ark_rc arkf_root_next(struct arkf_root_rd *it, struct arkf_root_page *out, struct ark_err *err)
{
	enum ark_rc rc = arkf_keylist_next(&it->keys, &out->first, err);
	if (rc)
		return rc;
	out->box_len = ark_rd_varint(&it->box_lens);
	out->entry_count = ark_rd_varint(&it->entry_counts);
	out->block_count = (uint32_t)ark_rd_varint(&it->block_counts);
	return ARK_OK;
}
