/* test_codec.c - compression and bodies (libarchive-kv/codec.h). */
#include "libarchive-kv/codec.h"
#include "tests/unit/cm.h"

#include <stdlib.h>
#include <zstd.h>

static struct arkv_codec *codec_of(int level)
{
	struct arkv_codec *codec = NULL;
	struct ark_err err = { 0 };
	if (arkv_codec_new(&codec, level, &err))
		fail_msg("%s", err.text);
	return codec;
}

/* Text-like bytes, or noise that does not compress. */
static uint8_t *sample(size_t len, bool noise)
{
	uint8_t *p = malloc(len + 1);
	assert_non_null(p);
	uint64_t x = 88172645463325252U;
	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = noise ? (uint8_t)(x >> 24) : (uint8_t)("user:session"[x >> 33 & 7]);
	}
	return p;
}

static void a_body_comes_back_at_every_level_and_size(void **state)
{
	(void)state;
	static const int levels[] = { -5, 0, 1, 3, 19 };
	static const size_t sizes[] = { 0, 1, 100, 65536, 1000000 };
	for (size_t i = 0; i < 5 * 5 * 2; i++) {
		ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = codec_of(levels[i / 10]);
		size_t len = sizes[i / 2 % 5];
		uint8_t *raw = sample(len, i % 2);
		struct ark_buf body, back;
		ark_buf_init(&body);
		ark_buf_init(&back);
		ark_wr_u8(&back.wr, 0xee); /* appended behind what is there */
		assert_int_equal(arkv_body_pack(codec, ark_span(raw, len), &body, NULL), ARK_OK);
		assert_true(body.wr.len <= len + 1 + ark_varint_len(len));
		assert_int_equal(arkv_body_unpack(codec, ark_buf_span(&body), len, &back, NULL),
				 ARK_OK);
		assert_int_equal(back.wr.len, len + 1);
		assert_int_equal(back.wr.p[0], 0xee);
		assert_memory_equal(back.wr.p + 1, raw, len);
		ark_buf_release(&body);
		ark_buf_release(&back);
		free(raw);
	}
}

static void noise_is_stored_and_text_is_compressed(void **state)
{
	(void)state;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = codec_of(1);
	ARK_AUTO(ark_buf_release) struct ark_buf out;
	ark_buf_init(&out);
	uint8_t *noise = sample(65536, true), *text = sample(65536, false);
	uint8_t id = 9;
	assert_int_equal(arkv_compress(codec, ark_span(noise, 65536), &id, &out, NULL), ARK_OK);
	assert_int_equal(id, 0);
	assert_int_equal(out.wr.len, 65536);
	ark_buf_clear(&out);
	assert_int_equal(arkv_compress(codec, ark_span(text, 65536), &id, &out, NULL), ARK_OK);
	assert_int_equal(id, 1);
	assert_true(out.wr.len < 40000);
	free(noise);
	free(text);
}

static void a_raw_length_above_the_limit_is_refused_before_it_is_allocated(void **state)
{
	(void)state;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = codec_of(1);
	ARK_AUTO(ark_buf_release) struct ark_buf out;
	ark_buf_init(&out);
	uint8_t mem[16];
	struct ark_wr wr = ark_wr(mem, sizeof mem);
	ark_wr_u8(&wr, 1);
	ark_wr_varint(&wr, UINT64_MAX);
	assert_int_equal(arkv_body_unpack(codec, ark_wr_span(&wr), 1 << 20, &out, NULL), ARK_LIMIT);
	assert_int_equal(out.wr.cap, 0);
}

static void an_unknown_codec_is_unsupported(void **state)
{
	(void)state;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = codec_of(1);
	ARK_AUTO(ark_buf_release) struct ark_buf out;
	ark_buf_init(&out);
	static const uint8_t body[] = { 2, 1, 'x' };
	assert_int_equal(arkv_body_unpack(codec, ark_span(body, sizeof body), 10, &out, NULL),
			 ARK_UNSUPPORTED);
}

static enum ark_rc unpack(struct arkv_codec *codec, uint8_t id, const void *p, size_t len,
			  size_t raw_len)
{
	ARK_AUTO(ark_buf_release) struct ark_buf out;
	ark_buf_init(&out);
	enum ark_rc rc = arkv_decompress(codec, id, ark_span(p, len), raw_len, &out, NULL);
	assert_int_equal(out.wr.len, rc ? 0 : raw_len);
	return rc;
}

static void bytes_of_another_length_than_announced_are_corrupt(void **state)
{
	(void)state;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = codec_of(1);
	uint8_t zeros[1000] = { 0 };
	ARK_AUTO(ark_buf_release) struct ark_buf z;
	ark_buf_init(&z);
	uint8_t id;
	assert_int_equal(arkv_compress(codec, ark_span(zeros, sizeof zeros), &id, &z, NULL),
			 ARK_OK);
	assert_int_equal(id, 1);
	assert_int_equal(unpack(codec, 1, z.wr.p, z.wr.len, 1000), ARK_OK);
	assert_int_equal(unpack(codec, 1, z.wr.p, z.wr.len, 999), ARK_CORRUPT);
	assert_int_equal(unpack(codec, 1, z.wr.p, z.wr.len, 1001), ARK_CORRUPT);
	assert_int_equal(unpack(codec, 0, "abc", 3, 3), ARK_OK);
	assert_int_equal(unpack(codec, 0, "abc", 3, 2), ARK_CORRUPT);
	assert_int_equal(unpack(codec, 0, "abc", 3, 4), ARK_CORRUPT);
	assert_int_equal(unpack(codec, 0, NULL, 0, 0), ARK_OK);
}

static void only_one_whole_zstd_frame_is_taken(void **state)
{
	(void)state;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = codec_of(1);
	uint8_t zeros[500] = { 0 }, two[300];
	size_t len = ZSTD_compress(two, sizeof two, zeros, sizeof zeros, 1);
	assert_false(ZSTD_isError(len));
	assert_int_equal(unpack(codec, 1, two, len, 500), ARK_OK);
	/* a second frame behind it, whose 500 bytes would make 1000 */
	memcpy(two + len, two, len);
	assert_int_equal(unpack(codec, 1, two, 2 * len, 1000), ARK_CORRUPT);
	/* a skippable frame before it */
	static const uint8_t skip[] = { 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 };
	memmove(two + sizeof skip, two, len);
	memcpy(two, skip, sizeof skip);
	assert_int_equal(unpack(codec, 1, two, sizeof skip + len, 500), ARK_CORRUPT);
	assert_int_equal(unpack(codec, 1, skip, sizeof skip, 0), ARK_CORRUPT);
	assert_int_equal(unpack(codec, 1, NULL, 0, 0), ARK_CORRUPT);
}

static void truncations_and_flips_never_give_another_length(void **state)
{
	(void)state;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = codec_of(3);
	uint8_t *text = sample(3000, false);
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ark_buf_init(&body);
	assert_int_equal(arkv_body_pack(codec, ark_span(text, 3000), &body, NULL), ARK_OK);
	ARK_AUTO(ark_buf_release) struct ark_buf out;
	ark_buf_init(&out);
	for (size_t len = 0; len < body.wr.len; len++)
		assert_int_not_equal(
			arkv_body_unpack(codec, ark_span(body.wr.p, len), 4096, &out, NULL),
			ARK_OK);
	for (size_t bit = 0; bit < body.wr.len * 8; bit++) {
		ark_buf_clear(&out);
		body.wr.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!arkv_body_unpack(codec, ark_buf_span(&body), 4096, &out, NULL))
			assert_true(out.wr.len <= 4096);
		else
			assert_int_equal(out.wr.len, 0);
		body.wr.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(text);
}

static void a_level_that_zstd_does_not_have_is_refused(void **state)
{
	(void)state;
	struct arkv_codec *codec = NULL;
	assert_int_equal(arkv_codec_new(&codec, 20, NULL), ARK_USAGE);
	assert_int_equal(arkv_codec_new(&codec, -10000000, NULL), ARK_USAGE);
	assert_null(codec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_comes_back_at_every_level_and_size),
		cmocka_unit_test(noise_is_stored_and_text_is_compressed),
		cmocka_unit_test(a_raw_length_above_the_limit_is_refused_before_it_is_allocated),
		cmocka_unit_test(an_unknown_codec_is_unsupported),
		cmocka_unit_test(bytes_of_another_length_than_announced_are_corrupt),
		cmocka_unit_test(only_one_whole_zstd_frame_is_taken),
		cmocka_unit_test(truncations_and_flips_never_give_another_length),
		cmocka_unit_test(a_level_that_zstd_does_not_have_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
