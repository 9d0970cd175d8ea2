/*
 * secret.h - key bytes: in guarded, locked memory (sodium_malloc), wiped when released.
 */
#pragma once

#include "format/bytes.h"
#include "format/err.h"

struct ark_secret {
	uint8_t *p; /* NULL when empty */
	size_t len;
};

/* NOMEM when locked memory runs out. Content is zero. out must be empty. */
enum ark_rc ark_secret_new(struct ark_secret *out, size_t len, struct ark_err *err) ARK_CHECK;
/* A copy of s. */
enum ark_rc ark_secret_copy(struct ark_secret *out, struct ark_span s, struct ark_err *err)
	ARK_CHECK;
/* Wipes, frees, leaves it empty. NULL and empty are fine. Fits ARK_AUTO. */
void ark_secret_release(struct ark_secret *s);

static inline struct ark_span ark_secret_span(const struct ark_secret *s)
{
	return ark_span(s->p, s->len);
}
