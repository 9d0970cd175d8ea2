/* test_doors.c - the doors to time and chance (clock.h, rand.h), and the set of seen names
 * (seen.h). */
#include "libarchive-kv/clock.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/seen.h"
#include "tests/unit/cm.h"

#include <stdio.h>
#include <string.h>

static void a_shut_clock_moves_by_sleeps_alone(void **state)
{
	(void)state;
	struct arkv_clock_shut shut;
	arkv_clock_shut_init(&shut, 1700000000000);
	const struct arkv_clock *clock = &shut.clock;
	assert_int_equal(arkv_clock_now_ms(clock), 1700000000000);
	assert_int_equal(arkv_clock_mono_us(clock), 0);
	arkv_clock_sleep_ms(clock, 1500);
	arkv_clock_sleep_us(clock, 300);
	arkv_clock_sleep_us(clock, -5);
	assert_int_equal(arkv_clock_mono_us(clock), 1500300);
	assert_int_equal(arkv_clock_mono_ms(clock), 1500);
	assert_int_equal(arkv_clock_now_ms(clock), 1700000001500);
}

static void the_systems_clock_sleeps_at_least_as_long_as_asked(void **state)
{
	(void)state;
	const struct arkv_clock *clock = arkv_clock_system();
	int64_t start_us = arkv_clock_mono_us(clock);
	arkv_clock_sleep_us(clock, 3000);
	assert_true(arkv_clock_mono_us(clock) - start_us >= 3000);
	assert_true(arkv_clock_now_ms(clock) > 1700000000000); /* after November 2023 */
}

static void a_seed_gives_the_same_bytes_on_every_machine(void **state)
{
	(void)state;
	uint8_t first[16], second[16];
	struct arkv_rand rand = arkv_rand_seeded(1);
	arkv_rand_bytes(&rand, first, sizeof first);
	arkv_rand_bytes(&rand, second, sizeof second);
	static const uint8_t want[] = { 0x04, 0x06, 0x9b, 0x5f, 0x37, 0xe8, 0x2f, 0x91,
					0xdc, 0x37, 0xfd, 0x5e, 0xb9, 0x9f, 0x1a, 0x41 };
	assert_memory_equal(first, want, sizeof want);
	assert_memory_not_equal(first, second, sizeof first);
	struct arkv_rand other = arkv_rand_seeded(2);
	arkv_rand_bytes(&other, second, sizeof second);
	assert_memory_not_equal(first, second, sizeof first);
}

static void the_systems_bytes_are_never_the_same(void **state)
{
	(void)state;
	uint8_t first[16], second[16];
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, first, sizeof first);
	arkv_rand_bytes(&rand, second, sizeof second);
	assert_memory_not_equal(first, second, sizeof first);
}

static void a_number_below_a_limit_is_each_of_them_about_as_often(void **state)
{
	(void)state;
	enum { LIMIT = 7, DRAWS = 70000 };
	unsigned seen[LIMIT] = { 0 };
	struct arkv_rand rand = arkv_rand_seeded(3);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t v = arkv_rand_below(&rand, LIMIT);
		assert_true(v < LIMIT);
		seen[v]++;
	}
	for (int i = 0; i < LIMIT; i++) /* 10,000 each, a standard deviation is 93 */
		assert_in_range(seen[i], 9500, 10500);
	assert_int_equal(arkv_rand_below(&rand, 0), 0);
	assert_int_equal(arkv_rand_below(&rand, 1), 0);
}

static void a_name_is_new_once(void **state)
{
	(void)state;
	enum { NAMES = 20000 };
	ARK_AUTO(arkv_seen_release) struct arkv_seen seen = { 0 };
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < NAMES; i++) {
			char name[32];
			bool is_new;
			snprintf(name, sizeof name, "packs/%d", i);
			assert_int_equal(arkv_seen_add(&seen, name, &is_new, NULL), ARK_OK);
			assert_int_equal(is_new, round == 0);
		}
	}
	assert_int_equal(seen.count, NAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shut_clock_moves_by_sleeps_alone),
		cmocka_unit_test(the_systems_clock_sleeps_at_least_as_long_as_asked),
		cmocka_unit_test(a_seed_gives_the_same_bytes_on_every_machine),
		cmocka_unit_test(the_systems_bytes_are_never_the_same),
		cmocka_unit_test(a_number_below_a_limit_is_each_of_them_about_as_often),
		cmocka_unit_test(a_name_is_new_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
