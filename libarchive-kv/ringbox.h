/* ringbox.h - a keyring object: sealing keys into it, and opening it (spec/04-keys.md). */
#pragma once

#include "libarchive-kv/keyset.h"

/* Appends the object of ring number n to out. */
enum ark_rc arkv_ring_seal(struct ark_buf *out, const struct arkv_keys *keys, uint32_t n,
			   struct ark_span root, struct ark_err *err) ARK_CHECK;
/* The body of bytes, whose name says n. CORRUPT: "keyring n is damaged". AUTH: of another
 * repository, or it does not open with root. */
enum ark_rc arkv_ring_open(struct ark_secret *body, struct ark_span bytes, uint32_t n,
			   const struct ark_uid *repo, struct ark_span root, struct ark_err *err)
	ARK_CHECK;
