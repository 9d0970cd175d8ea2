/*
 * bytes.h - the only way bytes are read and written.
 *
 * struct ark_span borrows bytes. struct ark_rd walks over a span with a sticky bad bit, so a
 * decoder reads field after field and asks once at the end; reading past the end gives zeros and
 * sets the bit. struct ark_wr writes into memory that its owner provides, or grows through the
 * owner's callback. All integers are little-endian; varints are LEB128, minimal
 * (spec/00-conventions.md). Nothing here allocates. No object is shared between threads.
 */
#pragma once

#include "format/macros.h"

#include <string.h>

struct ark_span {
	const uint8_t *p;
	size_t len;
};

enum { ARK_VARINT_MAX = 10 };

static inline struct ark_span ark_span(const void *p, size_t len)
{
	return (struct ark_span){ .p = p, .len = len };
}

static inline struct ark_span ark_span_str(const char *s)
{
	return (struct ark_span){ .p = (const uint8_t *)s, .len = strlen(s) };
}

/* Byte order, a shorter prefix first: <0, 0, >0. The order of spaces and of keys. */
int ark_span_cmp(struct ark_span a, struct ark_span b);
bool ark_span_eq(struct ark_span a, struct ark_span b);
/* How many leading bytes are the same. */
size_t ark_span_common(struct ark_span a, struct ark_span b);

/* ---- reading ---- */

struct ark_rd {
	const uint8_t *p;
	const uint8_t *end;
	bool bad; /* sticky: something did not fit, or was not in its one spelling */
};

static inline struct ark_rd ark_rd(struct ark_span s)
{
	return (struct ark_rd){ .p = s.p, .end = s.p ? s.p + s.len : s.p, .bad = false };
}

static inline size_t ark_rd_left(const struct ark_rd *rd)
{
	return (size_t)(rd->end - rd->p);
}

uint8_t ark_rd_u8(struct ark_rd *rd);
uint16_t ark_rd_u16(struct ark_rd *rd);
uint32_t ark_rd_u32(struct ark_rd *rd);
uint64_t ark_rd_u64(struct ark_rd *rd);
/* A minimal LEB128 varint; a longer spelling, or more than 64 bits, is bad. */
uint64_t ark_rd_varint(struct ark_rd *rd);
/* The next len bytes, borrowed; empty when there are fewer (and bad). */
struct ark_span ark_rd_bytes(struct ark_rd *rd, uint64_t len);
/* varint length, then that many bytes; bad when the length is above max. */
struct ark_span ark_rd_lenbytes(struct ark_rd *rd, uint64_t max);
/* Copies exactly len bytes to out; zeros when there are fewer (and bad). */
void ark_rd_copy(struct ark_rd *rd, void *out, size_t len);
/* A reader over the next len bytes alone; rd steps over them. */
struct ark_rd ark_rd_sub(struct ark_rd *rd, uint64_t len);
/* True when count items of at least min_bytes each can still be there; false sets bad.
 * To be asked before any loop or allocation that a count from outside drives. */
bool ark_rd_fits(struct ark_rd *rd, uint64_t count, size_t min_bytes);
/* True when nothing was bad and nothing is left over. */
bool ark_rd_done(const struct ark_rd *rd);
static inline void ark_rd_fail(struct ark_rd *rd)
{
	rd->bad = true;
	rd->p = rd->end;
}

/* ---- writing ---- */

struct ark_wr {
	uint8_t *p;   /* start of the memory; may be NULL while cap is 0 */
	size_t len;   /* bytes written */
	size_t cap;
	bool full;    /* sticky: something did not fit, and was not written */
	/* Makes cap at least need, or returns false. NULL for memory that does not grow. */
	bool (*grow)(struct ark_wr *wr, size_t need);
};

static inline struct ark_wr ark_wr(void *p, size_t cap)
{
	return (struct ark_wr){ .p = p, .len = 0, .cap = cap, .full = false, .grow = NULL };
}

static inline struct ark_span ark_wr_span(const struct ark_wr *wr)
{
	return (struct ark_span){ .p = wr->p, .len = wr->len };
}

/* Room for len more bytes, to be filled by the caller; NULL when full. */
uint8_t *ark_wr_room(struct ark_wr *wr, size_t len);
void ark_wr_u8(struct ark_wr *wr, uint8_t v);
void ark_wr_u16(struct ark_wr *wr, uint16_t v);
void ark_wr_u32(struct ark_wr *wr, uint32_t v);
void ark_wr_u64(struct ark_wr *wr, uint64_t v);
void ark_wr_varint(struct ark_wr *wr, uint64_t v);
void ark_wr_bytes(struct ark_wr *wr, struct ark_span s);
void ark_wr_lenbytes(struct ark_wr *wr, struct ark_span s);

/* How many bytes ark_wr_varint writes for v: 1 to 10. */
size_t ark_varint_len(uint64_t v);

static inline uint64_t ark_zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t ark_unzigzag(uint64_t v)
{
	return (int64_t)((v >> 1) ^ (v & 1 ? UINT64_MAX : 0));
}

/* Single values in raw memory, for headers at fixed offsets. */
static inline uint32_t ark_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t ark_le64(const uint8_t *p)
{
	return (uint64_t)ark_le32(p) | (uint64_t)ark_le32(p + 4) << 32;
}

static inline void ark_put_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline void ark_put_le64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}
