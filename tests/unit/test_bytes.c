/* test_bytes.c - reading and writing bytes (format/bytes.h). */
#include "format/bytes.h"
#include "tests/unit/cm.h"

static void a_varint_comes_back_from_its_only_spelling(void **state)
{
	(void)state;
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX,
					   UINT64_MAX - 1, UINT64_MAX };
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		uint8_t mem[ARK_VARINT_MAX];
		struct ark_wr wr = ark_wr(mem, sizeof mem);
		ark_wr_varint(&wr, values[i]);
		assert_false(wr.full);
		assert_int_equal(wr.len, ark_varint_len(values[i]));
		struct ark_rd rd = ark_rd(ark_wr_span(&wr));
		assert_true(ark_rd_varint(&rd) == values[i]);
		assert_true(ark_rd_done(&rd));
	}
}

static void a_longer_spelling_of_a_varint_is_refused(void **state)
{
	(void)state;
	static const uint8_t padded[] = { 0x81, 0x00 };
	static const uint8_t too_large[] = { 0xff, 0xff, 0xff, 0xff, 0xff,
					     0xff, 0xff, 0xff, 0xff, 0x02 };
	struct ark_rd rd = ark_rd(ark_span(padded, sizeof padded));
	ark_rd_varint(&rd);
	assert_true(rd.bad);
	rd = ark_rd(ark_span(too_large, sizeof too_large));
	ark_rd_varint(&rd);
	assert_true(rd.bad);
}

static void reading_past_the_end_gives_zero_and_stays_bad(void **state)
{
	(void)state;
	static const uint8_t three[] = { 1, 2, 3 };
	struct ark_rd rd = ark_rd(ark_span(three, sizeof three));
	assert_int_equal(ark_rd_u32(&rd), 0);
	assert_true(rd.bad);
	assert_int_equal(ark_rd_u8(&rd), 0);
	assert_false(ark_rd_done(&rd));
}

static void a_nested_reader_cannot_leave_its_fence(void **state)
{
	(void)state;
	static const uint8_t four[] = { 1, 2, 3, 4 };
	struct ark_rd rd = ark_rd(ark_span(four, sizeof four));
	struct ark_rd sub = ark_rd_sub(&rd, 2);
	assert_int_equal(ark_rd_u8(&sub), 1);
	assert_int_equal(ark_rd_u8(&sub), 2);
	ark_rd_u8(&sub);
	assert_true(sub.bad);
	assert_int_equal(ark_rd_u8(&rd), 3);
	assert_false(rd.bad);
}

static void a_count_that_cannot_fit_is_refused_before_any_loop(void **state)
{
	(void)state;
	static const uint8_t four[] = { 1, 2, 3, 4 };
	struct ark_rd rd = ark_rd(ark_span(four, sizeof four));
	assert_true(ark_rd_fits(&rd, 2, 2));
	assert_false(ark_rd_fits(&rd, UINT64_MAX, 2));
	assert_true(rd.bad);
}

static void a_full_writer_writes_nothing_more(void **state)
{
	(void)state;
	uint8_t mem[3] = { 0 };
	struct ark_wr wr = ark_wr(mem, sizeof mem);
	ark_wr_u32(&wr, 1);
	assert_true(wr.full);
	ark_wr_u8(&wr, 1);
	assert_int_equal(wr.len, 0);
}

static void spans_are_ordered_by_bytes_then_length(void **state)
{
	(void)state;
	assert_true(ark_span_cmp(ark_span_str("a"), ark_span_str("ab")) < 0);
	assert_true(ark_span_cmp(ark_span_str("b"), ark_span_str("ab")) > 0);
	assert_true(ark_span_cmp(ark_span("\xff", 1), ark_span_str("a")) > 0);
	assert_true(ark_span_cmp(ark_span(NULL, 0), ark_span_str("")) == 0);
	assert_int_equal(ark_span_common(ark_span_str("abcd"), ark_span_str("abxy")), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_varint_comes_back_from_its_only_spelling),
		cmocka_unit_test(a_longer_spelling_of_a_varint_is_refused),
		cmocka_unit_test(reading_past_the_end_gives_zero_and_stays_bad),
		cmocka_unit_test(a_nested_reader_cannot_leave_its_fence),
		cmocka_unit_test(a_count_that_cannot_fit_is_refused_before_any_loop),
		cmocka_unit_test(a_full_writer_writes_nothing_more),
		cmocka_unit_test(spans_are_ordered_by_bytes_then_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
