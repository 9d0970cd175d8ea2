/* secret.c - see secret.h. */
#include "libarchive-kv/secret.h"

#include <sodium.h>

enum ark_rc ark_secret_new(struct ark_secret *out, size_t len, struct ark_err *err)
{
	uint8_t *p = sodium_malloc(len ? len : 1);
	if (!p)
		return ark_fail(err, ARK_NOMEM, "keys: no guarded memory for %zu bytes", len);
	sodium_memzero(p, len); /* sodium_malloc fills with a pattern */
	out->p = p;
	out->len = len;
	return ARK_OK;
}

enum ark_rc ark_secret_copy(struct ark_secret *out, struct ark_span s, struct ark_err *err)
{
	if (ark_secret_new(out, s.len, err))
		return ARK_NOMEM;
	if (s.len)
		memcpy(out->p, s.p, s.len);
	return ARK_OK;
}

void ark_secret_release(struct ark_secret *s)
{
	if (!s)
		return;
	sodium_free(s->p); /* wipes; NULL is fine */
	s->p = NULL;
	s->len = 0;
}
