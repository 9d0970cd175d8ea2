/* test_sealed_io.c - objects that are one box (libarchive-kv/sealed_io.h). */
#include "format/gc.h"
#include "format/places.h"
#include "libarchive-kv/keyset.h"
#include "libarchive-kv/sealed_io.h"
#include "tests/unit/cm.h"

#include <stdlib.h>

static const struct ark_uid repo = { .b = "0123456789abcde" };
static const struct arkv_sealed_kind gc_kind = { &arkf_gc_shape, ARKV_BOX_GC, 1000 };
static const struct arkv_sealed_kind places_kind = { &arkf_places_shape, ARKV_BOX_PLACES, 1000 };

struct fix {
	struct arkv_keys *keys;
	struct arkv_codec *codec;
	struct ark_buf object;
	struct ark_buf raw;
};

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof *f);
	struct arkf_chunker sizes = arkf_chunker_default();
	if (!f || arkv_keys_generate(&f->keys, &repo, &sizes, NULL) ||
	    arkv_codec_new(&f->codec, 1, NULL))
		return -1;
	ark_buf_init(&f->object);
	ark_buf_init(&f->raw);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;
	arkv_keys_freep(&f->keys);
	arkv_codec_freep(&f->codec);
	ark_buf_release(&f->object);
	ark_buf_release(&f->raw);
	free(f);
	return 0;
}

static uint8_t context_bytes[ARKF_GC_CONTEXT_LEN] = { 7 };

static void make(struct fix *f, const struct arkv_sealed_kind *kind)
{
	struct ark_span context = ark_span(context_bytes, kind->shape->context_len);
	assert_int_equal(arkv_sealed_make(&f->object, kind, f->keys, f->codec, context,
					  ark_span_str("the body"), NULL),
			 ARK_OK);
}

static enum ark_rc open_it(struct fix *f, const struct arkv_sealed_kind *kind, size_t len)
{
	struct ark_span context;
	ark_buf_clear(&f->raw);
	return arkv_sealed_open(&f->raw, &context, kind, f->keys, f->codec,
				ark_span(f->object.wr.p, len), NULL);
}

static void what_was_sealed_opens(void **state)
{
	struct fix *f = *state;
	struct ark_span context;
	make(f, &gc_kind);
	assert_int_equal(arkv_sealed_open(&f->raw, &context, &gc_kind, f->keys, f->codec,
					  ark_buf_span(&f->object), NULL),
			 ARK_OK);
	assert_true(ark_span_eq(ark_buf_span(&f->raw), ark_span_str("the body")));
	assert_true(ark_span_eq(context, ark_span(context_bytes, sizeof context_bytes)));
}

static void every_flipped_bit_and_every_truncation_is_refused(void **state)
{
	struct fix *f = *state;
	const struct arkv_sealed_kind *kinds[] = { &gc_kind, &places_kind };
	for (int k = 0; k < 2; k++) {
		ark_buf_clear(&f->object);
		make(f, kinds[k]);
		const size_t len = f->object.wr.len;
		for (size_t i = 0; i < len; i++)
			assert_int_not_equal(open_it(f, kinds[k], i), ARK_OK);
		for (size_t bit = 0; bit < len * 8; bit++) {
			f->object.wr.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_not_equal(open_it(f, kinds[k], len), ARK_OK);
			f->object.wr.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(open_it(f, kinds[k], len), ARK_OK);
	}
}

static void an_object_of_another_suite_is_refused(void **state)
{
	struct fix *f = *state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *plain = NULL;
	struct arkf_chunker sizes = arkf_chunker_default();
	assert_int_equal(arkv_keys_none(&plain, &repo, &sizes, NULL), ARK_OK);
	assert_int_equal(arkv_sealed_make(&f->object, &places_kind, plain, f->codec,
					  ark_span(NULL, 0), ark_span_str("x"), NULL),
			 ARK_OK);
	assert_int_equal(open_it(f, &places_kind, f->object.wr.len), ARK_AUTH);
}

static void a_body_above_its_limit_is_neither_made_nor_opened(void **state)
{
	struct fix *f = *state;
	static const uint8_t zeros[1001];
	const struct arkv_sealed_kind wide = { &arkf_places_shape, ARKV_BOX_PLACES, 2000 };
	struct ark_span raw = ark_span(zeros, sizeof zeros);
	assert_int_equal(arkv_sealed_make(&f->object, &places_kind, f->keys, f->codec,
					  ark_span(NULL, 0), raw, NULL),
			 ARK_LIMIT);
	assert_int_equal(arkv_sealed_make(&f->object, &wide, f->keys, f->codec, ark_span(NULL, 0),
					  raw, NULL),
			 ARK_OK);
	assert_int_equal(open_it(f, &places_kind, f->object.wr.len), ARK_LIMIT);
	assert_int_equal(open_it(f, &wide, f->object.wr.len), ARK_OK);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_sealed_opens),
		T(every_flipped_bit_and_every_truncation_is_refused),
		T(an_object_of_another_suite_is_refused),
		T(a_body_above_its_limit_is_neither_made_nor_opened),
	};
	return cmocka_run_group_tests_name("sealed_io", tests, NULL, NULL);
}
