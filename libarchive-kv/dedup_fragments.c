/*
 * dedup_fragments.c - see dedup.h: what this session has stored, as fragments of places/.
 *
 * A fragment is built from the staging file, once to be stored and once more to go into chunks.mdb
 * the way any other session's would.
 */
#include "libarchive-kv/dedup_inside.h"

#include <stdlib.h>

/* The own packs [first, end) of one fragment, and their data keys, each once. */
struct plan {
	size_t first;
	size_t end;
	struct arkv_idmap numbers; /* data key id -> its number in the list */
	struct ark_buf datakeys;   /* records, in the order of their numbers */
};

static void plan_end(struct plan *p)
{
	arkv_idmap_release(&p->numbers);
	ark_buf_release(&p->datakeys);
}

static struct pack_slot *own_slot(struct arkv_dedup *d, size_t i)
{
	pthread_mutex_lock(d->lock);
	struct pack_slot *slot = arkv_dedup_slot(d, d->own_packs[i]);
	pthread_mutex_unlock(d->lock);
	return slot;
}

static struct ark_id datakey_key(const struct arkf_datakey *key)
{
	struct ark_id id = { .b = { 0 } };
	memcpy(id.b, key->id.b, sizeof key->id.b);
	return id;
}

static enum ark_rc plan_datakeys(struct plan *p, const struct arkv_pack_info *info,
				 struct ark_err *err)
{
	for (uint16_t i = 0; i < info->datakey_count; i++) {
		struct ark_id id = datakey_key(&info->datakeys[i]);
		const struct arkv_where number = { .pack_no = (uint32_t)p->numbers.count };
		if (arkv_idmap_get(&p->numbers, &id))
			continue;
		if (arkv_idmap_put(&p->numbers, &id, &number, err))
			return ARK_NOMEM;
		arkf_datakey_encode(&p->datakeys.wr, &info->datakeys[i]);
	}
	return ark_buf_check(&p->datakeys, "data keys of a fragment", err);
}

/* As many packs from p->first on as fit into one fragment, at least one. */
static enum ark_rc plan(struct arkv_dedup *d, struct plan *p, struct ark_err *err)
{
	uint64_t frames = 0;
	for (p->end = p->first; p->end < d->own_count; p->end++) {
		const struct arkv_pack_info *info = &own_slot(d, p->end)->info;
		frames += info->frame_count;
		if (p->end > p->first &&
		    (frames > ARKV_PLACES_FRAMES_MAX ||
		     p->numbers.count + info->datakey_count > ARKF_PACKTABLE_DATAKEYS_MAX ||
		     p->end - p->first == ARKF_PACKTABLE_PACKS_MAX))
			return ARK_OK;
		enum ark_rc rc = plan_datakeys(p, info, err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

static enum ark_rc build_pack(struct arkv_dedup *d, const struct plan *p, size_t i,
			      struct ark_wr *wr, struct ark_err *err)
{
	const struct arkv_pack_info *info = &own_slot(d, i)->info;
	const struct arkf_places_pack pack = { .name = info->name,
					       .len = (uint32_t)info->len,
					       .datakey_count = info->datakey_count,
					       .frame_count = info->frame_count };
	arkf_places_encode_pack(wr, &pack);
	for (uint16_t k = 0; k < info->datakey_count; k++) {
		struct ark_id id = datakey_key(&info->datakeys[k]);
		arkf_places_encode_no(wr, arkv_idmap_get(&p->numbers, &id)->pack_no);
	}
	return arkv_staging_frames(d->staging, d->own_packs[i], info->frame_count, wr, err);
}

static enum ark_rc build(struct arkv_dedup *d, const struct plan *p, struct ark_buf *raw,
			 struct ark_err *err)
{
	const struct arkf_places head = { .session = d->session,
					  .lineage = d->lineage,
					  .datakey_count = p->numbers.count };
	arkf_places_encode_head(&raw->wr, &head);
	ark_wr_bytes(&raw->wr, ark_buf_span(&p->datakeys));
	arkf_places_encode_packs(&raw->wr, p->end - p->first);
	for (size_t i = p->first; i < p->end; i++) {
		enum ark_rc rc = build_pack(d, p, i, &raw->wr, err);
		if (rc)
			return rc;
	}
	arkf_places_encode_end(&raw->wr);
	return ark_buf_check(raw, "places fragment", err);
}

/* The raw body of the fragment that begins with own pack first; *end: where the next one does. */
static enum ark_rc fragment(struct arkv_dedup *d, size_t first, size_t *end, struct ark_buf *raw,
			    struct ark_err *err)
{
	ARK_AUTO(plan_end) struct plan p = { .first = first };
	ark_buf_init(&p.datakeys);
	enum ark_rc rc = plan(d, &p, err);
	if (!rc)
		rc = build(d, &p, raw, err);
	*end = p.end;
	return rc;
}

static enum ark_rc store_one(struct arkv_dedup *d, size_t first, size_t *end, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&raw);
	enum ark_rc rc = fragment(d, first, end, &raw, err);
	/* One pack of a million tiny frames: it is not found again, and no more. */
	if (rc || raw.wr.len > ARKF_PLACES_RAW_MAX)
		return rc;
	struct own_fragment *list = reallocarray(d->fragments, d->fragment_count + 1, sizeof *list);
	if (!list)
		return ark_fail(err, ARK_NOMEM, "places fragments: out of memory");
	d->fragments = list;
	struct own_fragment *f = &list[d->fragment_count];
	*f = (struct own_fragment){ .first = first, .end = *end };
	rc = arkv_places_store(&f->name, d->store, d->keys, d->codec, ark_buf_span(&raw), err);
	d->fragment_count += rc == ARK_OK;
	return rc;
}

enum ark_rc arkv_dedup_store_fragments(struct arkv_dedup *d, struct ark_err *err)
{
	for (size_t i = 0; i < d->own_count; i++)
		if (own_slot(d, i)->open)
			return ark_fail(err, ARK_USAGE, "pack %u is still open",
					(unsigned)d->own_packs[i]);
	enum ark_rc rc = ARK_OK;
	while (d->stored_to < d->own_count && !rc) {
		size_t end = 0;
		rc = store_one(d, d->stored_to, &end, err);
		if (!rc)
			d->stored_to = end;
	}
	return rc;
}

static enum ark_rc keep_one(struct arkv_dedup *d, const struct own_fragment *f, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&raw);
	size_t end;
	enum ark_rc rc = fragment(d, f->first, &end, &raw, err);
	if (rc)
		return rc;
	pthread_mutex_lock(d->lock);
	rc = arkv_chunks_insert(d->chunks, &f->name, ark_buf_span(&raw), arkv_dedup_wanted(d), err);
	pthread_mutex_unlock(d->lock);
	return rc;
}

enum ark_rc arkv_dedup_keep(struct arkv_dedup *d, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	while (d->kept_count < d->fragment_count && !rc) {
		rc = keep_one(d, &d->fragments[d->kept_count], err);
		d->kept_count += rc == ARK_OK;
	}
	return rc ? rc : arkv_chunks_sweep(d->chunks, err);
}
