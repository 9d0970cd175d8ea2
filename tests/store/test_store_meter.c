/*
 * test_store_meter.c - the wrappers that measure and slow: count, trace, limit, latency
 * (store_count.h, store_trace.h, store_limit.h, store_latency.h). Time is a shut clock, unless
 * threads must wait.
 */
#include "libarchive-kv/store_count.h"
#include "libarchive-kv/store_latency.h"
#include "libarchive-kv/store_limit.h"
#include "libarchive-kv/store_retry.h"
#include "libarchive-kv/store_trace.h"
#include "tests/store/scratch.h"

#include <pthread.h>

static enum ark_rc get_range(struct arkv_store *store, const char *name, uint64_t off, uint64_t len,
			     struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	return arkv_store_get(store, name, off, len, &buf, err);
}

static enum ark_rc put_len(struct arkv_store *store, const char *name, size_t len,
			   struct ark_err *err)
{
	uint8_t *bytes = calloc(1, len);
	assert_non_null(bytes);
	enum ark_rc rc = arkv_store_put(store, name, ark_span(bytes, len), err);
	free(bytes);
	return rc;
}

/* ---- count ---- */

static void calls_failures_and_bytes_are_counted(void **state)
{
	(void)state;
	struct ark_err err;
	struct arkv_counter *counter;
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(arkv_clock_system());
	assert_ok(arkv_store_count(&store, &counter, &err), err);
	assert_ok(put_len(store, "packs/a", 1000, &err), err);
	assert_ok(put_len(store, "packs/b", 500, &err), err);
	assert_int_equal(put_len(store, "packs/b", 400, &err), ARK_EXISTS);
	assert_ok(get_range(store, "packs/a", 100, 50, &err), err);
	assert_int_equal(get_range(store, "packs/c", 0, 50, &err), ARK_NOTFOUND);
	assert_int_equal(scratch_count(store, ""), 2);
	struct arkv_counts counts = arkv_counter_read(counter);
	assert_int_equal(counts.calls, 6);
	assert_int_equal(counts.op[ARKV_OP_PUT].calls, 3);
	assert_int_equal(counts.op[ARKV_OP_PUT].failures, 1);
	assert_int_equal(counts.op[ARKV_OP_PUT].bytes, 1500);
	assert_int_equal(counts.op[ARKV_OP_GET].calls, 2);
	assert_int_equal(counts.op[ARKV_OP_GET].failures, 1);
	assert_int_equal(counts.op[ARKV_OP_GET].bytes, 50);
	assert_int_equal(counts.listed, 2);
	assert_int_equal(counts.trips, 6); /* one after the other */
	assert_int_equal(counts.peak_parallel, 1);
	arkv_counter_reset(counter);
	assert_int_equal(arkv_counter_read(counter).calls, 0);
	assert_int_equal(arkv_counter_read(counter).trips, 0);
}

enum { CREW = 4, ROUNDS = 3 };

/* A store whose gets end only when CREW of them run at once. */
struct meeting {
	struct arkv_wrap wrap;
	pthread_barrier_t barrier;
};

static enum ark_rc meet(struct arkv_wrap *w, const struct arkv_call *call, struct ark_err *err)
{
	if (call->op == ARKV_OP_GET)
		pthread_barrier_wait(&((struct meeting *)w)->barrier);
	return arkv_call_run(w->base.below, call, err);
}

static void *read_in_rounds(void *arg)
{
	struct ark_err err;
	for (int i = 0; i < ROUNDS; i++)
		if (get_range(arg, "packs/a", 0, 1, &err))
			return arg;
	return NULL;
}

static void calls_that_overlap_are_one_round_trip(void **state)
{
	(void)state;
	struct ark_err err;
	struct arkv_wrap *w;
	struct arkv_counter *counter;
	pthread_t threads[CREW];
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(arkv_clock_system());
	assert_ok(put_len(store, "packs/a", 10, &err), err);
	assert_ok(arkv_wrap_new(&w, sizeof(struct meeting), "meeting", &store, &err), err);
	w->around = meet;
	pthread_barrier_init(&((struct meeting *)w)->barrier, NULL, CREW);
	assert_ok(arkv_store_count(&store, &counter, &err), err);
	for (int i = 0; i < CREW; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_in_rounds, store), 0);
	for (int i = 0; i < CREW; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	struct arkv_counts counts = arkv_counter_read(counter);
	assert_int_equal(counts.calls, CREW * ROUNDS);
	assert_int_equal(counts.trips, ROUNDS);
	assert_int_equal(counts.peak_parallel, CREW);
	pthread_barrier_destroy(&((struct meeting *)w)->barrier);
}

/* ---- trace ---- */

struct lines {
	char last[512];
	unsigned count;
};

static void take_line(void *ctx, const char *line)
{
	struct lines *lines = ctx;
	snprintf(lines->last, sizeof lines->last, "%s", line);
	lines->count++;
}

static void a_line_tells_what_was_done_how_long_and_how_it_ended(void **state)
{
	(void)state;
	struct ark_err err;
	struct arkv_clock_shut shut;
	struct lines lines = { .count = 0 };
	struct arkv_latency latency = { .latency_us = 1500 };
	arkv_clock_shut_init(&shut, 0);
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(&shut.clock);
	assert_ok(arkv_store_latency(&store, latency, &shut.clock, &err), err);
	assert_ok(arkv_store_trace(&store, take_line, &lines, &shut.clock, &err), err);
	assert_ok(scratch_put(store, "packs/a", "secret", &err), err);
	assert_string_equal(lines.last, "put packs/a: 6 B, 1.5 ms, ok");
	assert_ok(get_range(store, "packs/a", 0, ARKV_TO_END, &err), err);
	assert_string_equal(lines.last, "get packs/a: 6 B, 1.5 ms, ok");
	assert_ok(get_range(store, "packs/a", 2, ARKV_TO_END, &err), err);
	assert_string_equal(lines.last, "get packs/a [2,): 4 B, 1.5 ms, ok");
	assert_ok(get_range(store, "packs/a", 2, 3, &err), err);
	assert_string_equal(lines.last, "get packs/a [2,+3): 3 B, 1.5 ms, ok");
	assert_int_equal(scratch_stat(store, "runs/b"), ARK_NOTFOUND);
	assert_string_equal(lines.last, "stat runs/b: 1.5 ms, not found: runs/b: no such object");
	assert_int_equal(scratch_count(store, "packs/"), 1);
	assert_string_equal(lines.last, "list packs/: 1 objects, 1.5 ms, ok");
	assert_ok(arkv_store_open(store, &err), err);
	assert_string_equal(lines.last, "open: 1.5 ms, ok");
	assert_int_equal(lines.count, 7);
}

static enum ark_rc stop(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	(void)ctx;
	(void)name;
	(void)size;
	(void)err;
	return ARK_CANCELLED; /* bare: err says nothing */
}

static void a_bare_code_of_a_callback_comes_through(void **state)
{
	(void)state;
	struct ark_err err;
	struct lines lines = { .count = 0 };
	const struct arkv_clock *clock = arkv_clock_system();
	struct arkv_retry_options options = arkv_retry_defaults();
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(clock);
	assert_ok(scratch_put(store, "packs/a", "x", &err), err);
	assert_ok(arkv_store_retry(&store, &options, clock, arkv_rand_system(), &err), err);
	assert_ok(arkv_store_trace(&store, take_line, &lines, clock, &err), err);
	assert_int_equal(arkv_store_list(store, "", stop, NULL, NULL), ARK_CANCELLED);
	assert_int_equal(arkv_store_list(store, "", stop, NULL, &err), ARK_CANCELLED);
	assert_string_equal(err.text, "");
	assert_non_null(strstr(lines.last, "cancelled"));
}

/* ---- latency ---- */

static void a_call_takes_its_latency_and_the_time_of_its_bytes(void **state)
{
	(void)state;
	struct ark_err err;
	struct arkv_clock_shut shut;
	struct arkv_latency latency = { .latency_us = 1000, .bandwidth_bits_per_s = 8000000 };
	arkv_clock_shut_init(&shut, 0);
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(&shut.clock);
	assert_ok(arkv_store_latency(&store, latency, &shut.clock, &err), err);
	assert_ok(put_len(store, "packs/a", 5000, &err), err);
	assert_int_equal(shut.elapsed_us, 6000);
	assert_ok(get_range(store, "packs/a", 0, 2000, &err), err);
	assert_int_equal(shut.elapsed_us, 9000);
	assert_int_equal(scratch_stat(store, "packs/b"), ARK_NOTFOUND);
	assert_int_equal(shut.elapsed_us, 10000);
}

static void a_store_that_is_slow_by_itself_is_slowed_no_further(void **state)
{
	(void)state;
	struct ark_err err;
	struct arkv_clock_shut shut;
	struct arkv_latency inner = { .latency_us = 500 };
	struct arkv_latency outer = { .latency_us = 300 };
	arkv_clock_shut_init(&shut, 0);
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(&shut.clock);
	assert_ok(arkv_store_latency(&store, inner, &shut.clock, &err), err);
	assert_ok(arkv_store_latency(&store, outer, &shut.clock, &err), err);
	assert_ok(put_len(store, "packs/a", 5000, &err), err);
	assert_int_equal(shut.elapsed_us, 500);
}

/* ---- limit ---- */

static void uploads_and_downloads_keep_below_their_limits(void **state)
{
	(void)state;
	struct ark_err err;
	struct arkv_clock_shut shut;
	struct arkv_limits limits = { .upload_bytes_per_s = 1000000,
				      .download_bytes_per_s = 4000000 };
	arkv_clock_shut_init(&shut, 0);
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(&shut.clock);
	assert_ok(arkv_store_limit(&store, limits, &shut.clock, &err), err);
	assert_ok(put_len(store, "packs/a", 2000000, &err), err);
	assert_ok(put_len(store, "packs/b", 3000000, &err), err);
	assert_in_range(shut.elapsed_us, 4900000, 5000000);
	int64_t before_us = shut.elapsed_us;
	assert_ok(get_range(store, "packs/a", 0, ARKV_TO_END, &err), err);
	assert_ok(get_range(store, "packs/a", 0, ARKV_TO_END, &err), err);
	assert_in_range(shut.elapsed_us - before_us, 900000, 1000000);
}

static void idle_time_is_saved_up_for_a_tenth_of_a_second_only(void **state)
{
	(void)state;
	struct ark_err err;
	struct arkv_clock_shut shut;
	struct arkv_limits limits = { .upload_bytes_per_s = 1000000 };
	arkv_clock_shut_init(&shut, 0);
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(&shut.clock);
	assert_ok(arkv_store_limit(&store, limits, &shut.clock, &err), err);
	shut.elapsed_us = 3600000000;
	assert_ok(put_len(store, "packs/a", 100000, &err), err);
	assert_int_equal(shut.elapsed_us, 3600000000);
	assert_ok(put_len(store, "packs/b", 1000000, &err), err);
	assert_int_equal(shut.elapsed_us, 3601000000);
	assert_ok(get_range(store, "packs/b", 0, ARKV_TO_END, &err),
		  err); /* no limit on this way */
	assert_int_equal(shut.elapsed_us, 3601000000);
}

static void *put_one(void *arg)
{
	struct arkv_store *store = arg;
	char name[32];
	struct ark_err err;
	snprintf(name, sizeof name, "packs/%llx", (unsigned long long)pthread_self());
	return put_len(store, name, 100000, &err) ? arg : NULL;
}

static void threads_share_one_limit(void **state)
{
	(void)state;
	struct ark_err err;
	struct arkv_limits limits = { .upload_bytes_per_s = 1000000 };
	pthread_t threads[CREW];
	const struct arkv_clock *clock = arkv_clock_system();
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = scratch_memory(clock);
	assert_ok(arkv_store_limit(&store, limits, clock, &err), err);
	int64_t start_us = arkv_clock_mono_us(clock);
	for (int i = 0; i < CREW; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_one, store), 0);
	for (int i = 0; i < CREW; i++)
		pthread_join(threads[i], NULL);
	assert_true(arkv_clock_mono_us(clock) - start_us >= 300000); /* 0.4 s, less a tenth */
	assert_int_equal(scratch_count(store, ""), CREW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_failures_and_bytes_are_counted),
		cmocka_unit_test(calls_that_overlap_are_one_round_trip),
		cmocka_unit_test(a_line_tells_what_was_done_how_long_and_how_it_ended),
		cmocka_unit_test(a_bare_code_of_a_callback_comes_through),
		cmocka_unit_test(a_call_takes_its_latency_and_the_time_of_its_bytes),
		cmocka_unit_test(a_store_that_is_slow_by_itself_is_slowed_no_further),
		cmocka_unit_test(uploads_and_downloads_keep_below_their_limits),
		cmocka_unit_test(idle_time_is_saved_up_for_a_tenth_of_a_second_only),
		cmocka_unit_test(threads_share_one_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
