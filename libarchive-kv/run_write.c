/* run_write.c - see run_write.h. */
#include "libarchive-kv/run_write.h"

#include "format/page.h"
#include "libarchive-kv/grow.h"
#include "libarchive-kv/placetable.h"
#include "libarchive-kv/rand.h"

/* A block that is in no page yet, with its first key. */
struct pending {
	struct arkv_placed_block block;
	uint8_t *key; /* space and key */
};

struct arkv_run_writer {
	struct arkv_run_options options;
	struct arkv_spool *spool;
	struct arkv_codec *codec;
	struct ark_uid uid;
	struct pending *pending;
	size_t pending_count;
	size_t pending_cap;
	struct arkf_root_page *pages; /* their keys have only lengths until the end */
	size_t page_count;
	size_t page_cap;
	struct ark_buf page_keys;
	uint64_t entry_count;
	struct ark_buf raw;
	struct ark_buf body;
	struct ark_buf box;
};

enum ark_rc arkv_run_writer_new(struct arkv_run_writer **out,
				const struct arkv_run_options *options, struct ark_err *err)
{
	ARK_AUTO(arkv_run_writer_freep) struct arkv_run_writer *w = calloc(1, sizeof *w);
	if (!w)
		return ark_fail(err, ARK_NOMEM, "run: out of memory");
	w->options = *options;
	ark_buf_init(&w->page_keys);
	ark_buf_init(&w->raw);
	ark_buf_init(&w->body);
	ark_buf_init(&w->box);
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, w->uid.b, sizeof w->uid.b);
	enum ark_rc rc = arkv_codec_new(&w->codec, 3, err);
	if (!rc)
		rc = arkv_spool_new(&w->spool, options->spool_dir, err);
	if (rc)
		return rc;
	struct arkf_run_head head = {
		.suite = arkv_keys_suite(options->ctx->keys),
		.uid = w->uid,
		.datakey = options->ctx->dk->record,
	};
	uint8_t mem[ARKF_RUN_HEAD_MAX];
	struct ark_wr wr = ark_wr(mem, sizeof mem);
	arkf_run_head_encode(&wr, &head);
	rc = arkv_spool_write(w->spool, ark_wr_span(&wr), err);
	if (rc)
		return rc;
	*out = w;
	w = NULL;
	return ARK_OK;
}

void arkv_run_writer_freep(struct arkv_run_writer **p)
{
	struct arkv_run_writer *w = *p;
	if (!w)
		return;
	for (size_t i = 0; i < w->pending_count; i++)
		free(w->pending[i].key);
	free(w->pending);
	free(w->pages);
	ark_buf_release(&w->page_keys);
	ark_buf_release(&w->raw);
	ark_buf_release(&w->body);
	ark_buf_release(&w->box);
	arkv_spool_freep(&w->spool);
	arkv_codec_freep(&w->codec);
	free(w);
	*p = NULL;
}

/* Raw page over the first count pending blocks. */
static enum ark_rc page_encode(struct arkv_run_writer *w, size_t count, struct ark_err *err)
{
	struct arkf_page_block blocks[ARKF_PAGE_BLOCKS_MAX];
	ARK_AUTO(arkv_placetable_release) struct arkv_placetable table;
	arkv_placetable_init(&table, w->options.ctx->dedup);
	ark_buf_clear(&w->raw);
	arkf_page_encode_head(&w->raw.wr, count, false);
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < count && !rc; i++) {
		const struct arkv_placed_block *b = &w->pending[i].block;
		blocks[i].id = b->id;
		blocks[i].first = b->first;
		blocks[i].entry_count = b->entry_count;
		rc = arkv_placetable_add(&table, &b->where, &blocks[i].place, err);
	}
	if (!rc)
		rc = arkv_placetable_encode(&table, &w->raw, err);
	if (rc)
		return rc;
	arkf_page_encode_blocks(&w->raw.wr, blocks, count, NULL);
	return ark_buf_check(&w->raw, "index page", err);
}

/* Seals w->raw into w->box. */
static enum ark_rc seal(struct arkv_run_writer *w, enum arkv_box_type type, struct ark_span context,
			struct ark_err *err)
{
	size_t raw_max = type == ARKV_BOX_PAGE ? ARKF_PAGE_RAW_MAX : ARKF_RUN_BODY_MAX;
	if (w->raw.wr.len > raw_max)
		return ark_fail(err, ARK_LIMIT,
				"the index of this archive takes %zu bytes in one piece, %zu at "
				"most: back up parts of the source, each under its own --name",
				w->raw.wr.len, raw_max);
	ark_buf_clear(&w->body);
	ark_buf_clear(&w->box);
	enum ark_rc rc = arkv_body_pack(w->codec, ark_buf_span(&w->raw), &w->body, err);
	if (rc)
		return rc;
	if (type == ARKV_BOX_REFS)
		return arkv_seal_meta(&w->box, w->options.ctx->keys, type, context,
				      ark_buf_span(&w->body), err);
	return arkv_seal_dk(&w->box, w->options.ctx->keys, w->options.ctx->dk, type, context,
			    ark_buf_span(&w->body), err);
}

static enum ark_rc root_note(struct arkv_run_writer *w, size_t count, struct ark_err *err)
{
	struct arkf_root_page *pages =
		arkv_grow(w->pages, &w->page_cap, w->page_count, sizeof *pages);
	if (!pages)
		return ark_fail(err, ARK_NOMEM, "run: out of memory");
	w->pages = pages;
	const struct arkf_key *first = &w->pending[0].block.first;
	ark_wr_bytes(&w->page_keys.wr, first->space);
	ark_wr_bytes(&w->page_keys.wr, first->key);
	struct arkf_root_page *page = &w->pages[w->page_count++];
	*page = (struct arkf_root_page){
		.first = *first,
		.box_len = w->box.wr.len,
		.block_count = (uint32_t)count,
	};
	for (size_t i = 0; i < count; i++)
		page->entry_count += w->pending[i].block.entry_count;
	w->entry_count += page->entry_count;
	return ark_buf_check(&w->page_keys, "run", err);
}

static void pending_drop(struct arkv_run_writer *w, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(w->pending[i].key);
	w->pending_count -= count;
	memmove(w->pending, w->pending + count, w->pending_count * sizeof *w->pending);
}

static enum ark_rc page_write(struct arkv_run_writer *w, size_t count, struct ark_err *err)
{
	uint8_t context[ARK_UID_LEN + 4];
	memcpy(context, w->uid.b, ARK_UID_LEN);
	ark_put_le32(context + ARK_UID_LEN, (uint32_t)w->page_count);
	enum ark_rc rc = page_encode(w, count, err);
	if (!rc)
		rc = seal(w, ARKV_BOX_PAGE, ark_span(context, sizeof context), err);
	if (!rc)
		rc = arkv_spool_write(w->spool, ark_buf_span(&w->box), err);
	if (!rc && w->options.page)
		rc = w->options.page(w->options.page_ctx, (uint32_t)w->page_count,
				     ark_buf_span(&w->box), err);
	if (!rc)
		rc = root_note(w, count, err);
	pending_drop(w, count);
	return rc;
}

static bool first_page_closed(const struct arkv_run_writer *w)
{
	for (size_t i = 0; i < ARKF_PAGE_BLOCKS_MAX; i++)
		if (!arkv_dedup_pack(w->options.ctx->dedup, w->pending[i].block.where.pack_no)
			     ->closed)
			return false;
	return true;
}

enum ark_rc arkv_run_writer_block(void *writer, const struct arkv_placed_block *block,
				  struct ark_err *err)
{
	struct arkv_run_writer *w = writer;
	struct pending *pending =
		arkv_grow(w->pending, &w->pending_cap, w->pending_count, sizeof *pending);
	if (!pending)
		return ark_fail(err, ARK_NOMEM, "run: out of memory");
	w->pending = pending;
	struct ark_span space = block->first.space;
	struct ark_span key = block->first.key;
	uint8_t *text = malloc(space.len + key.len + 1);
	if (!text)
		return ark_fail(err, ARK_NOMEM, "run: out of memory");
	if (space.len)
		memcpy(text, space.p, space.len);
	if (key.len)
		memcpy(text + space.len, key.p, key.len);
	struct pending *p = &w->pending[w->pending_count++];
	p->block = *block;
	p->key = text;
	p->block.first.space.p = text;
	p->block.first.key.p = text + space.len;
	/* asked once a page, not once a block */
	if (w->pending_count % ARKF_PAGE_BLOCKS_MAX)
		return ARK_OK;
	enum ark_rc rc = ARK_OK;
	while (!rc && w->pending_count >= ARKF_PAGE_BLOCKS_MAX && first_page_closed(w))
		rc = page_write(w, ARKF_PAGE_BLOCKS_MAX, err);
	return rc;
}

static enum ark_rc root_write(struct arkv_run_writer *w, struct ark_err *err)
{
	const uint8_t *at = w->page_keys.wr.p ? w->page_keys.wr.p : (const uint8_t *)"";
	for (size_t i = 0; i < w->page_count; i++) {
		struct arkf_key *first = &w->pages[i].first;
		first->space.p = at;
		first->key.p = at + first->space.len;
		at += first->space.len + first->key.len;
	}
	ark_buf_clear(&w->raw);
	arkf_root_encode(&w->raw.wr, w->pages, w->page_count);
	enum ark_rc rc = ark_buf_check(&w->raw, "run root", err);
	if (!rc)
		rc = seal(w, ARKV_BOX_ROOT, ark_span(w->uid.b, sizeof w->uid.b), err);
	return rc ? rc : arkv_spool_write(w->spool, ark_buf_span(&w->box), err);
}

static enum ark_rc refs_write(struct arkv_run_writer *w, struct ark_span refs, struct ark_err *err)
{
	ark_buf_clear(&w->raw);
	ark_wr_bytes(&w->raw.wr, refs);
	enum ark_rc rc = ark_buf_check(&w->raw, "run refs", err);
	if (!rc)
		rc = seal(w, ARKV_BOX_REFS, ark_span(w->uid.b, sizeof w->uid.b), err);
	return rc ? rc : arkv_spool_write(w->spool, ark_buf_span(&w->box), err);
}

static enum ark_rc tail_write(struct arkv_run_writer *w, const struct arkf_run_tail *tail,
			      struct ark_err *err)
{
	uint8_t mem[ARKF_RUN_TAIL_LEN];
	struct ark_wr wr = ark_wr(mem, sizeof mem);
	arkf_run_tail_encode(&wr, tail);
	return arkv_spool_write(w->spool, ark_wr_span(&wr), err);
}

static enum ark_rc rest_write(struct arkv_run_writer *w, struct ark_span refs,
			      struct arkv_run_made *made, struct ark_err *err)
{
	struct arkf_run_tail tail = { .root_off = arkv_spool_len(w->spool) };
	enum ark_rc rc = root_write(w, err);
	tail.root_len = (uint32_t)w->box.wr.len;
	ark_wr_bytes(&made->root_box.wr, ark_buf_span(&w->box));
	if (!rc)
		rc = ark_buf_check(&made->root_box, "run root", err);
	made->refs_off = arkv_spool_len(w->spool);
	if (!rc)
		rc = refs_write(w, refs, err);
	tail.refs_len = (uint32_t)w->box.wr.len;
	made->refs_len = tail.refs_len;
	return rc ? rc : tail_write(w, &tail, err);
}

enum ark_rc arkv_run_writer_end(struct arkv_run_writer *w, struct arkv_store *store,
				struct ark_span refs, struct arkv_run_made *out,
				struct ark_err *err)
{
	ARK_AUTO(arkv_run_made_release) struct arkv_run_made made = { .uid = w->uid };
	ark_buf_init(&made.root_box);
	enum ark_rc rc = ARK_OK;
	while (w->pending_count && !rc)
		rc = page_write(w,
				w->pending_count < ARKF_PAGE_BLOCKS_MAX ? w->pending_count
									: ARKF_PAGE_BLOCKS_MAX,
				err);
	made.entry_count = w->entry_count;
	if (!rc)
		rc = rest_write(w, refs, &made, err);
	if (!rc)
		rc = arkv_spool_end(w->spool, &made.name, err);
	made.len = arkv_spool_len(w->spool);
	if (!rc)
		rc = arkv_spool_put(w->spool, store, "runs/", &made.name, err);
	if (rc)
		return rc;
	arkv_run_made_release(out);
	*out = made;
	ark_buf_init(&made.root_box);
	return ARK_OK;
}

void arkv_run_made_release(struct arkv_run_made *made)
{
	ark_buf_release(&made->root_box);
}
