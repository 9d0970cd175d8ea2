/* reencode_places.c - places fragments and remaps. */
#include "format/places.h"
#include "format/remap.h"
#include "tests/vectors/reencode.h"

static enum ark_rc places_frames(struct ark_wr *out, struct arkf_places_rd *it,
				 const struct arkf_places_pack *pack, struct ark_err *err)
{
	struct arkf_footer_entry entry;
	struct arkf_place place;
	uint64_t n = 0, end = 0;
	enum ark_rc rc;
	while (!(rc = arkf_places_frame_next(it, &entry, &place, err))) {
		assert(place.frame_no == n++ && place.pack_no < it->pack_count);
		assert(place.offset >= end && place.clen == entry.clen);
		end = (uint64_t)place.offset + ARKF_FRAME_EXTRA + place.clen;
		assert(end <= pack->len && entry.datakey_no < pack->datakey_count);
		arkf_footer_encode_entry(out, &entry);
	}
	assert(rc != ARK_NOTFOUND || n == pack->frame_count);
	return reencode_walked(rc);
}

static enum ark_rc places_pack(struct ark_wr *out, struct arkf_places_rd *it, struct ark_err *err)
{
	struct arkf_places_pack pack;
	uint32_t no;
	enum ark_rc rc = arkf_places_pack_next(it, &pack, err);
	if (rc)
		return rc;
	arkf_places_encode_pack(out, &pack);
	while (!(rc = arkf_places_no_next(it, &no, err))) {
		assert(no < it->head.datakey_count);
		arkf_places_encode_no(out, no);
	}
	return rc == ARK_NOTFOUND ? places_frames(out, it, &pack, err) : rc;
}

enum ark_rc reencode_places(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_places_rd it;
	struct arkf_datakey key;
	enum ark_rc rc = arkf_places_decode(&it, in, err);
	if (rc)
		return rc;
	arkf_places_encode_head(out, &it.head);
	while (!(rc = arkf_places_datakey_next(&it, &key, err)))
		arkf_datakey_encode(out, &key);
	if (rc != ARK_NOTFOUND)
		return rc;
	arkf_places_encode_packs(out, it.pack_count);
	while (!(rc = places_pack(out, &it, err)))
		;
	arkf_places_encode_end(out);
	reencode_ext(out, in);
	return reencode_walked(rc);
}

struct moved {
	struct arkf_remap_frame *frames;
	size_t count;
};

/* How many frames from i on stand one behind the other in the old pack. */
static size_t stretch_len(const struct moved *moved, size_t i)
{
	size_t n = 1;
	while (i + n < moved->count &&
	       moved->frames[i + n].frame_no == moved->frames[i].frame_no + n)
		n++;
	return n;
}

/* The stretches, which the iterator hides, are found again from the numbers of the frames. */
static void encode_old(struct ark_wr *out, const struct ark_id *name, const struct moved *moved)
{
	uint64_t stretches = 0;
	for (size_t i = 0; i < moved->count; i += stretch_len(moved, i))
		stretches++;
	arkf_remap_encode_old(out, name, stretches);
	uint32_t end = 0;
	for (size_t i = 0, n; i < moved->count; i += n) {
		const struct arkf_remap_frame *f = &moved->frames[i];
		n = stretch_len(moved, i);
		arkf_remap_encode_stretch(out, f[0].frame_no - end, n);
		for (size_t k = 0; k < n; k++)
			arkf_remap_encode_frame(out, &f[k].id, &f[k].place);
		end = f[n - 1].frame_no + 1;
	}
}

static enum ark_rc remap_old(struct ark_wr *out, struct arkf_remap_rd *it,
			     const struct ark_id *name, struct moved *moved, struct ark_err *err)
{
	enum ark_rc rc;
	moved->count = 0;
	while (!(rc = arkf_remap_frame_next(it, &moved->frames[moved->count], err))) {
		const struct arkf_remap_frame *f = &moved->frames[moved->count];
		assert(f->place.pack_no < it->table.pack_count);
		assert(moved->count == 0 || f[-1].frame_no < f->frame_no);
		moved->count++;
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	encode_old(out, name, moved);
	return ARK_OK;
}

enum ark_rc reencode_remap(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_remap_rd it;
	struct ark_id name;
	enum ark_rc rc = arkf_remap_decode(&it, in, err);
	if (rc)
		return rc;
	arkf_remap_encode_head(out, &it.session);
	rc = reencode_packtable(&it.table, out, err);
	if (rc)
		return rc;
	struct moved moved = { .count = 0 };
	ARK_AUTO(release_items)
	struct arkf_remap_frame *frames = need_items(in.len / ARK_ID_LEN, sizeof *frames);
	moved.frames = frames;
	rc = arkf_remap_old_next(&it, &name, err); /* which also reads how many there are */
	arkf_remap_encode_olds(out, it.old_count);
	while (!rc) {
		rc = remap_old(out, &it, &name, &moved, err);
		if (!rc)
			rc = arkf_remap_old_next(&it, &name, err);
	}
	arkf_remap_encode_end(out);
	reencode_ext(out, in);
	return reencode_walked(rc);
}
