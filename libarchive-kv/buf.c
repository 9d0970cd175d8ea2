/* buf.c - see buf.h. */
#include "libarchive-kv/buf.h"

#include <stdlib.h>

static bool grow(struct ark_wr *wr, size_t need)
{
	size_t cap = wr->cap < 64 ? 64 : wr->cap;
	while (cap < need)
		if (!ark_add(&cap, cap, cap / 2))
			return false;
	uint8_t *p = realloc(wr->p, cap);
	if (!p)
		return false;
	wr->p = p;
	wr->cap = cap;
	return true;
}

void ark_buf_init(struct ark_buf *buf)
{
	buf->wr = ark_wr(NULL, 0);
	buf->wr.grow = grow;
}

void ark_buf_release(struct ark_buf *buf)
{
	if (!buf)
		return;
	free(buf->wr.p);
	ark_buf_init(buf);
}

void ark_buf_clear(struct ark_buf *buf)
{
	buf->wr.len = 0;
	buf->wr.full = false;
}

enum ark_rc ark_buf_reserve(struct ark_buf *buf, size_t cap, struct ark_err *err)
{
	if (cap <= buf->wr.cap)
		return ARK_OK;
	uint8_t *p = realloc(buf->wr.p, cap);
	if (!p)
		return ark_fail(err, ARK_NOMEM, "out of memory: %zu bytes", cap);
	buf->wr.p = p;
	buf->wr.cap = cap;
	return ARK_OK;
}

enum ark_rc ark_buf_check(const struct ark_buf *buf, const char *what, struct ark_err *err)
{
	if (!buf->wr.full)
		return ARK_OK;
	return ark_fail(err, ARK_NOMEM, "%s: out of memory", what);
}
