/*
 * packuse.h - which frames of which packs are needed, gathered from the refs of many runs. Memory:
 * about 100 bytes a pack and a bit a frame. One thread.
 */
#pragma once

#include "libarchive-kv/idnos.h"
#include "libarchive-kv/refs_read.h"

struct arkv_packuse {
	struct ark_id name;
	uint64_t frame_count;
	uint8_t *bits; /* frame i is bit i mod 8 of byte i / 8 */
};

/* Bits of all packs: those of 2^31 frames, 100 TB and more. */
enum { ARKV_PACKUSES_BYTES_MAX = 256 << 20 };

struct arkv_packuses {
	struct arkv_packuse *items; /* in the order they were met */
	size_t bytes;		    /* of bits */
	size_t count;
	size_t cap;
	struct arkv_idnos map;
};

/* A zeroed struct is empty. */
void arkv_packuses_release(struct arkv_packuses *uses);
/* The number of the pack, added without any frame when it is new. CORRUPT: it was said to have
 * another count of frames. LIMIT: all bits would pass ARKV_PACKUSES_BYTES_MAX. NOMEM. */
enum ark_rc arkv_packuses_pack(size_t *no, struct arkv_packuses *uses, const struct ark_id *name,
			       uint64_t frame_count, struct ark_err *err) ARK_CHECK;
/* Adds all frames of all slices. */
enum ark_rc arkv_packuses_add(struct arkv_packuses *uses, const struct arkv_refs *refs,
			      struct ark_err *err) ARK_CHECK;

static inline bool arkv_packuse_has(const struct arkv_packuse *use, uint64_t frame_no)
{
	return frame_no < use->frame_count && (use->bits[frame_no / 8] >> frame_no % 8 & 1);
}
uint64_t arkv_packuse_frames(const struct arkv_packuse *use);
