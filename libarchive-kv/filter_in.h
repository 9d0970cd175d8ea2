/* filter_in.h - what the files of filter share. Not for others: they see filter.h. */
#pragma once

#include "libarchive-kv/filter.h"
#include "libarchive-kv/glob.h"

#include <regex.h>

struct arkv_filter_rule {
	bool include;
	bool is_regex;
	struct arkv_glob *glob; /* unless is_regex */
	regex_t regex;		/* compiled if is_regex */
	char *text;
};

/* A space by its name, or by a range of numbers. */
struct arkv_filter_space {
	char *name; /* NULL: numbers */
	uint64_t from;
	uint64_t to;
	char digits[24]; /* from, as a name */
};

enum arkv_filter_ttl {
	ARKV_TTL_ALL,
	ARKV_TTL_NONE,
	ARKV_TTL_ANY,
	ARKV_TTL_BELOW,
	ARKV_TTL_ABOVE,
};

struct arkv_filter_list {
	size_t count;
	size_t cap;
};

struct arkv_filter {
	uint64_t now_ms;
	struct arkv_filter_rule *rules;
	struct arkv_filter_list rule_list;
	char **prefixes; /* sorted */
	struct arkv_filter_list prefix_list;
	struct arkv_filter_space *spaces; /* sorted: numbers first, then names */
	struct arkv_filter_list space_list;
	uint8_t **blobs; /* the lists of keys, as they were given */
	struct arkv_filter_list blob_list;
	struct ark_span *keys; /* sorted, each once; into blobs */
	struct arkv_filter_list key_list;
	bool has_keys;
	bool has_types;
	bool has_min;
	bool has_max;
	uint8_t types[32]; /* a bit a type */
	uint64_t min_size;
	uint64_t max_size;
	enum arkv_filter_ttl ttl;
	uint64_t ttl_ms;
};

/* filter_parse.c: the forms of --space, --type, --ttl. */
enum ark_rc arkv_filter_parse_spaces(struct arkv_filter *f, const char *text, struct ark_err *err)
	ARK_CHECK;
enum ark_rc arkv_filter_parse_types(struct arkv_filter *f, const char *text, struct ark_err *err)
	ARK_CHECK;
enum ark_rc arkv_filter_parse_ttl(struct arkv_filter *f, const char *text, struct ark_err *err)
	ARK_CHECK;

/* items with room for one more of item_size bytes, or NULL, and items is as it was. */
void *arkv_filter_grown(void *items, struct arkv_filter_list *list, size_t item_size) ARK_CHECK;
