/*
 * spill.h - spill files: the sorted records of a running scan (spec/17-spill.md). The order of
 * records, the box around a piece and the end of the file are for the one who writes and merges
 * them.
 */
#pragma once

#include "format/block.h"
#include "format/object.h"

enum {
	ARKF_SPILL_HEAD_LEN = ARKF_HEADER_LEN + ARK_UID_LEN,
	ARKF_SPILL_RAW_MAX = 1048576,
	ARKF_SPILL_BOX_MAX = 1048627, /* raw, codec and raw length (at most 11), nonce and tag */
};

/* The first three: enum arkf_form plus 1. */
enum arkf_spill_form {
	ARKF_SPILL_INLINE = 1,
	ARKF_SPILL_CHUNKS = 2,
	ARKF_SPILL_RECIPE = 3,
	ARKF_SPILL_DELETED = 4,
	ARKF_SPILL_SAME = 5,
};

struct arkf_spill_rec {
	struct ark_record rec;
	struct ark_span
		value;	    /* the content: inline bytes, encoded chunk list, recipe id, or empty */
	uint64_t seq;	    /* the highest holds when a key comes twice */
	uint8_t form;	    /* enum arkf_spill_form */
	uint8_t digest[16]; /* h; zeros when deleted or same */
};

/* ---- file head ---- */

void arkf_spill_head_encode(struct ark_wr *wr, enum ark_suite suite, const struct ark_uid *spill);
/* CORRUPT, UNSUPPORTED. */
enum ark_rc arkf_spill_head_decode(struct ark_rd *rd, enum ark_suite *suite, struct ark_uid *spill,
				   struct ark_err *err) ARK_CHECK;

/* ---- the raw body of a piece: begin, records, end; without records it is the end piece ---- */

void arkf_spill_begin(struct ark_wr *wr);
void arkf_spill_encode(struct ark_wr *wr, const struct arkf_spill_rec *rec);
void arkf_spill_end(struct ark_wr *wr);

/* Reads the version: CORRUPT, UNSUPPORTED. */
enum ark_rc arkf_spill_decode(struct ark_rd *rd, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
/* The next record; its spans borrow the piece. NOTFOUND after the last one (when the piece ended as
 * it must), CORRUPT, UNSUPPORTED. Says nothing about the order of records. */
enum ark_rc arkf_spill_next(struct ark_rd *rd, struct arkf_spill_rec *out, struct ark_err *err)
	ARK_CHECK;

/* The order of a spill: space, key, sequence number. <0, 0, >0. */
int arkf_spill_cmp(const struct arkf_spill_rec *a, const struct arkf_spill_rec *b);

/* ---- shown (dump.h) ---- */

struct arkf_dump;
void arkf_spill_file_dump(struct arkf_dump *d); /* the file, its boxes closed */
void arkf_spill_dump(struct arkf_dump *d);	/* the raw body of a piece */
