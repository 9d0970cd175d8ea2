/*
 * sealed.h - objects that are one box: header, the box's context in the clear, the box and, where
 * the name is no hash of the bytes, a keyed checksum (spec/11-places.md to spec/15-mark.md).
 *
 * What the context says and what the box holds is in places.h, remap.h, session.h, gc.h and
 * mark.h.
 */
#pragma once

#include "format/id.h"
#include "format/object.h"

enum {
	ARKF_CHECKSUM_LEN = 32,
	ARKF_BOX_NONCE_LEN = 24,
	ARKF_BOX_TAG_LEN = 16,
	ARKF_BOX_LEN_MIN = ARKF_BOX_NONCE_LEN + ARKF_BOX_TAG_LEN,
};

/* What a kind of such an object looks like; one constant for each kind, beside its codec. */
struct arkf_sealed_shape {
	const char *kind; /* ARKF_KIND_... */
	const char *noun; /* for messages */
	size_t context_len;
	bool has_checksum;
};

struct arkf_sealed {
	enum ark_suite suite;
	struct ark_span context;
	struct ark_span box;
	struct ark_span covered;  /* what the checksum is over: all before it */
	struct ark_span checksum; /* 32 bytes, or empty when the kind has none */
};

/* Header and context; the box follows, then the checksum, both by the library. context has the
 * length that shape gives. */
void arkf_sealed_encode_head(struct ark_wr *wr, const struct arkf_sealed_shape *shape,
			     enum ark_suite suite, struct ark_span context);
/* Takes a whole object apart; the spans borrow bytes. Checks neither checksum nor seal. CORRUPT,
 * UNSUPPORTED. */
enum ark_rc arkf_sealed_decode(struct arkf_sealed *out, const struct arkf_sealed_shape *shape,
			       struct ark_span bytes, struct ark_err *err) ARK_CHECK;

/* ---- shown (dump.h) ---- */

struct arkf_dump;
/* A box of len bytes, as "name.nonce", "name.ciphertext", "name.tag". */
void arkf_box_dump(struct arkf_dump *d, const char *name, uint64_t len);
/* A whole object of any shape, its box closed. */
void arkf_sealed_dump(struct arkf_dump *d);
/* The shape of an object by its kind; NULL when it is none of these. */
const struct arkf_sealed_shape *arkf_sealed_shape_of(struct ark_span bytes);
