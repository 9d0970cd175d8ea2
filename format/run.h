/*
 * run.h - the run object: its start and end, its root, its refs (spec/08-run.md).
 */
#pragma once

#include "format/datakey.h"
#include "format/keylist.h"

enum {
	ARKF_RUN_TAIL_LEN = 20,
	ARKF_RUN_HEAD_MAX = ARKF_HEADER_LEN + ARK_UID_LEN + ARKF_DATAKEY_LEN_MAX,
	ARKF_RUN_BODY_MAX = 64 * 1024 * 1024,
	ARKF_RUN_PAGES_MAX = 1 << 24,
	ARKF_RUN_PACKS_MAX = 1 << 20,
	ARKF_RUN_SLICES_MAX = 65536,
};

/* ---- start and end ---- */

struct arkf_run_head {
	enum ark_suite suite;
	struct ark_uid uid;
	struct arkf_datakey datakey;
	size_t len; /* decoding: where the first page begins */
};

void arkf_run_head_encode(struct ark_wr *wr, const struct arkf_run_head *head);
enum ark_rc arkf_run_head_decode(struct arkf_run_head *out, struct ark_span bytes,
				 struct ark_err *err) ARK_CHECK;

struct arkf_run_tail {
	uint64_t root_off;
	uint32_t root_len;
	uint32_t refs_len;
};

void arkf_run_tail_encode(struct ark_wr *wr, const struct arkf_run_tail *tail);
/* bytes: the last 20 of a run of run_len. CORRUPT when the parts do not fill it. */
enum ark_rc arkf_run_tail_decode(struct arkf_run_tail *out, struct ark_span bytes, uint64_t run_len,
				 struct ark_err *err) ARK_CHECK;

/* ---- root ---- */

struct arkf_root_page {
	struct arkf_key first; /* decoding: borrows the iterator until the next call */
	uint64_t box_len;
	uint64_t entry_count;
	uint32_t block_count;
};

void arkf_root_encode(struct ark_wr *wr, const struct arkf_root_page *pages, size_t count);

struct arkf_root_rd {
	struct ark_rd rd;
	struct arkf_keylist_rd keys;
	struct ark_rd box_lens;
	struct ark_rd entry_counts;
	struct ark_rd block_counts;
	uint64_t page_count;
};

enum ark_rc arkf_root_decode(struct arkf_root_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
/* NOTFOUND after the last page, CORRUPT. */
enum ark_rc arkf_root_next(struct arkf_root_rd *it, struct arkf_root_page *out, struct ark_err *err)
	ARK_CHECK;

/* ---- refs ---- */

struct arkf_runrefs_pack {
	struct ark_id name;
	uint64_t frame_count;
};

enum arkf_slice_kind {
	ARKF_SLICE_DELTA = 0,
	ARKF_SLICE_BASE = 1,
};

struct arkf_slice {
	enum arkf_slice_kind kind;
	uint64_t from;
	uint64_t puts;
	uint64_t touches;
	uint64_t deletes;
	uint64_t raw_bytes;
	uint64_t use_count;
};

struct arkf_slice_use {
	uint32_t pack_no;
	struct ark_span bitmap;
};

static inline uint64_t arkf_bitmap_len(uint64_t frame_count)
{
	return frame_count / 8 + (frame_count % 8 != 0);
}

/* Encoding, in this order: packs head, packs, slices head, then per slice its head and uses,
 * then end. */
void arkf_runrefs_encode_packs(struct ark_wr *wr, uint64_t count);
void arkf_runrefs_encode_pack(struct ark_wr *wr, const struct arkf_runrefs_pack *pack);
void arkf_runrefs_encode_slices(struct ark_wr *wr, uint64_t count);
void arkf_runrefs_encode_slice(struct ark_wr *wr, const struct arkf_slice *slice);
void arkf_runrefs_encode_use(struct ark_wr *wr, const struct arkf_slice_use *use);
void arkf_runrefs_encode_end(struct ark_wr *wr);

/* Decoding: packs until NOTFOUND, then slices and, within each, uses until NOTFOUND. The caller
 * keeps the frame counts: a use's bitmap length depends on its pack's. */
struct arkf_runrefs_rd {
	struct ark_rd rd;
	uint64_t pack_count;
	uint64_t packs_left;
	uint64_t slice_count;
	uint64_t slices_left;
	uint64_t uses_left;
	uint64_t next_pack_no;
	struct ark_id last_name;
	bool in_slices;
};

enum ark_rc arkf_runrefs_decode_packs(struct arkf_runrefs_rd *it, struct ark_span raw,
				      struct ark_err *err) ARK_CHECK;
enum ark_rc arkf_runrefs_pack_next(struct arkf_runrefs_rd *it, struct arkf_runrefs_pack *out,
				   struct ark_err *err) ARK_CHECK;
enum ark_rc arkf_runrefs_slice_next(struct arkf_runrefs_rd *it, struct arkf_slice *out,
				    struct ark_err *err) ARK_CHECK;
/* pack_no first: the caller looks up its frame count, then asks for the bitmap. NOTFOUND after
 * the last. */
enum ark_rc arkf_runrefs_use_next(struct arkf_runrefs_rd *it, uint32_t *pack_no,
				  struct ark_err *err) ARK_CHECK;
enum ark_rc arkf_runrefs_use_bitmap(struct arkf_runrefs_rd *it, uint64_t frame_count,
				    struct ark_span *bitmap, struct ark_err *err) ARK_CHECK;

/* ---- shown (dump.h) ---- */

struct arkf_dump;
void arkf_run_dump(struct arkf_dump *d);  /* a whole run, its boxes closed */
void arkf_root_dump(struct arkf_dump *d); /* raw bodies */
void arkf_runrefs_dump(struct arkf_dump *d);
