/* verify_content.c - whether archives hold the records that their manifests count. See
 * verify_in.h.
 *
 * A segment of one slice is the sum of its blocks, and equal blocks of several archives are summed
 * once. Others are merged.
 */
#include "libarchive-kv/page_read.h"
#include "libarchive-kv/verify_in.h"

#include <stdio.h>
#include <stdlib.h>

/* One archive. */
struct content {
	struct arkv_verification *v;
	size_t archive_no;
	struct arkv_archive *a;
	struct arkv_cursor *cursor;
	struct arkv_block_sums sums;
	bool broken; /* something could not be read: the sums cannot agree */
	char why[ARK_ERR_TEXT_MAX]; /* the first thing that could not */
	struct arkv_value_hash hash;
};

/* ---- sums of blocks ---- */

enum ark_rc arkv_verify_keep_sums(struct arkv_verification *v, const struct ark_id *block,
				  const struct arkv_block_sums *sums, struct ark_err *err)
{
	size_t seen;
	if (arkv_idnos_find(&v->sum_map, block, &seen))
		return ARK_OK;
	if (v->sum_count == v->sum_cap) {
		size_t cap = v->sum_cap ? 2 * v->sum_cap : 256;
		struct arkv_block_sums *all = realloc(v->sums, cap * sizeof *all);
		if (!all)
			return ark_fail(err, ARK_NOMEM, "verify: out of memory");
		v->sums = all;
		v->sum_cap = cap;
	}
	v->sums[v->sum_count] = *sums;
	return arkv_idnos_add(&v->sum_map, block, v->sum_count++, err);
}

static void add_sums(struct arkv_block_sums *to, const struct arkv_block_sums *part)
{
	to->records += part->records;
	to->expiring += part->expiring;
	to->raw_bytes += part->raw_bytes;
	arkv_digests_merge(&to->digests, &part->digests);
}

static void break_off(struct content *c, const struct ark_err *why)
{
	c->broken = true;
	if (!c->why[0])
		(void)snprintf(c->why, sizeof c->why, "%s", why->text);
}

/* ---- records ---- */

static enum ark_rc hash_piece(void *ctx, struct ark_span bytes, struct ark_err *err)
{
	struct content *c = ctx;
	arkv_value_hash_update(&c->hash, bytes);
	return arkv_job_check(c->v->job, err); /* few bytes of a store can be a TB of value */
}

/* The loss of the frame that could not be read last. */
static struct arkv_loss *loss_of_frame(struct content *c, const char *why, struct ark_err *err)
{
	struct arkv_verification *v = c->v;
	const struct arkv_frame_spot *spot = arkv_frames_lost(v->frames);
	size_t no = 0;
	if (arkv_idnos_find(&v->uses.map, &spot->pack, &no)) {
		if (v->packs[no].lost)
			return v->packs[no].lost;
		for (struct arkv_v_bad *bad = v->packs[no].bad; bad; bad = bad->next)
			if (ark_id_eq(&bad->id, &spot->id))
				return bad->loss;
	}
	struct arkv_object_name archive = arkv_archive_name(&c->a->uid);
	struct arkv_object_name pack = arkv_hash_name("packs/", &spot->pack);
	bool placed = arkv_idnos_find(&v->uses.map, &spot->pack, &no);
	return arkv_loss_new(v, ARKV_DAMAGE_CHUNK, placed ? pack.s : archive.s, err, "%s", why);
}

static enum ark_rc value_lost(struct content *c, const struct ark_record *rec, const char *why,
			      struct ark_err *err)
{
	const struct arkf_key key = { .space = rec->space, .key = rec->key };
	struct arkv_loss *loss = loss_of_frame(c, why, err);
	if (!loss)
		return ARK_NOMEM;
	c->broken = true;
	arkv_loss_archive(loss, c->archive_no);
	return arkv_loss_key(loss, &key, err);
}

static enum ark_rc add_record(struct content *c, const struct ark_record *rec,
			      struct arkv_block_sums *sums, struct ark_err *err)
{
	struct arkv_verification *v = c->v;
	struct ark_err why = { 0 };
	struct ark_span value;
	uint8_t h[ARKV_DIGEST_LEN];
	if (arkv_cursor_inline(c->cursor, &value)) {
		arkv_digest_value(&v->digester, rec, value, h);
	} else {
		arkv_value_hash_begin(&c->hash, arkv_keys_dig(v->keys));
		enum ark_rc rc = arkv_value_read(c->cursor, hash_piece, c, &why);
		if (arkv_rc_is_damage(rc))
			return value_lost(c, rec, why.text, err);
		if (rc) {
			if (err)
				*err = why;
			return rc;
		}
		arkv_value_hash_end(&c->hash, rec, h);
	}
	sums->records++;
	sums->expiring += rec->expires_ms != ARK_NO_EXPIRY;
	sums->raw_bytes += rec->key.len + rec->value_len;
	arkv_digests_add(&v->digester, &sums->digests, rec, h);
	return ARK_OK;
}

/* All records from first up to end (NULL: to the archive's). */
static enum ark_rc add_range(struct content *c, const struct arkf_key *first,
			     const struct arkf_key *end, struct arkv_block_sums *sums,
			     struct ark_err *err)
{
	enum ark_rc rc = arkv_cursor_seek(c->cursor, first->space, first->key, err);
	while (!rc) {
		struct ark_record rec;
		struct ark_err why = { 0 };
		rc = arkv_cursor_next(c->cursor, &rec, &why);
		const struct arkf_key key = { .space = rec.space, .key = rec.key };
		if (rc == ARK_NOTFOUND || (!rc && end && arkv_key_cmp(&key, end) >= 0))
			return ARK_OK;
		if (arkv_rc_is_damage(rc)) {
			break_off(c, &why); /* most of it was told of by the runs */
			rc = ARK_OK;
			continue;
		}
		if (rc && err)
			*err = why;
		if (!rc)
			rc = add_record(c, &rec, sums, err);
		if (!rc)
			rc = arkv_job_check(c->v->job, err);
		c->v->result->records += !rc;
	}
	return rc;
}

/* ---- segments ---- */

/* The page says what the block begins with, and how much it holds. */
static bool is_described(const struct arkv_verification *v, const struct arkv_page_block *b,
			 const struct arkv_block_sums *sums)
{
	if (!sums->first_hash)
		return true;
	uint64_t hash = arkv_cut_hash(arkv_keys_cut(v->keys), b->first.space, b->first.key);
	return hash == sums->first_hash && b->entry_count == sums->records;
}

static enum ark_rc block_differs(struct content *c, const struct arkv_page_block *b,
				 struct ark_err *err)
{
	struct arkv_object_name name = arkv_archive_name(&c->a->uid);
	struct arkv_loss *loss = arkv_loss_new(c->v, ARKV_DAMAGE_PAGE, name.s, err,
					       "block %.16s is not the one that a page describes",
					       ark_id_hex(&b->id).s);
	if (!loss)
		return ARK_NOMEM;
	c->broken = true;
	arkv_loss_archive(loss, c->archive_no);
	return arkv_loss_range(loss, &b->first, NULL, b->entry_count, err);
}

/* by_page: what the page says besides is to be looked at, too. */
static enum ark_rc add_block(struct content *c, const struct arkv_page_block *b,
			     const struct arkf_key *end, bool by_page, struct ark_err *err)
{
	struct arkv_verification *v = c->v;
	size_t no = 0;
	if (by_page)
		return add_range(c, &b->first, end, &c->sums, err);
	if (arkv_idnos_find(&v->sum_map, &b->id, &no)) {
		if (!is_described(v, b, &v->sums[no]))
			return block_differs(c, b, err);
		add_sums(&c->sums, &v->sums[no]);
		v->result->records += v->sums[no].records;
		return ARK_OK;
	}
	if (arkv_idnos_find(&v->broken_blocks, &b->id, &no)) {
		c->broken = true;
		return ARK_OK;
	}
	struct arkv_block_sums sums = { .records = 0 };
	bool broken_before = c->broken;
	c->broken = false;
	enum ark_rc rc = add_range(c, &b->first, end, &sums, err);
	if (!rc && c->broken)
		rc = arkv_idnos_add(&v->broken_blocks, &b->id, 0, err);
	else if (!rc)
		rc = arkv_verify_keep_sums(v, &b->id, &sums, err);
	c->broken = c->broken || broken_before;
	add_sums(&c->sums, &sums);
	return rc;
}

/* The blocks of a page that begin in the segment. */
static enum ark_rc add_page(struct content *c, size_t segment_no, const struct arkv_page *page,
			    const struct arkf_key *page_end, struct ark_err *err)
{
	const struct arkf_key *begin = &c->a->segments[segment_no].begin;
	const struct arkf_key *end = arkv_archive_segment_end(c->a, segment_no);
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; !rc && i < page->block_count; i++) {
		const struct arkv_page_block *b = &page->blocks[i];
		const struct arkf_key *next =
			i + 1 < page->block_count ? &page->blocks[i + 1].first : page_end;
		if (arkv_key_cmp(&b->first, begin) < 0 ||
		    (end && arkv_key_cmp(&b->first, end) >= 0))
			continue;
		if (end && (!next || arkv_key_cmp(next, end) > 0))
			next = end;
		rc = add_block(c, b, next, page->filter.segment_len != 0, err);
	}
	return rc;
}

/* A base alone: it begins a block at the bound, so its blocks are the segment's. */
static enum ark_rc add_base(struct content *c, size_t segment_no, struct ark_err *err)
{
	const struct arkv_archive_segment *segment = &c->a->segments[segment_no];
	const struct arkf_key *end = arkv_archive_segment_end(c->a, segment_no);
	const struct arkv_root *root = NULL;
	size_t run_no = segment->slices[0].run_no;
	struct ark_err why = { 0 };
	enum ark_rc rc = arkv_archive_root(&root, c->a, run_no, &why);
	for (size_t i = rc ? 0 : arkv_root_page_of(root, &segment->begin);
	     !rc && i < root->page_count; i++) {
		const struct arkv_root_page *p = &root->pages[i];
		if (end && arkv_key_cmp(&p->first, end) >= 0)
			break;
		ARK_AUTO(arkv_page_freep) struct arkv_page *page = NULL;
		rc = arkv_page_read(&page, c->a, run_no, i, &why);
		if (arkv_rc_is_damage(rc)) {
			break_off(c, &why);
			rc = ARK_OK;
			continue;
		}
		if (!rc)
			rc = add_page(c, segment_no, page,
				      i + 1 < root->page_count ? &p[1].first : NULL, &why);
	}
	if (arkv_rc_is_damage(rc)) {
		break_off(c, &why);
		return ARK_OK;
	}
	if (rc && err)
		*err = why;
	return rc;
}

/* ---- archives ---- */

static bool is_told(const struct content *c)
{
	for (const struct arkv_loss *loss = c->v->losses; loss; loss = loss->next)
		if (loss->archives[c->archive_no / 8] >> c->archive_no % 8 & 1)
			return true;
	return false;
}

static enum ark_rc compare(struct content *c, struct ark_err *err)
{
	const struct arkf_counts *said = &c->a->head.counts;
	const char *wrong = NULL;
	if (c->broken && is_told(c))
		return ARK_OK;
	if (c->broken)
		wrong = c->why[0] ? c->why : "cannot be read whole";
	else if (c->sums.records != said->records || c->sums.expiring != said->expiring)
		wrong = "has another count of records than its manifest says";
	else if (c->sums.raw_bytes != said->raw_bytes)
		wrong = "has another count of bytes than its manifest says";
	else if (!arkv_digests_equal(&c->sums.digests, &c->a->head.digests))
		wrong = "its content is not what its digests say";
	if (!wrong)
		return ARK_OK;
	struct arkv_object_name name = arkv_archive_name(&c->a->uid);
	struct arkv_loss *loss = arkv_loss_new(c->v, ARKV_DAMAGE_CONTENT, name.s, err, "%s", wrong);
	if (!loss)
		return ARK_NOMEM;
	arkv_loss_archive(loss, c->archive_no);
	return ARK_OK;
}

static enum ark_rc verify_archive(struct content *c, struct ark_err *err)
{
	enum ark_rc rc = arkv_cursor_open(&c->cursor, c->a, c->v->frames, err);
	for (size_t i = 0; !rc && i < c->a->segment_count; i++) {
		const struct arkv_archive_segment *segment = &c->a->segments[i];
		const struct arkf_key *end = arkv_archive_segment_end(c->a, i);
		if (segment->info.depth == 1)
			rc = add_base(c, i, err);
		else if (segment->info.depth > 1)
			rc = add_range(c, &segment->begin, end, &c->sums, err);
		const struct arkv_progress p = { .phase = "compare",
						 .records = c->v->result->records,
						 .bytes = c->v->result->bytes_read };
		arkv_job_progress(c->v->job, &p);
		if (!rc)
			rc = arkv_job_check(c->v->job, err);
	}
	return rc ? rc : compare(c, err);
}

enum ark_rc arkv_verify_content(struct arkv_verification *v, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; !rc && i < v->archive_count; i++) {
		if (v->archives[i].forgotten || !v->archives[i].opened)
			continue;
		ARK_AUTO(arkv_archive_freep) struct arkv_archive *a = NULL;
		struct content c = { .v = v, .archive_no = i };
		rc = arkv_archive_open_stored(&a, v->repo, &v->archives[i].uid, err);
		c.a = a;
		if (!rc)
			rc = verify_archive(&c, err);
		arkv_cursor_freep(&c.cursor);
	}
	return rc;
}
