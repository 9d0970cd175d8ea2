/* base64.c - see base64.h. */
#include "backends/net/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { BAD = 0xff };

/* clang-format off */
#define X BAD
static const uint8_t sextets[256] = {
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, 62, X, X, X, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X, X,
	X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, X,
	X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};
#undef X
/* clang-format on */

void arkv_base64_encode(uint8_t *out, struct ark_span bytes)
{
	const uint8_t *p = bytes.p;
	size_t left = bytes.len;
	for (; left >= 3; left -= 3, p += 3, out += 4) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		out[0] = (uint8_t)alphabet[v >> 18];
		out[1] = (uint8_t)alphabet[v >> 12 & 63];
		out[2] = (uint8_t)alphabet[v >> 6 & 63];
		out[3] = (uint8_t)alphabet[v & 63];
	}
	if (!left)
		return;
	uint32_t v = (uint32_t)p[0] << 16 | (left > 1 ? (uint32_t)p[1] << 8 : 0);
	out[0] = (uint8_t)alphabet[v >> 18];
	out[1] = (uint8_t)alphabet[v >> 12 & 63];
	out[2] = left > 1 ? (uint8_t)alphabet[v >> 6 & 63] : '=';
	out[3] = '=';
}

/* The fourth character of a group is in, or its second '=' is: writes what the group stands for. */
static bool close_group(struct arkv_base64 *b, uint8_t **out)
{
	uint32_t unused = b->padded == 2 ? 0xffff : b->padded == 1 ? 0xff : 0;
	if (b->bits & unused)
		return false;
	for (unsigned i = 0; i < 3 - b->padded; i++)
		*(*out)++ = (uint8_t)(b->bits >> (16 - 8 * i));
	b->bits = 0;
	b->count = 0;
	return true;
}

static bool take(struct arkv_base64 *b, uint8_t c, uint8_t **out)
{
	if (c == '=' && (b->count == 2 || b->count == 3)) {
		b->padded++;
		b->bits <<= 6;
	} else if (sextets[c] != BAD && !b->padded) {
		b->bits = b->bits << 6 | sextets[c];
	} else {
		return false;
	}
	return ++b->count < 4 || close_group(b, out);
}

bool arkv_base64_decode(struct arkv_base64 *b, uint8_t *out, size_t *out_len, const uint8_t *text,
			size_t len)
{
	uint8_t *w = out;
	const uint8_t *p = text;
	const uint8_t *end = text + len;
	for (; p < end && b->count; p++)
		if (!take(b, *p, &w))
			return false;
	for (; end - p >= 4 && !b->padded; p += 4, w += 3) {
		uint32_t a = sextets[p[0]], c = sextets[p[1]], d = sextets[p[2]], e = sextets[p[3]];
		if ((a | c | d | e) & 0x80)
			break;
		uint32_t v = a << 18 | c << 12 | d << 6 | e;
		w[0] = (uint8_t)(v >> 16);
		w[1] = (uint8_t)(v >> 8);
		w[2] = (uint8_t)v;
	}
	for (; p < end; p++)
		if (!take(b, *p, &w))
			return false;
	*out_len = (size_t)(w - out);
	return true;
}
