/* test_store_nest.c - object names and their paths (libarchive-kv/store_nest.h). */
#include "libarchive-kv/store_nest.h"
#include "libarchive-kv/store_wrap.h"
#include "tests/store/scratch.h"

static void a_name_has_two_characters_of_its_key_for_each_level(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		unsigned level;
		const char *path;
	} cases[] = {
		{ "config", 0, "config" },
		{ "config", 1, "co/config" },
		{ "packs/abcdef12", 0, "packs/abcdef12" },
		{ "packs/abcdef12", 1, "packs/ab/abcdef12" },
		{ "packs/abcdef12", 2, "packs/ab/cd/abcdef12" },
		{ "packs/abcdef12", 4, "packs/ab/cd/ef/12/abcdef12" },
		{ "archives/abcd.del", 1, "archives/ab/abcd.del" },
		{ "archives/abcd.del", 4, "archives/ab/cd/abcd.del" },
		{ "gc/reaped/abc", 2, "gc/reaped/ab/c/abc" },
		{ "packs/a", 3, "packs/a/a" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char path[ARKV_NAME_MAX + 1];
		assert_true(arkv_nest_path(path, cases[i].name, cases[i].level));
		assert_string_equal(path, cases[i].path);
		assert_true(arkv_store_name_ok(path));
	}
}

static void a_path_that_would_be_too_long_is_refused(void **state)
{
	(void)state;
	char name[ARKV_NAME_MAX + 1], path[ARKV_NAME_MAX + 1];
	memset(name, 'a', sizeof name);
	memcpy(name, "packs/", 6);
	name[ARKV_NAME_MAX - 6] = '\0'; /* leaves room for two levels */
	assert_true(arkv_nest_path(path, name, 2));
	assert_int_equal(strlen(path), ARKV_NAME_MAX);
	assert_false(arkv_nest_path(path, name, 3));

	struct ark_err err;
	static const struct arkv_levels levels = { .of = { { "packs", 3, 1 << 3 } }, .count = 1 };
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(arkv_clock_system());
	assert_ok(arkv_store_nest(&store, &levels, &err), err);
	assert_int_equal(scratch_put(store, name, "x", &err), ARK_USAGE);
}

static void below_a_nested_namespace_there_are_no_others(void **state)
{
	(void)state;
	struct ark_err err;
	static const struct arkv_levels levels = { .of = { { "packs", 1, 1 << 1 },
							   { "gc", 0, 1 },
							   { "runs", 2, 1 << 2 },
							   { "runs/small", 1, 1 << 1 } },
						   .count = 4 };
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(arkv_clock_system());
	assert_ok(arkv_store_nest(&store, &levels, &err), err);
	assert_int_equal(scratch_put(store, "packs/ab/abcd", "x", &err), ARK_USAGE);
	assert_ok(scratch_put(store, "gc/reaped/ab", "x", &err), err);
	assert_ok(scratch_put(store, "runs/small/abcd", "x", &err), err);
	assert_int_equal(scratch_count(store, "gc/"), 1);
	assert_int_equal(scratch_count(store, "runs/small/"), 1);
	assert_int_equal(scratch_count(store, "packs/ab/"), 0);
	assert_int_equal(scratch_stat(store->below, "runs/small/ab/abcd"), ARK_OK);
}

static void files_lie_where_borgstore_would_put_them(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	char path[128];
	static const struct arkv_levels levels = { .of = { { "packs", 2, 1 << 2 } }, .count = 1 };
	assert_ok(arkv_store_nest(&s->store, &levels, &err), err);
	assert_ok(scratch_put(s->store, "packs/0123456789", "x", &err), err);
	snprintf(path, sizeof path, "%s/r/packs/01/23/0123456789", s->path);
	assert_int_equal(access(path, F_OK), 0);
}

/* Wraps the store below as well, so that both see the same objects: the test's own way to open
 * twice. */
struct borrowed {
	struct arkv_wrap wrap;
	struct arkv_store *lender;
};

static enum ark_rc ask_lender(struct arkv_wrap *w, const struct arkv_call *call,
			      struct ark_err *err)
{
	return arkv_call_run(((struct borrowed *)w)->lender, call, err);
}

static struct arkv_store *nested_view(struct arkv_store *lender, const struct arkv_levels *levels)
{
	struct ark_err err;
	struct arkv_wrap *w;
	struct arkv_store *store = scratch_memory(arkv_clock_system());
	assert_ok(arkv_wrap_new(&w, sizeof(struct borrowed), "borrowed", &store, &err), err);
	w->around = ask_lender;
	((struct borrowed *)w)->lender = lender;
	assert_ok(arkv_store_nest(&store, levels, &err), err);
	return store;
}

static void levels_can_be_changed_while_objects_are_there(void **state)
{
	(void)state;
	struct ark_err err;
	static const struct arkv_levels before = { .of = { { "packs", 1, 1 << 1 } }, .count = 1 };
	static const struct arkv_levels during = { .of = { { "packs", 2, 1 << 1 | 1 << 2 } },
						   .count = 1 };
	ARK_AUTO(arkv_store_freep) struct arkv_store *below = scratch_memory(arkv_clock_system());
	ARK_AUTO(arkv_store_freep) struct arkv_store *old = nested_view(below, &before);
	ARK_AUTO(arkv_store_freep) struct arkv_store *new = nested_view(below, &during);
	assert_ok(scratch_put(old, "packs/aabbcc", "one", &err), err);
	assert_ok(scratch_put(old, "packs/ddeeff", "two", &err), err);
	assert_ok(scratch_put(new, "packs/ddeeff", "two", &err), err); /* now at both levels */
	assert_ok(scratch_put(new, "packs/112233", "three", &err), err);

	scratch_holds(new, "packs/aabbcc", "one");
	scratch_holds(new, "packs/ddeeff", "two");
	scratch_holds(new, "packs/112233", "three");
	assert_int_equal(scratch_stat(new, "packs/aabbcc"), ARK_OK);
	assert_int_equal(scratch_count(new, "packs/"), 3);
	assert_int_equal(scratch_count(below, "packs/"), 4);
	assert_int_equal(scratch_stat(old, "packs/112233"), ARK_NOTFOUND);

	assert_ok(arkv_store_remove(new, "packs/ddeeff", &err), err);
	assert_int_equal(scratch_stat(new, "packs/ddeeff"), ARK_NOTFOUND);
	assert_int_equal(scratch_count(below, "packs/"), 2);
}

static void a_path_that_is_no_objects_is_passed_over(void **state)
{
	(void)state;
	struct ark_err err;
	static const struct arkv_levels levels = { .of = { { "packs", 1, 1 << 1 } }, .count = 1 };
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(arkv_clock_system());
	assert_ok(scratch_put(store, "packs/zz/abcd", "x", &err), err);
	assert_ok(scratch_put(store, "packs/abcd", "x", &err), err);
	assert_ok(scratch_put(store, "packs/ab/cd/abcd", "x", &err), err);
	assert_ok(arkv_store_nest(&store, &levels, &err), err);
	assert_int_equal(scratch_count(store, ""), 0);
	assert_ok(scratch_put(store, "packs/abcd", "y", &err), err);
	assert_int_equal(scratch_count(store, ""), 1);
}

static void a_table_that_makes_no_sense_is_refused(void **state)
{
	(void)state;
	static const struct arkv_levels bad[] = {
		{ .of = { { "packs", 5, 1 << 5 } }, .count = 1 },
		{ .of = { { "packs", 1, 1 << 2 } }, .count = 1 },
		{ .of = { { "packs", 1, 0xff } }, .count = 1 },
		{ .of = { { "", 1, 1 << 1 } }, .count = 1 },
		{ .of = { { "packs/", 1, 1 << 1 } }, .count = 1 },
		{ .of = { { "a", 1, 1 << 1 }, { "a", 0, 1 } }, .count = 2 },
		{ .count = ARKV_LEVELS_MAX + 1 },
	};
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(arkv_clock_system());
	struct arkv_store *same = store;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct ark_err err;
		assert_int_equal(arkv_store_nest(&store, &bad[i], &err), ARK_USAGE);
		assert_ptr_equal(store, same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_two_characters_of_its_key_for_each_level),
		cmocka_unit_test(a_path_that_would_be_too_long_is_refused),
		cmocka_unit_test(below_a_nested_namespace_there_are_no_others),
		cmocka_unit_test_setup_teardown(files_lie_where_borgstore_would_put_them,
						scratch_setup, scratch_teardown),
		cmocka_unit_test(levels_can_be_changed_while_objects_are_there),
		cmocka_unit_test(a_path_that_is_no_objects_is_passed_over),
		cmocka_unit_test(a_table_that_makes_no_sense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
