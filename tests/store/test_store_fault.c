/* test_store_fault.c - the script of faults and what each of them does (store_fault.h). */
#include "libarchive-kv/store_fault.h"
#include "tests/store/scratch.h"

#include <signal.h>
#include <sys/wait.h>

static struct arkv_store *faulty(const char *script, uint64_t seed)
{
	struct ark_err err;
	struct arkv_store *store = scratch_memory(arkv_clock_system());
	assert_ok(arkv_store_fault(&store, script, seed, &err), err);
	return store;
}

static void a_malformed_rule_is_refused_and_named(void **state)
{
	(void)state;
	static const char *const bad[] = { "put",
					   "put:3",
					   "put:3:",
					   "put::again",
					   "pull:3:again",
					   "put:0:again",
					   "put:x:again",
					   "put:3+1:again",
					   "put:-1:io",
					   "put:3:agains",
					   "list:1:flip",
					   "stat:*:truncate",
					   "put:1:again:x",
					   "put:99999999999999999999:io",
					   ":::" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct ark_err err;
		ARK_AUTO(arkv_store_freep)
		struct arkv_store *store = scratch_memory(arkv_clock_system());
		assert_int_equal(arkv_store_fault(&store, bad[i], 1, &err), ARK_USAGE);
		assert_non_null(strstr(err.text, bad[i]));
	}
}

static void a_rule_fits_the_call_from_a_call_on_or_every_call(void **state)
{
	(void)state;
	struct ark_err err;
	ARK_AUTO(arkv_store_freep)
	struct arkv_store *store =
		faulty("put:2:io, put:4+:denied, remove:*:nospace, any:7:notfound", 1);
	assert_ok(scratch_put(store, "a", "x", &err), err);
	assert_int_equal(scratch_put(store, "b", "x", &err), ARK_IO);
	assert_ok(scratch_put(store, "c", "x", &err), err);
	assert_int_equal(scratch_put(store, "d", "x", &err), ARK_DENIED);
	assert_int_equal(scratch_put(store, "e", "x", &err), ARK_DENIED);
	assert_int_equal(arkv_store_remove(store, "a", &err), ARK_NOSPACE);
	assert_int_equal(scratch_stat(store, "a"), ARK_NOTFOUND); /* the seventh call: a lie */
	assert_int_equal(scratch_stat(store, "a"), ARK_OK);
	assert_int_equal(scratch_count(store->below, ""), 2);
}

static void in_doubt_before_does_nothing_and_after_does_all(void **state)
{
	(void)state;
	struct ark_err err;
	ARK_AUTO(arkv_store_freep)
	struct arkv_store *store =
		faulty("put:1:in-doubt-before put:2:in-doubt-after put:3:in-doubt put:4:again", 1);
	static const char *const names[] = { "a", "b", "c", "d" };
	for (int i = 0; i < 4; i++) {
		assert_int_equal(scratch_put(store, names[i], "x", &err), ARK_AGAIN);
		assert_int_equal(err.in_doubt, i < 3);
	}
	assert_int_equal(scratch_stat(store, "a"), ARK_NOTFOUND);
	assert_int_equal(scratch_stat(store, "b"), ARK_OK);
	assert_int_equal(scratch_stat(store, "c"), ARK_OK);
	assert_int_equal(scratch_stat(store, "d"), ARK_NOTFOUND);
}

enum { CONTENT_LEN = 1000 };

/* Reads the object of CONTENT_LEN zeros through the faults; counts the bits that are set. */
static size_t read_bits(struct arkv_store *store, struct ark_buf *out)
{
	struct ark_err err;
	ark_buf_clear(out);
	assert_ok(arkv_store_get(store, "a", 0, ARKV_TO_END, out, &err), err);
	size_t bits = 0;
	for (size_t i = 0; i < out->wr.len; i++)
		bits += (size_t)__builtin_popcount(out->wr.p[i]);
	return bits;
}

static void a_flip_turns_one_bit_and_follows_from_the_seed(void **state)
{
	(void)state;
	static const uint8_t zeros[CONTENT_LEN];
	struct ark_err err;
	ARK_AUTO(ark_buf_release) struct ark_buf first, same, other;
	ark_buf_init(&first);
	ark_buf_init(&same);
	ark_buf_init(&other);
	struct ark_buf *outs[] = { &first, &same, &other };
	for (uint64_t i = 0; i < 3; i++) {
		ARK_AUTO(arkv_store_freep) struct arkv_store *store = faulty("get:1:flip", i == 2);
		assert_ok(arkv_store_put(store, "a", ark_span(zeros, CONTENT_LEN), &err), err);
		assert_int_equal(read_bits(store, outs[i]), 1);
		ARK_AUTO(ark_buf_release) struct ark_buf again;
		ark_buf_init(&again);
		assert_int_equal(read_bits(store, &again), 0); /* only the first read lied */
	}
	assert_true(ark_span_eq(ark_buf_span(&first), ark_buf_span(&same)));
	assert_false(ark_span_eq(ark_buf_span(&first), ark_buf_span(&other)));
}

static void what_is_spoiled_by_a_put_stays_spoiled(void **state)
{
	(void)state;
	static const uint8_t zeros[CONTENT_LEN];
	struct ark_err err;
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	ARK_AUTO(arkv_store_freep) struct arkv_store *flips = faulty("put:1:flip", 1);
	assert_ok(arkv_store_put(flips, "a", ark_span(zeros, CONTENT_LEN), &err), err);
	assert_int_equal(read_bits(flips, &buf), 1);
	assert_int_equal(buf.wr.len, CONTENT_LEN);
	ARK_AUTO(arkv_store_freep) struct arkv_store *cuts = faulty("put:1:truncate", 1);
	assert_ok(arkv_store_put(cuts, "a", ark_span(zeros, CONTENT_LEN), &err), err);
	read_bits(cuts, &buf);
	assert_in_range(buf.wr.len, 0, CONTENT_LEN - 1);
}

static void a_truncated_get_says_ok_and_is_shorter(void **state)
{
	(void)state;
	static const uint8_t zeros[CONTENT_LEN];
	struct ark_err err;
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	ark_wr_bytes(&buf.wr, ark_span_str("front"));
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = faulty("get:*:truncate", 1);
	assert_ok(arkv_store_put(store, "a", ark_span(zeros, CONTENT_LEN), &err), err);
	assert_ok(arkv_store_get(store, "a", 0, 100, &buf, &err), err);
	assert_in_range(buf.wr.len, 5, 104);
	assert_memory_equal(buf.wr.p, "front", 5);
}

/* Puts packs/a into the scratch store with that script, in a child; its signal. */
static int signal_of_put(struct scratch *s, const char *script)
{
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct ark_err err;
		if (arkv_store_fault(&s->store, script, 1, &err) ||
		    scratch_put(s->store, "packs/a", "x", &err))
			_exit(1);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void kill_ends_the_process_before_or_after_the_call(void **state)
{
	struct scratch *s = *state;
	assert_int_equal(signal_of_put(s, "put:1:kill"), SIGKILL);
	assert_int_equal(scratch_stat(s->store, "packs/a"), ARK_NOTFOUND);
	assert_int_equal(signal_of_put(s, "any:1:kill-after"), SIGKILL);
	assert_int_equal(scratch_stat(s->store, "packs/a"), ARK_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_malformed_rule_is_refused_and_named),
		cmocka_unit_test(a_rule_fits_the_call_from_a_call_on_or_every_call),
		cmocka_unit_test(in_doubt_before_does_nothing_and_after_does_all),
		cmocka_unit_test(a_flip_turns_one_bit_and_follows_from_the_seed),
		cmocka_unit_test(what_is_spoiled_by_a_put_stays_spoiled),
		cmocka_unit_test(a_truncated_get_says_ok_and_is_shorter),
		cmocka_unit_test_setup_teardown(kill_ends_the_process_before_or_after_the_call,
						scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
