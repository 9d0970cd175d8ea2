/* test_filter.c - which records a filter wants, its canonical text, its range. */
#include "libarchive-kv/filter.h"
#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOW = 1000000000 };

struct option {
	enum arkv_filter_option option;
	const char *text;
};

static struct arkv_filter *built(const struct option *options, size_t count)
{
	struct arkv_filter *f = NULL;
	struct ark_err err = { .text = "" };

	assert_int_equal(arkv_filter_new(&f, NOW, &err), ARK_OK);
	for (size_t i = 0; i < count; i++)
		if (arkv_filter_add(f, options[i].option, options[i].text, &err))
			fail_msg("%s", err.text);
	return f;
}

#define BUILD(...)                                    \
	built((const struct option[]){ __VA_ARGS__ }, \
	      sizeof((const struct option[]){ __VA_ARGS__ }) / sizeof(struct option))

static struct ark_record record(const char *space, const char *key)
{
	return (struct ark_record){ .space = ark_span_str(space),
				    .key = ark_span_str(key),
				    .expires_ms = ARK_NO_EXPIRY,
				    .value_len = 100,
				    .type = ARK_TYPE_STRING };
}

static bool wants(const struct arkv_filter *f, const char *key)
{
	struct ark_record r = record("0", key);
	return arkv_filter_wants(f, &r);
}

static void no_filter_wants_everything(void **state)
{
	ARK_AUTO(arkv_filter_freep) struct arkv_filter *f = built(NULL, 0);

	(void)state;
	assert_true(wants(NULL, "a"));
	assert_true(wants(f, ""));
	assert_true(arkv_filter_empty(f));
	assert_true(arkv_filter_empty(NULL));
}

static void the_last_rule_that_matches_decides(void **state)
{
	ARK_AUTO(arkv_filter_freep)
	struct arkv_filter *f =
		BUILD({ ARKV_FILTER_INCLUDE, "user:*" }, { ARKV_FILTER_EXCLUDE, "*:tmp" },
		      { ARKV_FILTER_INCLUDE, "user:1:tmp" });

	(void)state;
	assert_true(wants(f, "user:5"));
	assert_false(wants(f, "user:5:tmp"));
	assert_true(wants(f, "user:1:tmp"));
	assert_false(wants(f, "cart:5"));
}

static void a_first_exclude_leaves_the_rest_in(void **state)
{
	ARK_AUTO(arkv_filter_freep) struct arkv_filter *f = BUILD({ ARKV_FILTER_EXCLUDE, "tmp:*" });

	(void)state;
	assert_true(wants(f, "a"));
	assert_false(wants(f, "tmp:a"));
}

static void regular_expressions_see_all_bytes_of_a_key(void **state)
{
	ARK_AUTO(arkv_filter_freep)
	struct arkv_filter *f = BUILD({ ARKV_FILTER_INCLUDE_REGEX, "^(a|b)[^z]*[0-9]+$" },
				      { ARKV_FILTER_EXCLUDE_REGEX, "77" });
	struct ark_record r = record("0", "");

	(void)state;
	assert_true(wants(f, "ax1"));
	assert_false(wants(f, "cx1"));
	assert_false(wants(f, "ax"));
	assert_false(wants(f, "a77"));
	r.key = ark_span("a\0yy\xff"
			 "9",
			 6);
	assert_true(arkv_filter_wants(f, &r));
	r.key = ark_span("a\0"
			 "77",
			 4);
	assert_false(arkv_filter_wants(f, &r));
	r.key = ark_span(NULL, 0);
	assert_false(arkv_filter_wants(f, &r));
}

static void prefixes_are_alternatives(void **state)
{
	ARK_AUTO(arkv_filter_freep)
	struct arkv_filter *f = BUILD({ ARKV_FILTER_PREFIX, "b:" }, { ARKV_FILTER_PREFIX, "a:" });

	(void)state;
	assert_true(wants(f, "a:1"));
	assert_true(wants(f, "b:"));
	assert_false(wants(f, "b"));
	assert_false(wants(f, "c:1"));
}

static void lists_of_keys_are_sets(void **state)
{
	ARK_AUTO(arkv_filter_freep) struct arkv_filter *f = built(NULL, 0);

	(void)state;
	assert_int_equal(arkv_filter_add_keys(f, ark_span_str("b\na\n\nb\nc"), '\n', NULL), ARK_OK);
	assert_int_equal(arkv_filter_key_count(f), 3);
	assert_true(wants(f, "a"));
	assert_true(wants(f, "c"));
	assert_false(wants(f, ""));
	assert_false(wants(f, "bb"));
	assert_int_equal(arkv_filter_add_keys(f, ark_span("x\ny\0\0", 5), 0, NULL), ARK_OK);
	assert_true(wants(f, "x\ny"));
	assert_true(wants(f, ""));
	assert_true(ark_span_eq(arkv_filter_key(f, 0), ark_span_str("")));
}

static void an_empty_list_wants_nothing(void **state)
{
	ARK_AUTO(arkv_filter_freep) struct arkv_filter *f = built(NULL, 0);

	(void)state;
	assert_int_equal(arkv_filter_add_keys(f, ark_span(NULL, 0), '\n', NULL), ARK_OK);
	assert_false(wants(f, "a"));
	assert_false(arkv_filter_empty(f));
}

static bool wants_space(const struct arkv_filter *f, const char *space)
{
	struct ark_record r = record(space, "k");
	return arkv_filter_wants(f, &r);
}

static void spaces_are_numbers_ranges_or_names(void **state)
{
	ARK_AUTO(arkv_filter_freep)
	struct arkv_filter *f =
		BUILD({ ARKV_FILTER_SPACE, "0,3-5" }, { ARKV_FILTER_SPACE, "users" },
		      { ARKV_FILTER_SPACE, "=7-9" });
	ARK_AUTO(arkv_filter_freep) struct arkv_filter *empty = BUILD({ ARKV_FILTER_SPACE, "" });

	(void)state;
	assert_true(wants_space(f, "0"));
	assert_true(wants_space(f, "4"));
	assert_false(wants_space(f, "04"));
	assert_false(wants_space(f, "6"));
	assert_false(wants_space(f, ""));
	assert_true(wants_space(f, "users"));
	assert_true(wants_space(f, "7-9"));
	assert_false(wants_space(f, "8"));
	assert_true(wants_space(empty, ""));
	assert_false(wants_space(empty, "0"));
}

static void sizes_types_and_expiries_are_held(void **state)
{
	ARK_AUTO(arkv_filter_freep)
	struct arkv_filter *f =
		BUILD({ ARKV_FILTER_MIN_SIZE, "10" }, { ARKV_FILTER_MAX_SIZE, "1K" },
		      { ARKV_FILTER_TYPE, "hash,type-200" });
	struct ark_record r = record("", "k");

	(void)state;
	assert_false(arkv_filter_wants(f, &r));
	r.type = ARK_TYPE_HASH;
	assert_true(arkv_filter_wants(f, &r));
	r.type = 200;
	assert_true(arkv_filter_wants(f, &r));
	r.value_len = 9;
	assert_false(arkv_filter_wants(f, &r));
	r.value_len = 1024;
	assert_true(arkv_filter_wants(f, &r));
	r.value_len = 1025;
	assert_false(arkv_filter_wants(f, &r));
}

static void ttls_count_from_now(void **state)
{
	static const struct {
		const char *ttl;
		uint64_t expires_ms;
		bool want;
	} cases[] = {
		{ "none", ARK_NO_EXPIRY, true },  { "none", 5, false },
		{ "any", ARK_NO_EXPIRY, false },  { "any", 5, true },
		{ "<1h", NOW + 3599999, true },	  { "<1h", NOW + 3600000, false },
		{ "<1h", NOW - 1, true },	  { "<1h", ARK_NO_EXPIRY, false },
		{ ">7d", NOW + 604800001, true }, { ">7d", NOW + 604800000, false },
		{ ">7d", ARK_NO_EXPIRY, false },  { ">0", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ARK_AUTO(arkv_filter_freep)
		struct arkv_filter *f = BUILD({ ARKV_FILTER_TTL, cases[i].ttl });
		struct ark_record r = record("", "k");

		r.expires_ms = cases[i].expires_ms;
		if (arkv_filter_wants(f, &r) != cases[i].want)
			fail_msg("case %zu", i);
	}
}

static void malformed_options_are_refused(void **state)
{
	static const struct option wrong[] = {
		{ ARKV_FILTER_INCLUDE, "[" },  { ARKV_FILTER_INCLUDE_REGEX, "(" },
		{ ARKV_FILTER_TYPE, "sting" }, { ARKV_FILTER_TYPE, "" },
		{ ARKV_FILTER_SPACE, "5-3" },  { ARKV_FILTER_MIN_SIZE, "x" },
		{ ARKV_FILTER_TTL, "1h" },     { ARKV_FILTER_TTL, "<" },
		{ ARKV_FILTER_TTL, "" },       { ARKV_FILTER_TYPE, "string," },
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ARK_AUTO(arkv_filter_freep) struct arkv_filter *f = built(NULL, 0);

		if (arkv_filter_add(f, wrong[i].option, wrong[i].text, NULL) != ARK_USAGE)
			fail_msg("case %zu was taken", i);
	}
}

static void expect_text(const struct arkv_filter *f, const char *text)
{
	ARK_AUTO(ark_buf_release) struct ark_buf out;

	ark_buf_init(&out);
	assert_int_equal(arkv_filter_text(f, &out, NULL), ARK_OK);
	if (!ark_span_eq(ark_buf_span(&out), ark_span_str(text)))
		fail_msg("%.*s, expected %s", (int)out.wr.len, (const char *)out.wr.p, text);
}

static void the_text_is_canonical(void **state)
{
	ARK_AUTO(arkv_filter_freep)
	struct arkv_filter *a = BUILD({ ARKV_FILTER_TYPE, "hash" }, { ARKV_FILTER_SPACE, "zoo" },
				      { ARKV_FILTER_PREFIX, "b" }, { ARKV_FILTER_INCLUDE, "x*" },
				      { ARKV_FILTER_PREFIX, "a" }, { ARKV_FILTER_MAX_SIZE, "1K" },
				      { ARKV_FILTER_TYPE, "string" }, { ARKV_FILTER_SPACE, "3" });
	ARK_AUTO(arkv_filter_freep)
	struct arkv_filter *b =
		BUILD({ ARKV_FILTER_INCLUDE, "x*" }, { ARKV_FILTER_MAX_SIZE, "1024" },
		      { ARKV_FILTER_SPACE, "3-3" }, { ARKV_FILTER_SPACE, "zoo" },
		      { ARKV_FILTER_PREFIX, "a" }, { ARKV_FILTER_PREFIX, "b" },
		      { ARKV_FILTER_PREFIX, "a" }, { ARKV_FILTER_TYPE, "string,hash" });
	const char *text = "--include 'x*' --prefix 'a' --prefix 'b' --type 'string' "
			   "--type 'hash' --space '3-3' --space '=zoo' --max-size '1024'";

	(void)state;
	expect_text(a, text);
	expect_text(b, text);
	expect_text(NULL, "");
	ARK_AUTO(arkv_filter_freep)
	struct arkv_filter *odd =
		BUILD({ ARKV_FILTER_EXCLUDE, "\xff\\n'" }, { ARKV_FILTER_TTL, "<1h" });
	expect_text(odd, "--exclude '\\xff\\\\n\\x27' --ttl '<3600000ms'");
}

static void a_list_of_keys_is_in_the_text_by_its_hash(void **state)
{
	const char *const lists[] = { "a\nb\n", "b\na\na", "a\nc" };
	char text[3][128] = { "" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		ARK_AUTO(arkv_filter_freep) struct arkv_filter *f = built(NULL, 0);
		ARK_AUTO(ark_buf_release) struct ark_buf out;

		ark_buf_init(&out);
		assert_int_equal(arkv_filter_add_keys(f, ark_span_str(lists[i]), '\n', NULL),
				 ARK_OK);
		assert_int_equal(arkv_filter_text(f, &out, NULL), ARK_OK);
		assert_true(out.wr.len < sizeof text[i]);
		memcpy(text[i], out.wr.p, out.wr.len);
	}
	assert_string_equal(text[0], text[1]);
	assert_string_not_equal(text[0], text[2]);
}

/* The range, held against keys: whatever the filter wants must be inside. */
static bool inside(struct arkv_filter_range range, struct ark_span key)
{
	if (ark_span_cmp(key, range.key_from) < 0)
		return false;
	return !range.key_bounded || ark_span_cmp(key, range.key_to) <= 0 ||
	       ark_span_common(key, range.key_to) == range.key_to.len;
}

static struct option random_option(void)
{
	static const enum arkv_filter_option kinds[] = { ARKV_FILTER_INCLUDE, ARKV_FILTER_INCLUDE,
							 ARKV_FILTER_EXCLUDE, ARKV_FILTER_PREFIX,
							 ARKV_FILTER_INCLUDE_REGEX };
	static const char *const texts[] = { "a*",  "ab*",  "b",   "a?c", "abc",
					     "c*a", "[ab]", "ba*", "bb",  "aa" };

	return (struct option){ kinds[lrand48() % 5], texts[lrand48() % 10] };
}

static void the_range_holds_all_that_is_wanted(void **state)
{
	const char *seed = getenv("ARKV_SEED");
	long start = seed ? atol(seed) : 4711;

	(void)state;
	print_message("# ARKV_SEED=%ld\n", start);
	srand48(start);
	for (int round = 0; round < 2000; round++) {
		struct option options[4];
		size_t count = (size_t)(lrand48() % 5);

		for (size_t i = 0; i < count; i++)
			options[i] = random_option();
		ARK_AUTO(arkv_filter_freep) struct arkv_filter *f = built(options, count);
		struct arkv_filter_range range = arkv_filter_range(f);
		for (int k = 0; k < 121; k++) { /* all strings over a, b, c of up to 4 letters */
			char key[5] = "";
			for (int n = k, at = 0; n; n = (n - 1) / 3)
				key[at++] = "abc"[(n - 1) % 3];
			if (wants(f, key) && !inside(range, ark_span_str(key)))
				fail_msg("round %d: %s is wanted and out of range", round, key);
		}
	}
}

static void ranges_are_as_narrow_as_the_options(void **state)
{
	ARK_AUTO(arkv_filter_freep)
	struct arkv_filter *f =
		BUILD({ ARKV_FILTER_INCLUDE, "user:1*" }, { ARKV_FILTER_EXCLUDE, "*:x" },
		      { ARKV_FILTER_PREFIX, "user:" }, { ARKV_FILTER_SPACE, "3" });
	struct arkv_filter_range range = arkv_filter_range(f);

	(void)state;
	assert_true(range.one_space && ark_span_eq(range.space, ark_span_str("3")));
	assert_true(ark_span_eq(range.key_from, ark_span_str("user:1")));
	assert_true(range.key_bounded && ark_span_eq(range.key_to, ark_span_str("user:1")));
	range = arkv_filter_range(NULL);
	assert_false(range.one_space || range.key_bounded || range.key_from.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_filter_wants_everything),
		cmocka_unit_test(the_last_rule_that_matches_decides),
		cmocka_unit_test(a_first_exclude_leaves_the_rest_in),
		cmocka_unit_test(regular_expressions_see_all_bytes_of_a_key),
		cmocka_unit_test(prefixes_are_alternatives),
		cmocka_unit_test(lists_of_keys_are_sets),
		cmocka_unit_test(an_empty_list_wants_nothing),
		cmocka_unit_test(spaces_are_numbers_ranges_or_names),
		cmocka_unit_test(sizes_types_and_expiries_are_held),
		cmocka_unit_test(ttls_count_from_now),
		cmocka_unit_test(malformed_options_are_refused),
		cmocka_unit_test(the_text_is_canonical),
		cmocka_unit_test(a_list_of_keys_is_in_the_text_by_its_hash),
		cmocka_unit_test(the_range_holds_all_that_is_wanted),
		cmocka_unit_test(ranges_are_as_narrow_as_the_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
