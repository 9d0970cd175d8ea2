/* verify_blame.c - which keys stood in packs and blocks that are lost: what index pages say. See
 * verify_in.h. */
#include "libarchive-kv/page_read.h"
#include "libarchive-kv/verify_in.h"

static bool pack_hurt(const struct arkv_v_pack *pack)
{
	return pack->lost || pack->bad;
}

static bool run_hurt(const struct arkv_verification *v, const struct arkv_v_run *r)
{
	for (size_t i = 0; r->refs && i < r->refs->pack_count; i++) {
		size_t no = 0;
		if (arkv_idnos_find(&v->uses.map, &r->refs->packs[i].name, &no) &&
		    pack_hurt(&v->packs[no]))
			return true;
	}
	return false;
}

/* The loss that a block is part of by its place, or NULL. */
static struct arkv_loss *loss_of(const struct arkv_verification *v, const struct arkv_page *page,
				 const struct arkv_page_block *b)
{
	size_t no = 0;
	if (!arkv_idnos_find(&v->uses.map, &page->packs.packs[b->place.pack_no].name, &no))
		return NULL;
	const struct arkv_v_pack *pack = &v->packs[no];
	if (pack->lost)
		return pack->lost;
	for (const struct arkv_v_bad *bad = pack->bad; bad; bad = bad->next)
		if (bad->frame_no == b->place.frame_no)
			return bad->loss;
	return NULL;
}

/* Whether the block can be had in another way; at the levels below data, remaps alone may say so,
 * and they were asked. *yes. */
static enum ark_rc is_elsewhere(bool *yes, struct arkv_verification *v,
				const struct arkv_page *page, const struct arkv_page_block *b,
				struct ark_err *err)
{
	*yes = false;
	if (v->options->level < ARKV_VERIFY_DATA)
		return ARK_OK;
	struct arkv_frame *frame = NULL;
	struct ark_err why = { 0 };
	const struct arkv_frame_want want = {
		.id = b->id, .type = ARKF_FRAME_BLOCK, .packs = &page->packs, .place = b->place
	};
	enum ark_rc rc = arkv_frames_get(&frame, v->frames, &want, &why);
	arkv_frames_release(v->frames, &frame);
	*yes = rc == ARK_OK;
	if (!rc || arkv_rc_is_damage(rc))
		return ARK_OK;
	if (err)
		*err = why;
	return rc;
}

static enum ark_rc blame_page(struct arkv_verification *v, struct arkv_v_run *r,
			      const struct arkv_page *page, const struct arkf_key *end,
			      struct ark_err *err)
{
	for (size_t i = 0; i < page->block_count; i++) {
		const struct arkv_page_block *b = &page->blocks[i];
		struct arkv_loss *loss = loss_of(v, page, b);
		size_t seen;
		bool found = false;
		if (!loss)
			continue;
		enum ark_rc rc = is_elsewhere(&found, v, page, b, err);
		if (rc)
			return rc;
		if (found)
			continue;
		arkv_loss_archives(v, loss, r->archives);
		if (arkv_idnos_find(&v->broken_blocks, &b->id, &seen))
			continue; /* its entries were counted with another run */
		rc = arkv_idnos_add(&v->broken_blocks, &b->id, 0, err);
		const struct arkf_key *next =
			i + 1 < page->block_count ? &page->blocks[i + 1].first : end;
		if (!rc)
			rc = arkv_loss_range(loss, &b->first, next, b->entry_count, err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

static enum ark_rc blame_pages(struct arkv_verification *v, struct arkv_v_run *r,
			       const struct arkv_root *root, struct ark_err *err)
{
	struct arkv_object_name name = arkv_hash_name("runs/", &r->run.table.name);
	for (size_t i = 0; i < root->page_count; i++) {
		ARK_AUTO(ark_buf_release) struct ark_buf box;
		ARK_AUTO(arkv_page_freep) struct arkv_page *page = NULL;
		ark_buf_init(&box);
		const struct arkv_root_page *p = &root->pages[i];
		struct ark_err why = { 0 };
		enum ark_rc rc = arkv_store_get(v->store, name.s, p->off, p->box_len, &box, &why);
		if (!rc)
			rc = arkv_page_open(&page, v->keys, &r->run, root, i, ark_buf_span(&box),
					    &why);
		if (arkv_rc_is_damage(rc) || rc == ARK_NOTFOUND)
			continue; /* the page's own loss was told */
		if (rc) {
			if (err)
				*err = why;
			return rc;
		}
		rc = blame_page(v, r, page, i + 1 < root->page_count ? &p[1].first : NULL, err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

static enum ark_rc blame_run(struct arkv_verification *v, struct arkv_v_run *r, struct ark_err *err)
{
	ARK_AUTO(arkv_root_freep) struct arkv_root *root = NULL;
	struct ark_err why = { 0 };
	size_t bytes = 0;
	enum ark_rc rc = arkv_root_open(&root, v->keys, &r->run, &bytes, &why);
	if (!rc)
		return blame_pages(v, r, root, err);
	if (arkv_rc_is_damage(rc))
		return ARK_OK; /* that was told */
	if (err)
		*err = why;
	return rc;
}

enum ark_rc arkv_verify_blame(struct arkv_verification *v, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; !rc && i < v->run_count; i++)
		if (v->runs[i].wanted && run_hurt(v, &v->runs[i]))
			rc = blame_run(v, &v->runs[i], err);
	return rc;
}
