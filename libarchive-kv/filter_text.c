/* filter_text.c - canonical text of a filter, and the range in which it can want anything. */
#include "libarchive-kv/filter_in.h"

#include <sodium.h>
#include <stdio.h>

/* ---- text ---- */

static void put_text(struct ark_wr *wr, const char *s)
{
	ark_wr_bytes(wr, ark_span_str(s));
}

/* Printable ASCII as it is, all else and quotes as \xHH; a backslash twice. */
static void put_escaped(struct ark_wr *wr, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		char form[8];

		if (*c < ' ' || *c > '~' || *c == '\'')
			snprintf(form, sizeof form, "\\x%02x", *c);
		else
			snprintf(form, sizeof form, "%s%c", *c == '\\' ? "\\" : "", *c);
		put_text(wr, form);
	}
}

/* option 'signtext' */
static void put_option(struct ark_wr *wr, const char *option, const char *sign, const char *text)
{
	put_text(wr, wr->len ? " " : "");
	put_text(wr, option);
	put_text(wr, " '");
	put_text(wr, sign);
	put_escaped(wr, text);
	put_text(wr, "'");
}

static void put_rules(struct ark_wr *wr, const struct arkv_filter *f)
{
	for (size_t i = 0; i < f->rule_list.count; i++) {
		const struct arkv_filter_rule *rule = &f->rules[i];
		const char *option = rule->include ? "--include" : "--exclude";

		if (rule->is_regex)
			option = rule->include ? "--include-regex" : "--exclude-regex";
		put_option(wr, option, "", rule->text);
	}
	for (size_t i = 0; i < f->prefix_list.count; i++)
		if (!i || strcmp(f->prefixes[i], f->prefixes[i - 1]))
			put_option(wr, "--prefix", "", f->prefixes[i]);
}

static bool same_space(const struct arkv_filter_space *a, const struct arkv_filter_space *b)
{
	if (a->name && b->name)
		return !strcmp(a->name, b->name);
	return !a->name && !b->name && a->from == b->from && a->to == b->to;
}

static void put_spaces(struct ark_wr *wr, const struct arkv_filter *f)
{
	for (size_t i = 0; i < f->space_list.count; i++) {
		const struct arkv_filter_space *s = &f->spaces[i];
		char numbers[64];

		if (i && same_space(s, s - 1))
			continue;
		snprintf(numbers, sizeof numbers, "%llu-%llu", (unsigned long long)s->from,
			 (unsigned long long)s->to);
		put_option(wr, "--space", s->name ? "=" : "", s->name ? s->name : numbers);
	}
}

static void put_types(struct ark_wr *wr, const struct arkv_filter *f)
{
	for (unsigned type = 1; f->has_types && type < 256; type++)
		if ((f->types[type / 8] >> (type % 8)) & 1)
			put_option(wr, "--type", "", ark_type_name((uint8_t)type).s);
}

/* BLAKE2b over the sorted keys, each behind its length: says whether two lists are the same. */
static void put_keys(struct ark_wr *wr, const struct arkv_filter *f)
{
	crypto_generichash_state state;
	uint8_t hash[16];
	char text[96];

	crypto_generichash_init(&state, NULL, 0, sizeof hash);
	for (size_t i = 0; i < f->key_list.count; i++) {
		uint8_t len[4];
		ark_put_le32(len, (uint32_t)f->keys[i].len);
		crypto_generichash_update(&state, len, sizeof len);
		crypto_generichash_update(&state, f->keys[i].p, f->keys[i].len);
	}
	crypto_generichash_final(&state, hash, sizeof hash);
	int at = snprintf(text, sizeof text, "%zu keys, ", f->key_list.count);
	for (size_t i = 0; i < sizeof hash; i++)
		at += snprintf(text + at, sizeof text - (size_t)at, "%02x", hash[i]);
	put_option(wr, "--keys-from", "", text);
}

static void put_number(struct ark_wr *wr, const char *option, const char *sign, uint64_t n,
		       const char *unit)
{
	char text[48];

	snprintf(text, sizeof text, "%llu%s", (unsigned long long)n, unit);
	put_option(wr, option, sign, text);
}

static void put_ttl(struct ark_wr *wr, const struct arkv_filter *f)
{
	switch (f->ttl) {
	case ARKV_TTL_ALL: break;
	case ARKV_TTL_NONE:
	case ARKV_TTL_ANY:
		put_option(wr, "--ttl", "", f->ttl == ARKV_TTL_NONE ? "none" : "any");
		break;
	case ARKV_TTL_BELOW:
	case ARKV_TTL_ABOVE:
		put_number(wr, "--ttl", f->ttl == ARKV_TTL_BELOW ? "<" : ">", f->ttl_ms, "ms");
		break;
	}
}

enum ark_rc arkv_filter_text(const struct arkv_filter *f, struct ark_buf *out, struct ark_err *err)
{
	if (arkv_filter_empty(f))
		return ARK_OK;
	put_rules(&out->wr, f);
	if (f->has_keys)
		put_keys(&out->wr, f);
	put_types(&out->wr, f);
	put_spaces(&out->wr, f);
	if (f->has_min)
		put_number(&out->wr, "--min-size", "", f->min_size, "");
	if (f->has_max)
		put_number(&out->wr, "--max-size", "", f->max_size, "");
	put_ttl(&out->wr, f);
	return ark_buf_check(out, "filter text", err);
}

/* ---- range ---- */

/* Keys from `from` up to those that begin with `to`. */
struct span_range {
	struct ark_span from;
	struct ark_span to;
	bool bounded;
};

static void widen(struct span_range *range, struct ark_span literal, bool first)
{
	if (first) {
		*range = (struct span_range){ .from = literal, .to = literal, .bounded = true };
		return;
	}
	if (ark_span_cmp(literal, range->from) < 0)
		range->from = literal;
	/* "ab" bounds less than "a": all that begins with "ab" begins with "a". */
	if (ark_span_common(literal, range->to) == literal.len ||
	    (ark_span_cmp(literal, range->to) > 0 &&
	     ark_span_common(literal, range->to) < range->to.len))
		range->to = literal;
}

/* Takes the narrower bounds of both. */
static void narrow(struct span_range *range, struct span_range other)
{
	if (ark_span_cmp(other.from, range->from) > 0)
		range->from = other.from;
	if (!other.bounded)
		return;
	if (!range->bounded || ark_span_common(other.to, range->to) == range->to.len ||
	    (ark_span_cmp(other.to, range->to) < 0 &&
	     ark_span_common(other.to, range->to) < other.to.len)) {
		range->to = other.to;
		range->bounded = true;
	}
}

/* Where an include can match; without bounds when an exclude or a regex has a say in what is in. */
static struct span_range rules_range(const struct arkv_filter *f)
{
	struct span_range range = { .bounded = false };

	for (size_t i = 0; i < f->rule_list.count; i++) {
		const struct arkv_filter_rule *rule = &f->rules[i];

		if (i && !rule->include)
			continue; /* takes out only */
		if (!rule->include || rule->is_regex)
			return (struct span_range){ .bounded = false };
		widen(&range, arkv_glob_prefix(rule->glob), i == 0);
	}
	return range;
}

struct arkv_filter_range arkv_filter_range(const struct arkv_filter *f)
{
	struct arkv_filter_range out = { .one_space = false };

	if (!f)
		return out;
	struct span_range range = rules_range(f), prefixes = { .bounded = false };
	for (size_t i = 0; i < f->prefix_list.count; i++)
		widen(&prefixes, ark_span_str(f->prefixes[i]), i == 0);
	narrow(&range, prefixes);
	if (f->key_list.count)
		narrow(&range, (struct span_range){ .from = f->keys[0],
						    .to = f->keys[f->key_list.count - 1],
						    .bounded = true });
	out.key_from = range.from;
	out.key_bounded = range.bounded;
	out.key_to = range.to;
	if (f->space_list.count == 1) {
		const struct arkv_filter_space *s = &f->spaces[0];

		out.one_space = s->name || s->from == s->to;
		out.space = ark_span_str(s->name ? s->name : s->digits);
	}
	return out;
}
