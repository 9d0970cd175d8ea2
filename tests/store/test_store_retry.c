/* test_store_retry.c - what is tried again, how often and after which waits (store_retry.h). */
#include "libarchive-kv/store_count.h"
#include "libarchive-kv/store_fault.h"
#include "libarchive-kv/store_retry.h"
#include "tests/store/scratch.h"

/* A store in memory, faults by script, a counter of what reaches it, and retry on a clock that is
 * shut. */
struct bench {
	struct arkv_clock_shut shut;
	struct arkv_store *store;
	struct arkv_counter *counter; /* above the faults */
	struct arkv_retry_options options;
	unsigned events;
	int64_t waits_ms[16];
	unsigned asked; /* how often "cancelled?" was asked */
	unsigned cancel_at;
};

static void note(void *ctx, const struct arkv_retry_event *event)
{
	struct bench *b = ctx;
	assert_in_range(b->events, 0, 15);
	assert_int_equal(event->tries, b->events + 1);
	b->waits_ms[b->events++] = event->wait_ms;
}

static bool asked_to_stop(void *ctx)
{
	struct bench *b = ctx;
	return ++b->asked >= b->cancel_at && b->cancel_at;
}

static void bench_start(struct bench *b, const char *script)
{
	struct ark_err err;
	*b = (struct bench){ .options = arkv_retry_defaults() };
	arkv_clock_shut_init(&b->shut, 0);
	b->options.notify = note;
	b->options.cancelled = asked_to_stop;
	b->options.ctx = b;
	b->store = scratch_memory(&b->shut.clock);
	assert_ok(scratch_put(b->store, "packs/there", "content", &err), err);
	assert_ok(arkv_store_fault(&b->store, script, 1, &err), err);
	assert_ok(arkv_store_count(&b->store, &b->counter, &err), err);
}

static void bench_wrap(struct bench *b)
{
	struct ark_err err;
	assert_ok(
		arkv_store_retry(&b->store, &b->options, &b->shut.clock, arkv_rand_seeded(1), &err),
		err);
}

static void bench_end(struct bench *b)
{
	arkv_store_free(b->store);
}

static uint64_t calls(struct bench *b, enum arkv_op op)
{
	return arkv_counter_read(b->counter).op[op].calls;
}

static void what_may_work_later_is_tried_again_after_growing_waits(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	bench_start(&b, "put:1:again put:2:again put:3:again put:4:again");
	bench_wrap(&b);
	assert_ok(scratch_put(b.store, "packs/a", "x", &err), err);
	assert_int_equal(calls(&b, ARKV_OP_PUT), 5);
	assert_int_equal(b.events, 4);
	int64_t sum_ms = 0;
	for (int i = 0; i < 4; i++) {
		assert_in_range(b.waits_ms[i], (250 << i) / 2, 250 << i);
		sum_ms += b.waits_ms[i];
	}
	assert_int_equal(arkv_clock_mono_ms(&b.shut.clock), sum_ms);
	scratch_holds(b.store, "packs/a", "x");
}

static void waits_are_not_the_same_for_all(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	bench_start(&b, "put:*:again");
	b.options.first_wait_ms = b.options.wait_max_ms = 1000;
	bench_wrap(&b);
	assert_int_equal(scratch_put(b.store, "packs/a", "x", &err), ARK_AGAIN);
	assert_int_equal(b.events, 9);
	unsigned distinct = 0;
	for (unsigned i = 1; i < b.events; i++)
		distinct += b.waits_ms[i] != b.waits_ms[0];
	assert_true(distinct >= 7);
}

static void it_gives_up_after_so_many_tries_and_says_how_many(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	bench_start(&b, "get:*:again");
	b.options.tries_max = 4;
	bench_wrap(&b);
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	assert_int_equal(arkv_store_get(b.store, "packs/there", 0, 3, &buf, &err), ARK_AGAIN);
	assert_int_equal(calls(&b, ARKV_OP_GET), 4);
	assert_non_null(strstr(err.text, "failed 4 times"));
	assert_false(err.in_doubt);
}

static void it_gives_up_before_the_time_is_over(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	bench_start(&b, "put:*:again");
	b.options.tries_max = 1000;
	b.options.total_ms_max = 5000;
	bench_wrap(&b);
	assert_int_equal(scratch_put(b.store, "packs/a", "x", &err), ARK_AGAIN);
	assert_in_range(arkv_clock_mono_ms(&b.shut.clock), 1000, 5000);
}

static void what_cannot_work_later_comes_back_at_once(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		enum ark_rc rc;
	} cases[] = { { "put:1:io", ARK_IO },
		      { "put:1:nospace", ARK_NOSPACE },
		      { "put:1:denied", ARK_DENIED } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ARK_AUTO(bench_end) struct bench b;
		struct ark_err err;
		bench_start(&b, cases[i].script);
		bench_wrap(&b);
		assert_int_equal(scratch_put(b.store, "packs/a", "x", &err), cases[i].rc);
		assert_int_equal(calls(&b, ARKV_OP_PUT), 1);
		assert_int_equal(arkv_clock_mono_us(&b.shut.clock), 0);
	}
}

static void a_doubt_of_an_early_try_is_told_at_the_end(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	bench_start(&b, "put:1:in-doubt put:2+:again");
	b.options.tries_max = 3;
	bench_wrap(&b);
	assert_int_equal(scratch_put(b.store, "packs/a", "x", &err), ARK_AGAIN);
	assert_true(err.in_doubt);
}

static void a_put_or_delete_in_doubt_that_had_happened_succeeds(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	bench_start(&b, "put:1:in-doubt remove:1:in-doubt remove:2:notfound remove:3:notfound");
	bench_wrap(&b);
	assert_ok(scratch_put(b.store, "packs/a", "x", &err), err);
	assert_int_equal(calls(&b, ARKV_OP_PUT), 2);
	b.events = 0;
	assert_ok(arkv_store_remove(b.store, "packs/a", &err), err);
	assert_int_equal(calls(&b, ARKV_OP_REMOVE), 2);
	assert_int_equal(scratch_stat(b.store, "packs/a"), ARK_NOTFOUND);
}

static void what_a_failed_get_brought_is_taken_back(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	bench_start(&b, "get:1:in-doubt get:2:in-doubt");
	bench_wrap(&b);
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	ark_wr_bytes(&buf.wr, ark_span_str("front "));
	assert_ok(arkv_store_get(b.store, "packs/there", 0, ARKV_TO_END, &buf, &err), err);
	assert_true(ark_span_eq(ark_buf_span(&buf), ark_span_str("front content")));
}

static void a_list_that_failed_late_still_names_each_object_once(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	bench_start(&b, "list:1:in-doubt list:2:in-doubt");
	bench_wrap(&b);
	for (int i = 0; i < 500; i++) {
		char name[32];
		snprintf(name, sizeof name, "runs/%d", i);
		assert_ok(scratch_put(b.store, name, "x", &err), err);
	}
	assert_int_equal(scratch_count(b.store, "runs/"), 500);
	assert_int_equal(calls(&b, ARKV_OP_LIST), 3);
}

static enum ark_rc refuse_name(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	(void)size;
	++*(unsigned *)ctx;
	return ark_fail(err, ARK_AGAIN, "%s: the caller wants it so", name);
}

static void what_the_callback_of_a_list_says_is_not_tried_again(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	unsigned seen = 0;
	bench_start(&b, "");
	bench_wrap(&b);
	assert_int_equal(arkv_store_list(b.store, "", refuse_name, &seen, &err), ARK_AGAIN);
	assert_int_equal(seen, 1);
	assert_int_equal(calls(&b, ARKV_OP_LIST), 1);
}

static void a_wait_ends_when_the_caller_cancels(void **state)
{
	(void)state;
	ARK_AUTO(bench_end) struct bench b;
	struct ark_err err;
	bench_start(&b, "put:1:in-doubt put:2+:again");
	b.options.first_wait_ms = b.options.wait_max_ms = 60000;
	b.cancel_at = 20;
	bench_wrap(&b);
	assert_int_equal(scratch_put(b.store, "packs/a", "x", &err), ARK_CANCELLED);
	assert_true(err.in_doubt);
	assert_in_range(arkv_clock_mono_ms(&b.shut.clock), 1000, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_work_later_is_tried_again_after_growing_waits),
		cmocka_unit_test(waits_are_not_the_same_for_all),
		cmocka_unit_test(it_gives_up_after_so_many_tries_and_says_how_many),
		cmocka_unit_test(it_gives_up_before_the_time_is_over),
		cmocka_unit_test(what_cannot_work_later_comes_back_at_once),
		cmocka_unit_test(a_doubt_of_an_early_try_is_told_at_the_end),
		cmocka_unit_test(a_put_or_delete_in_doubt_that_had_happened_succeeds),
		cmocka_unit_test(what_a_failed_get_brought_is_taken_back),
		cmocka_unit_test(a_list_that_failed_late_still_names_each_object_once),
		cmocka_unit_test(what_the_callback_of_a_list_says_is_not_tried_again),
		cmocka_unit_test(a_wait_ends_when_the_caller_cancels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
