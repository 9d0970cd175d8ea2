/* archive_find.c - which archive a reference means. See archive.h. */
#include "libarchive-kv/archive.h"

#include <stdio.h>
#include <stdlib.h>

enum { PREFIX_MIN = 4, NAMED_MAX = 4 };

/* ---- order: newest first, the sources' chains merged by time ---- */

struct choice {
	const struct arkv_archives *list;
	struct ark_span source; /* p NULL: all */
	struct ark_span tag;	/* p NULL: any */
	uint64_t time_max;
};

static bool has_tag(const struct arkf_head *head, struct ark_span tag)
{
	for (size_t i = 0; i < head->tag_count; i++)
		if (ark_span_eq(head->tags[i], tag))
			return true;
	return false;
}

static bool fits(const struct choice *c, const struct arkv_archive_info *info)
{
	return !info->is_damaged && info->time_ms <= c->time_max &&
	       (!c->source.p || ark_span_eq(info->head->source_name, c->source)) &&
	       (!c->tag.p || has_tag(info->head, c->tag));
}

static bool same_source(const struct arkv_archive_info *a, const struct arkv_archive_info *b)
{
	return !b->is_damaged && ark_span_eq(a->head->source_name, b->head->source_name);
}

/* The newest archive that fits and is not taken yet. Within a source the list ascends, so of each
 * source only its last one is a candidate. */
static size_t newest(const struct choice *c, const bool *taken)
{
	const struct arkv_archive_info *items = c->list->items;
	size_t best = SIZE_MAX;
	for (size_t i = c->list->count; i-- > 0;) {
		if (taken[i] || !fits(c, &items[i]))
			continue;
		if (best == SIZE_MAX || items[i].time_ms > items[best].time_ms)
			best = i;
		while (i > 0 && same_source(&items[i], &items[i - 1]))
			i--;
	}
	return best;
}

static enum ark_rc nth_newest(const struct arkv_archive_info **out, const struct choice *c,
			      uint64_t nth, const char *ref, struct ark_err *err)
{
	bool *taken = calloc(c->list->count + 1, sizeof *taken);
	if (!taken)
		return ark_fail(err, ARK_NOMEM, "archives: out of memory");
	size_t found = newest(c, taken);
	for (; nth > 0 && found != SIZE_MAX; nth--) {
		taken[found] = true;
		found = newest(c, taken);
	}
	free(taken);
	if (found == SIZE_MAX)
		return ark_fail(err, ARK_NOTFOUND, "no archive %s%s%.*s; see arkv archives", ref,
				c->source.p ? " of source " : "", (int)c->source.len,
				(const char *)c->source.p);
	*out = &c->list->items[found];
	return ARK_OK;
}

/* ---- latest ---- */

static enum ark_rc bad_form(const char *ref, struct ark_err *err)
{
	return ark_fail(err, ARK_USAGE,
			"\"%s\" is no archive: say latest, latest~2, latest:TAG, "
			"@2026-11-19T03:00, or the first digits of its id",
			ref);
}

/* "~2" and nothing behind it. */
static bool parse_back(const char *text, uint64_t *nth)
{
	char *end = NULL;
	if (text[0] != '~' || text[1] < '0' || text[1] > '9')
		return false;
	unsigned long long value = strtoull(text + 1, &end, 10);
	*nth = value;
	return *end == '\0';
}

static enum ark_rc find_latest(const struct arkv_archive_info **out, struct choice *c,
			       const char *ref, struct ark_err *err)
{
	const char *rest = ref + strlen("latest");
	uint64_t nth = 0;
	if (*rest == ':') {
		rest++;
		const char *back = strrchr(rest, '~');
		if (!back || !parse_back(back, &nth))
			back = rest + strlen(rest);
		c->tag = ark_span(rest, (size_t)(back - rest));
		rest = back;
	}
	if (*rest != '\0' && !parse_back(rest, &nth))
		return bad_form(ref, err);
	return nth_newest(out, c, nth, ref, err);
}

/* ---- times ---- */

/* Days from 1970-01-01 to the first of March of that year, as in the proleptic Gregorian calendar,
 * whose leap day is the last of a year that begins in March. */
static int64_t days_to(int64_t year, unsigned month, unsigned day)
{
	static const unsigned before[] = { 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275 };
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t days = 365 * y + y / 4 - y / 100 + y / 400;
	return days + before[month - 1] + day - 1 - 719468;
}

static bool number(const char **p, unsigned digits, unsigned low, unsigned high, unsigned *out)
{
	unsigned value = 0;
	for (unsigned i = 0; i < digits; i++) {
		if ((*p)[i] < '0' || (*p)[i] > '9')
			return false;
		value = 10 * value + (unsigned)((*p)[i] - '0');
	}
	*p += digits;
	*out = value;
	return value >= low && value <= high;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 2 && leap ? 29 : days[month - 1];
}

/* "2026-11-19", "...T03", "...T03:00", "...T03:00:07", each with an optional Z: the last
 * millisecond of what it names. */
static bool parse_time(const char *p, uint64_t *out)
{
	unsigned year, month, day, hour = 23, minute = 59, second = 59;
	if (!number(&p, 4, 1970, 9999, &year) || *p++ != '-' || !number(&p, 2, 1, 12, &month) ||
	    *p++ != '-' || !number(&p, 2, 1, month_days(year, month), &day))
		return false;
	if (*p == 'T' || *p == ' ') {
		p++;
		if (!number(&p, 2, 0, 23, &hour))
			return false;
		if (*p == ':') {
			p++;
			if (!number(&p, 2, 0, 59, &minute))
				return false;
		}
		if (*p == ':') {
			p++;
			if (!number(&p, 2, 0, 59, &second))
				return false;
		}
	}
	if (*p == 'Z')
		p++;
	int64_t days = days_to(year, month, day);
	*out = ((uint64_t)days * 86400 + hour * 3600 + minute * 60 + second) * 1000 + 999;
	return *p == '\0';
}

/* ---- ids ---- */

static bool has_prefix(const struct arkv_archive_info *info, const char *prefix, size_t len)
{
	return memcmp(ark_uid_hex(&info->uid).s, prefix, len) == 0;
}

static enum ark_rc ambiguous(const struct arkv_archives *list, const char *prefix, size_t len,
			     struct ark_err *err)
{
	char named[NAMED_MAX * 34 + 1] = "";
	size_t end = 0, found = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (!has_prefix(&list->items[i], prefix, len))
			continue;
		if (found++ >= NAMED_MAX)
			continue;
		int n = snprintf(named + end, sizeof named - end, "%s%.12s", found > 1 ? ", " : "",
				 ark_uid_hex(&list->items[i].uid).s);
		end += n > 0 ? (size_t)n : 0;
	}
	return ark_fail(err, ARK_USAGE, "%zu archives begin with %s: %s%s: give more digits", found,
			prefix, named, found > NAMED_MAX ? " ..." : "");
}

static enum ark_rc find_prefix(const struct arkv_archive_info **out, const struct choice *c,
			       const char *ref, struct ark_err *err)
{
	size_t len = strlen(ref);
	if (len < PREFIX_MIN || len > 2 * ARK_UID_LEN || strspn(ref, "0123456789abcdef") != len)
		return bad_form(ref, err);
	const struct arkv_archive_info *found = NULL;
	for (size_t i = 0; i < c->list->count; i++) {
		const struct arkv_archive_info *info = &c->list->items[i];
		if (!has_prefix(info, ref, len) || (!info->is_damaged && !fits(c, info)))
			continue;
		if (found)
			return ambiguous(c->list, ref, len, err);
		found = info;
	}
	if (!found)
		return ark_fail(err, ARK_NOTFOUND, "no archive %s; see arkv archives", ref);
	*out = found;
	return ARK_OK;
}

enum ark_rc arkv_archives_find(const struct arkv_archive_info **out,
			       const struct arkv_archives *list, const char *ref,
			       const char *source, struct ark_err *err)
{
	struct choice c = { .list = list, .time_max = UINT64_MAX };
	if (source)
		c.source = ark_span_str(source);
	if (strncmp(ref, "latest", strlen("latest")) == 0)
		return find_latest(out, &c, ref, err);
	if (ref[0] != '@')
		return find_prefix(out, &c, ref, err);
	if (!parse_time(ref + 1, &c.time_max))
		return bad_form(ref, err);
	return nth_newest(out, &c, 0, ref, err);
}
