/* human.c - numbers, times and foreign bytes as people read them. */
#include "cli/human.h"

#include "backends/net/json_text.h"

#include <stdio.h>
#include <time.h>

struct human human_count(uint64_t n)
{
	struct human out;
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
	size_t at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out.s[at++] = ',';
		out.s[at++] = digits[i];
	}
	out.s[at] = 0;
	return out;
}

struct human human_items(uint64_t n, const char *noun)
{
	struct human out;
	int len = (int)strlen(noun);
	bool in_y = noun[len - 1] == 'y' && !strchr("aeiou", noun[len - 2]);

	if (n == 1)
		snprintf(out.s, sizeof out.s, "1 %s", noun);
	else
		snprintf(out.s, sizeof out.s, "%.27s %.*s%s", human_count(n).s, len - in_y, noun,
			 in_y ? "ies" : "s");
	return out;
}

/* n in the largest unit of step that is not above it, with a decimal below a hundred. */
static struct human scaled(uint64_t n, double step, const char *const *units, size_t unit_count,
			   const char *blank)
{
	struct human out;
	double value = (double)n;
	size_t unit = 0;

	while (value >= step - 0.5 && unit + 1 < unit_count) {
		value /= step;
		unit++;
	}
	snprintf(out.s, sizeof out.s, "%.*f%s%s", unit && value < 99.95 ? 1 : 0, value, blank,
		 units[unit]);
	return out;
}

struct human human_short(uint64_t n)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };

	return scaled(n, 1000, units, 5, "");
}

struct human human_bytes(uint64_t n)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

	return scaled(n, 1024, units, 7, " ");
}

struct human human_duration(uint64_t ms)
{
	struct human out;
	unsigned long long s = ms / 1000;

	if (ms < 10000)
		snprintf(out.s, sizeof out.s, "%.1f s", (double)ms / 1000);
	else if (s < 60)
		snprintf(out.s, sizeof out.s, "%llu s", s);
	else if (s < 3600)
		snprintf(out.s, sizeof out.s, "%llu min %llu s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out.s, sizeof out.s, "%llu h %llu min", s / 3600, s / 60 % 60);
	else
		snprintf(out.s, sizeof out.s, "%llu d %llu h", s / 86400, s / 3600 % 24);
	return out;
}

struct human human_percent(uint64_t part, uint64_t whole)
{
	struct human out;
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	if (!whole)
		snprintf(out.s, sizeof out.s, "-");
	else
		snprintf(out.s, sizeof out.s, "%.*f%%", percent < 9.95 ? 1 : 0, percent);
	return out;
}

/* False for times of a far future (the field has 64 bits): those are shown as the number that they
 * are. */
static bool parts_of(struct tm *tm, struct human *out, uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);

	if (ms <= UINT64_C(253402300799999) && gmtime_r(&seconds, tm))
		return true;
	snprintf(out->s, sizeof out->s, "%llu ms", (unsigned long long)ms);
	return false;
}

/* 2026-11-20, sep, 03:00 */
static struct human date_and_minute(const struct tm *tm, char sep)
{
	struct human out;

	snprintf(out.s, sizeof out.s, "%04d-%02d-%02d%c%02d:%02d", tm->tm_year % 10000 + 1900,
		 tm->tm_mon + 1, tm->tm_mday, sep, tm->tm_hour, tm->tm_min);
	return out;
}

struct human human_time(uint64_t ms)
{
	struct human out, minute;
	struct tm tm;

	if (!parts_of(&tm, &out, ms))
		return out;
	minute = date_and_minute(&tm, ' ');
	snprintf(out.s, sizeof out.s, "%.20s:%02dZ", minute.s, tm.tm_sec);
	return out;
}

struct human human_minute(uint64_t ms)
{
	struct human out;
	struct tm tm;

	return parts_of(&tm, &out, ms) ? date_and_minute(&tm, ' ') : out;
}

struct human human_iso(uint64_t ms)
{
	struct human out, minute;
	struct tm tm;

	if (!parts_of(&tm, &out, ms))
		return out;
	minute = date_and_minute(&tm, 'T');
	snprintf(out.s, sizeof out.s, "%.20s:%02d.%03uZ", minute.s, tm.tm_sec,
		 (unsigned)(ms % 1000));
	return out;
}

/* The length of the printable character at p, or 0: control characters, C1 ones too, the marks
 * that turn the direction of text, and what is no UTF-8. */
static unsigned printable(const uint8_t *p, size_t left)
{
	if (*p < 0x80)
		return *p >= 0x20 && *p != 0x7f ? 1 : 0;
	unsigned len = arkv_utf8_seq(p, left);
	if (!len || (p[0] == 0xc2 && p[1] < 0xa0))
		return 0;
	bool turns = len == 3 && p[0] == 0xe2 &&
		     ((p[1] == 0x80 &&
		       ((p[2] >= 0xa8 && p[2] <= 0xae) || p[2] == 0x8e || p[2] == 0x8f)) ||
		      (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
	return turns ? 0 : len;
}

void human_text(struct ark_wr *out, struct ark_span bytes)
{
	for (size_t i = 0; i < bytes.len;) {
		unsigned len = printable(bytes.p + i, bytes.len - i);
		char form[8];

		if (len && bytes.p[i] == '\\')
			ark_wr_u8(out, '\\');
		if (len) {
			ark_wr_bytes(out, ark_span(bytes.p + i, len));
		} else {
			snprintf(form, sizeof form, "\\x%02x", bytes.p[i]);
			ark_wr_bytes(out, ark_span_str(form));
			len = 1;
		}
		i += len;
	}
}

size_t human_width(struct ark_span text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += (text.p[i] & 0xc0) != 0x80;
	return width;
}
