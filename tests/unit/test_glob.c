/* test_glob.c - patterns over bytes. */
#include "libarchive-kv/clock.h"
#include "libarchive-kv/glob.h"
#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>

static bool matches(const char *pattern, struct ark_span key)
{
	ARK_AUTO(arkv_glob_freep) struct arkv_glob *glob = NULL;
	struct ark_err err;

	assert_int_equal(arkv_glob_new(&glob, ark_span_str(pattern), &err), ARK_OK);
	return arkv_glob_match(glob, key);
}

static void patterns_match_as_documented(void **state)
{
	static const struct {
		const char *pattern;
		const char *key;
		bool match;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "a/b:c", true },
		{ "**", "x", true },
		{ "?", "", false },
		{ "?", "ab", false },
		{ "h?llo", "hallo", true },
		{ "h*llo", "heeeello", true },
		{ "h*llo", "hll", false },
		{ "h[ae]llo", "hillo", false },
		{ "h[ae]llo", "hello", true },
		{ "h[^e]llo", "hello", false },
		{ "h[!e]llo", "hallo", true },
		{ "h[a-c]llo", "hbllo", true },
		{ "h[c-a]llo", "hbllo", true },
		{ "a[]]b", "a]b", true },
		{ "a[a-]b", "a-b", true },
		{ "a[\\]]b", "a]b", true },
		{ "a[\\x41-\\x43]b", "aBb", true },
		{ "a\\*b", "a*b", true },
		{ "a\\*b", "axb", false },
		{ "\\x41bc", "Abc", true },
		{ "\\xzz", "xzz", true },
		{ "\\\\", "\\", true },
		{ "user:*:profile", "user:1:2:profile", true },
		{ "user:*:profile", "user:1:profil", false },
		{ "*ab*ab", "aabab", true },
		{ "*a*b*c", "xxaxxbxxcxxc", true },
		{ "*a*b*c", "xxaxxbxxd", false },
		{ "a*", "b", false },
		{ "*.tmp", "a.tmp.tmp", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (matches(cases[i].pattern, ark_span_str(cases[i].key)) != cases[i].match)
			fail_msg("%s on %s", cases[i].pattern, cases[i].key);
}

static void every_byte_value_can_be_named(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		char pattern[8];
		uint8_t byte = (uint8_t)c, other = (uint8_t)(c + 1);

		snprintf(pattern, sizeof pattern, "\\x%02x", c);
		assert_true(matches(pattern, ark_span(&byte, 1)));
		assert_false(matches(pattern, ark_span(&other, 1)));
		assert_true(matches("?", ark_span(&byte, 1)));
		assert_true(matches("*", ark_span(&byte, 1)));
	}
}

static void broken_patterns_are_refused(void **state)
{
	static const char *const broken[] = { "[", "a[b", "[^", "a\\", "[]", "[a-", "[\\" };
	struct arkv_glob *glob = NULL;
	struct ark_err err;

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		assert_int_equal(arkv_glob_new(&glob, ark_span_str(broken[i]), &err), ARK_USAGE);
		assert_null(glob);
	}
	char *longest = calloc(1, ARKV_GLOB_MAX + 2);
	assert_non_null(longest);
	memset(longest, 'a', ARKV_GLOB_MAX + 1);
	assert_int_equal(arkv_glob_new(&glob, ark_span_str(longest), &err), ARK_LIMIT);
	free(longest);
}

static void literal_starts_are_known(void **state)
{
	static const struct {
		const char *pattern;
		const char *prefix;
		bool literal;
	} cases[] = {
		{ "user:*", "user:", false }, { "us?r", "us", false }, { "*x", "", false },
		{ "a\\*b", "a*b", true },     { "", "", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ARK_AUTO(arkv_glob_freep) struct arkv_glob *glob = NULL;

		assert_int_equal(arkv_glob_new(&glob, ark_span_str(cases[i].pattern), NULL),
				 ARK_OK);
		assert_true(ark_span_eq(arkv_glob_prefix(glob), ark_span_str(cases[i].prefix)));
		assert_int_equal(arkv_glob_literal(glob), cases[i].literal);
	}
}

static void a_hostile_pattern_costs_no_more_than_key_times_pattern(void **state)
{
	char pattern[201], *key = malloc(65535);
	const struct arkv_clock *clock = arkv_clock_system();

	(void)state;
	assert_non_null(key);
	for (size_t i = 0; i < 200; i += 2) {
		pattern[i] = '*';
		pattern[i + 1] = 'a';
	}
	pattern[199] = 'b';
	pattern[200] = 0;
	memset(key, 'a', 65535);
	int64_t before = arkv_clock_mono_ms(clock);
	assert_false(matches(pattern, ark_span(key, 65535)));
	/* 13 M steps at the very most; an exponential matcher would not end in a lifetime. */
	assert_true(arkv_clock_mono_ms(clock) - before < 10000);
	free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_as_documented),
		cmocka_unit_test(every_byte_value_can_be_named),
		cmocka_unit_test(broken_patterns_are_refused),
		cmocka_unit_test(literal_starts_are_known),
		cmocka_unit_test(a_hostile_pattern_costs_no_more_than_key_times_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
