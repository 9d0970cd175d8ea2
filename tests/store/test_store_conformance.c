/*
 * test_store_conformance.c - the suite of store_check.h on every store, and on each under every
 * wrapper.
 *
 * The bare stores are checked in full size, the wrapped ones with fewer and smaller objects. That
 * the suite can fail is tested too: stores that break one promise each must be found out.
 */
#include "backends/stores/memory.h"
#include "libarchive-kv/store_check.h"
#include "libarchive-kv/store_count.h"
#include "libarchive-kv/store_fault.h"
#include "libarchive-kv/store_latency.h"
#include "libarchive-kv/store_limit.h"
#include "libarchive-kv/store_nest.h"
#include "libarchive-kv/store_perm.h"
#include "libarchive-kv/store_retry.h"
#include "libarchive-kv/store_trace.h"
#include "tests/store/scratch.h"

static uint64_t seed(void)
{
	const char *text = getenv("ARKV_SEED");
	return text ? strtoull(text, NULL, 0) : 1;
}

/* ---- the wrappers, each as a user would set it up ---- */

static enum ark_rc wrap_none(struct arkv_store **s, struct ark_err *err)
{
	(void)s;
	(void)err;
	return ARK_OK;
}

static enum ark_rc wrap_nest(struct arkv_store **s, struct ark_err *err)
{
	static const struct arkv_levels levels = {
		.of = { { "packs", 2, 1 << 2 }, { "runs", 1, 1 << 1 }, { "gc", 0, 1 } }, .count = 3
	};
	return arkv_store_nest(s, &levels, err);
}

static enum ark_rc wrap_nest_in_change(struct arkv_store **s, struct ark_err *err)
{
	static const struct arkv_levels levels = { .of = { { "packs", 2, 1 << 0 | 1 << 1 | 1 << 2 },
							   { "runs", 0, 1 << 0 | 1 << 3 } },
						   .count = 2 };
	return arkv_store_nest(s, &levels, err);
}

static enum ark_rc wrap_retry(struct arkv_store **s, struct ark_err *err)
{
	struct arkv_retry_options options = arkv_retry_defaults();
	options.first_wait_ms = 1;
	return arkv_store_retry(s, &options, arkv_clock_system(), arkv_rand_seeded(seed()), err);
}

static enum ark_rc wrap_retry_over_faults(struct arkv_store **s, struct ark_err *err)
{
	static const char script[] =
		"create:1:again open:1:again put:2:again put:5:in-doubt put:6:in-doubt "
		"put:9:in-doubt-before put:20:in-doubt put:41:again put:77:in-doubt get:3:again "
		"get:4:again "
		"get:11:again get:33:again get:34:in-doubt stat:2:again stat:9:again "
		"list:1:in-doubt "
		"list:3:again list:8:in-doubt remove:2:in-doubt remove:3:in-doubt remove:9:again "
		"destroy:1:again";
	enum ark_rc rc = arkv_store_fault(s, script, seed(), err);
	return rc ? rc : wrap_retry(s, err);
}

static enum ark_rc wrap_limit(struct arkv_store **s, struct ark_err *err)
{
	struct arkv_limits limits = { .upload_bytes_per_s = 1 << 30,
				      .download_bytes_per_s = 1 << 30 };
	return arkv_store_limit(s, limits, arkv_clock_system(), err);
}

static enum ark_rc wrap_count(struct arkv_store **s, struct ark_err *err)
{
	struct arkv_counter *counter;
	return arkv_store_count(s, &counter, err);
}

static void drop_line(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
}

static enum ark_rc wrap_trace(struct arkv_store **s, struct ark_err *err)
{
	return arkv_store_trace(s, drop_line, NULL, arkv_clock_system(), err);
}

static enum ark_rc wrap_latency(struct arkv_store **s, struct ark_err *err)
{
	struct arkv_latency latency = { .latency_us = 50, .bandwidth_bits_per_s = 10000000000 };
	return arkv_store_latency(s, latency, arkv_clock_system(), err);
}

static enum ark_rc wrap_fault(struct arkv_store **s, struct ark_err *err)
{
	return arkv_store_fault(s, "", seed(), err);
}

static enum ark_rc wrap_perm(struct arkv_store **s, struct ark_err *err)
{
	size_t count;
	const struct arkv_perm_rule *rules = arkv_perm_preset("all", &count);
	return arkv_store_perm(s, rules, count, err);
}

static enum ark_rc wrap_all(struct arkv_store **s, struct ark_err *err)
{
	enum ark_rc rc = wrap_latency(s, err);
	if (!rc)
		rc = wrap_retry_over_faults(s, err);
	if (!rc)
		rc = wrap_limit(s, err);
	if (!rc)
		rc = wrap_trace(s, err);
	if (!rc)
		rc = wrap_count(s, err);
	if (!rc)
		rc = wrap_nest(s, err);
	return rc ? rc : wrap_perm(s, err);
}

/* ---- the suite on all of them ---- */

struct combination {
	const char *store; /* "posix", "memory" */
	const char *wrapper;
	enum ark_rc (*wrap)(struct arkv_store **s, struct ark_err *err);
	struct arkv_store_check_options options;
	char test_name[96];
};

static void report(void *ctx, const struct arkv_store_check_result *result)
{
	unsigned *failed = ctx;
	*failed += !result->passed;
	if (!result->passed)
		print_message("# FAIL %s: %s\n", result->name, result->why);
}

static void the_contract_is_kept(void **state)
{
	struct combination *c = *state;
	struct ark_err err;
	char path[64] = "memory:";
	char root[] = "/tmp/arkv-test-XXXXXX";
	if (!strcmp(c->store, "posix")) {
		assert_non_null(mkdtemp(root));
		snprintf(path, sizeof path, "%s/new/r", root);
	}
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
	assert_ok(arkv_store_from_url(&store, path, &err), err);
	assert_ok(c->wrap(&store, &err), err);
	c->options.seed = seed();
	print_message("# ARKV_SEED=%llu\n", (unsigned long long)c->options.seed);
	unsigned failed = 0;
	assert_ok(arkv_store_check(store, &c->options, report, &failed, &err), err);
	assert_int_equal(failed, 0);
	if (!strcmp(c->store, "posix")) { /* nothing was left */
		snprintf(path, sizeof path, "%s/new", root);
		assert_int_equal(rmdir(path), 0);
		assert_int_equal(rmdir(root), 0);
	}
}

static void a_place_that_holds_something_is_left_alone(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	static const struct arkv_store_check_options full = { 0 };
	unsigned failed = 0;
	assert_ok(arkv_store_put(s->store, "config", ark_span("x", 1), &err), err);
	assert_int_equal(arkv_store_check(s->store, &full, report, &failed, &err), ARK_EXISTS);
	assert_ok(arkv_store_open(s->store, &err), err);
	assert_int_equal(scratch_count(s->store, ""), 1);
}

/* ---- stores that break a promise ---- */

static enum ark_rc list_again(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	const struct arkv_call *call = ctx;
	enum ark_rc rc = call->fn(call->ctx, name, size, err);
	return rc ? rc : call->fn(call->ctx, name, size, err);
}

static enum ark_rc lists_twice(struct arkv_wrap *w, const struct arkv_call *call,
			       struct ark_err *err)
{
	if (call->op != ARKV_OP_LIST)
		return arkv_call_run(w->base.below, call, err);
	struct arkv_call copy = *call;
	return arkv_store_list(w->base.below, call->name, list_again, &copy, err);
}

static enum ark_rc reads_short(struct arkv_wrap *w, const struct arkv_call *call,
			       struct ark_err *err)
{
	enum ark_rc rc = arkv_call_run(w->base.below, call, err);
	return call->op == ARKV_OP_GET && rc == ARK_CORRUPT ? ARK_OK : rc;
}

static enum ark_rc has_no_absent_spaces(struct arkv_wrap *w, const struct arkv_call *call,
					struct ark_err *err)
{
	if (call->op == ARKV_OP_LIST && !strncmp(call->name, "nowhere/", 8))
		return ark_fail(err, ARK_NOTFOUND, "no such namespace");
	return arkv_call_run(w->base.below, call, err);
}

static enum ark_rc keeps_the_first_bytes(struct arkv_wrap *w, const struct arkv_call *call,
					 struct ark_err *err)
{
	enum ark_rc rc = arkv_call_run(w->base.below, call, err);
	return call->op == ARKV_OP_PUT && rc == ARK_EXISTS ? ARK_OK : rc;
}

static enum ark_rc ignores_offsets(struct arkv_wrap *w, const struct arkv_call *call,
				   struct ark_err *err)
{
	struct arkv_call whole = *call;
	whole.off = 0;
	whole.len = ARKV_TO_END;
	return arkv_call_run(w->base.below, call->op == ARKV_OP_GET ? &whole : call, err);
}

/* Puts in two steps: first a half, then the whole in its place. */
static enum ark_rc puts_by_halves(struct arkv_wrap *w, const struct arkv_call *call,
				  struct ark_err *err)
{
	struct arkv_stat st;
	if (call->op == ARKV_OP_PUT && call->bytes.len >= 9000 &&
	    arkv_store_stat(w->base.below, call->name, &st, err) == ARK_NOTFOUND) {
		enum ark_rc rc = arkv_store_put(w->base.below, call->name,
						ark_span(call->bytes.p, call->bytes.len / 2), err);
		arkv_clock_sleep_ms(arkv_clock_system(), 20);
		if (rc || arkv_store_remove(w->base.below, call->name, err))
			return err->rc;
	}
	return arkv_call_run(w->base.below, call, err);
}

struct breach {
	const char *check; /* a part of the name of a check that must find it */
	arkv_around_fn *around;
};

static void remember_failure(void *ctx, const struct arkv_store_check_result *result)
{
	const char **wanted = ctx;
	if (*wanted && !result->passed && strstr(result->name, *wanted))
		*wanted = NULL;
}

static void assert_found_out(struct arkv_store *store, const char *check)
{
	struct arkv_store_check_options options = { .large_len = 100000, .many_count = 20 };
	struct ark_err err;
	const char *wanted = check;
	enum ark_rc rc = arkv_store_check(store, &options, remember_failure, &wanted, &err);
	if (!rc || wanted)
		fail_msg("\"%s\" was passed", check);
}

static void a_store_that_breaks_a_promise_is_found_out(void **state)
{
	(void)state;
	static const struct breach breaches[] = {
		{ "list shows each", lists_twice },
		{ "past the end", reads_short },
		{ "namespaces are kept apart", has_no_absent_spaces },
		{ "other bytes", keeps_the_first_bytes },
		{ "ranged read", ignores_offsets },
		{ "all or nothing", puts_by_halves },
	};
	for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
		struct ark_err err;
		ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
		assert_ok(arkv_memory_new(&store, arkv_clock_system(), &err), err);
		struct arkv_wrap *w;
		assert_ok(arkv_wrap_new(&w, sizeof *w, "breach", &store, &err), err);
		w->around = breaches[i].around;
		assert_found_out(store, breaches[i].check);
	}
}

static void a_store_that_lies_is_found_out(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		const char *check;
	} lies[] = {
		{ "get:*:flip", "any size" },	       { "get:*:truncate", "any size" },
		{ "get:12+:flip", "ranged read" },     { "put:1+:flip", "large object" },
		{ "put:1+:truncate", "any size" },     { "stat:*:notfound", "stat tells" },
		{ "put:10+:nospace", "large object" }, { "list:3:notfound", "names of every form" },
	};
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		struct ark_err err;
		ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
		assert_ok(arkv_memory_new(&store, arkv_clock_system(), &err), err);
		assert_ok(arkv_store_fault(&store, lies[i].script, seed(), &err), err);
		assert_found_out(store, lies[i].check);
	}
}

int main(void)
{
	static struct combination all[] = {
		{ .wrapper = "bare", .wrap = wrap_none },
		{ .wrapper = "nest", .wrap = wrap_nest },
		{ .wrapper = "nest_in_change", .wrap = wrap_nest_in_change },
		{ .wrapper = "retry", .wrap = wrap_retry },
		{ .wrapper = "retry_over_faults", .wrap = wrap_retry_over_faults },
		{ .wrapper = "limit", .wrap = wrap_limit },
		{ .wrapper = "count", .wrap = wrap_count },
		{ .wrapper = "trace", .wrap = wrap_trace },
		{ .wrapper = "latency", .wrap = wrap_latency },
		{ .wrapper = "fault", .wrap = wrap_fault },
		{ .wrapper = "perm", .wrap = wrap_perm },
		{ .wrapper = "all", .wrap = wrap_all },
	};
	enum { WRAPPERS = sizeof all / sizeof all[0] };
	static struct combination combinations[2 * WRAPPERS];
	struct CMUnitTest tests[2 * WRAPPERS + 3] = {
		cmocka_unit_test_setup_teardown(a_place_that_holds_something_is_left_alone,
						scratch_setup, scratch_teardown),
		cmocka_unit_test(a_store_that_breaks_a_promise_is_found_out),
		cmocka_unit_test(a_store_that_lies_is_found_out),
	};
	for (size_t i = 0; i < 2 * WRAPPERS; i++) {
		struct combination *c = &combinations[i];
		*c = all[i % WRAPPERS];
		c->store = i < WRAPPERS ? "memory" : "posix";
		if (c->wrap != wrap_none)
			c->options = (struct arkv_store_check_options){ .large_len = 1 << 20,
									.many_count = 150 };
		snprintf(c->test_name, sizeof c->test_name, "%s_%s_keeps_the_contract", c->store,
			 c->wrapper);
		tests[3 + i] = (struct CMUnitTest){ .name = c->test_name,
						    .test_func = the_contract_is_kept,
						    .initial_state = c };
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
