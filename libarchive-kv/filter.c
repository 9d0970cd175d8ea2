/* filter.c - which records a command wants: building a filter, and asking it. */
#include "libarchive-kv/filter.h"

#include "libarchive-kv/filter_in.h"
#include "libarchive-kv/units.h"

#include <stdlib.h>

enum ark_rc arkv_filter_new(struct arkv_filter **out, uint64_t now_ms, struct ark_err *err)
{
	struct arkv_filter *f = calloc(1, sizeof *f);

	if (!f)
		return ark_fail(err, ARK_NOMEM, "filter: out of memory");
	f->now_ms = now_ms;
	*out = f;
	return ARK_OK;
}

static void rule_release(struct arkv_filter_rule *rule)
{
	arkv_glob_free(rule->glob);
	if (rule->is_regex)
		regfree(&rule->regex);
	free(rule->text);
}

void arkv_filter_free(struct arkv_filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->rule_list.count; i++)
		rule_release(&f->rules[i]);
	for (size_t i = 0; i < f->prefix_list.count; i++)
		free(f->prefixes[i]);
	for (size_t i = 0; i < f->space_list.count; i++)
		free(f->spaces[i].name);
	for (size_t i = 0; i < f->blob_list.count; i++)
		free(f->blobs[i]);
	free(f->rules);
	free(f->prefixes);
	free(f->spaces);
	free(f->blobs);
	free(f->keys);
	free(f);
}

void arkv_filter_freep(struct arkv_filter **filter)
{
	arkv_filter_free(*filter);
}

void *arkv_filter_grown(void *items, struct arkv_filter_list *list, size_t item_size)
{
	if (list->count < list->cap)
		return items;
	size_t cap = list->cap ? list->cap * 2 : 8;
	void *more = reallocarray(items, cap, item_size);
	if (more)
		list->cap = cap;
	return more;
}

static enum ark_rc rule_compile(struct arkv_filter_rule *rule, const char *text,
				struct ark_err *err)
{
	rule->text = strdup(text);
	if (!rule->text)
		return ark_fail(err, ARK_NOMEM, "filter: out of memory");
	if (!rule->is_regex)
		return arkv_glob_new(&rule->glob, ark_span_str(text), err);
	int failed = regcomp(&rule->regex, text, REG_EXTENDED | REG_NOSUB);
	if (failed) {
		char why[96];
		regerror(failed, &rule->regex, why, sizeof why);
		rule->is_regex = false; /* there is nothing to free */
		return ark_fail(err, failed == REG_ESPACE ? ARK_NOMEM : ARK_USAGE,
				"regular expression \"%s\": %s", text, why);
	}
	return ARK_OK;
}

static enum ark_rc add_rule(struct arkv_filter *f, bool include, bool is_regex, const char *text,
			    struct ark_err *err)
{
	if (f->rule_list.count == ARKV_FILTER_RULES_MAX)
		return ark_fail(err, ARK_LIMIT,
				"filter: more than %d rules; give keys with --keys-from",
				ARKV_FILTER_RULES_MAX);
	struct arkv_filter_rule *rules = arkv_filter_grown(f->rules, &f->rule_list, sizeof *rules);
	if (!rules)
		return ark_fail(err, ARK_NOMEM, "filter: out of memory");
	f->rules = rules;
	struct arkv_filter_rule *rule = &rules[f->rule_list.count++];
	*rule = (struct arkv_filter_rule){ .include = include, .is_regex = is_regex };
	return rule_compile(rule, text, err);
}

static int cmp_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum ark_rc add_prefix(struct arkv_filter *f, const char *text, struct ark_err *err)
{
	char **prefixes = arkv_filter_grown(f->prefixes, &f->prefix_list, sizeof *prefixes);

	if (!prefixes)
		return ark_fail(err, ARK_NOMEM, "filter: out of memory");
	f->prefixes = prefixes;
	prefixes[f->prefix_list.count] = strdup(text);
	if (!prefixes[f->prefix_list.count])
		return ark_fail(err, ARK_NOMEM, "filter: out of memory");
	f->prefix_list.count++;
	qsort(prefixes, f->prefix_list.count, sizeof *prefixes, cmp_text);
	return ARK_OK;
}

enum ark_rc arkv_filter_add(struct arkv_filter *f, enum arkv_filter_option option, const char *text,
			    struct ark_err *err)
{
	switch (option) {
	case ARKV_FILTER_INCLUDE:
	case ARKV_FILTER_EXCLUDE:
		return add_rule(f, option == ARKV_FILTER_INCLUDE, false, text, err);
	case ARKV_FILTER_INCLUDE_REGEX:
	case ARKV_FILTER_EXCLUDE_REGEX:
		return add_rule(f, option == ARKV_FILTER_INCLUDE_REGEX, true, text, err);
	case ARKV_FILTER_PREFIX: return add_prefix(f, text, err);
	case ARKV_FILTER_TYPE: return arkv_filter_parse_types(f, text, err);
	case ARKV_FILTER_SPACE: return arkv_filter_parse_spaces(f, text, err);
	case ARKV_FILTER_MIN_SIZE:
		f->has_min = true;
		return arkv_size_parse(&f->min_size, text, "--min-size", err);
	case ARKV_FILTER_MAX_SIZE:
		f->has_max = true;
		return arkv_size_parse(&f->max_size, text, "--max-size", err);
	case ARKV_FILTER_TTL: return arkv_filter_parse_ttl(f, text, err);
	}
	return ark_fail(err, ARK_USAGE, "filter: no such option");
}

static int cmp_keys(const void *a, const void *b)
{
	return ark_span_cmp(*(const struct ark_span *)a, *(const struct ark_span *)b);
}

static enum ark_rc add_key(struct arkv_filter *f, struct ark_span key, struct ark_err *err)
{
	if (key.len > ARK_KEY_MAX)
		return ark_fail(err, ARK_LIMIT, "list of keys: a key of %zu bytes, at most %d",
				key.len, ARK_KEY_MAX);
	struct ark_span *keys = arkv_filter_grown(f->keys, &f->key_list, sizeof *keys);
	if (!keys)
		return ark_fail(err, ARK_NOMEM, "list of keys: out of memory");
	f->keys = keys;
	keys[f->key_list.count++] = key;
	return ARK_OK;
}

static void sort_keys(struct arkv_filter *f)
{
	size_t count = 0;

	if (f->key_list.count)
		qsort(f->keys, f->key_list.count, sizeof *f->keys, cmp_keys);
	for (size_t i = 0; i < f->key_list.count; i++)
		if (!count || !ark_span_eq(f->keys[count - 1], f->keys[i]))
			f->keys[count++] = f->keys[i];
	f->key_list.count = count;
}

/* A copy of list that the filter owns. */
static enum ark_rc keep_blob(struct arkv_filter *f, uint8_t **out, struct ark_span list,
			     struct ark_err *err)
{
	uint8_t **blobs = arkv_filter_grown(f->blobs, &f->blob_list, sizeof *blobs);

	if (!blobs)
		return ark_fail(err, ARK_NOMEM, "list of keys: out of memory");
	f->blobs = blobs;
	uint8_t *copy = malloc(list.len + 1);
	if (!copy)
		return ark_fail(err, ARK_NOMEM, "list of keys: out of memory");
	if (list.len)
		memcpy(copy, list.p, list.len);
	blobs[f->blob_list.count++] = copy;
	*out = copy;
	return ARK_OK;
}

enum ark_rc arkv_filter_add_keys(struct arkv_filter *f, struct ark_span list, char separator,
				 struct ark_err *err)
{
	uint8_t *at = NULL;
	enum ark_rc rc = keep_blob(f, &at, list, err);

	if (rc)
		return rc;
	f->has_keys = true;
	for (const uint8_t *end = at + list.len; at < end;) {
		uint8_t *stop = memchr(at, separator, (size_t)(end - at));
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);

		if (len || !separator)
			rc = add_key(f, ark_span(at, len), err);
		if (rc)
			return rc;
		at += len + 1;
	}
	sort_keys(f);
	return ARK_OK;
}

/* ---- asking ---- */

static bool rule_matches(const struct arkv_filter_rule *rule, struct ark_span key)
{
	if (!rule->is_regex)
		return arkv_glob_match(rule->glob, key);
	regmatch_t bounds = { .rm_so = 0, .rm_eo = (regoff_t)key.len };
	return regexec(&rule->regex, key.len ? (const char *)key.p : "", 1, &bounds,
		       REG_STARTEND) == 0;
}

static bool rules_want(const struct arkv_filter *f, struct ark_span key)
{
	for (size_t i = f->rule_list.count; i-- > 0;)
		if (rule_matches(&f->rules[i], key))
			return f->rules[i].include;
	return !f->rule_list.count || !f->rules[0].include;
}

static bool prefix_wanted(const struct arkv_filter *f, struct ark_span key)
{
	for (size_t i = 0; i < f->prefix_list.count; i++) {
		struct ark_span prefix = ark_span_str(f->prefixes[i]);

		if (ark_span_common(prefix, key) == prefix.len)
			return true;
	}
	return !f->prefix_list.count;
}

/* The number that a space's name spells without leading zeros. */
static bool space_number(uint64_t *out, struct ark_span space)
{
	uint64_t n = 0;

	if (!space.len || space.len > 19 || (space.p[0] == '0' && space.len > 1))
		return false;
	for (size_t i = 0; i < space.len; i++) {
		if (space.p[i] < '0' || space.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(space.p[i] - '0');
	}
	*out = n;
	return true;
}

static bool space_wanted(const struct arkv_filter *f, struct ark_span space)
{
	for (size_t i = 0; i < f->space_list.count; i++) {
		const struct arkv_filter_space *s = &f->spaces[i];
		uint64_t n;

		if (s->name ? ark_span_eq(ark_span_str(s->name), space)
			    : space_number(&n, space) && n >= s->from && n <= s->to)
			return true;
	}
	return !f->space_list.count;
}

static bool ttl_wanted(const struct arkv_filter *f, uint64_t expires_ms)
{
	bool expires = expires_ms != ARK_NO_EXPIRY;
	uint64_t left = expires_ms > f->now_ms ? expires_ms - f->now_ms : 0;

	switch (f->ttl) {
	case ARKV_TTL_ALL: return true;
	case ARKV_TTL_NONE: return !expires;
	case ARKV_TTL_ANY: return expires;
	case ARKV_TTL_BELOW: return expires && left < f->ttl_ms;
	case ARKV_TTL_ABOVE: return expires && left > f->ttl_ms;
	}
	return true;
}

bool arkv_filter_wants(const struct arkv_filter *f, const struct ark_record *r)
{
	if (!f)
		return true;
	if (f->has_types && !((f->types[r->type / 8] >> (r->type % 8)) & 1))
		return false;
	if ((f->has_min && r->value_len < f->min_size) ||
	    (f->has_max && r->value_len > f->max_size))
		return false;
	if (!ttl_wanted(f, r->expires_ms) || !space_wanted(f, r->space))
		return false;
	if (f->has_keys && (!f->key_list.count || !bsearch(&r->key, f->keys, f->key_list.count,
							   sizeof *f->keys, cmp_keys)))
		return false;
	return prefix_wanted(f, r->key) && rules_want(f, r->key);
}

bool arkv_filter_empty(const struct arkv_filter *f)
{
	return !f || (!f->rule_list.count && !f->prefix_list.count && !f->space_list.count &&
		      !f->has_keys && !f->has_types && !f->has_min && !f->has_max &&
		      f->ttl == ARKV_TTL_ALL);
}

size_t arkv_filter_key_count(const struct arkv_filter *f)
{
	return f ? f->key_list.count : 0;
}

struct ark_span arkv_filter_key(const struct arkv_filter *f, size_t n)
{
	return f->keys[n];
}
