/* bytes.c - see bytes.h. */
#include "format/bytes.h"

int ark_span_cmp(struct ark_span a, struct ark_span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	if (c)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool ark_span_eq(struct ark_span a, struct ark_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

size_t ark_span_common(struct ark_span a, struct ark_span b)
{
	size_t max = a.len < b.len ? a.len : b.len;
	size_t n = 0;
	while (n < max && a.p[n] == b.p[n])
		n++;
	return n;
}

static const uint8_t *take(struct ark_rd *rd, size_t len)
{
	if (rd->bad || ark_rd_left(rd) < len) {
		ark_rd_fail(rd);
		return NULL;
	}
	const uint8_t *at = rd->p;
	rd->p += len;
	return at;
}

uint8_t ark_rd_u8(struct ark_rd *rd)
{
	const uint8_t *p = take(rd, 1);
	return p ? *p : 0;
}

uint16_t ark_rd_u16(struct ark_rd *rd)
{
	const uint8_t *p = take(rd, 2);
	return p ? (uint16_t)(p[0] | p[1] << 8) : 0;
}

uint32_t ark_rd_u32(struct ark_rd *rd)
{
	const uint8_t *p = take(rd, 4);
	return p ? ark_le32(p) : 0;
}

uint64_t ark_rd_u64(struct ark_rd *rd)
{
	const uint8_t *p = take(rd, 8);
	return p ? ark_le64(p) : 0;
}

uint64_t ark_rd_varint(struct ark_rd *rd)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t b = ark_rd_u8(rd);
		if (rd->bad)
			return 0;
		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (b & 0x80)
			continue;
		if (b == 0 && shift)
			break; /* a shorter spelling exists */
		return v;
	}
	ark_rd_fail(rd);
	return 0;
}

struct ark_span ark_rd_bytes(struct ark_rd *rd, uint64_t len)
{
	if (len > ark_rd_left(rd)) {
		ark_rd_fail(rd);
		return ark_span(NULL, 0);
	}
	const uint8_t *p = take(rd, (size_t)len);
	return ark_span(p, p ? (size_t)len : 0);
}

struct ark_span ark_rd_lenbytes(struct ark_rd *rd, uint64_t max)
{
	uint64_t len = ark_rd_varint(rd);
	if (len > max)
		ark_rd_fail(rd);
	return ark_rd_bytes(rd, rd->bad ? 0 : len);
}

void ark_rd_copy(struct ark_rd *rd, void *out, size_t len)
{
	const uint8_t *p = take(rd, len);
	if (p && len)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

struct ark_rd ark_rd_sub(struct ark_rd *rd, uint64_t len)
{
	struct ark_rd sub = ark_rd(ark_rd_bytes(rd, len));
	sub.bad = rd->bad;
	return sub;
}

bool ark_rd_fits(struct ark_rd *rd, uint64_t count, size_t min_bytes)
{
	if (!rd->bad && (min_bytes == 0 || count <= ark_rd_left(rd) / min_bytes))
		return true;
	ark_rd_fail(rd);
	return false;
}

bool ark_rd_done(const struct ark_rd *rd)
{
	return !rd->bad && rd->p == rd->end;
}

uint8_t *ark_wr_room(struct ark_wr *wr, size_t len)
{
	size_t need;
	if (wr->full || !ark_add(&need, wr->len, len) ||
	    (need > wr->cap && (!wr->grow || !wr->grow(wr, need)))) {
		wr->full = true;
		return NULL;
	}
	uint8_t *at = wr->p ? wr->p + wr->len : wr->p;
	wr->len = need;
	return at;
}

void ark_wr_u8(struct ark_wr *wr, uint8_t v)
{
	uint8_t *p = ark_wr_room(wr, 1);
	if (p)
		*p = v;
}

void ark_wr_u16(struct ark_wr *wr, uint16_t v)
{
	uint8_t *p = ark_wr_room(wr, 2);
	if (!p)
		return;
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

void ark_wr_u32(struct ark_wr *wr, uint32_t v)
{
	uint8_t *p = ark_wr_room(wr, 4);
	if (p)
		ark_put_le32(p, v);
}

void ark_wr_u64(struct ark_wr *wr, uint64_t v)
{
	uint8_t *p = ark_wr_room(wr, 8);
	if (p)
		ark_put_le64(p, v);
}

void ark_wr_varint(struct ark_wr *wr, uint64_t v)
{
	uint8_t *p = ark_wr_room(wr, ark_varint_len(v));
	if (!p)
		return;
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p = (uint8_t)v;
}

void ark_wr_bytes(struct ark_wr *wr, struct ark_span s)
{
	uint8_t *p = ark_wr_room(wr, s.len);
	if (p && s.len)
		memcpy(p, s.p, s.len);
}

void ark_wr_lenbytes(struct ark_wr *wr, struct ark_span s)
{
	ark_wr_varint(wr, s.len);
	ark_wr_bytes(wr, s);
}

size_t ark_varint_len(uint64_t v)
{
	size_t n = 1;
	while (v >= 0x80) {
		v >>= 7;
		n++;
	}
	return n;
}
