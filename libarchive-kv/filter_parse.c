/* filter_parse.c - the forms of a filter's --space, --type and --ttl. */
#include "libarchive-kv/filter_in.h"
#include "libarchive-kv/units.h"

#include <stdio.h>
#include <stdlib.h>

/* A decimal number at *at; *at moves behind it. */
static bool number_at(uint64_t *out, const char **at)
{
	size_t len = strspn(*at, "0123456789");

	if (!len || len > 18)
		return false;
	*out = strtoull(*at, NULL, 10);
	*at += len;
	return true;
}

/* The next of "0,3-5": true when there is one; *at moves behind its comma, or to NULL after the
 * last. */
static bool range_at(struct arkv_filter_space *out, const char **at)
{
	struct arkv_filter_space range = { .name = NULL };

	if (!number_at(&range.from, at))
		return false;
	range.to = range.from;
	if (**at == '-') {
		++*at;
		if (!number_at(&range.to, at))
			return false;
	}
	if (**at && **at != ',')
		return false;
	*at = **at ? *at + 1 : NULL;
	snprintf(range.digits, sizeof range.digits, "%llu", (unsigned long long)range.from);
	*out = range;
	return true;
}

static bool all_ranges(const char *text)
{
	struct arkv_filter_space range;

	while (text)
		if (!range_at(&range, &text))
			return false;
	return true;
}

static int cmp_spaces(const void *left, const void *right)
{
	const struct arkv_filter_space *a = left, *b = right;

	if (a->name && b->name)
		return strcmp(a->name, b->name);
	if (a->name || b->name)
		return a->name ? 1 : -1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

/* name is copied. */
static enum ark_rc add_space(struct arkv_filter *f, struct arkv_filter_space space,
			     const char *name, struct ark_err *err)
{
	struct arkv_filter_space *spaces =
		arkv_filter_grown(f->spaces, &f->space_list, sizeof *spaces);

	if (!spaces)
		return ark_fail(err, ARK_NOMEM, "filter: out of memory");
	f->spaces = spaces;
	if (name && !(space.name = strdup(name)))
		return ark_fail(err, ARK_NOMEM, "filter: out of memory");
	spaces[f->space_list.count++] = space;
	qsort(spaces, f->space_list.count, sizeof *spaces, cmp_spaces);
	return ARK_OK;
}

static enum ark_rc add_name(struct arkv_filter *f, const char *name, struct ark_err *err)
{
	if (strlen(name) > ARK_SPACE_MAX)
		return ark_fail(err, ARK_LIMIT, "--space: %zu bytes, a space has at most %d",
				strlen(name), ARK_SPACE_MAX);
	return add_space(f, (struct arkv_filter_space){ .from = 0 }, name, err);
}

enum ark_rc arkv_filter_parse_spaces(struct arkv_filter *f, const char *text, struct ark_err *err)
{
	if (!all_ranges(text))
		return add_name(f, *text == '=' ? text + 1 : text, err);
	while (text) {
		struct arkv_filter_space range = { .name = NULL };

		if (!range_at(&range, &text))
			break;
		if (range.from > range.to)
			return ark_fail(
				err, ARK_USAGE,
				"--space: %llu-%llu runs backwards; for a space of that "
				"name write --space =%llu-%llu",
				(unsigned long long)range.from, (unsigned long long)range.to,
				(unsigned long long)range.from, (unsigned long long)range.to);
		enum ark_rc rc = add_space(f, range, NULL, err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

enum ark_rc arkv_filter_parse_types(struct arkv_filter *f, const char *text, struct ark_err *err)
{
	f->has_types = true;
	for (const char *at = text; at;) {
		size_t len = strcspn(at, ",");
		uint8_t type = ark_type_from_name(ark_span(at, len));

		if (!type)
			return ark_fail(
				err, ARK_USAGE,
				"--type: \"%.*s\" is no type: string, hash, list, set, zset, "
				"stream, module, function, jsvalue, bins, table or type-N",
				(int)len, at);
		f->types[type / 8] = (uint8_t)(f->types[type / 8] | 1 << (type % 8));
		at = at[len] ? at + len + 1 : NULL;
	}
	return ARK_OK;
}

enum ark_rc arkv_filter_parse_ttl(struct arkv_filter *f, const char *text, struct ark_err *err)
{
	f->ttl_ms = 0;
	if (!strcmp(text, "none") || !strcmp(text, "any")) {
		f->ttl = *text == 'n' ? ARKV_TTL_NONE : ARKV_TTL_ANY;
		return ARK_OK;
	}
	if (*text != '<' && *text != '>')
		return ark_fail(err, ARK_USAGE, "--ttl: \"%s\": write none, any, <1h or >7d", text);
	f->ttl = *text == '<' ? ARKV_TTL_BELOW : ARKV_TTL_ABOVE;
	return arkv_duration_parse(&f->ttl_ms, text + 1, "--ttl", err);
}
