/*
 * places.h - places fragments: which frames a session put into which packs (spec/11-places.md).
 */
#pragma once

#include "format/pack.h"
#include "format/packtable.h"
#include "format/sealed.h"

extern const struct arkf_sealed_shape arkf_places_shape; /* no context, no checksum */

enum { ARKF_PLACES_RAW_MAX = 67108864 };

struct arkf_places {
	struct ark_uid session;
	struct ark_uid lineage;
	uint64_t datakey_count; /* at most 65,536; all of one length */
};

struct arkf_places_pack {
	struct ark_id name;
	uint32_t len;
	uint16_t datakey_count; /* 1 to 1,024 */
	uint64_t frame_count;
};

/* ---- encoding: head, data key records (arkf_datakey_encode), count of packs; for each pack its
 * head, datakey_count numbers, frame_count entries; end ---- */

void arkf_places_encode_head(struct ark_wr *wr, const struct arkf_places *places);
void arkf_places_encode_packs(struct ark_wr *wr, uint64_t count);
void arkf_places_encode_pack(struct ark_wr *wr, const struct arkf_places_pack *pack);
/* no_in_list: the number of the pack's next data key in the fragment's list. */
void arkf_places_encode_no(struct ark_wr *wr, uint32_t no_in_list);
/* A frame is an arkf_footer_encode_entry. */
void arkf_places_encode_end(struct ark_wr *wr);

/* ---- decoding: begin; datakey_next until NOTFOUND; pack_next and, within each pack, no_next
 * until NOTFOUND, then frame_next until NOTFOUND. Each can say CORRUPT or UNSUPPORTED. Lists are
 * walked to their ends, in this order. ---- */

struct arkf_places_rd {
	struct ark_rd rd;
	struct arkf_places head;
	struct arkf_places_pack pack; /* the present one */
	uint64_t datakeys_left;
	uint64_t pack_count;
	uint64_t packs_left;
	uint64_t nos_left;
	uint64_t frames_left;
	uint64_t offset;      /* of the next frame in the present pack */
	uint32_t datakey_len; /* of each data key record */
	bool in_packs;
};

enum ark_rc arkf_places_decode(struct arkf_places_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
enum ark_rc arkf_places_datakey_next(struct arkf_places_rd *it, struct arkf_datakey *out,
				     struct ark_err *err) ARK_CHECK;
enum ark_rc arkf_places_pack_next(struct arkf_places_rd *it, struct arkf_places_pack *out,
				  struct ark_err *err) ARK_CHECK;
enum ark_rc arkf_places_no_next(struct arkf_places_rd *it, uint32_t *no_in_list,
				struct ark_err *err) ARK_CHECK;
/* place->pack_no counts the packs of the fragment. */
enum ark_rc arkf_places_frame_next(struct arkf_places_rd *it, struct arkf_footer_entry *entry,
				   struct arkf_place *place, struct ark_err *err) ARK_CHECK;

struct arkf_dump;
void arkf_places_dump(struct arkf_dump *d); /* the raw body (dump.h) */
