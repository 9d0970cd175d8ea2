/*
 * test_store_conformance.c - the suite of store_check.h on every store, and on each under every
 * wrapper.
 *
 * One test per combination. The bare stores are checked in full size, the wrapped ones with fewer
 * and smaller objects.
 */
#include "backends/stores/memory.h"
#include "libarchive-kv/store_check.h"
#include "tests/store/scratch.h"

static uint64_t seed(void)
{
	const char *text = getenv("ARKV_SEED");
	return text ? strtoull(text, NULL, 0) : 1;
}

static void report(void *ctx, const struct arkv_store_check_result *result)
{
	(void)ctx;
	print_message("# %s %s (%.1f ms)%s%s\n", result->passed ? "pass" : "FAIL", result->name,
		      (double)result->took_us / 1000, result->passed ? "" : ": ", result->why);
}

static void check(struct arkv_store *store, const struct arkv_store_check_options *options)
{
	struct ark_err err;
	struct arkv_store_check_options seeded = *options;
	seeded.seed = seed();
	print_message("# ARKV_SEED=%llu\n", (unsigned long long)seeded.seed);
	assert_ok(arkv_store_check(store, &seeded, report, NULL, &err), err);
}

static const struct arkv_store_check_options full = { 0 };

static int scratch_empty_setup(void **state)
{
	int rc = scratch_setup(state);
	struct scratch *s = *state;
	struct ark_err err;
	return rc ? rc : (int)arkv_store_destroy(s->store, &err);
}

static void posix_keeps_the_contract(void **state)
{
	struct scratch *s = *state;
	check(s->store, &full);
	assert_int_equal(rmdir(s->path), 0); /* nothing was left in it */
	assert_int_equal(mkdir(s->path, 0700), 0);
}

static void memory_keeps_the_contract(void **state)
{
	(void)state;
	struct ark_err err;
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
	assert_ok(arkv_store_from_url(&store, "memory:", &err), err);
	check(store, &full);
}

static void a_place_that_holds_something_is_left_alone(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	assert_ok(arkv_store_create(s->store, &err), err);
	assert_ok(arkv_store_put(s->store, "config", ark_span("x", 1), &err), err);
	assert_int_equal(arkv_store_check(s->store, &full, report, NULL, &err), ARK_EXISTS);
	assert_ok(arkv_store_open(s->store, &err), err);
	assert_int_equal(scratch_count(s->store, ""), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(posix_keeps_the_contract, scratch_empty_setup,
						scratch_teardown),
		cmocka_unit_test(memory_keeps_the_contract),
		cmocka_unit_test_setup_teardown(a_place_that_holds_something_is_left_alone,
						scratch_empty_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
