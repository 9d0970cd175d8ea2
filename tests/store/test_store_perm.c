/* test_store_perm.c - who may do what (store_perm.h). */
#include "libarchive-kv/store_count.h"
#include "libarchive-kv/store_perm.h"
#include "libarchive-kv/store_wrap.h"
#include "tests/store/scratch.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

static enum ark_rc get_name(struct arkv_store *store, const char *name, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	return arkv_store_get(store, name, 0, ARKV_TO_END, &buf, err);
}

static enum ark_rc list_space(struct arkv_store *store, const char *prefix, struct ark_err *err)
{
	size_t count = 0;
	return arkv_store_list(store, prefix, scratch_count_one, &count, err);
}

static void assert_denied(enum ark_rc rc, const struct ark_err *err, const char *letter)
{
	assert_int_equal(rc, ARK_DENIED);
	assert_non_null(strstr(err->text, letter));
}

static void the_nearest_rule_decides_alone(void **state)
{
	(void)state;
	static const struct arkv_perm_rule rules[] = { { "", "lrwWD" },
						       { "packs", "r" },
						       { "packs/a", "rD" },
						       { "gc", "" },
						       { "gc/reaped", "lw" } };
	struct ark_err err;
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(arkv_clock_system());
	assert_ok(scratch_put(store, "packs/a", "x", &err), err);
	assert_ok(scratch_put(store, "packs/b", "x", &err), err);
	assert_ok(arkv_store_perm(&store, rules, COUNT_OF(rules), &err), err);
	assert_ok(get_name(store, "packs/b", &err), err);
	assert_denied(arkv_store_remove(store, "packs/b", &err), &err, "\"D\"");
	assert_ok(arkv_store_remove(store, "packs/a", &err), err);
	assert_denied(list_space(store, "packs/", &err), &err, "\"l\"");
	assert_denied(scratch_put(store, "packs/c", "x", &err), &err, "\"w\"");
	assert_ok(scratch_put(store, "runs/c", "x", &err), err);
	assert_denied(scratch_put(store, "gc/1", "x", &err), &err, "\"w\"");
	assert_ok(scratch_put(store, "gc/reaped/1", "x", &err), err);
	assert_denied(get_name(store, "gc/reaped/1", &err), &err, "\"r\"");
	assert_int_equal(scratch_stat(store, "gc/reaped/1"), ARK_OK); /* l is enough */
	assert_denied(list_space(store, "", &err), &err, "\"l\""); /* packs/b must not be shown */
}

static void without_any_rule_nothing_is_allowed(void **state)
{
	(void)state;
	struct ark_err err;
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(arkv_clock_system());
	struct arkv_counter *counter;
	assert_ok(arkv_store_count(&store, &counter, &err), err);
	assert_ok(arkv_store_perm(&store, NULL, 0, &err), err);
	assert_denied(scratch_put(store, "config", "x", &err), &err, "config");
	assert_denied(get_name(store, "config", &err), &err, "\"r\"");
	assert_denied(arkv_store_destroy(store, &err), &err, "\"D\"");
	assert_denied(arkv_store_create(store, &err), &err, "\"w\"");
	assert_int_equal(arkv_counter_read(counter).calls, 0); /* nothing reached the store */
}

struct wanted {
	const char *preset;
	bool put_pack, put_config, get, list, remove, destroy;
};

static void presets_allow_what_they_are_named_for(void **state)
{
	(void)state;
	static const struct wanted wanted[] = {
		{ "all", true, true, true, true, true, true },
		{ "no-delete", true, true, true, true, false, false },
		{ "write-only", true, false, true, true, false, false },
		{ "read-only", false, false, true, true, false, false },
	};
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		const struct wanted *w = &wanted[i];
		struct ark_err err;
		size_t count;
		ARK_AUTO(arkv_store_freep)
		struct arkv_store *store = scratch_memory(arkv_clock_system());
		assert_ok(scratch_put(store, "runs/a", "x", &err), err);
		const struct arkv_perm_rule *rules = arkv_perm_preset(w->preset, &count);
		assert_non_null(rules);
		assert_ok(arkv_store_perm(&store, rules, count, &err), err);
		assert_int_equal(!scratch_put(store, "packs/a", "x", &err), w->put_pack);
		assert_int_equal(!scratch_put(store, "config", "x", &err), w->put_config);
		assert_int_equal(!get_name(store, "runs/a", &err), w->get);
		assert_int_equal(!list_space(store, "", &err), w->list);
		assert_int_equal(!arkv_store_remove(store, "runs/a", &err), w->remove);
		assert_int_equal(!arkv_store_destroy(store, &err), w->destroy);
	}
	size_t count;
	assert_null(arkv_perm_preset("write", &count));
}

/* A store that replaces, as S3 does. */
static enum ark_rc replaces(struct arkv_wrap *w, const struct arkv_call *call, struct ark_err *err)
{
	if (call->op == ARKV_OP_PUT && arkv_store_remove(w->base.below, call->name, err))
		return err->rc;
	return arkv_call_run(w->base.below, call, err);
}

static void w_alone_replaces_nothing_even_where_the_store_would(void **state)
{
	(void)state;
	static const struct arkv_perm_rule rules[] = { { "", "w" }, { "runs", "W" } };
	struct ark_err err;
	struct arkv_wrap *w;
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(arkv_clock_system());
	assert_ok(arkv_wrap_new(&w, sizeof *w, "replaces", &store, &err), err);
	w->around = replaces;
	store->caps &= ~(unsigned)ARKV_STORE_NO_REPLACE;
	assert_ok(arkv_store_perm(&store, rules, COUNT_OF(rules), &err), err);
	assert_ok(scratch_put(store, "packs/a", "first", &err), err);
	assert_ok(scratch_put(store, "packs/a", "first", &err), err);
	assert_denied(scratch_put(store, "packs/a", "other", &err), &err, "\"W\"");
	assert_denied(scratch_put(store, "packs/a", "longer", &err), &err, "\"W\"");
	scratch_holds(store->below, "packs/a", "first");
	assert_ok(scratch_put(store, "runs/a", "first", &err), err);
	assert_ok(scratch_put(store, "runs/a", "other", &err), err);
	scratch_holds(store->below, "runs/a", "other");
}

static void rules_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	static const struct arkv_perm_rule bad[][2] = {
		{ { "", "lrx" }, { "a", "l" } },   { { "", "ll" }, { "a", "l" } },
		{ { "a/", "l" }, { "a", "l" } },   { { "a", "l" }, { "a", "r" } },
		{ { "../x", "l" }, { "a", "l" } }, { { "", "lrwWDl" }, { "a", "l" } },
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct ark_err err;
		ARK_AUTO(arkv_store_freep)
		struct arkv_store *store = scratch_memory(arkv_clock_system());
		assert_int_equal(arkv_store_perm(&store, bad[i], 2, &err), ARK_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_rule_decides_alone),
		cmocka_unit_test(without_any_rule_nothing_is_allowed),
		cmocka_unit_test(presets_allow_what_they_are_named_for),
		cmocka_unit_test(w_alone_replaces_nothing_even_where_the_store_would),
		cmocka_unit_test(rules_that_make_no_sense_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
