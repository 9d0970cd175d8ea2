/*
 * filter.h - which records a command wants: one grammar for backup, ls, find, restore and export.
 *
 * A filter is built rule by rule, in the order in which they were given, and does not change
 * afterwards: then any thread may ask it. A record is wanted when all of these hold:
 *  - of the rules (include and exclude, glob or regex) the last one that matches its key is an
 *    include; when none matches: when there is no rule, or the first rule is an exclude;
 *  - its key begins with one of the prefixes, if there are any;
 *  - its key is one of the listed keys, if a list was given;
 *  - its type, its space, the length of its value and its expiry fit, where these were given.
 */
#pragma once

#include "format/record.h"
#include "libarchive-kv/buf.h"

struct arkv_filter;

enum arkv_filter_option {
	/* Globs (glob.h). */
	ARKV_FILTER_INCLUDE,
	ARKV_FILTER_EXCLUDE,
	/* POSIX extended regular expressions, found anywhere in the key; '.' matches no NUL. */
	ARKV_FILTER_INCLUDE_REGEX,
	ARKV_FILTER_EXCLUDE_REGEX,
	/* Bytes. Given again: one of them. */
	ARKV_FILTER_PREFIX,
	/* "string,hash". Given again: one of them. */
	ARKV_FILTER_TYPE,
	/* "0,3-5" numbers, or a name; "=NAME" when the name looks like numbers. */
	ARKV_FILTER_SPACE,
	/* Of the value (units.h). */
	ARKV_FILTER_MIN_SIZE,
	ARKV_FILTER_MAX_SIZE,
	/* "none", "any", "<1h", ">7d" (units.h), counted from now_ms. */
	ARKV_FILTER_TTL,
};

enum { ARKV_FILTER_RULES_MAX = 10000 };

/* A filter that wants everything. now_ms: milliseconds since 1970, what TTLs are counted from.
 * NOMEM. */
enum ark_rc arkv_filter_new(struct arkv_filter **out, uint64_t now_ms, struct ark_err *err)
	ARK_CHECK;
void arkv_filter_free(struct arkv_filter *filter);
void arkv_filter_freep(struct arkv_filter **filter);

/* Adds one option; text is copied. USAGE when it is not in its form; LIMIT; NOMEM. After a failure
 * the filter is only good for being freed. Regular expressions follow the locale of the program. */
enum ark_rc arkv_filter_add(struct arkv_filter *filter, enum arkv_filter_option option,
			    const char *text, struct ark_err *err) ARK_CHECK;
/* Only these keys, each ended by separator ('\n' or 0; the last one may lack it; empty keys are
 * dropped with '\n' and meant with 0). Copied. Given again: one list of all. LIMIT: a key above
 * ARK_KEY_MAX. */
enum ark_rc arkv_filter_add_keys(struct arkv_filter *filter, struct ark_span list, char separator,
				 struct ark_err *err) ARK_CHECK;

/* NULL wants everything. */
bool arkv_filter_wants(const struct arkv_filter *filter, const struct ark_record *r);
/* True when nothing was added (or filter is NULL). */
bool arkv_filter_empty(const struct arkv_filter *filter);

/* The canonical form, as the manifest keeps it: the same text for filters of the same options,
 * whatever the order where order does not matter; printable ASCII; nothing for a filter that wants
 * everything. A list of keys stands there as its count and hash. out is empty before. */
enum ark_rc arkv_filter_text(const struct arkv_filter *filter, struct ark_buf *out,
			     struct ark_err *err) ARK_CHECK;

/* Where wanted records can lie, so that a reader can skip the rest; a hint, and never too narrow.
 * Spans live in the filter. */
struct arkv_filter_range {
	bool one_space; /* all in this space alone */
	struct ark_span space;
	/* Of every space: keys below it are not wanted; may be empty. */
	struct ark_span key_from;
	/* If key_bounded: keys above it that do not begin with it are not wanted. */
	bool key_bounded;
	struct ark_span key_to;
};

struct arkv_filter_range arkv_filter_range(const struct arkv_filter *filter);

/* How many keys the list has, and the n-th of them, sorted; 0 without a list. */
size_t arkv_filter_key_count(const struct arkv_filter *filter);
struct ark_span arkv_filter_key(const struct arkv_filter *filter, size_t n);
