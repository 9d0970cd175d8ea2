/*
 * ring.h - the keyring object, and the body that is sealed in it (spec/04-keys.md).
 *
 * All spans borrow from what was decoded; a body is a secret, and stays where its owner decrypted
 * it. The checksum is carried, not checked: that is the library's part.
 */
#pragma once

#include "format/chunker.h"
#include "format/id.h"
#include "format/object.h"

enum {
	/* The context of the box. */
	ARKF_RING_HEAD_LEN = ARKF_HEADER_LEN + ARK_UID_LEN + 4,
	ARKF_RING_BODY_MAX = 65536,
	ARKF_RING_BOX_EXTRA = 40,
	ARKF_RING_LEN_MAX =
		ARKF_RING_HEAD_LEN + 4 + ARKF_RING_BODY_MAX + ARKF_RING_BOX_EXTRA + ARK_ID_LEN,
	ARKF_RING_PAIRS_MAX = 255,
	ARKF_KEY_LEN = 32,
};

struct arkf_ring {
	enum ark_suite suite; /* never none */
	struct ark_uid repo;
	uint32_t n;	     /* from 1 */
	struct ark_span box; /* type 16, at most ARKF_RING_BODY_MAX + ARKF_RING_BOX_EXTRA */
	struct ark_id checksum;
};

/* The box's context: ARKF_RING_HEAD_LEN bytes. */
void arkf_ring_encode_head(struct ark_wr *wr, const struct arkf_ring *ring);
void arkf_ring_encode(struct ark_wr *wr, const struct arkf_ring *ring);
enum ark_rc arkf_ring_decode(struct arkf_ring *out, struct ark_span bytes, struct ark_err *err)
	ARK_CHECK;

/* The symmetric keys of a ring, in their order. */
enum arkf_ring_key {
	ARKF_RING_K_ID,
	ARKF_RING_K_CUT,
	ARKF_RING_K_DIG,
	ARKF_RING_K_META,
	ARKF_RING_K_AUTH,
	ARKF_RING_KEY_COUNT,
};

/* A reader pair (X25519) and the number of the ring that brought it. */
struct arkf_ring_pair {
	uint32_t ring;		/* from 1 */
	struct ark_span pub;	/* 32 bytes */
	struct ark_span secret; /* 32 bytes */
};

struct arkf_ring_body {
	enum ark_suite suite;
	struct ark_span keys; /* ARKF_RING_KEY_COUNT times 32 bytes */
	struct arkf_chunker chunker;
	uint32_t pair_count;   /* 1 to 255 */
	struct ark_span pairs; /* as arkf_ring_pair_encode writes them, ascending */
	struct ark_span ext;   /* the extension list as it stands; empty writes an empty list */
};

void arkf_ring_body_encode(struct ark_wr *wr, const struct arkf_ring_body *body);
/* Checks the pairs too: ascending by ring number, then by public key. */
enum ark_rc arkf_ring_body_decode(struct arkf_ring_body *out, struct ark_span bytes,
				  struct ark_err *err) ARK_CHECK;
void arkf_ring_pair_encode(struct ark_wr *wr, const struct arkf_ring_pair *pair);
/* False at the end; rd begins as ark_rd(body.pairs). */
bool arkf_ring_pair_next(struct ark_rd *rd, struct arkf_ring_pair *out);
void arkf_ring_dump(struct arkf_dump *d);
/* Shows secrets. */
void arkf_ring_body_dump(struct arkf_dump *d);
