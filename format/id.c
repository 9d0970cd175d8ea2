/* id.c - see id.h. */
#include "format/id.h"

static const char digits[] = "0123456789abcdef";

struct ark_hex ark_hex_prefix(const uint8_t *bytes, size_t n_digits)
{
	struct ark_hex hex = { .s = "" };
	if (n_digits > sizeof hex.s - 1)
		n_digits = sizeof hex.s - 1;
	for (size_t i = 0; i < n_digits; i++)
		hex.s[i] = digits[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
	hex.s[n_digits] = '\0';
	return hex;
}

struct ark_hex ark_id_hex(const struct ark_id *id)
{
	return ark_hex_prefix(id->b, sizeof id->b * 2);
}

struct ark_hex ark_uid_hex(const struct ark_uid *uid)
{
	return ark_hex_prefix(uid->b, sizeof uid->b * 2);
}

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool from_hex(uint8_t *out, size_t len, struct ark_span text)
{
	uint8_t bytes[ARK_ID_LEN];
	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = digit_of(text.p[2 * i]);
		int low = digit_of(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(out, bytes, len);
	return true;
}

bool ark_id_from_hex(struct ark_id *out, struct ark_span text)
{
	return from_hex(out->b, sizeof out->b, text);
}

bool ark_uid_from_hex(struct ark_uid *out, struct ark_span text)
{
	return from_hex(out->b, sizeof out->b, text);
}

bool ark_uid_is_zero(const struct ark_uid *uid)
{
	static const struct ark_uid zero;
	return ark_uid_eq(uid, &zero);
}
