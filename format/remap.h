/*
 * remap.h - remaps: where the frames of repacked packs are now (spec/12-remap.md).
 */
#pragma once

#include "format/packtable.h"
#include "format/sealed.h"

extern const struct arkf_sealed_shape arkf_remap_shape; /* no context, no checksum */

enum {
	ARKF_REMAP_RAW_MAX = 67108864,
	ARKF_REMAP_PACKS_MAX = 1048576,
};

/* A frame that moved. */
struct arkf_remap_frame {
	uint32_t frame_no; /* in the old pack */
	struct ark_id id;
	struct arkf_place place; /* in the new packs */
};

/* ---- encoding: head, pack table (packtable.h), count of old packs; for each its head and
 * stretches, each stretch with its frames; end ---- */

void arkf_remap_encode_head(struct ark_wr *wr, const struct ark_uid *session);
void arkf_remap_encode_olds(struct ark_wr *wr, uint64_t count);
void arkf_remap_encode_old(struct ark_wr *wr, const struct ark_id *name, uint64_t stretch_count);
/* skipped: frames between the end of the stretch before and this one. */
void arkf_remap_encode_stretch(struct ark_wr *wr, uint32_t skipped, uint64_t frame_count);
void arkf_remap_encode_frame(struct ark_wr *wr, const struct ark_id *id,
			     const struct arkf_place *place);
void arkf_remap_encode_end(struct ark_wr *wr);

/* ---- decoding: begin; walk it->table by packtable.h to its end; then old_next and, within each
 * old pack, frame_next until NOTFOUND. Each can say CORRUPT. The iterator must not move in
 * memory. ---- */

struct arkf_remap_rd {
	struct ark_rd rd;
	struct ark_uid session;
	struct arkf_packtable_rd table;
	uint64_t old_count;
	uint64_t olds_left;
	uint64_t stretches_left;
	uint64_t frames_left; /* of the present stretch */
	uint64_t frame_no;    /* of the next frame */
	struct ark_id last;   /* name of the present old pack */
	bool in_olds;
	bool in_stretches; /* a stretch of the present old pack has begun */
};

enum ark_rc arkf_remap_decode(struct arkf_remap_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
enum ark_rc arkf_remap_old_next(struct arkf_remap_rd *it, struct ark_id *name, struct ark_err *err)
	ARK_CHECK;
enum ark_rc arkf_remap_frame_next(struct arkf_remap_rd *it, struct arkf_remap_frame *out,
				  struct ark_err *err) ARK_CHECK;

struct arkf_dump;
void arkf_remap_dump(struct arkf_dump *d); /* the raw body (dump.h) */
