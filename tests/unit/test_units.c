/* test_units.c - sizes and durations as people write them. */
#include "libarchive-kv/units.h"
#include "tests/unit/cm.h"

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "64K", 65536 },
		{ "64k", 65536 },
		{ "64KiB", 65536 },
		{ "64KB", 65536 },
		{ "12B", 12 },
		{ "1.5G", UINT64_C(1610612736) },
		{ "2T", UINT64_C(2199023255552) },
		{ "18446744073709551615", UINT64_MAX },
		{ "9007199254740993", UINT64_C(9007199254740993) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t bytes = 0;
		struct ark_err err;

		if (arkv_size_parse(&bytes, cases[i].text, "x", &err) || bytes != cases[i].bytes)
			fail_msg("%s: %llu", cases[i].text, (unsigned long long)bytes);
	}
}

static void what_is_no_size_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",    "K",   "-1",	"1X",	"1Kx", "1.2.3", ".5", "1 K", "18446744073709551616",
		"1e3", "0x1", "99999P", "1KiBs"
	};
	uint64_t bytes = 7;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (arkv_size_parse(&bytes, wrong[i], "x", NULL) != ARK_USAGE)
			fail_msg("%s was taken", wrong[i]);
}

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} cases[] = {
		{ "250ms", 250 },    { "90", 90000 },	  { "90s", 90000 },	{ "15m", 900000 },
		{ "12h", 43200000 }, { "7d", 604800000 }, { "2w", 1209600000 }, { "0.5s", 500 },
	};
	uint64_t ms = 0;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (arkv_duration_parse(&ms, cases[i].text, "x", NULL) || ms != cases[i].ms)
			fail_msg("%s: %llu", cases[i].text, (unsigned long long)ms);
	assert_int_equal(arkv_duration_parse(&ms, "7y", "x", NULL), ARK_USAGE);
	assert_int_equal(arkv_duration_parse(&ms, "", "x", NULL), ARK_USAGE);
	assert_int_equal(arkv_duration_parse(&ms, "999999999999999999w", "x", NULL), ARK_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(durations_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
