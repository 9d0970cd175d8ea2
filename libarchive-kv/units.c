/* units.c - sizes and durations as people write them. */
#include "libarchive-kv/units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The number at the start of text (digits, perhaps one point), and what stands behind it. */
static bool number_read(double *number, const char **rest, const char *text)
{
	size_t len = strspn(text, "0123456789.");
	char digits[32];

	if (!len || len >= sizeof digits || text[0] == '.')
		return false;
	memcpy(digits, text, len);
	digits[len] = 0;
	char *end;
	*number = strtod(digits, &end);
	*rest = text + len;
	return !*end;
}

/* Whole numbers stay exact: a double would lose the last digits of a large one. */
static bool scaled(uint64_t *out, const char *text, double number, uint64_t factor)
{
	if (!memchr(text, '.', strspn(text, "0123456789."))) {
		errno = 0;
		uint64_t whole = strtoull(text, NULL, 10);
		return !errno && !__builtin_mul_overflow(whole, factor, out);
	}
	double product = floor(number * (double)factor);
	if (product >= 9.0e18)
		return false;
	*out = (uint64_t)product;
	return true;
}

static uint64_t size_factor(const char *suffix)
{
	static const char letters[] = "KMGTP";
	const char *letter = *suffix ? strchr(letters, *suffix & ~0x20) : NULL;

	if (!strcmp(suffix, "") || !strcmp(suffix, "B"))
		return 1;
	if (!letter || !*letter)
		return 0;
	if (suffix[1] && strcmp(suffix + 1, "B") && strcmp(suffix + 1, "iB"))
		return 0;
	return UINT64_C(1) << (10 * (letter - letters + 1));
}

enum ark_rc arkv_size_parse(uint64_t *bytes, const char *text, const char *what,
			    struct ark_err *err)
{
	double number;
	const char *rest;
	uint64_t factor = number_read(&number, &rest, text) ? size_factor(rest) : 0;

	if (!factor || !scaled(bytes, text, number, factor))
		return ark_fail(err, ARK_USAGE, "%s: \"%s\" is no size: write 512, 64K, 256M or 2G",
				what, text);
	return ARK_OK;
}

static uint64_t duration_factor(const char *suffix)
{
	static const struct {
		const char *suffix;
		uint64_t ms;
	} units[] = {
		{ "ms", 1 },	  { "", 1000 },	     { "s", 1000 },	 { "m", 60000 },
		{ "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 },
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (!strcmp(suffix, units[i].suffix))
			return units[i].ms;
	return 0;
}

enum ark_rc arkv_duration_parse(uint64_t *ms, const char *text, const char *what,
				struct ark_err *err)
{
	double number;
	const char *rest;
	uint64_t factor = number_read(&number, &rest, text) ? duration_factor(rest) : 0;

	if (!factor || !scaled(ms, text, number, factor))
		return ark_fail(err, ARK_USAGE,
				"%s: \"%s\" is no duration: write 90s, 15m, 12h, 7d or 2w", what,
				text);
	return ARK_OK;
}
