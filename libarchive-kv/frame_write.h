/*
 * frame_write.h - from raw bytes to a sealed frame: id, known or not, compress, seal.
 *
 * A slot is what one worker needs for that, reused from frame to frame. arkv_frame_make runs on any
 * thread; nobody else touches the slot meanwhile.
 */
#pragma once

#include "libarchive-kv/codec.h"
#include "libarchive-kv/dedup.h"
#include "libarchive-kv/keys.h"

/* What all frames of a session share. Borrowed. */
struct arkv_frame_ctx {
	struct arkv_keys *keys;
	const struct arkv_dk *dk;
	struct arkv_dedup *dedup;
	int zstd_level;
};

struct arkv_frame_slot {
	struct arkv_codec *codec;
	/* in: */
	enum arkf_frame_type type;
	struct ark_buf raw;
	struct ark_buf trailer; /* of blocks and recipes: hints; may be empty */
	/* out: */
	struct ark_id id;
	enum ark_rc claim; /* OK: stored before, see where; NOTFOUND: box is ready to be placed;
			    * AGAIN: so it is, but another slot is making the same frame */
	struct arkv_where where;
	struct ark_buf box;
	/* inside: */
	struct ark_buf plain;
};

enum ark_rc arkv_frame_slot_init(struct arkv_frame_slot *slot, const struct arkv_frame_ctx *ctx,
				 struct ark_err *err) ARK_CHECK;
/* Frees what is in it; an all-zero slot is fine. */
void arkv_frame_slot_release(struct arkv_frame_slot *slot);
/* Empties raw and trailer for the next frame. */
void arkv_frame_slot_clear(struct arkv_frame_slot *slot);
enum ark_rc arkv_frame_make(struct arkv_frame_slot *slot, const struct arkv_frame_ctx *ctx,
			    struct ark_err *err) ARK_CHECK;
