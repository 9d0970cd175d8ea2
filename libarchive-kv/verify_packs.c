/* verify_packs.c - every byte of every pack that is needed, and every frame in it. See verify_in.h.
 *
 * A pack is read from its start to its end in pieces that end with frames; the pool opens the
 * frames of one piece while the next is read. Blocks of puts with inline values are summed up on
 * the way.
 */
#include "libarchive-kv/verify_in.h"

#include <stdlib.h>

enum {
	PIECE_LEN = 2 << 20,
	LANE_LEN = 4,
	FOOTER_RAW_MAX = 64 << 20,
	FOOTER_BOX_MAX = FOOTER_RAW_MAX + 64, /* what does not shrink is stored as it is */
};

struct frame_at {
	struct arkf_footer_entry entry;
	uint32_t offset;
};

/* What became of a frame. */
struct verdict {
	enum ark_rc rc;
	bool has_sums;
	struct arkv_block_sums sums;
	char why[128];
};

/* One piece: read by the session's thread, opened by any. */
struct piece {
	struct arkv_task task;
	struct arkv_verification *v;
	const struct arkf_datakey *datakeys;
	size_t datakey_count;
	struct arkv_opener *opener;
	struct arkv_frame_content content;
	struct arkf_block_rd *block;
	struct ark_buf bytes;
	const struct frame_at *frames;
	size_t first_no; /* of frames, in the pack */
	size_t frame_count;
	struct verdict *verdicts; /* for frame_count of them */
	size_t verdict_cap;
	bool under_way;
};

/* The pack that is read. */
struct reading {
	struct arkv_verification *v;
	size_t pack_no;
	struct arkv_object_name name;
	uint64_t len;
	struct arkv_sha256 *sha;
	struct arkf_datakey datakeys[ARKF_PACK_DATAKEYS_MAX];
	size_t datakey_count;
	size_t head_len;
	uint64_t frames_end;
	struct frame_at *frames;
	size_t frame_count;
	struct piece lane[LANE_LEN];
};

/* ---- frames, on any thread ---- */

static enum ark_rc sum_entries(struct piece *p, struct verdict *out, struct ark_err *err)
{
	struct arkf_entry entry;
	uint8_t h[ARKV_DIGEST_LEN];
	enum ark_rc rc = arkf_block_decode(p->block, ark_buf_span(&p->content.raw), err);
	out->has_sums = true;
	while (!rc && !(rc = arkf_block_next(p->block, &entry, err))) {
		if (entry.kind != ARKF_PUT || entry.form != ARKF_INLINE) {
			out->has_sums = false;
			continue;
		}
		if (out->sums.records++ == 0)
			out->sums.first_hash = arkv_cut_hash(arkv_keys_cut(p->v->keys),
							     entry.rec.space, entry.rec.key);
		out->sums.expiring += entry.rec.expires_ms != ARK_NO_EXPIRY;
		out->sums.raw_bytes += entry.rec.key.len + entry.rec.value_len;
		arkv_digest_value(&p->v->digester, &entry.rec, entry.body, h);
		arkv_digests_add(&p->v->digester, &out->sums.digests, &entry.rec, h);
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc walk_recipe(struct ark_span raw, struct ark_err *err)
{
	struct arkf_recipe_rd it;
	struct arkf_ref item;
	enum ark_rc rc = arkf_recipe_decode(&it, raw, err);
	while (!rc)
		rc = arkf_recipe_next(&it, &item, err);
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc open_frame(struct piece *p, const struct frame_at *f, struct ark_span bytes,
			      struct verdict *out, struct ark_err *err)
{
	struct arkf_frame head;
	enum ark_rc rc = arkf_frame_decode(&head, bytes, err);
	if (rc)
		return rc;
	if (head.clen != f->entry.clen || head.datakey_no != f->entry.datakey_no ||
	    !ark_id_eq(&head.id, &f->entry.id))
		return ark_fail(err, ARK_CORRUPT, "its header is not what the footer says");
	if (head.datakey_no >= p->datakey_count)
		return ark_fail(err, ARK_CORRUPT, "names a data key that the pack has not");
	rc = arkv_frame_open(p->opener, &head, &p->datakeys[head.datakey_no], bytes, &p->content,
			     err);
	if (rc)
		return rc;
	if (p->content.type != f->entry.type || p->content.raw.wr.len != f->entry.raw_len)
		return ark_fail(err, ARK_CORRUPT, "is not what the footer says");
	if (p->content.type == ARKF_FRAME_BLOCK)
		return sum_entries(p, out, err);
	if (p->content.type == ARKF_FRAME_RECIPE)
		return walk_recipe(ark_buf_span(&p->content.raw), err);
	return ARK_OK;
}

static void piece_run(struct arkv_task *task)
{
	struct piece *p = (struct piece *)(void *)task;
	for (size_t i = 0; i < p->frame_count; i++) {
		const struct frame_at *f = &p->frames[i];
		struct verdict *out = &p->verdicts[i];
		struct ark_err err = { 0 };
		size_t off = f->offset - p->frames[0].offset;
		*out = (struct verdict){ .rc = ARK_OK };
		out->rc = open_frame(
			p, f,
			ark_span(p->bytes.wr.p + off, (size_t)f->entry.clen + ARKF_FRAME_EXTRA),
			out, &err);
		if (out->rc)
			memcpy(out->why, err.text, sizeof out->why - 1);
	}
}

/* ---- pieces ---- */

/* Archives whose refs name the frame. */
static void blame_archives(const struct arkv_verification *v, struct arkv_loss *loss,
			   const struct ark_id *pack, uint64_t frame_no)
{
	for (size_t i = 0; i < v->run_count; i++) {
		const struct arkv_v_run *r = &v->runs[i];
		for (size_t s = 0; r->refs && s < r->refs->slice_count; s++) {
			const struct arkv_refs_slice *slice = &r->refs->slices[s];
			for (size_t u = 0; u < slice->info.use_count; u++) {
				const struct arkv_refs_use *use = &slice->uses[u];
				if (ark_id_eq(&r->refs->packs[use->pack_no].name, pack) &&
				    frame_no / 8 < use->bitmap.len &&
				    (use->bitmap.p[frame_no / 8] >> frame_no % 8 & 1))
					arkv_loss_archives(v, loss, r->archives);
			}
		}
	}
}

static enum ark_rc frame_bad(struct reading *r, size_t frame_no, const struct ark_id *id,
			     enum arkf_frame_type type, const char *why, struct ark_err *err)
{
	struct arkv_verification *v = r->v;
	struct arkv_v_bad *bad = calloc(1, sizeof *bad);
	if (!bad)
		return ark_fail(err, ARK_NOMEM, "verify: out of memory");
	bad->frame_no = (uint32_t)frame_no;
	bad->id = *id;
	bad->next = v->packs[r->pack_no].bad;
	v->packs[r->pack_no].bad = bad;
	static const char *const nouns[] = { "frame", "block", "chunk", "recipe" };
	bad->loss = arkv_loss_new(
		v, type == ARKF_FRAME_BLOCK ? ARKV_DAMAGE_BLOCK : ARKV_DAMAGE_CHUNK, r->name.s, err,
		"%s %.16s in frame %zu: %s", nouns[type], ark_id_hex(id).s, frame_no, why);
	if (!bad->loss)
		return ARK_NOMEM;
	if (v->uses.items[r->pack_no].frame_count)
		blame_archives(v, bad->loss, &v->uses.items[r->pack_no].name, frame_no);
	else
		arkv_loss_pack(v, bad->loss, r->pack_no);
	return ARK_OK;
}

/* Waits for a piece, and takes its verdicts. */
static enum ark_rc piece_end(struct reading *r, struct piece *p, struct ark_err *err)
{
	if (!p->under_way)
		return ARK_OK;
	arkv_pool_wait(r->v->pool, &p->task);
	p->under_way = false;
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; !rc && i < p->frame_count; i++) {
		const struct arkf_footer_entry *e = &p->frames[i].entry;
		r->v->result->frames++;
		if (p->verdicts[i].rc == ARK_NOMEM)
			rc = ark_fail(err, ARK_NOMEM, "verify: out of memory");
		else if (p->verdicts[i].rc)
			rc = frame_bad(r, p->first_no + i, &e->id, e->type, p->verdicts[i].why,
				       err);
		else if (p->verdicts[i].has_sums)
			rc = arkv_verify_keep_sums(r->v, &e->id, &p->verdicts[i].sums, err);
	}
	return rc;
}

static enum ark_rc verdicts_reserve(struct piece *p, size_t count, struct ark_err *err)
{
	if (count <= p->verdict_cap)
		return ARK_OK;
	struct verdict *verdicts = realloc(p->verdicts, count * sizeof *verdicts);
	if (!verdicts)
		return ark_fail(err, ARK_NOMEM, "verify: out of memory");
	p->verdicts = verdicts;
	p->verdict_cap = count;
	return ARK_OK;
}

/* Reads frames [first, end) into a piece of the lane, and hands them over. */
static enum ark_rc piece_begin(struct reading *r, struct piece *p, size_t first, size_t end,
			       struct ark_err *err)
{
	const struct frame_at *last = &r->frames[end - 1];
	uint64_t off = r->frames[first].offset;
	uint64_t len = (uint64_t)last->offset + last->entry.clen + ARKF_FRAME_EXTRA - off;
	enum ark_rc rc = piece_end(r, p, err);
	if (!rc)
		rc = verdicts_reserve(p, end - first, err);
	ark_buf_clear(&p->bytes);
	if (!rc)
		rc = arkv_store_get(r->v->store, r->name.s, off, len, &p->bytes, err);
	if (rc)
		return rc;
	arkv_sha256_update(r->sha, ark_buf_span(&p->bytes));
	r->v->result->bytes_read += len;
	p->datakeys = r->datakeys;
	p->datakey_count = r->datakey_count;
	p->frames = r->frames + first;
	p->first_no = first;
	p->frame_count = end - first;
	p->under_way = true;
	arkv_pool_submit(r->v->pool, &p->task);
	return ARK_OK;
}

static enum ark_rc read_frames(struct reading *r, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	size_t lane_no = 0;
	for (size_t first = 0, end; !rc && first < r->frame_count; first = end) {
		uint64_t off = r->frames[first].offset;
		for (end = first + 1; end < r->frame_count; end++) {
			const struct frame_at *f = &r->frames[end];
			if (f->offset + f->entry.clen + ARKF_FRAME_EXTRA - off > PIECE_LEN)
				break;
		}
		rc = arkv_job_check(r->v->job, err);
		if (!rc)
			rc = piece_begin(r, &r->lane[lane_no++ % LANE_LEN], first, end, err);
		const struct arkv_progress p = { .phase = "read",
						 .records = r->v->result->frames,
						 .bytes = r->v->result->bytes_read };
		arkv_job_progress(r->v->job, &p);
	}
	for (size_t i = 0; i < LANE_LEN; i++) {
		struct piece *p = &r->lane[lane_no++ % LANE_LEN];
		if (rc && p->under_way) {
			arkv_pool_wait(r->v->pool, &p->task);
			p->under_way = false;
		} else if (!rc) {
			rc = piece_end(r, p, err);
		}
	}
	return rc;
}

/* ---- the frame around the frames ---- */

/* [off, off + len) of the pack, hashed. */
static enum ark_rc read_part(struct reading *r, uint64_t off, uint64_t len, struct ark_buf *out,
			     struct ark_err *err)
{
	enum ark_rc rc = arkv_store_get(r->v->store, r->name.s, off, len, out, err);
	if (rc)
		return rc;
	r->v->result->bytes_read += len;
	return ARK_OK;
}

static enum ark_rc read_head(struct reading *r, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf bytes;
	ark_buf_init(&bytes);
	uint64_t max = ARKF_HEADER_LEN + 2 + ARKF_PACK_DATAKEYS_MAX * ARKF_DATAKEY_LEN_MAX;
	enum ark_rc rc = read_part(r, 0, r->len < max ? r->len : max, &bytes, err);
	if (rc)
		return rc;
	struct ark_rd rd = ark_rd(ark_buf_span(&bytes));
	enum ark_suite suite;
	unsigned count = 0;
	rc = arkf_pack_head_decode(&rd, &suite, &count, err);
	if (rc)
		return rc;
	for (unsigned i = 0; i < count && !rd.bad; i++)
		arkf_datakey_decode(&rd, &r->datakeys[i]);
	if (rd.bad)
		return ark_fail(err, ARK_CORRUPT, "its data keys are cut off");
	if (suite != arkv_keys_suite(r->v->keys))
		return ark_fail(err, ARK_AUTH, "is of another cipher suite than the repository");
	r->datakey_count = count;
	r->head_len = (size_t)(rd.p - bytes.wr.p);
	arkv_sha256_update(r->sha, ark_span(bytes.wr.p, r->head_len));
	return ARK_OK;
}

/* Frames stand without gaps from the head to the footer. */
static enum ark_rc walk_footer(struct reading *r, struct ark_span raw, struct ark_err *err)
{
	struct arkf_footer_rd it;
	enum ark_rc rc = arkf_footer_decode(&it, raw, err);
	if (rc)
		return rc;
	r->frames = calloc((size_t)it.count + 1, sizeof *r->frames);
	if (!r->frames)
		return ark_fail(err, ARK_NOMEM, "verify: out of memory");
	uint64_t off = r->head_len;
	struct frame_at f;
	while (!(rc = arkf_footer_next(&it, &f.entry, err))) {
		uint64_t len = (uint64_t)f.entry.clen + ARKF_FRAME_EXTRA;
		if (len > ARKV_FRAME_LEN_MAX || len > r->frames_end - off)
			return ark_fail(err, ARK_CORRUPT, "its footer lists more than it has");
		f.offset = (uint32_t)off;
		off += len;
		r->frames[r->frame_count++] = f;
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	if (off != r->frames_end)
		return ark_fail(err, ARK_CORRUPT, "its footer does not list all of it");
	return ARK_OK;
}

static enum ark_rc open_footer(struct reading *r, struct ark_span box, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&body);
	ark_buf_init(&raw);
	enum ark_rc rc =
		arkv_open_meta(&body, r->v->keys, ARKV_BOX_FOOTER, ark_span(NULL, 0), box, err);
	if (!rc)
		rc = arkv_body_unpack(r->v->codec, ark_buf_span(&body), FOOTER_RAW_MAX, &raw, err);
	return rc ? rc : walk_footer(r, ark_buf_span(&raw), err);
}

/* Leaves footer and tail in end. */
static enum ark_rc read_footer(struct reading *r, struct ark_buf *end, struct ark_err *err)
{
	uint32_t footer_len = 0;
	ARK_AUTO(ark_buf_release) struct ark_buf tail;
	ark_buf_init(&tail);
	if (r->len < r->head_len + ARKF_PACK_TAIL_LEN)
		return ark_fail(err, ARK_CORRUPT, "is cut off");
	enum ark_rc rc = read_part(r, r->len - ARKF_PACK_TAIL_LEN, ARKF_PACK_TAIL_LEN, &tail, err);
	if (!rc)
		rc = arkf_pack_tail_decode(&footer_len, ark_buf_span(&tail), err);
	if (!rc && (footer_len > r->len - r->head_len - ARKF_PACK_TAIL_LEN ||
		    footer_len > FOOTER_BOX_MAX))
		rc = ark_fail(err, ARK_CORRUPT, "its footer is longer than it can be");
	r->frames_end = r->len - ARKF_PACK_TAIL_LEN - footer_len;
	if (!rc)
		rc = read_part(r, r->frames_end, footer_len, end, err);
	if (!rc)
		rc = open_footer(r, ark_buf_span(end), err);
	ark_wr_bytes(&end->wr, ark_buf_span(&tail));
	return rc ? rc : ark_buf_check(end, "verify", err);
}

/* ---- one pack ---- */

/* What the refs of runs say about the pack's frames. */
static enum ark_rc check_refs(const struct reading *r, struct ark_err *err)
{
	const struct arkv_packuse *use = &r->v->uses.items[r->pack_no];
	if (use->frame_count && use->frame_count != r->frame_count)
		return ark_fail(err, ARK_CORRUPT, "has %zu frames, the runs' refs say %llu",
				r->frame_count, (unsigned long long)use->frame_count);
	return ARK_OK;
}

static enum ark_rc read_pack(struct reading *r, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf end;
	ark_buf_init(&end);
	if (r->len > ARKF_PACK_LEN_MAX)
		return ark_fail(err, ARK_CORRUPT, "is %llu bytes long: no pack is",
				(unsigned long long)r->len);
	enum ark_rc rc = read_head(r, err);
	if (!rc)
		rc = read_footer(r, &end, err);
	if (!rc)
		rc = check_refs(r, err);
	if (!rc)
		rc = read_frames(r, err);
	if (rc)
		return rc;
	struct ark_id sum;
	arkv_sha256_update(r->sha, ark_buf_span(&end));
	arkv_sha256_final(r->sha, &sum);
	/* what a bad frame tells already need not be told twice */
	if (ark_id_eq(&sum, &r->v->uses.items[r->pack_no].name) || r->v->packs[r->pack_no].bad)
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT, "was altered: its SHA-256 is not its name");
}

/* A pack whose head or footer is damaged: its frames are found, if they are, one by one. */
static enum ark_rc pack_bad(struct reading *r, const char *why, struct ark_err *err)
{
	struct arkv_verification *v = r->v;
	struct arkv_loss *loss = arkv_loss_new(v, ARKV_DAMAGE_PACK, r->name.s, err, "%s", why);
	if (!loss)
		return ARK_NOMEM;
	arkv_loss_pack(v, loss, r->pack_no);
	/* its blocks are asked for by those that need them: what cannot be had is named then */
	v->packs[r->pack_no].lost = loss;
	return ARK_OK;
}

static enum ark_rc lane_init(struct reading *r, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; !rc && i < LANE_LEN; i++) {
		struct piece *p = &r->lane[i];
		p->v = r->v;
		p->task.run = piece_run;
		ark_buf_init(&p->bytes);
		arkv_frame_content_init(&p->content);
		p->block = malloc(sizeof *p->block);
		rc = p->block ? arkv_opener_new(&p->opener, r->v->keys, err)
			      : ark_fail(err, ARK_NOMEM, "verify: out of memory");
	}
	return rc;
}

static void reading_free(struct reading *r)
{
	for (size_t i = 0; i < LANE_LEN; i++) {
		struct piece *p = &r->lane[i];
		if (!p->v)
			continue;
		ark_buf_release(&p->bytes);
		arkv_frame_content_release(&p->content);
		arkv_opener_freep(&p->opener);
		free(p->block);
		free(p->verdicts);
	}
	arkv_sha256_freep(&r->sha);
	free(r->frames);
	free(r);
}

static enum ark_rc verify_pack(struct reading *r, size_t no, struct ark_err *err)
{
	struct arkv_verification *v = r->v;
	struct ark_err why = { 0 };
	struct ark_id unused;
	free(r->frames);
	r->frames = NULL;
	r->frame_count = 0;
	r->pack_no = no;
	r->len = v->packs[no].len;
	r->name = arkv_hash_name("packs/", &v->uses.items[no].name);
	arkv_sha256_final(r->sha, &unused); /* starts anew */
	enum ark_rc rc = read_pack(r, &why);
	if (arkv_rc_is_damage(rc) || rc == ARK_NOTFOUND)
		return pack_bad(r, rc == ARK_NOTFOUND ? "is gone from the store" : why.text, err);
	if (rc && err)
		*err = why;
	return rc;
}

enum ark_rc arkv_verify_packs(struct arkv_verification *v, struct ark_err *err)
{
	struct reading *r = calloc(1, sizeof *r);
	if (!r)
		return ark_fail(err, ARK_NOMEM, "verify: out of memory");
	r->v = v;
	enum ark_rc rc = lane_init(r, err);
	if (!rc)
		rc = arkv_sha256_new(&r->sha, err);
	for (size_t i = 0; !rc && i < v->uses.count; i++)
		if (v->packs[i].listed)
			rc = verify_pack(r, i, err);
	reading_free(r);
	return rc;
}
