/*
 * state.h - the local state of a source: each key's digests and numbers (spec/16-state.md).
 *
 * The box around a page, the order of pages and of keys across pages are the library's.
 */
#pragma once

#include "format/block.h"
#include "format/object.h"

enum {
	ARKF_STATE_HEAD_LEN = ARKF_HEADER_LEN + ARK_UID_LEN,
	ARKF_STATE_RAW_MAX = 1048576,
	ARKF_STATE_BOX_MAX = 1048627, /* raw, codec and raw length (at most 11), nonce and tag */
	ARKF_STATE_PAGE_KEYS_MAX = 65536,
	ARKF_STATE_SEGMENTS_MAX = 65536,
	ARKF_DIGEST_LEN = 16,
};

/* ---- start of the file ---- */

void arkf_state_file_encode(struct ark_wr *wr, enum ark_suite suite, const struct ark_uid *state);
/* CORRUPT, UNSUPPORTED. */
enum ark_rc arkf_state_file_decode(struct ark_rd *rd, enum ark_suite *suite, struct ark_uid *state,
				   struct ark_err *err) ARK_CHECK;

/* ---- pages; all decoders say CORRUPT or UNSUPPORTED, and their spans borrow raw ---- */

enum arkf_state_page {
	ARKF_STATE_HEAD = 1,
	ARKF_STATE_SEGMENTS = 2,
	ARKF_STATE_KEYS = 3,
	ARKF_STATE_END = 4,
};

/* Which decoder below takes raw. */
enum ark_rc arkf_state_page_kind(enum arkf_state_page *out, struct ark_span raw,
				 struct ark_err *err) ARK_CHECK;

struct arkf_state_head {
	struct ark_uid repo;
	struct ark_uid archive;
	struct ark_uid lineage;
	uint64_t n;
	uint32_t segment_count;
	struct ark_span source; /* text, at most ARKF_SOURCE_NAME_MAX */
};

void arkf_state_head_encode(struct ark_wr *wr, const struct arkf_state_head *head);
enum ark_rc arkf_state_head_decode(struct arkf_state_head *out, struct ark_span raw,
				   struct ark_err *err) ARK_CHECK;

struct arkf_state_segment {
	struct arkf_key first; /* decoding: borrows the iterator until the next call */
	uint16_t phase;
	uint16_t fold_limit; /* thousandths, at least 1 */
	uint32_t cut_threshold;
	uint64_t live_count;
};

/* count: at least 1, ascending by first. */
void arkf_state_segments_encode(struct ark_wr *wr, const struct arkf_state_segment *segments,
				size_t count);

struct arkf_state_segments_rd {
	struct ark_rd rd;
	struct arkf_keylist_rd keys;
	uint64_t count;
};

enum ark_rc arkf_state_segments_decode(struct arkf_state_segments_rd *it, struct ark_span raw,
				       struct ark_err *err) ARK_CHECK;
/* NOTFOUND after the last. */
enum ark_rc arkf_state_segments_next(struct arkf_state_segments_rd *it,
				     struct arkf_state_segment *out, struct ark_err *err) ARK_CHECK;

/* The flags byte of a key: bits and a mask. */
enum {
	ARKF_STATE_DELETED = 0x01,
	ARKF_STATE_FORM = 0x06,
	ARKF_STATE_FORM_SHIFT = 1,
	ARKF_STATE_TOUCHED = 0x08,
	ARKF_STATE_EXPIRY = 0x10,
	ARKF_STATE_ATTR_DIGEST = 0x20,
	ARKF_STATE_RESERVED = 0xc0,
};

struct arkf_state_key {
	struct arkf_key key; /* decoding: borrows the iterator until the next call */
	bool deleted;	     /* then only key and value_n hold something */
	bool has_attr_digest;
	enum arkf_form form;
	uint64_t value_n;
	uint64_t attr_n; /* at least value_n */
	uint64_t value_len;
	uint64_t expires_ms;  /* or ARK_NO_EXPIRY */
	struct ark_span refs; /* encoded references (block.h); empty when inline */
	uint8_t digest[ARKF_DIGEST_LEN];
	uint8_t attr_digest[ARKF_DIGEST_LEN]; /* zeros without has_attr_digest */
};

/* count: 1 to ARKF_STATE_PAGE_KEYS_MAX keys, ascending; n: of the archive that the state is of. */
void arkf_state_keys_encode(struct ark_wr *wr, const struct arkf_state_key *keys, size_t count,
			    uint64_t n);

struct arkf_state_keys_rd {
	struct arkf_keylist_rd keys;
	struct ark_rd flags;
	struct ark_rd numbers;
	struct ark_rd lens;
	struct ark_rd expiries;
	struct ark_rd refs;
	struct ark_rd digests;
	struct ark_rd attrs;
	uint64_t last_expiry;
	uint64_t count;
	uint64_t n;
};

/* n: from the head. */
enum ark_rc arkf_state_keys_decode(struct arkf_state_keys_rd *it, struct ark_span raw, uint64_t n,
				   struct ark_err *err) ARK_CHECK;
/* NOTFOUND after the last. */
enum ark_rc arkf_state_keys_next(struct arkf_state_keys_rd *it, struct arkf_state_key *out,
				 struct ark_err *err) ARK_CHECK;

struct arkf_state_end {
	uint64_t live_count;
	uint64_t deleted_count;
	uint64_t raw_bytes; /* of live keys and their values */
};

void arkf_state_end_encode(struct ark_wr *wr, const struct arkf_state_end *end);
enum ark_rc arkf_state_end_decode(struct arkf_state_end *out, struct ark_span raw,
				  struct ark_err *err) ARK_CHECK;

/* ---- shown (dump.h) ---- */

struct arkf_dump;
void arkf_state_file_dump(struct arkf_dump *d); /* the file, its boxes closed */
void arkf_state_page_dump(struct arkf_dump *d); /* the raw body of a page of any kind */
