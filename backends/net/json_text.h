/*
 * json_text.h - UTF-8, and strings in their one spelling (spec/20-jsonl.md section 4).
 *
 * Pure functions over memory. arkv_json_stops and arkv_utf8_seq are the two inner loops that the
 * scanner (json_scan.c) and the writer share.
 */
#pragma once

#include "format/bytes.h"

/* Valid UTF-8 (RFC 3629) from first to last byte. */
bool arkv_utf8_valid(struct ark_span s);

/* The same for text that comes in parts of any size. Starts as zeros. */
struct arkv_utf8 {
	uint8_t tail[4]; /* a sequence that the last part did not end */
	unsigned tail_len;
	bool bad; /* sticky */
};
void arkv_utf8_feed(struct arkv_utf8 *u, struct ark_span part);
static inline bool arkv_utf8_done(const struct arkv_utf8 *u)
{
	return !u->bad && u->tail_len == 0;
}

/* The length (2 to 4) of the sequence at p whose first byte is above 0x7f; 0 when it is not valid
 * or longer than left. */
static inline unsigned arkv_utf8_seq(const uint8_t *p, size_t left)
{
	unsigned c = p[0];
	if (c < 0xc2 || c > 0xf4 || left < 2 || (p[1] & 0xc0) != 0x80)
		return 0;
	if (c < 0xe0)
		return 2;
	if (left < 3 || (p[2] & 0xc0) != 0x80)
		return 0;
	unsigned high = (c & 15) << 6 | (p[1] & 63u);
	if (c < 0xf0) /* not overlong, no surrogate */
		return high >= 0x20 && (high < 0x360 || high > 0x37f) ? 3 : 0;
	high = (c & 7) << 6 | (p[1] & 63u);
	return left >= 4 && (p[3] & 0xc0) == 0x80 && high >= 0x10 && high <= 0x10f ? 4 : 0;
}

/* The high bit is set in the lowest byte of x that is below 0x20, '"' or '\\'; bytes above that one
 * may have theirs set too. 0 when there is none. */
static inline uint64_t arkv_json_stops(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t quote = x ^ ones * '"';
	uint64_t slash = x ^ ones * '\\';
	uint64_t m =
		((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
	return m & ones * 0x80;
}

/* Which byte of eight is the lowest with its high bit set; m is not 0. */
static inline unsigned arkv_json_first(uint64_t m)
{
	return (unsigned)__builtin_ctzll(m) / 8;
}

/* Appends text, which is valid UTF-8, as it stands between the quotes of a string. */
void arkv_json_put_text(struct ark_wr *wr, struct ark_span text);
