/*
 * pack_write.h - gathers sealed frames into packs, and stores the packs.
 *
 * An open pack is a file in the spool folder. A full one is closed (footer, name) and uploaded by
 * the pool while the next one fills. Used by the session's own thread. A dry run does all the same
 * but writes and stores nothing: its packs have made-up names.
 */
#pragma once

#include "libarchive-kv/frame_write.h"
#include "libarchive-kv/pipeline.h"

enum {
	ARKV_PACK_AIM = 32 << 20,
	ARKV_PACK_AIM_MAX = 512 << 20, /* so that no pack passes ARKF_PACK_LEN_MAX */
	/* Frames after which a pack is closed, too: its list, in memory until then, stays small. */
	ARKV_PACK_FRAMES_MAX = 32768,
};

struct arkv_packer;

struct arkv_packer_options {
	const struct arkv_frame_ctx *ctx;
	struct arkv_store *store;
	struct arkv_pool *pool;
	const char *spool_dir;
	/* bytes after which a pack is closed; 0: ARKV_PACK_AIM; above ARKV_PACK_AIM_MAX: that */
	uint64_t pack_aim;
	bool dry_run;
};

struct arkv_packer_stats {
	uint64_t packs;
	uint64_t frames; /* placed in packs */
	uint64_t bytes;	 /* of packs as stored */
	uint64_t reused_frames;
	uint64_t reused_bytes; /* raw */
};

enum ark_rc arkv_packer_new(struct arkv_packer **out, const struct arkv_packer_options *options,
			    struct ark_err *err) ARK_CHECK;
void arkv_packer_freep(struct arkv_packer **packer);
/* Places what arkv_frame_make left in slot, or finds where it is by now. *where: the frame's place.
 */
enum ark_rc arkv_packer_add(struct arkv_packer *p, const struct arkv_frame_slot *slot,
			    struct arkv_where *where, struct ark_err *err) ARK_CHECK;
/* Closes the open pack and returns when everything is stored. More frames may follow. */
enum ark_rc arkv_packer_flush(struct arkv_packer *p, struct ark_err *err) ARK_CHECK;
const struct arkv_packer_stats *arkv_packer_stats(const struct arkv_packer *p);
