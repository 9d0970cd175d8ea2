/* verify_runs.c - run objects, their pages and refs. See verify_in.h. */
#include "format/run.h"
#include "libarchive-kv/page_read.h"
#include "libarchive-kv/verify_in.h"

#include <stdlib.h>

/* Refs of all runs, unfolded: years of archives of 100 M keys take a tenth of it. */
enum { REFS_BYTES_MAX = 512 << 20 };

static enum ark_rc lose(struct arkv_verification *v, const struct arkv_v_run *r,
			enum arkv_damage_kind kind, struct arkv_loss **out, struct ark_err *err,
			const char *what)
{
	struct arkv_object_name name = arkv_hash_name("runs/", &r->run.table.name);
	struct arkv_loss *loss = arkv_loss_new(v, kind, name.s, err, "%s", what);
	if (!loss)
		return ARK_NOMEM;
	arkv_loss_archives(v, loss, r->archives);
	if (out)
		*out = loss;
	return ARK_OK;
}

/* ---- pages ---- */

/* Blocks ascend within a page and up to the next one; their packs are those of the refs. */
static enum ark_rc check_page(struct arkv_verification *v, const struct arkv_v_run *r,
			      const struct arkv_page *page, const struct arkf_key *end,
			      struct ark_err *err)
{
	for (size_t i = 0; i < page->block_count; i++) {
		const struct arkf_key *next =
			i + 1 < page->block_count ? &page->blocks[i + 1].first : end;
		if (next && arkv_key_cmp(&page->blocks[i].first, next) >= 0)
			return ark_fail(err, ARK_CORRUPT, "its blocks are not in order");
		const struct arkf_place *place = &page->blocks[i].place;
		size_t no = 0;
		if (!r->refs)
			continue;
		if (!arkv_idnos_find(&v->uses.map, &page->packs.packs[place->pack_no].name, &no) ||
		    !arkv_packuse_has(&v->uses.items[no], place->frame_no))
			return ark_fail(err, ARK_CORRUPT,
					"block %zu is in a frame that the run's refs do not name",
					i);
	}
	return ARK_OK;
}

static enum ark_rc verify_page(struct arkv_verification *v, struct arkv_v_run *r, size_t page_no,
			       struct ark_span object, struct ark_err *err)
{
	const struct arkv_root *root = r->run.root;
	const struct arkv_root_page *p = &root->pages[page_no];
	const struct arkf_key *end =
		page_no + 1 < root->page_count ? &root->pages[page_no + 1].first : NULL;
	ARK_AUTO(arkv_page_freep) struct arkv_page *page = NULL;
	struct ark_err why = { 0 };
	enum ark_rc rc = arkv_page_open(&page, v->keys, &r->run, root, page_no,
					ark_span(object.p + p->off, p->box_len), &why);
	if (!rc)
		rc = check_page(v, r, page, end, &why);
	v->result->pages++;
	if (!rc)
		return ARK_OK;
	if (!arkv_rc_is_damage(rc)) {
		if (err)
			*err = why;
		return rc;
	}
	(void)ark_err_prefix(&why, "page %zu", page_no);
	r->pages_whole = false;
	struct arkv_loss *loss = NULL;
	rc = lose(v, r, ARKV_DAMAGE_PAGE, &loss, err, why.text);
	return rc ? rc : arkv_loss_range(loss, &p->first, end, p->entry_count, err);
}

/* ---- the whole run ---- */

/* The manifest's copies must be what stands in the run. */
static enum ark_rc check_parts(const struct arkv_v_run *r, struct ark_span object,
			       struct ark_err *err)
{
	struct arkf_run_head head;
	struct arkf_run_tail tail;
	const struct arkf_table_run *said = &r->run.table;
	if (object.len < ARKF_RUN_TAIL_LEN)
		return ark_fail(err, ARK_CORRUPT, "is shorter than any run");
	struct ark_span end =
		ark_span(object.p + object.len - ARKF_RUN_TAIL_LEN, ARKF_RUN_TAIL_LEN);
	enum ark_rc rc = arkf_run_head_decode(&head, object, err);
	if (!rc)
		rc = arkf_run_tail_decode(&tail, end, object.len, err);
	if (rc)
		return rc;
	struct ark_span root = ark_span(object.p + tail.root_off, tail.root_len);
	if (!ark_uid_eq(&head.uid, &r->run.uid) ||
	    !ark_uid_eq(&head.datakey.id, &r->run.datakey.id) ||
	    !ark_span_eq(root, r->run.root_box))
		return ark_fail(err, ARK_CORRUPT, "is not the run whose root the manifest holds");
	if (said->refs_off != tail.root_off + tail.root_len || said->refs_len != tail.refs_len)
		return ark_fail(err, ARK_CORRUPT, "has its refs elsewhere than the manifest says");
	return ARK_OK;
}

static enum ark_rc check_counts(const struct arkv_v_run *r, struct ark_err *err)
{
	uint64_t in_pages = 0, in_slices = 0;
	for (size_t i = 0; i < r->run.root->page_count; i++)
		in_pages += r->run.root->pages[i].entry_count;
	for (size_t i = 0; r->refs && i < r->refs->slice_count; i++) {
		const struct arkf_slice *s = &r->refs->slices[i].info;
		in_slices += s->puts + s->touches + s->deletes;
	}
	if (in_pages != r->run.table.entry_count)
		return ark_fail(err, ARK_CORRUPT,
				"has another count of entries than the manifest says");
	if (in_slices != in_pages)
		return ark_fail(err, ARK_CORRUPT, "its slices do not hold all its entries");
	return ARK_OK;
}

static enum ark_rc open_refs(struct arkv_verification *v, struct arkv_v_run *r,
			     struct ark_span object, struct ark_err *err)
{
	const struct arkf_table_run *said = &r->run.table;
	if (said->refs_off > object.len || said->refs_len > object.len - said->refs_off)
		return ark_fail(err, ARK_CORRUPT, "is too short for its refs");
	enum ark_rc rc =
		arkv_refs_open(&r->refs, v->keys, &r->run.uid,
			       ark_span(object.p + said->refs_off, (size_t)said->refs_len), err);
	if (!rc) {
		v->refs_bytes += r->refs->raw.wr.cap + r->refs->arena.bytes;
		rc = arkv_packuses_add(&v->uses, r->refs, err);
	}
	if (!rc && v->refs_bytes > REFS_BYTES_MAX) {
		arkv_refs_freep(&r->refs);
		rc = ark_fail(err, ARK_LIMIT, "all of them together would take more than %d MiB",
			      REFS_BYTES_MAX >> 20);
	}
	return rc ? ark_err_prefix(err, "refs") : ARK_OK;
}

/* Whether the object is what its name says, and what the manifests say of it. */
static enum ark_rc check_object(struct arkv_v_run *r, struct ark_span object, struct ark_err *err)
{
	struct ark_id sum;
	arkv_sha256_of(&sum, object);
	if (object.len != r->run.table.len)
		return ark_fail(err, ARK_CORRUPT, "is %zu bytes long, the manifest says %llu",
				object.len, (unsigned long long)r->run.table.len);
	if (!ark_id_eq(&sum, &r->run.table.name))
		return ark_fail(err, ARK_CORRUPT, "was altered: its SHA-256 is not its name");
	return check_parts(r, object, err);
}

/* Reports why as a loss of the run, when it speaks of the run. */
static enum ark_rc lose_or_fail(struct arkv_verification *v, const struct arkv_v_run *r,
				enum ark_rc rc, const struct ark_err *why, struct ark_err *err)
{
	if (arkv_rc_is_damage(rc) || rc == ARK_NOTFOUND)
		return lose(v, r, ARKV_DAMAGE_RUN, NULL, err,
			    rc == ARK_NOTFOUND ? "is gone from the store" : why->text);
	if (err)
		*err = *why;
	return rc;
}

static enum ark_rc verify_pages(struct arkv_verification *v, struct arkv_v_run *r,
				struct ark_span object, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	r->pages_whole = true;
	for (size_t i = 0; !rc && i < r->run.root->page_count; i++) {
		const struct arkv_root_page *p = &r->run.root->pages[i];
		if (p->off > object.len || p->box_len > object.len - p->off)
			return ARK_OK; /* cut off: that was said */
		rc = verify_page(v, r, i, object, err);
	}
	return rc;
}

static enum ark_rc verify_parts(struct arkv_verification *v, struct arkv_v_run *r,
				struct ark_span object, struct ark_err *err)
{
	struct ark_err why = { 0 };
	enum ark_rc rc = check_object(r, object, &why);
	if (rc)
		rc = lose_or_fail(v, r, rc, &why, err);
	enum ark_rc refs_rc = rc ? rc : open_refs(v, r, object, &why);
	if (!rc && refs_rc)
		rc = lose_or_fail(v, r, refs_rc, &why, err);
	size_t root_bytes = 0;
	enum ark_rc root_rc =
		rc ? rc : arkv_root_open(&r->run.root, v->keys, &r->run, &root_bytes, &why);
	if (!rc && !root_rc && r->refs)
		root_rc = check_counts(r, &why);
	if (!rc && root_rc)
		rc = lose_or_fail(v, r, root_rc, &why, err);
	if (!rc && r->run.root)
		rc = verify_pages(v, r, object, err);
	arkv_root_freep(&r->run.root); /* blame opens it again, when there is any */
	return rc;
}

static enum ark_rc verify_run(struct arkv_verification *v, struct arkv_v_run *r,
			      struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf object;
	ark_buf_init(&object);
	struct ark_err why = { 0 };
	struct arkv_object_name name = arkv_hash_name("runs/", &r->run.table.name);
	struct arkv_object *listed = arkv_objects_find(&v->objects, name.s);
	if (listed)
		listed->needed = true;
	enum ark_rc rc = arkv_store_get(v->store, name.s, 0, ARKV_TO_END, &object, &why);
	if (rc)
		return lose_or_fail(v, r, rc, &why, err);
	v->result->runs++;
	v->result->bytes_read += object.wr.len;
	return verify_parts(v, r, ark_buf_span(&object), err);
}

/* Forgotten archives alone need it: what it needs is not left over, and that is all. */
static enum ark_rc note_run(struct arkv_verification *v, struct arkv_v_run *r, struct ark_err *err)
{
	struct arkv_object_name name = arkv_hash_name("runs/", &r->run.table.name);
	struct arkv_object *listed = arkv_objects_find(&v->objects, name.s);
	if (listed)
		listed->needed = true;
	ARK_AUTO(arkv_refs_freep) struct arkv_refs *refs = NULL;
	enum ark_rc rc = arkv_refs_read(&refs, v->repo, &r->run, err);
	for (size_t i = 0; !rc && i < refs->pack_count; i++) {
		struct arkv_object_name pack = arkv_hash_name("packs/", &refs->packs[i].name);
		listed = arkv_objects_find(&v->objects, pack.s);
		if (listed)
			listed->needed = true;
	}
	return arkv_rc_is_damage(rc) ? ARK_OK : rc;
}

enum ark_rc arkv_verify_runs(struct arkv_verification *v, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; !rc && i < v->run_count; i++) {
		rc = arkv_job_check(v->job, err);
		if (!rc)
			rc = v->runs[i].wanted ? verify_run(v, &v->runs[i], err)
					       : note_run(v, &v->runs[i], err);
		const struct arkv_progress p = { .phase = "runs",
						 .records = i,
						 .bytes = v->result->bytes_read };
		arkv_job_progress(v->job, &p);
	}
	return rc ? rc : arkv_v_packs_fit(v, err);
}

enum ark_rc arkv_v_packs_fit(struct arkv_verification *v, struct ark_err *err)
{
	if (v->packs && v->pack_count == v->uses.count)
		return ARK_OK;
	struct arkv_v_pack *packs = realloc(v->packs, (v->uses.count + 1) * sizeof *packs);
	if (!packs)
		return ark_fail(err, ARK_NOMEM, "verify: out of memory");
	v->packs = packs;
	for (; v->pack_count < v->uses.count; v->pack_count++)
		packs[v->pack_count] = (struct arkv_v_pack){ .len = 0 };
	v->result->packs = v->uses.count;
	return ARK_OK;
}
