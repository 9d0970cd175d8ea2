/*
 * pack.h - packs: data keys, frames, footer (spec/05-pack.md). The box around a frame's plaintext
 * and around the footer's body, and the pack's name, are the library's.
 */
#pragma once

#include "format/datakey.h"

enum {
	ARKF_FRAME_HEADER_LEN = 42,
	ARKF_FRAME_EXTRA = 82, /* header, nonce and tag: a frame is clen + this long */
	ARKF_FRAME_PREFIX_MAX = 2 + 10 + 10,
	ARKF_PACK_TAIL_LEN = 8,
	ARKF_FOOTER_ENTRY_LEN_MIN = 32 + 4,
	ARKF_PACK_DATAKEYS_MAX = 1024,
	ARKF_BLOCK_RAW_MAX = 524288,
	ARKF_CHUNK_RAW_MAX = 1048576,
	ARKF_TRAILER_MAX = 1048576,
};
#define ARKF_PACK_LEN_MAX (UINT64_C(1) << 30)
/* No frame is shorter than its header, nonce, tag and the four bytes before what it holds. */
#define ARKF_PACK_FRAMES_MAX (ARKF_PACK_LEN_MAX / (ARKF_FRAME_EXTRA + 4))

enum arkf_frame_type {
	ARKF_FRAME_BLOCK = 1,
	ARKF_FRAME_CHUNK = 2,
	ARKF_FRAME_RECIPE = 3,
};

/* ---- the start of a pack ---- */

/* Header and count; the data key records follow by arkf_datakey_encode. */
void arkf_pack_head_encode(struct ark_wr *wr, enum ark_suite suite, unsigned datakey_count);
/* Reads header and count; datakey_count records follow (arkf_datakey_decode). CORRUPT,
 * UNSUPPORTED. */
enum ark_rc arkf_pack_head_decode(struct ark_rd *rd, enum ark_suite *suite, unsigned *datakey_count,
				  struct ark_err *err) ARK_CHECK;

/* ---- a frame's header, in the clear ---- */

struct arkf_frame {
	struct ark_id id;
	uint32_t clen;	     /* ciphertext, without nonce and tag */
	uint16_t datakey_no; /* in the pack's numbering */
};

void arkf_frame_encode(uint8_t out[ARKF_FRAME_HEADER_LEN], const struct arkf_frame *frame);
/* CORRUPT when bytes do not begin with a frame header. */
enum ark_rc arkf_frame_decode(struct arkf_frame *out, struct ark_span bytes, struct ark_err *err)
	ARK_CHECK;

/* ---- a frame's plaintext ---- */

struct arkf_frame_plain {
	enum arkf_frame_type type;
	uint8_t codec;
	uint32_t raw_len;
	struct ark_span packed;	 /* under codec */
	struct ark_span trailer; /* hints; may be empty */
};

/* Writes type, codec, raw length and trailer length; packed bytes and trailer follow. */
void arkf_frame_plain_encode_head(struct ark_wr *wr, const struct arkf_frame_plain *plain);
/* Spans borrow bytes. CORRUPT, UNSUPPORTED (type, codec), LIMIT (raw length). */
enum ark_rc arkf_frame_plain_decode(struct arkf_frame_plain *out, struct ark_span bytes,
				    struct ark_err *err) ARK_CHECK;

/* ---- footer ---- */

struct arkf_footer_entry {
	struct ark_id id;
	enum arkf_frame_type type;
	uint32_t clen;
	uint32_t raw_len;
	uint16_t datakey_no;
};

/* Raw body of the footer: head, then entries, then end. */
void arkf_footer_encode_head(struct ark_wr *wr, uint64_t count);
void arkf_footer_encode_entry(struct ark_wr *wr, const struct arkf_footer_entry *entry);
void arkf_footer_encode_end(struct ark_wr *wr);
/* The same, with a salt of 16 random bytes in the extension list (suite 0). */
void arkf_footer_encode_end_salted(struct ark_wr *wr, const uint8_t salt[16]);
/* One entry, which a places fragment has too; what names the structure. CORRUPT, UNSUPPORTED. */
enum ark_rc arkf_footer_entry_decode(struct ark_rd *rd, struct arkf_footer_entry *out,
				     const char *what, struct ark_err *err) ARK_CHECK;

struct arkf_footer_rd {
	struct ark_rd rd;
	uint64_t count;
	uint64_t left;
};

/* Reads version and count: CORRUPT, UNSUPPORTED. */
enum ark_rc arkf_footer_decode(struct arkf_footer_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
/* The next entry: NOTFOUND after the last one (when the list ended as it must), CORRUPT. */
enum ark_rc arkf_footer_next(struct arkf_footer_rd *it, struct arkf_footer_entry *out,
			     struct ark_err *err) ARK_CHECK;

/* ---- the end of a pack ---- */

void arkf_pack_tail_encode(struct ark_wr *wr, uint32_t footer_len);
/* bytes: the last 8 of a pack. CORRUPT when they do not end a pack. */
enum ark_rc arkf_pack_tail_decode(uint32_t *footer_len, struct ark_span bytes, struct ark_err *err)
	ARK_CHECK;

/* ---- shown (dump.h) ---- */

struct arkf_dump;
void arkf_pack_dump(struct arkf_dump *d);	 /* a whole pack, its boxes closed */
void arkf_frame_plain_dump(struct arkf_dump *d); /* a frame's plaintext */
void arkf_footer_dump(struct arkf_dump *d);	 /* a footer's raw body */
/* One entry of a footer. */
void arkf_footer_entry_dump(struct arkf_dump *d, uint64_t index);
