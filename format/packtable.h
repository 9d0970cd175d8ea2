/*
 * packtable.h - the pack table that stands beside every list of places, and places
 * (spec/05-pack.md).
 *
 * The decoder hands out one data key or pack after the other; the caller keeps what it needs.
 */
#pragma once

#include "format/datakey.h"

enum {
	ARKF_PACKTABLE_DATAKEYS_MAX = 65536,
	ARKF_PACKTABLE_PACKS_MAX = 1048576,
};

struct arkf_place {
	uint32_t pack_no; /* in the table beside it */
	uint32_t frame_no;
	uint32_t offset;
	uint32_t clen;
};

struct arkf_packtable_rd {
	struct ark_rd *rd; /* the caller's reader, which ends up behind the table */
	uint64_t datakey_count;
	uint64_t pack_count;
	uint64_t datakeys_left;
	uint64_t packs_left;
	uint64_t pairs_left; /* data keys of the present pack */
	uint64_t last_no;
	bool in_packs;
};

/* Encoding: datakeys head, that many arkf_datakey_encode; packs head; then for each pack its head
 * and that many pairs. */
void arkf_packtable_encode_datakeys(struct ark_wr *wr, uint64_t count);
void arkf_packtable_encode_packs(struct ark_wr *wr, uint64_t count);
void arkf_packtable_encode_pack(struct ark_wr *wr, const struct ark_id *name, uint64_t pair_count);
/* no_in_pack ascending within a pack. */
void arkf_packtable_encode_pair(struct ark_wr *wr, uint16_t no_in_pack, uint64_t no_in_table);

/* Decoding: begin; datakey_next until NOTFOUND; then pack_next and, within each, pair_next until
 * NOTFOUND. Each can say CORRUPT. */
enum ark_rc arkf_packtable_decode(struct arkf_packtable_rd *it, struct ark_rd *rd,
				  struct ark_err *err) ARK_CHECK;
enum ark_rc arkf_packtable_datakey_next(struct arkf_packtable_rd *it, struct arkf_datakey *out,
					struct ark_err *err) ARK_CHECK;
enum ark_rc arkf_packtable_pack_next(struct arkf_packtable_rd *it, struct ark_id *name,
				     struct ark_err *err) ARK_CHECK;
enum ark_rc arkf_packtable_pair_next(struct arkf_packtable_rd *it, uint16_t *no_in_pack,
				     uint32_t *no_in_table, struct ark_err *err) ARK_CHECK;

void arkf_place_encode(struct ark_wr *wr, const struct arkf_place *place);
/* Sets rd->bad when the place is cut off, names a pack that is not in the table, or leaves the
 * largest pack. */
void arkf_place_decode(struct ark_rd *rd, uint64_t pack_count, struct arkf_place *out);
/* Hints: a place, or none. */
void arkf_hint_encode(struct ark_wr *wr, const struct arkf_place *place_or_null);
bool arkf_hint_decode(struct ark_rd *rd, uint64_t pack_count, struct arkf_place *out);

/* ---- shown (dump.h) ---- */

struct arkf_dump;
/* Both leave what follows them. */
void arkf_packtable_dump(struct arkf_dump *d);
void arkf_place_dump(struct arkf_dump *d, const char *name, uint64_t index);
void arkf_hints_dump(struct arkf_dump *d); /* a block's trailer: a table, and hints to its end */
