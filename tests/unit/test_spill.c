/* test_spill.c - spill files (format/spill.h, spec/17-spill.md). */
#include "format/spill.h"
#include "tests/unit/cm.h"

static struct arkf_spill_rec sample(uint8_t form)
{
	struct arkf_spill_rec r = {
		.rec = { .space = ark_span_str("0"),
			 .key = ark_span_str("user:1"),
			 .meta = ark_span_str("m"),
			 .expires_ms = 1700000000000,
			 .value_len = 5,
			 .flags = 7,
			 .type = ARK_TYPE_STRING },
		.value = ark_span_str("hello"),
		.seq = 300,
		.form = form,
		.digest = { 1, 2, 3 },
	};
	if (form < ARKF_SPILL_DELETED)
		return r;
	r.rec.type = 0;
	r.rec.value_len = 0;
	r.value = ark_span(NULL, 0);
	memset(r.digest, 0, sizeof r.digest);
	if (form == ARKF_SPILL_SAME)
		return r;
	r.rec.flags = 0;
	r.rec.meta = ark_span(NULL, 0);
	r.rec.expires_ms = ARK_NO_EXPIRY;
	return r;
}

/* A piece with one record of each form; returns its length. refs: 128 bytes that outlive it. */
static size_t piece_of_all_forms(uint8_t *out, size_t cap, uint8_t *refs)
{
	static const struct arkf_ref two[] = { { .id.b = { 1 }, .len = 70000 },
					       { .id.b = { 2 }, .len = 5 } };
	struct ark_wr list = ark_wr(refs, 128);
	arkf_refs_encode_chunks(&list, two, 2);
	size_t chunks_len = list.len;
	arkf_refs_encode_recipe(&list, 2, &two[0].id);
	struct ark_wr wr = ark_wr(out, cap);
	arkf_spill_begin(&wr);
	for (uint8_t form = ARKF_SPILL_INLINE; form <= ARKF_SPILL_SAME; form++) {
		struct arkf_spill_rec r = sample(form);
		if (form == ARKF_SPILL_CHUNKS) {
			r.value = ark_span(refs, chunks_len);
			r.rec.value_len = 70005;
		} else if (form == ARKF_SPILL_RECIPE) {
			r.value = ark_span(refs + chunks_len, list.len - chunks_len);
		}
		arkf_spill_encode(&wr, &r);
	}
	arkf_spill_end(&wr);
	assert_false(wr.full);
	return wr.len;
}

static enum ark_rc walk(struct ark_span raw, unsigned *count)
{
	struct ark_rd rd;
	struct arkf_spill_rec r;
	*count = 0;
	enum ark_rc rc = arkf_spill_decode(&rd, raw, NULL);
	while (!rc && !(rc = arkf_spill_next(&rd, &r, NULL)))
		++*count;
	return rc;
}

static void records_of_every_form_come_back(void **state)
{
	(void)state;
	uint8_t mem[1024], refs[128];
	size_t len = piece_of_all_forms(mem, sizeof mem, refs);
	struct ark_rd rd;
	struct arkf_spill_rec r;
	assert_int_equal(arkf_spill_decode(&rd, ark_span(mem, len), NULL), ARK_OK);
	assert_int_equal(arkf_spill_next(&rd, &r, NULL), ARK_OK);
	assert_true(ark_span_eq(r.rec.key, ark_span_str("user:1")));
	assert_true(ark_span_eq(r.value, ark_span_str("hello")));
	assert_int_equal(r.seq, 300);
	assert_int_equal(r.rec.flags, 7);
	assert_true(r.rec.expires_ms == 1700000000000);
	unsigned count;
	assert_int_equal(walk(ark_span(mem, len), &count), ARK_NOTFOUND);
	assert_int_equal(count, 5);
}

static void every_truncation_of_a_piece_is_refused(void **state)
{
	(void)state;
	uint8_t mem[1024], refs[128];
	size_t len = piece_of_all_forms(mem, sizeof mem, refs);
	for (size_t cut = 0; cut < len; cut++) {
		unsigned count;
		assert_int_equal(walk(ark_span(mem, cut), &count), ARK_CORRUPT);
	}
}

static void bytes_behind_the_end_of_a_piece_are_refused(void **state)
{
	(void)state;
	uint8_t mem[1024], refs[128];
	size_t len = piece_of_all_forms(mem, sizeof mem, refs);
	mem[len] = 0;
	unsigned count;
	assert_int_equal(walk(ark_span(mem, len + 1), &count), ARK_CORRUPT);
}

static enum ark_rc outcome(const struct arkf_spill_rec *r)
{
	uint8_t mem[512];
	struct ark_wr wr = ark_wr(mem, sizeof mem);
	arkf_spill_begin(&wr);
	arkf_spill_encode(&wr, r);
	arkf_spill_end(&wr);
	assert_false(wr.full);
	unsigned count;
	return walk(ark_wr_span(&wr), &count);
}

static void a_record_that_contradicts_its_form_is_refused(void **state)
{
	(void)state;
	struct arkf_spill_rec r = sample(ARKF_SPILL_INLINE);
	r.rec.value_len = 6;
	assert_int_equal(outcome(&r), ARK_CORRUPT);
	r = sample(ARKF_SPILL_INLINE);
	r.rec.type = 0;
	assert_int_equal(outcome(&r), ARK_CORRUPT);
	r = sample(ARKF_SPILL_DELETED);
	assert_int_equal(outcome(&r), ARK_NOTFOUND);
	r.rec.flags = 1;
	assert_int_equal(outcome(&r), ARK_CORRUPT);
	r = sample(ARKF_SPILL_SAME);
	assert_int_equal(outcome(&r), ARK_NOTFOUND);
	r.digest[15] = 1;
	assert_int_equal(outcome(&r), ARK_CORRUPT);
	r = sample(ARKF_SPILL_SAME);
	r.form = 6;
	assert_int_equal(outcome(&r), ARK_UNSUPPORTED);
}

static void chunks_that_do_not_add_up_are_refused(void **state)
{
	(void)state;
	static const uint64_t lens[] = { 0, ARK_VALUE_MAX, 1048577 };
	uint8_t mem[64];
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		struct ark_wr wr = ark_wr(mem, sizeof mem);
		arkf_refs_encode_chunks(&wr, &(struct arkf_ref){ .len = lens[i] }, 1);
		struct arkf_spill_rec r = sample(ARKF_SPILL_CHUNKS);
		r.rec.value_len = lens[i];
		r.value = ark_wr_span(&wr);
		assert_int_equal(outcome(&r), ARK_CORRUPT);
	}
}

static void a_record_without_expiry_or_at_the_first_millisecond_comes_back(void **state)
{
	(void)state;
	static const uint64_t times[] = { ARK_NO_EXPIRY, 0, UINT64_MAX - 1 };
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		struct arkf_spill_rec r = sample(ARKF_SPILL_INLINE);
		r.rec.expires_ms = times[i];
		uint8_t mem[128];
		struct ark_wr wr = ark_wr(mem, sizeof mem);
		arkf_spill_encode(&wr, &r);
		struct ark_rd rd = ark_rd(ark_wr_span(&wr));
		assert_int_equal(arkf_spill_next(&rd, &r, NULL), ARK_OK);
		assert_true(r.rec.expires_ms == times[i]);
	}
}

static void order_is_space_then_key_then_sequence(void **state)
{
	(void)state;
	struct arkf_spill_rec a = sample(ARKF_SPILL_INLINE), b = a;
	assert_int_equal(arkf_spill_cmp(&a, &b), 0);
	b.seq++;
	assert_true(arkf_spill_cmp(&a, &b) < 0);
	a.rec.key = ark_span_str("user:10");
	assert_true(arkf_spill_cmp(&a, &b) > 0);
	b.rec.space = ark_span_str("1");
	assert_true(arkf_spill_cmp(&a, &b) < 0);
}

static void a_head_of_another_kind_or_cut_off_is_refused(void **state)
{
	(void)state;
	uint8_t mem[ARKF_SPILL_HEAD_LEN];
	struct ark_uid uid = { .b = { 9, 8, 7 } }, found;
	struct ark_wr wr = ark_wr(mem, sizeof mem);
	arkf_spill_head_encode(&wr, ARK_SUITE_XCHACHA, &uid);
	assert_int_equal(wr.len, sizeof mem);
	enum ark_suite suite;
	struct ark_rd rd = ark_rd(ark_wr_span(&wr));
	assert_int_equal(arkf_spill_head_decode(&rd, &suite, &found, NULL), ARK_OK);
	assert_int_equal(suite, ARK_SUITE_XCHACHA);
	assert_true(ark_uid_eq(&uid, &found));
	for (size_t cut = 0; cut < sizeof mem; cut++) {
		rd = ark_rd(ark_span(mem, cut));
		assert_int_equal(arkf_spill_head_decode(&rd, &suite, &found, NULL), ARK_CORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_every_form_come_back),
		cmocka_unit_test(every_truncation_of_a_piece_is_refused),
		cmocka_unit_test(bytes_behind_the_end_of_a_piece_are_refused),
		cmocka_unit_test(a_record_that_contradicts_its_form_is_refused),
		cmocka_unit_test(chunks_that_do_not_add_up_are_refused),
		cmocka_unit_test(a_record_without_expiry_or_at_the_first_millisecond_comes_back),
		cmocka_unit_test(order_is_space_then_key_then_sequence),
		cmocka_unit_test(a_head_of_another_kind_or_cut_off_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
