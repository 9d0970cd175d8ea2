/*
 * buf.h - struct ark_buf owns bytes and grows; it is a struct ark_wr whose memory comes from
 * malloc.
 *
 * Not for secrets: those live in struct ark_secret (secret.h) and are wiped.
 */
#pragma once

#include "format/bytes.h"
#include "format/err.h"

struct ark_buf {
	struct ark_wr wr; /* write through this; wr.full after a failed allocation */
};

void ark_buf_init(struct ark_buf *buf);
/* Frees the memory and leaves an empty, usable buffer. */
void ark_buf_release(struct ark_buf *buf);
/* Forgets the content, keeps the memory. */
void ark_buf_clear(struct ark_buf *buf);
/* Makes room for cap bytes in all, content kept: OK or NOMEM. */
enum ark_rc ark_buf_reserve(struct ark_buf *buf, size_t cap, struct ark_err *err) ARK_CHECK;
/* NOMEM when an earlier write through wr did not find memory. what names the buffer in the
 * message. */
enum ark_rc ark_buf_check(const struct ark_buf *buf, const char *what, struct ark_err *err)
	ARK_CHECK;

static inline struct ark_span ark_buf_span(const struct ark_buf *buf)
{
	return ark_wr_span(&buf->wr);
}
