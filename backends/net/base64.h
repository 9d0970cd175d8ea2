/*
 * base64.h - RFC 4648 section 4: standard alphabet, padded, one spelling (unused bits are zero).
 *
 * Nothing allocates or fails for want of memory. A decoder belongs to one thread.
 */
#pragma once

#include "format/bytes.h"

/* The length of the text for len bytes; len at most 2^40. */
static inline uint64_t arkv_base64_len(uint64_t len)
{
	return (len + 2) / 3 * 4;
}

/* Writes arkv_base64_len(bytes.len) characters to out. Pieces join up when all but the last are of
 * a length that 3 divides. */
void arkv_base64_encode(uint8_t *out, struct ark_span bytes);

/* Decodes text that comes in parts of any size. Starts as zeros. */
struct arkv_base64 {
	uint32_t bits;	 /* characters taken that do not make up a byte triple yet */
	unsigned count;	 /* how many: 0 to 3 */
	unsigned padded; /* '=' seen: 0 to 2 */
};

/* Decodes len characters to out and gives the number of bytes in *out_len: at most (b->count + len)
 * / 4 * 3. In place is fine: out may be text - b->count, since a byte is written only after the
 * characters it comes from were read. False when a character is not of the alphabet, stands after
 * padding, or leaves bits over. */
bool arkv_base64_decode(struct arkv_base64 *b, uint8_t *out, size_t *out_len, const uint8_t *text,
			size_t len);
/* True when the text so far is complete. */
static inline bool arkv_base64_done(const struct arkv_base64 *b)
{
	return b->count == 0;
}
