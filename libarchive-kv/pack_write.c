/* pack_write.c - see pack_write.h. */
#include "libarchive-kv/pack_write.h"

#include "libarchive-kv/rand.h"
#include "libarchive-kv/spool.h"

#include <stdlib.h>

/* A closed pack on its way to the store. */
struct upload {
	struct arkv_task task;
	struct arkv_store *store;
	struct arkv_spool *spool;
	struct ark_id name;
	struct ark_err err;
	enum ark_rc rc;
	uint32_t pack_no;
	bool under_way;
};

struct arkv_packer {
	struct arkv_packer_options options;
	struct arkv_spool *spool; /* of the open pack; NULL: none is open */
	uint32_t pack_no;
	struct arkf_footer_entry *entries;
	size_t entry_count;
	size_t entry_cap;
	uint64_t offset;
	struct upload upload; /* one at a time */
	struct arkv_packer_stats stats;
};

enum ark_rc arkv_packer_new(struct arkv_packer **out, const struct arkv_packer_options *options,
			    struct ark_err *err)
{
	struct arkv_packer *p = calloc(1, sizeof *p);
	if (!p)
		return ark_fail(err, ARK_NOMEM, "pack: out of memory");
	p->options = *options;
	if (!p->options.pack_aim)
		p->options.pack_aim = ARKV_PACK_AIM;
	*out = p;
	return ARK_OK;
}

void arkv_packer_freep(struct arkv_packer **packer)
{
	struct arkv_packer *p = *packer;
	if (!p)
		return;
	if (p->upload.under_way)
		arkv_pool_wait(p->options.pool, &p->upload.task);
	arkv_spool_freep(&p->upload.spool);
	arkv_spool_freep(&p->spool);
	free(p->entries);
	free(p);
	*packer = NULL;
}

static enum ark_rc pack_open(struct arkv_packer *p, struct ark_err *err)
{
	const struct arkv_frame_ctx *ctx = p->options.ctx;
	enum ark_rc rc = arkv_spool_new(&p->spool, p->options.spool_dir, err);
	if (!rc)
		rc = arkv_dedup_pack_begin(ctx->dedup, &p->pack_no, err);
	if (rc)
		return rc;
	uint8_t head[ARKF_HEADER_LEN + 2 + ARKF_DATAKEY_LEN_MAX];
	struct ark_wr wr = ark_wr(head, sizeof head);
	arkf_pack_head_encode(&wr, arkv_keys_suite(ctx->keys), 1);
	arkf_datakey_encode(&wr, &ctx->dk->record);
	p->entry_count = 0;
	p->offset = wr.len;
	return arkv_spool_write(p->spool, ark_wr_span(&wr), err);
}

static enum ark_rc entries_reserve(struct arkv_packer *p, struct ark_err *err)
{
	if (p->entry_count < p->entry_cap)
		return ARK_OK;
	size_t cap = p->entry_cap ? 2 * p->entry_cap : 1024;
	struct arkf_footer_entry *entries = realloc(p->entries, cap * sizeof *entries);
	if (!entries)
		return ark_fail(err, ARK_NOMEM, "pack: out of memory");
	p->entries = entries;
	p->entry_cap = cap;
	return ARK_OK;
}

/* Without encryption equal frames would give packs of equal bytes, and so of equal names: a new
 * pack could then be taken for one that a prune is about to delete. */
static void footer_end(const struct arkv_frame_ctx *ctx, struct ark_wr *wr)
{
	if (arkv_keys_suite(ctx->keys) != ARK_SUITE_NONE) {
		arkf_footer_encode_end(wr);
		return;
	}
	uint8_t salt[16];
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, salt, sizeof salt);
	arkf_footer_encode_end_salted(wr, salt);
}

static enum ark_rc footer_write(struct arkv_packer *p, struct ark_err *err)
{
	const struct arkv_frame_ctx *ctx = p->options.ctx;
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ARK_AUTO(ark_buf_release) struct ark_buf box;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = NULL;
	ark_buf_init(&raw);
	ark_buf_init(&body);
	ark_buf_init(&box);
	arkf_footer_encode_head(&raw.wr, p->entry_count);
	for (size_t i = 0; i < p->entry_count; i++)
		arkf_footer_encode_entry(&raw.wr, &p->entries[i]);
	footer_end(ctx, &raw.wr);
	enum ark_rc rc = ark_buf_check(&raw, "pack footer", err);
	if (!rc)
		rc = arkv_codec_new(&codec, 1, err);
	if (!rc)
		rc = arkv_body_pack(codec, ark_buf_span(&raw), &body, err);
	if (!rc)
		rc = arkv_seal_meta(&box, ctx->keys, ARKV_BOX_FOOTER, ark_span(NULL, 0),
				    ark_buf_span(&body), err);
	if (rc)
		return rc;
	arkf_pack_tail_encode(&box.wr, (uint32_t)box.wr.len);
	rc = ark_buf_check(&box, "pack footer", err);
	return rc ? rc : arkv_spool_write(p->spool, ark_buf_span(&box), err);
}

static void upload_task(struct arkv_task *task)
{
	struct upload *u = (struct upload *)task; /* its first member */
	u->rc = arkv_spool_put(u->spool, u->store, "packs/", &u->name, &u->err);
}

/* Waits for the pack that is being stored, and makes its frames known. */
static enum ark_rc upload_retire(struct arkv_packer *p, struct ark_err *err)
{
	struct upload *u = &p->upload;
	if (!u->under_way)
		return ARK_OK;
	arkv_pool_wait(p->options.pool, &u->task);
	u->under_way = false;
	uint64_t len = arkv_spool_len(u->spool);
	arkv_spool_freep(&u->spool);
	if (u->rc) {
		if (err)
			*err = u->err;
		return u->rc;
	}
	p->stats.packs++;
	p->stats.bytes += len;
	return arkv_dedup_pack_end(p->options.ctx->dedup, u->pack_no, &u->name, len,
				   &p->options.ctx->dk->record, 1, err);
}

static enum ark_rc pack_close(struct arkv_packer *p, struct ark_err *err)
{
	struct upload *u = &p->upload;
	enum ark_rc rc = footer_write(p, err);
	if (!rc)
		rc = upload_retire(p, err);
	if (!rc)
		rc = arkv_spool_end(p->spool, &u->name, err);
	if (rc)
		return rc;
	u->task.run = upload_task;
	u->store = p->options.store;
	u->spool = p->spool;
	u->pack_no = p->pack_no;
	u->under_way = true;
	p->spool = NULL;
	arkv_pool_submit(p->options.pool, &u->task);
	return ARK_OK;
}

static enum ark_rc frame_place(struct arkv_packer *p, const struct arkv_frame_slot *slot,
			       struct arkv_where *where, struct ark_err *err)
{
	struct ark_span box = ark_buf_span(&slot->box);
	struct arkf_frame frame = {
		.id = slot->id,
		.clen = (uint32_t)(box.len - ARKV_BOX_EXTRA),
		.datakey_no = 0,
	};
	uint8_t head[ARKF_FRAME_HEADER_LEN];
	arkf_frame_encode(head, &frame);
	struct arkf_footer_entry entry = {
		.id = slot->id,
		.type = slot->type,
		.clen = frame.clen,
		.raw_len = (uint32_t)slot->raw.wr.len,
		.datakey_no = 0,
	};
	*where = (struct arkv_where){
		.pack_no = p->pack_no,
		.frame_no = (uint32_t)p->entry_count,
		.offset = (uint32_t)p->offset,
		.clen = frame.clen,
		.raw_len = entry.raw_len,
	};
	enum ark_rc rc = arkv_spool_write(p->spool, ark_span(head, sizeof head), err);
	if (!rc)
		rc = arkv_spool_write(p->spool, box, err);
	if (!rc)
		rc = arkv_dedup_place(p->options.ctx->dedup, p->pack_no, &entry, where->offset,
				      err);
	if (rc)
		return rc;
	p->entries[p->entry_count++] = entry;
	p->offset += sizeof head + box.len;
	return ARK_OK;
}

/* Whether the frame stands somewhere by now. Two slots may make the same frame at once; the one
 * that is retired first places it, whichever of them had claimed it. */
static enum ark_rc frame_find(struct arkv_packer *p, const struct arkv_frame_slot *slot,
			      struct arkv_where *where, struct ark_err *err)
{
	*where = slot->where;
	if (slot->claim == ARK_OK)
		return ARK_OK;
	if (p->options.dry_run)
		return slot->claim == ARK_AGAIN ? ARK_OK : ARK_NOTFOUND;
	enum ark_rc rc = arkv_dedup_find(p->options.ctx->dedup, &slot->id, where, err);
	return rc == ARK_AGAIN ? ARK_NOTFOUND : rc;
}

enum ark_rc arkv_packer_add(struct arkv_packer *p, const struct arkv_frame_slot *slot,
			    struct arkv_where *where, struct ark_err *err)
{
	enum ark_rc rc = frame_find(p, slot, where, err);
	if (rc == ARK_OK) {
		p->stats.reused_frames++;
		p->stats.reused_bytes += slot->raw.wr.len;
		return ARK_OK;
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	p->stats.frames++;
	if (p->options.dry_run) {
		*where = (struct arkv_where){ 0 };
		p->stats.bytes += ARKF_FRAME_HEADER_LEN + slot->box.wr.len;
		return ARK_OK;
	}
	rc = p->spool ? ARK_OK : pack_open(p, err);
	if (!rc)
		rc = entries_reserve(p, err);
	if (!rc)
		rc = frame_place(p, slot, where, err);
	if (!rc && p->offset >= p->options.pack_aim)
		rc = pack_close(p, err);
	return rc;
}

enum ark_rc arkv_packer_flush(struct arkv_packer *p, struct ark_err *err)
{
	enum ark_rc rc = p->spool ? pack_close(p, err) : ARK_OK;
	return rc ? rc : upload_retire(p, err);
}

const struct arkv_packer_stats *arkv_packer_stats(const struct arkv_packer *p)
{
	return &p->stats;
}
