/* dedup_packs.c - see dedup.h: the packs that a session meets, its own and old ones. */
#include "libarchive-kv/dedup_inside.h"

#include <assert.h>
#include <stdlib.h>

struct pack_slot *arkv_dedup_slot(const struct arkv_dedup *d, uint32_t pack_no)
{
	return &d->segments[pack_no / PACK_SEGMENT][pack_no % PACK_SEGMENT];
}

static enum ark_rc no_memory(struct ark_err *err)
{
	return ark_fail(err, ARK_NOMEM, "packs of this session: out of memory");
}

static enum ark_rc segment_add(struct arkv_dedup *d, size_t no, struct ark_err *err)
{
	if (no == d->segment_cap) {
		size_t cap = no ? no * 2 : 16;
		struct pack_slot **p = reallocarray(d->segments, cap, sizeof(struct pack_slot *));
		if (!p)
			return no_memory(err);
		d->segments = p;
		d->segment_cap = cap;
	}
	d->segments[no] = calloc(PACK_SEGMENT, sizeof *d->segments[no]);
	return d->segments[no] ? ARK_OK : no_memory(err);
}

enum ark_rc arkv_dedup_slot_new(struct arkv_dedup *d, uint32_t *pack_no, struct ark_err *err)
{
	if (d->pack_count == PACK_REFUSED)
		return ark_fail(err, ARK_LIMIT, "a session with 2^32 packs");
	enum ark_rc rc = d->pack_count % PACK_SEGMENT
				 ? ARK_OK
				 : segment_add(d, d->pack_count / PACK_SEGMENT, err);
	if (!rc)
		*pack_no = d->pack_count++;
	return rc;
}

void arkv_dedup_packs_release(struct arkv_dedup *d)
{
	for (uint32_t i = 0; i < d->pack_count; i++) {
		struct pack_slot *slot = arkv_dedup_slot(d, i);
		free(slot->datakeys);
		if (slot->open)
			free(slot->open->frames);
		free(slot->open);
	}
	for (size_t i = 0; i * PACK_SEGMENT < d->pack_count; i++)
		free(d->segments[i]);
	free(d->segments);
	free(d->own_packs);
}

uint32_t arkv_dedup_pack_count(const struct arkv_dedup *d)
{
	pthread_mutex_lock(d->lock);
	uint32_t count = d->pack_count;
	pthread_mutex_unlock(d->lock);
	return count;
}

const struct arkv_pack_info *arkv_dedup_pack(const struct arkv_dedup *d, uint32_t pack_no)
{
	pthread_mutex_lock(d->lock);
	assert(pack_no < d->pack_count);
	const struct arkv_pack_info *info = &arkv_dedup_slot(d, pack_no)->info;
	pthread_mutex_unlock(d->lock);
	return info;
}

/* ---- old packs ---- */

/* A number for the pack; takes over datakeys. */
static enum ark_rc old_pack_new(struct arkv_dedup *d, const struct arkv_pack_info *info,
				struct arkf_datakey *datakeys, uint32_t *pack_no,
				struct ark_err *err)
{
	struct arkv_where w = { .pack_no = 0 };
	enum ark_rc rc = arkv_dedup_slot_new(d, &w.pack_no, err);
	if (rc) {
		free(datakeys);
		return rc;
	}
	struct pack_slot *slot = arkv_dedup_slot(d, w.pack_no);
	slot->info = *info;
	slot->datakeys = datakeys;
	*pack_no = w.pack_no;
	return arkv_idmap_put(&d->pack_names, &info->name, &w, err);
}

static enum ark_rc old_pack_meet(struct arkv_dedup *d, uint32_t fragment_no, uint32_t pack_in_it,
				 uint32_t *pack_no, struct ark_err *err)
{
	struct arkv_pack_info info;
	struct arkf_datakey *datakeys;
	*pack_no = PACK_REFUSED;
	enum ark_rc rc =
		arkv_chunks_pack(d->chunks, fragment_no, pack_in_it, &info, &datakeys, err);
	if (rc)
		return rc == ARK_NOMEM ? rc : ARK_OK;
	const struct arkv_where *same = arkv_idmap_get(&d->pack_names, &info.name);
	const bool refused = arkv_listing_find(&d->condemned.packs, &info.name) != NULL;
	if (!same && !refused)
		return old_pack_new(d, &info, datakeys, pack_no, err);
	free(datakeys);
	if (!refused)
		*pack_no = same->pack_no;
	return ARK_OK;
}

enum ark_rc arkv_dedup_old_pack(struct arkv_dedup *d, uint32_t fragment_no, uint32_t pack_in_it,
				uint32_t *pack_no, struct ark_err *err)
{
	struct ark_id key = { .b = { 0 } };
	ark_put_le32(key.b, fragment_no);
	ark_put_le32(key.b + 4, pack_in_it);
	const struct arkv_where *known = arkv_idmap_get(&d->old_packs, &key);
	if (known) {
		*pack_no = known->pack_no;
		return ARK_OK;
	}
	struct arkv_where w = { .pack_no = 0 };
	enum ark_rc rc = old_pack_meet(d, fragment_no, pack_in_it, &w.pack_no, err);
	if (!rc)
		rc = arkv_idmap_put(&d->old_packs, &key, &w, err);
	if (!rc)
		*pack_no = w.pack_no;
	return rc;
}

/* ---- own packs ---- */

static enum ark_rc own_add(struct arkv_dedup *d, uint32_t pack_no, struct ark_err *err)
{
	if (d->own_count == d->own_cap) {
		size_t cap = d->own_cap ? d->own_cap * 2 : 16;
		uint32_t *p = reallocarray(d->own_packs, cap, sizeof *p);
		if (!p)
			return no_memory(err);
		d->own_packs = p;
		d->own_cap = cap;
	}
	d->own_packs[d->own_count++] = pack_no;
	return ARK_OK;
}

enum ark_rc arkv_dedup_pack_begin(struct arkv_dedup *d, uint32_t *pack_no, struct ark_err *err)
{
	struct open_pack *open = calloc(1, sizeof *open);
	if (!open)
		return no_memory(err);
	uint32_t no = 0;
	pthread_mutex_lock(d->lock);
	enum ark_rc rc = arkv_dedup_slot_new(d, &no, err);
	if (!rc)
		arkv_dedup_slot(d, no)->open = open;
	pthread_mutex_unlock(d->lock);
	if (rc) {
		free(open);
		return rc;
	}
	rc = own_add(d, no, err);
	if (!rc)
		*pack_no = no;
	return rc;
}

static enum ark_rc frame_add(struct open_pack *open, const struct arkf_footer_entry *entry,
			     uint32_t offset, struct ark_err *err)
{
	if (open->count == open->cap) {
		size_t cap = open->cap ? open->cap * 2 : 256;
		struct arkv_staged_frame *p = reallocarray(open->frames, cap, sizeof *p);
		if (!p)
			return no_memory(err);
		open->frames = p;
		open->cap = cap;
	}
	open->frames[open->count++] =
		(struct arkv_staged_frame){ .entry = *entry, .offset = offset };
	return ARK_OK;
}

/* The slot of an own pack that is open; NULL otherwise. */
static struct pack_slot *open_slot(struct arkv_dedup *d, uint32_t pack_no)
{
	pthread_mutex_lock(d->lock);
	struct pack_slot *slot = pack_no < d->pack_count ? arkv_dedup_slot(d, pack_no) : NULL;
	pthread_mutex_unlock(d->lock);
	return slot && slot->open ? slot : NULL;
}

enum ark_rc arkv_dedup_place(struct arkv_dedup *d, uint32_t pack_no,
			     const struct arkf_footer_entry *entry, uint32_t offset,
			     struct ark_err *err)
{
	struct pack_slot *slot = open_slot(d, pack_no);
	if (!slot)
		return ark_fail(err, ARK_USAGE, "pack %u is not open", (unsigned)pack_no);
	const size_t frame_no = slot->open->count;
	enum ark_rc rc = frame_add(slot->open, entry, offset, err);
	if (rc)
		return rc;
	pthread_mutex_lock(d->lock);
	struct arkv_where *where = arkv_idmap_get(&d->known, &entry->id);
	const bool claimed = where && where->pack_no == PACK_CLAIMED;
	if (claimed)
		*where = (struct arkv_where){ .pack_no = pack_no,
					      .frame_no = (uint32_t)frame_no,
					      .offset = offset,
					      .clen = entry->clen,
					      .raw_len = entry->raw_len,
					      .datakey_no = entry->datakey_no };
	pthread_mutex_unlock(d->lock);
	if (claimed)
		return ARK_OK;
	slot->open->count--;
	return ark_fail(err, ARK_USAGE, "frame %s was not claimed", ark_id_hex(&entry->id).s);
}

/* The frames are staged: they leave memory. */
static enum ark_rc pack_close(struct arkv_dedup *d, uint32_t pack_no, struct pack_slot *slot,
			      struct ark_err *err)
{
	struct open_pack *open = slot->open;
	const struct arkv_where w = { .pack_no = pack_no };
	enum ark_rc rc = ARK_OK;
	pthread_mutex_lock(d->lock);
	for (size_t i = 0; i < open->count; i++)
		arkv_idmap_delete(&d->known, &open->frames[i].entry.id);
	if (!arkv_idmap_get(&d->pack_names, &slot->info.name))
		rc = arkv_idmap_put(&d->pack_names, &slot->info.name, &w, err);
	slot->info.closed = true;
	slot->open = NULL;
	pthread_mutex_unlock(d->lock);
	free(open->frames);
	free(open);
	return rc;
}

enum ark_rc arkv_dedup_pack_end(struct arkv_dedup *d, uint32_t pack_no, const struct ark_id *name,
				uint64_t len, const struct arkf_datakey *datakeys,
				uint16_t datakey_count, struct ark_err *err)
{
	struct pack_slot *slot = open_slot(d, pack_no);
	if (!slot || datakey_count == 0)
		return ark_fail(err, ARK_USAGE, "pack %u is not open, or without a data key",
				(unsigned)pack_no);
	if (arkv_listing_find(&d->condemned.packs, name))
		return ark_fail(err, ARK_EXISTS,
				"packs/%s: a pack of the same bytes is condemned and will be "
				"deleted: back up again after the prune has ended",
				ark_id_hex(name).s);
	enum ark_rc rc =
		arkv_staging_add(d->staging, pack_no, slot->open->frames, slot->open->count, err);
	if (rc)
		return rc;
	struct arkf_datakey *copy = calloc(datakey_count, sizeof *copy);
	if (!copy)
		return no_memory(err);
	memcpy(copy, datakeys, datakey_count * sizeof *copy);
	slot->datakeys = copy;
	slot->info = (struct arkv_pack_info){ .name = *name,
					      .len = len,
					      .frame_count = (uint32_t)slot->open->count,
					      .datakey_count = datakey_count,
					      .datakeys = copy };
	return pack_close(d, pack_no, slot, err);
}
