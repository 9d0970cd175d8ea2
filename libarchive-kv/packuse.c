/* packuse.c - see packuse.h. */
#include "libarchive-kv/packuse.h"

#include <stdlib.h>

void arkv_packuses_release(struct arkv_packuses *uses)
{
	if (!uses)
		return;
	for (size_t i = 0; i < uses->count; i++)
		free(uses->items[i].bits);
	free(uses->items);
	arkv_idnos_release(&uses->map);
	*uses = (struct arkv_packuses){ 0 };
}

static enum ark_rc pack_new(size_t *no, struct arkv_packuses *uses, const struct ark_id *name,
			    uint64_t frame_count, struct ark_err *err)
{
	if (uses->count == uses->cap) {
		size_t cap = uses->cap ? 2 * uses->cap : 16;
		struct arkv_packuse *items = realloc(uses->items, cap * sizeof *items);
		if (!items)
			return ark_fail(err, ARK_NOMEM, "packs: out of memory");
		uses->items = items;
		uses->cap = cap;
	}
	size_t len = (size_t)arkf_bitmap_len(frame_count) + 1;
	if (len > ARKV_PACKUSES_BYTES_MAX - uses->bytes)
		return ark_fail(err, ARK_LIMIT,
				"pack %.16s would have %llu frames: too many in all",
				ark_id_hex(name).s, (unsigned long long)frame_count);
	uint8_t *bits = calloc(1, len);
	if (!bits)
		return ark_fail(err, ARK_NOMEM, "packs: out of memory");
	enum ark_rc rc = arkv_idnos_add(&uses->map, name, uses->count, err);
	if (rc) {
		free(bits);
		return rc;
	}
	uses->items[uses->count] =
		(struct arkv_packuse){ .name = *name, .frame_count = frame_count, .bits = bits };
	uses->bytes += len;
	*no = uses->count++;
	return ARK_OK;
}

enum ark_rc arkv_packuses_pack(size_t *no, struct arkv_packuses *uses, const struct ark_id *name,
			       uint64_t frame_count, struct ark_err *err)
{
	if (!arkv_idnos_find(&uses->map, name, no))
		return pack_new(no, uses, name, frame_count, err);
	if (uses->items[*no].frame_count != frame_count)
		return ark_fail(err, ARK_CORRUPT,
				"says that pack %.16s has %llu frames, another run says %llu",
				ark_id_hex(name).s, (unsigned long long)frame_count,
				(unsigned long long)uses->items[*no].frame_count);
	return ARK_OK;
}

enum ark_rc arkv_packuses_add(struct arkv_packuses *uses, const struct arkv_refs *refs,
			      struct ark_err *err)
{
	for (size_t s = 0; s < refs->slice_count; s++) {
		const struct arkv_refs_slice *slice = &refs->slices[s];
		for (size_t u = 0; u < slice->info.use_count; u++) {
			const struct arkf_runrefs_pack *pack = &refs->packs[slice->uses[u].pack_no];
			size_t no = 0;
			enum ark_rc rc =
				arkv_packuses_pack(&no, uses, &pack->name, pack->frame_count, err);
			if (rc)
				return rc;
			struct ark_span bits = slice->uses[u].bitmap;
			for (size_t i = 0; i < bits.len; i++)
				uses->items[no].bits[i] |= bits.p[i];
		}
	}
	return ARK_OK;
}

uint64_t arkv_packuse_frames(const struct arkv_packuse *use)
{
	uint64_t sum = 0;
	for (uint64_t i = 0; i < arkf_bitmap_len(use->frame_count); i++)
		sum += (uint64_t)__builtin_popcount(use->bits[i]);
	return sum;
}
