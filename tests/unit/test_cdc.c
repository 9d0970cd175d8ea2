/* test_cdc.c - where large values are cut (libarchive-kv/cdc.h, spec/19-cdc.md). */
#include "libarchive-kv/cdc.h"
#include "libarchive-kv/rand.h"
#include "tests/unit/cm.h"

#include <stdlib.h>

enum { LEN = 24 << 20 };

static struct arkv_cdc cdc_of(uint8_t key_byte)
{
	uint8_t k_cut[32] = { key_byte };
	struct arkf_chunker sizes = arkf_chunker_default();
	struct arkv_cdc cdc;
	arkv_cdc_init(&cdc, k_cut, &sizes);
	return cdc;
}

static uint8_t *random_bytes(uint64_t seed)
{
	uint8_t *bytes = malloc(LEN);
	assert_non_null(bytes);
	struct arkv_rand rand = arkv_rand_seeded(seed);
	arkv_rand_bytes(&rand, bytes, LEN);
	return bytes;
}

/* The offsets where chunks of bytes end; returns how many. */
static size_t cuts(const struct arkv_cdc *cdc, struct ark_span bytes, size_t *ends, size_t max)
{
	size_t count = 0;
	for (size_t off = 0; off < bytes.len && count < max; count++) {
		off += arkv_cdc_cut(cdc, ark_span(bytes.p + off, bytes.len - off));
		ends[count] = off;
	}
	return count;
}

static void chunks_keep_to_their_sizes(void **state)
{
	(void)state;
	struct arkv_cdc cdc = cdc_of(1);
	uint8_t *bytes = random_bytes(7);
	size_t ends[1024];
	size_t count = cuts(&cdc, ark_span(bytes, LEN), ends, 1024);
	for (size_t i = 0; i + 1 < count; i++) {
		size_t len = ends[i] - (i ? ends[i - 1] : 0);
		assert_true(len > cdc.sizes.cdc_min && len <= cdc.sizes.cdc_max);
	}
	/* around the average that the sizes ask for */
	assert_in_range(LEN / count, cdc.sizes.cdc_avg / 2, cdc.sizes.cdc_avg * 2);
	free(bytes);
}

static void an_insertion_changes_only_the_chunks_around_it(void **state)
{
	(void)state;
	struct arkv_cdc cdc = cdc_of(1);
	uint8_t *bytes = random_bytes(8);
	uint8_t *changed = malloc(LEN + 100);
	assert_non_null(changed);
	memcpy(changed, bytes, LEN / 2);
	memset(changed + LEN / 2, 'x', 100);
	memcpy(changed + LEN / 2 + 100, bytes + LEN / 2, LEN / 2);
	size_t a[1024];
	size_t b[1024];
	size_t a_count = cuts(&cdc, ark_span(bytes, LEN), a, 1024);
	size_t b_count = cuts(&cdc, ark_span(changed, LEN + 100), b, 1024);
	size_t head = 0;
	while (a[head] == b[head])
		head++;
	size_t tail = 0;
	while (tail < a_count && tail < b_count &&
	       a[a_count - 1 - tail] + 100 == b[b_count - 1 - tail])
		tail++;
	assert_true(a[head] > LEN / 2 - 2 * cdc.sizes.cdc_max);
	assert_true(head + tail + 6 >= a_count);
	free(bytes);
	free(changed);
}

static void another_key_cuts_elsewhere(void **state)
{
	(void)state;
	struct arkv_cdc one = cdc_of(1);
	struct arkv_cdc two = cdc_of(2);
	uint8_t *bytes = random_bytes(9);
	assert_int_not_equal(arkv_cdc_cut(&one, ark_span(bytes, LEN)),
			     arkv_cdc_cut(&two, ark_span(bytes, LEN)));
	free(bytes);
}

static void a_constant_value_is_cut_at_the_maximum(void **state)
{
	(void)state;
	struct arkv_cdc cdc = cdc_of(1);
	uint8_t *zeros = calloc(1, LEN);
	assert_non_null(zeros);
	assert_int_equal(arkv_cdc_cut(&cdc, ark_span(zeros, LEN)), cdc.sizes.cdc_max);
	assert_int_equal(arkv_cdc_cut(&cdc, ark_span(zeros, 10)), 10);
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_keep_to_their_sizes),
		cmocka_unit_test(an_insertion_changes_only_the_chunks_around_it),
		cmocka_unit_test(another_key_cuts_elsewhere),
		cmocka_unit_test(a_constant_value_is_cut_at_the_maximum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
