/*
 * frames.h - blocks, chunks and recipes by their ids: read from packs, opened, proved.
 *
 * A place is where a frame was; when it is not there (pack gone, repacked, damaged), remaps and
 * fragments are asked. Neighbouring frames are read with one request where the caller says that
 * they are wanted. Decoded blocks and recipes are kept for a while, at most ARKV_FRAMES_BYTES of
 * them beside those in use. One thread uses it; it has some of its own for frames to come.
 */
#pragma once

#include "libarchive-kv/frame_open.h"
#include "libarchive-kv/packs.h"
#include "libarchive-kv/repo.h"

enum {
	ARKV_FRAMES_BYTES = 4 << 20,
	ARKV_FRAMES_COUNT = 64,
	/* Of all that are held at one time: the largest of a stack of 12, several times. */
	ARKV_FRAMES_HELD_MAX = 128 << 20,
};

struct arkv_frames;

/* repo is borrowed. */
enum ark_rc arkv_frames_new(struct arkv_frames **out, struct arkv_repo *repo, struct ark_err *err)
	ARK_CHECK;
void arkv_frames_freep(struct arkv_frames **frames);

struct arkv_frame_want {
	struct ark_id id;
	enum arkf_frame_type type;
	const struct arkv_packs *packs; /* of place; NULL: no place is known */
	struct arkf_place place;
	size_t ahead; /* so many bytes from the place on are wanted soon, and in the pack; or 0 */
};

/* A frame in memory; it stays while it is held. */
struct arkv_frame {
	struct ark_id id;
	struct arkv_frame_content content;
	/* hints of its trailer, decoded when first asked for */
	bool hints_read;
	struct arkv_packs hint_packs;
	struct arkf_place *hints;
	bool *hint_known;
	size_t hint_count;
	struct arkv_arena arena;
	/* of struct arkv_frames */
	uint64_t used;
	size_t *held_bytes; /* of all frames that are held */
};

/* Gives the frame to hold. CORRUPT: it is nowhere to be read; the text names pack, frame and id.
 * LIMIT: what is held would take more memory than ARKV_FRAMES_HELD_MAX.
 * AUTH: this key cannot read. Other codes: the store's, for now. */
enum ark_rc arkv_frames_get(struct arkv_frame **out, struct arkv_frames *frames,
			    const struct arkv_frame_want *want, struct ark_err *err) ARK_CHECK;
/* The caller will want this one soon: when its bytes were read ahead, another thread opens it
 * meanwhile. Costs nothing when that cannot be. */
void arkv_frames_prepare(struct arkv_frames *frames, const struct arkv_frame_want *want);
/* The frame that the last failed get was about, where its place said that it is. */
struct arkv_frame_spot {
	struct ark_id pack; /* zeros: no place was known */
	struct ark_id id;
	uint32_t frame_no;
};
const struct arkv_frame_spot *arkv_frames_lost(const struct arkv_frames *frames);
/* Lets go of *frame, and sets it to NULL. NULL is fine. */
void arkv_frames_release(struct arkv_frames *frames, struct arkv_frame **frame);

/* Fills packs, place and ahead of want for reference no of the frame (a block's or a recipe's
 * references, counted through), when its trailer knows; else packs is NULL. ahead: as far as the
 * references up to end_no (excluded) follow each other in the pack, at most ahead_max bytes.
 * NOMEM. */
enum ark_rc arkv_frame_hint(struct arkv_frame_want *want, struct arkv_frame *frame, size_t no,
			    size_t end_no, size_t ahead_max, struct ark_err *err) ARK_CHECK;
