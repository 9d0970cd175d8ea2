/* pack_write.c - see pack_write.h. */
#include "libarchive-kv/pack_write.h"

#include "libarchive-kv/grow.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/spool.h"

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
	bool open;
	struct arkv_spool *spool; /* of the open pack; a dry run has none */
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
	if (p->options.pack_aim > ARKV_PACK_AIM_MAX)
		p->options.pack_aim = ARKV_PACK_AIM_MAX;
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

static enum ark_rc pack_write(struct arkv_packer *p, struct ark_span bytes, struct ark_err *err)
{
	p->offset += bytes.len;
	return p->options.dry_run ? ARK_OK : arkv_spool_write(p->spool, bytes, err);
}

static enum ark_rc pack_open(struct arkv_packer *p, struct ark_err *err)
{
	const struct arkv_frame_ctx *ctx = p->options.ctx;
	enum ark_rc rc = ARK_OK;
	if (!p->options.dry_run)
		rc = arkv_spool_new(&p->spool, p->options.spool_dir, err);
	if (!rc)
		rc = arkv_dedup_pack_begin(ctx->dedup, &p->pack_no, err);
	if (rc)
		return rc;
	uint8_t head[ARKF_HEADER_LEN + 2 + ARKF_DATAKEY_LEN_MAX];
	struct ark_wr wr = ark_wr(head, sizeof head);
	arkf_pack_head_encode(&wr, arkv_keys_suite(ctx->keys), 1);
	arkf_datakey_encode(&wr, &ctx->dk->record);
	p->open = true;
	p->entry_count = 0;
	p->offset = 0;
	return pack_write(p, ark_wr_span(&wr), err);
}

static enum ark_rc entries_reserve(struct arkv_packer *p, struct ark_err *err)
{
	struct arkf_footer_entry *entries =
		arkv_grow(p->entries, &p->entry_cap, p->entry_count, sizeof *entries);
	if (!entries)
		return ark_fail(err, ARK_NOMEM, "pack: out of memory");
	p->entries = entries;
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
	return rc ? rc : pack_write(p, ark_buf_span(&box), err);
}

static void upload_task(struct arkv_task *task)
{
	struct upload *u = (struct upload *)task; /* its first member */
	u->rc = arkv_spool_put(u->spool, u->store, "packs/", &u->name, &u->err);
}

/* The frames of a pack are where they stay. */
static enum ark_rc pack_stored(struct arkv_packer *p, uint32_t pack_no, const struct ark_id *name,
			       uint64_t len, struct ark_err *err)
{
	p->stats.packs++;
	p->stats.bytes += len;
	return arkv_dedup_pack_end(p->options.ctx->dedup, pack_no, name, len,
				   &p->options.ctx->dk->record, 1, err);
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
	return pack_stored(p, u->pack_no, &u->name, len, err);
}

static enum ark_rc pack_pretend(struct arkv_packer *p, struct ark_err *err)
{
	struct arkv_rand rand = arkv_rand_system();
	struct ark_id name;
	arkv_rand_bytes(&rand, name.b, sizeof name.b);
	p->open = false;
	return pack_stored(p, p->pack_no, &name, p->offset, err);
}

static enum ark_rc pack_close(struct arkv_packer *p, struct ark_err *err)
{
	struct upload *u = &p->upload;
	enum ark_rc rc = footer_write(p, err);
	if (!rc && p->options.dry_run)
		return pack_pretend(p, err);
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
	p->open = false;
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
	enum ark_rc rc = pack_write(p, ark_span(head, sizeof head), err);
	if (!rc)
		rc = pack_write(p, box, err);
	if (!rc)
		rc = arkv_dedup_place(p->options.ctx->dedup, p->pack_no, &entry, where->offset,
				      err);
	if (rc)
		return rc;
	p->entries[p->entry_count++] = entry;
	p->stats.frames++;
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
	rc = p->open ? ARK_OK : pack_open(p, err);
	if (!rc)
		rc = entries_reserve(p, err);
	if (!rc)
		rc = frame_place(p, slot, where, err);
	if (!rc && (p->offset >= p->options.pack_aim || p->entry_count == ARKV_PACK_FRAMES_MAX))
		rc = pack_close(p, err);
	return rc;
}

enum ark_rc arkv_packer_flush(struct arkv_packer *p, struct ark_err *err)
{
	enum ark_rc rc = p->open ? pack_close(p, err) : ARK_OK;
	return rc ? rc : upload_retire(p, err);
}

const struct arkv_packer_stats *arkv_packer_stats(const struct arkv_packer *p)
{
	return &p->stats;
}
