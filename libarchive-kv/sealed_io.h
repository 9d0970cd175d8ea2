/*
 * sealed_io.h - whole objects that are one box under K_meta: made, and opened and checked
 * (format/sealed.h has their outer form; places, remaps, sessions, gc lists and marks are such).
 *
 * What the context says and what the raw body holds is the caller's. A codec belongs to one thread.
 */
#pragma once

#include "format/sealed.h"
#include "libarchive-kv/codec.h"
#include "libarchive-kv/keys.h"

struct arkv_sealed_kind {
	const struct arkf_sealed_shape *shape;
	enum arkv_box_type box;
	size_t raw_max; /* of the body; LIMIT above it */
};

/* Appends the whole object to out: header, context, box over raw, checksum where the shape has one.
 * context has the length that the shape gives. LIMIT, NOMEM. */
enum ark_rc arkv_sealed_make(struct ark_buf *out, const struct arkv_sealed_kind *kind,
			     const struct arkv_keys *keys, struct arkv_codec *codec,
			     struct ark_span context, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
/* Checks bytes, a whole object, and appends its raw body to raw. *context (may be NULL) borrows
 * bytes. CORRUPT: the form, the checksum or the body; AUTH: the box does not open, or the object
 * has another suite than the repository; UNSUPPORTED, LIMIT. The text names the kind: prefix the
 * object's name. */
enum ark_rc arkv_sealed_open(struct ark_buf *raw, struct ark_span *context,
			     const struct arkv_sealed_kind *kind, const struct arkv_keys *keys,
			     struct arkv_codec *codec, struct ark_span bytes, struct ark_err *err)
	ARK_CHECK;
