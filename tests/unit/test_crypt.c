/*
 * test_crypt.c - boxes, ids, hashes and key bytes (libarchive-kv/crypt.h, secret.h).
 *
 * The answers come from draft-irtf-cfrg-xchacha-03 (A.3), FIPS 180-4, the SipHash paper, and, for
 * the inputs of spec/02-seal.md, from an implementation of the same algorithms in another language.
 */
#include "libarchive-kv/crypt.h"
#include "libarchive-kv/secret.h"
#include "tests/unit/cm.h"

#include <sodium.h>
#include <stdlib.h>

static uint8_t key[32]; /* 00 01 .. 1f */
static struct ark_uid repo;
static struct ark_uid datakey;
static uint8_t context[32];
static const char plain_text[] = "one box of bytes";

static const char box_xchacha[] = "404142434445464748494a4b4c4d4e4f5051525354555657"
				  "bb576050b28f0136e092a7dcd6e800e1facbf5ac387b3043"
				  "b80a5df41d994dfd";
static const char box_none[] = "000000000000000000000000000000000000000000000000"
			       "6f6e6520626f78206f6620627974657398decb1cb8def98c"
			       "8cf0ebcc26739aad";

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof repo.b; i++) {
		repo.b[i] = (uint8_t)(0x10 + i);
		datakey.b[i] = (uint8_t)(0x20 + i);
	}
	memset(context, 1, sizeof context);
	return arkv_crypt_init(NULL) ? -1 : 0;
}

static struct arkv_box_for frame_of(enum ark_suite suite)
{
	return (struct arkv_box_for){ .repo = &repo,
				      .datakey = &datakey,
				      .context = ark_span(context, sizeof context),
				      .suite = suite,
				      .type = ARKV_BOX_FRAME };
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *hex)
{
	char text[256];
	assert_true(2 * len < sizeof text);
	sodium_bin2hex(text, sizeof text, bytes, len);
	assert_string_equal(text, hex);
}

static size_t from_hex(uint8_t *out, size_t cap, const char *hex)
{
	size_t len = 0;
	assert_int_equal(sodium_hex2bin(out, cap, hex, strlen(hex), NULL, &len, NULL), 0);
	return len;
}

static void the_cipher_gives_the_answer_of_its_draft(void **state)
{
	(void)state;
	static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
				   "only one tip for the future, sunscreen would be it.";
	static const uint8_t aad[] = { 0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1,
				       0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7 };
	uint8_t k[32], nonce[24], out[sizeof text - 1 + 16];
	for (size_t i = 0; i < sizeof k; i++)
		k[i] = (uint8_t)(0x80 + i);
	for (size_t i = 0; i < sizeof nonce; i++)
		nonce[i] = (uint8_t)(0x40 + i);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		out, NULL, (const uint8_t *)text, sizeof text - 1, aad, sizeof aad, NULL, nonce, k);
	assert_hex(out, 8, "bd6d179d3e83d43b");
	assert_hex(out + sizeof text - 1, 16, "c0875924c1c7987947deafd8780acf49");
}

static void known_boxes_open(void **state)
{
	(void)state;
	static const char *const boxes[] = { box_none, box_xchacha };
	for (int suite = ARK_SUITE_NONE; suite <= ARK_SUITE_XCHACHA; suite++) {
		uint8_t box[128], out[sizeof plain_text - 1];
		size_t len = from_hex(box, sizeof box, boxes[suite]);
		struct arkv_box_for what = frame_of((enum ark_suite)suite);
		struct ark_err err = { 0 };
		assert_int_equal(arkv_box_open(out, ark_span(box, len), key, &what, &err), ARK_OK);
		assert_memory_equal(out, plain_text, sizeof out);
		/* and in place */
		assert_int_equal(arkv_box_open(box + ARKV_BOX_NONCE_LEN, ark_span(box, len), key,
					       &what, &err),
				 ARK_OK);
		assert_memory_equal(box + ARKV_BOX_NONCE_LEN, plain_text, sizeof out);
	}
}

static void a_box_without_encryption_has_one_spelling(void **state)
{
	(void)state;
	uint8_t box[sizeof plain_text - 1 + ARKV_BOX_EXTRA];
	struct arkv_box_for what = frame_of(ARK_SUITE_NONE);
	arkv_box_seal(box, ark_span(plain_text, sizeof plain_text - 1), key, &what);
	assert_hex(box, sizeof box, box_none);
}

static void what_is_sealed_opens_again_at_any_size(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 4096, 70000 };
	uint8_t *plain = malloc(70000), *box = malloc(70000 + ARKV_BOX_EXTRA);
	assert_non_null(plain);
	assert_non_null(box);
	for (size_t i = 0; i < 70000; i++)
		plain[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] * 2; i++) {
		size_t len = sizes[i / 2];
		struct arkv_box_for what = frame_of(i % 2 ? ARK_SUITE_XCHACHA : ARK_SUITE_NONE);
		what.datakey = NULL;
		what.context = ark_span(NULL, 0);
		arkv_box_seal(box, ark_span(len ? plain : NULL, len), key, &what);
		struct ark_span sealed = ark_span(box, len + ARKV_BOX_EXTRA);
		assert_int_equal(arkv_box_open(box + ARKV_BOX_NONCE_LEN, sealed, key, &what, NULL),
				 ARK_OK);
		assert_memory_equal(box + ARKV_BOX_NONCE_LEN, plain, len);
	}
	free(plain);
	free(box);
}

static void no_two_seals_share_a_nonce(void **state)
{
	(void)state;
	uint8_t a[ARKV_BOX_EXTRA + 4], b[ARKV_BOX_EXTRA + 4];
	struct arkv_box_for what = frame_of(ARK_SUITE_XCHACHA);
	arkv_box_seal(a, ark_span("abcd", 4), key, &what);
	arkv_box_seal(b, ark_span("abcd", 4), key, &what);
	assert_memory_not_equal(a, b, ARKV_BOX_NONCE_LEN);
	assert_memory_not_equal(a + ARKV_BOX_NONCE_LEN, b + ARKV_BOX_NONCE_LEN, 4);
}

static void a_box_is_bound_to_every_part_of_what_it_is_for(void **state)
{
	(void)state;
	for (int suite = ARK_SUITE_NONE; suite <= ARK_SUITE_XCHACHA; suite++) {
		uint8_t box[ARKV_BOX_EXTRA + 16], out[16], other_key[32];
		struct arkv_box_for made = frame_of((enum ark_suite)suite);
		arkv_box_seal(box, ark_span(plain_text, 16), key, &made);
		struct ark_uid other_uid = repo;
		other_uid.b[15] ^= 1;
		memcpy(other_key, key, sizeof key);
		other_key[0] ^= 1;
		struct arkv_box_for wrong[7];
		for (size_t i = 0; i < 7; i++)
			wrong[i] = made;
		wrong[0].repo = &other_uid;
		wrong[1].suite = (enum ark_suite) !suite;
		wrong[2].type = ARKV_BOX_PAGE;
		wrong[3].datakey = &other_uid;
		wrong[4].datakey = NULL;
		wrong[5].context.len--;
		wrong[6].context = ark_span(key, 32);
		struct ark_err err;
		for (size_t i = 0; i < 7; i++) {
			err.rc = ARK_OK;
			assert_int_equal(
				arkv_box_open(out, ark_span(box, sizeof box), key, &wrong[i], &err),
				ARK_AUTH);
			assert_int_equal(err.rc, ARK_AUTH);
		}
		assert_int_equal(
			arkv_box_open(out, ark_span(box, sizeof box), other_key, &made, &err),
			ARK_AUTH);
		assert_int_equal(arkv_box_open(out, ark_span(box, sizeof box), key, &made, &err),
				 ARK_OK);
	}
}

static void every_flipped_bit_of_a_box_is_noticed(void **state)
{
	(void)state;
	for (int suite = ARK_SUITE_NONE; suite <= ARK_SUITE_XCHACHA; suite++) {
		uint8_t box[ARKV_BOX_EXTRA + 16], out[16];
		struct arkv_box_for what = frame_of((enum ark_suite)suite);
		arkv_box_seal(box, ark_span(plain_text, 16), key, &what);
		for (size_t bit = 0; bit < sizeof box * 8; bit++) {
			box[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(
				arkv_box_open(out, ark_span(box, sizeof box), key, &what, NULL),
				ARK_AUTH);
			box[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void every_shortened_box_is_refused(void **state)
{
	(void)state;
	for (int suite = ARK_SUITE_NONE; suite <= ARK_SUITE_XCHACHA; suite++) {
		uint8_t box[ARKV_BOX_EXTRA + 16], out[16];
		struct arkv_box_for what = frame_of((enum ark_suite)suite);
		arkv_box_seal(box, ark_span(plain_text, 16), key, &what);
		for (size_t len = 0; len < sizeof box; len++)
			assert_int_equal(arkv_box_open(out, ark_span(box, len), key, &what, NULL),
					 len < ARKV_BOX_EXTRA ? ARK_CORRUPT : ARK_AUTH);
	}
}

static void hashes_and_ids_have_their_known_answers(void **state)
{
	(void)state;
	uint8_t out[32];
	struct ark_id id;
	struct ark_span abc = ark_span_str("abc");
	arkv_hash(out, abc);
	assert_hex(out, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	arkv_hash_keyed(out, key, abc);
	assert_hex(out, 32, "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
	arkv_hash_keyed16(out, key, abc);
	assert_hex(out, 16, "1a64be47e4729d951c302ee543f97cf3");
	arkv_key_derive(out, key, "arkv-id");
	assert_hex(out, 32, "fccc98cb40727b6eb4f3162f0288c4b6aec4cdc19b2356469625b9b26d4ae438");
	arkv_key_of_repo(out, &repo, "arkv-id");
	assert_hex(out, 32, "a970535b29ee5c65e1da7d06c9f27f09f55cc560eb4ae2a37c01e2672b1ec899");
	arkv_id_of(&id, key, ARKV_ID_CHUNK, abc);
	assert_hex(id.b, 32, "93727364f60538ef7561df9923c428f8396876a6c69c7fa01e269885af1ab17c");
	uint8_t *big = malloc(65536);
	assert_non_null(big);
	for (size_t i = 0; i < 65536; i++)
		big[i] = (uint8_t)(i % 251);
	arkv_id_of(&id, key, ARKV_ID_BLOCK, ark_span(big, 65536));
	free(big);
	assert_hex(id.b, 32, "4a20f9e692a577d91ca94de7ae68456329db454aa3a58b0323ee0e13797a60c8");
}

static void sha256_has_its_known_answers_in_one_piece_and_in_many(void **state)
{
	(void)state;
	static const char million[] =
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
	struct ark_id id;
	arkv_sha256_of(&id, ark_span(NULL, 0));
	assert_hex(id.b, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	arkv_sha256_of(&id, ark_span_str("abc"));
	assert_hex(id.b, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	uint8_t thousand[1000];
	memset(thousand, 'a', sizeof thousand);
	struct arkv_sha256 *sha = NULL;
	assert_int_equal(arkv_sha256_new(&sha, NULL), ARK_OK);
	for (int round = 0; round < 2; round++) { /* final starts anew */
		for (int i = 0; i < 1000; i++)
			arkv_sha256_update(sha, ark_span(thousand, sizeof thousand));
		arkv_sha256_update(sha, ark_span(NULL, 0));
		arkv_sha256_final(sha, &id);
		assert_hex(id.b, 32, million);
	}
	arkv_sha256_freep(&sha);
	assert_null(sha);
	arkv_sha256_freep(&sha);
}

static void key_hashes_are_siphash_over_the_length_prefixed_space(void **state)
{
	(void)state;
	/* the vector of the paper, 00 01 .. 0e: its first byte is the length of an empty space */
	uint64_t hash = arkv_cut_hash(key, ark_span(NULL, 0), ark_span(key + 1, 14));
	assert_true(hash == UINT64_C(0xa129ca6149be45e5));
	hash = arkv_filter_hash(key, ark_span_str("db0"), ark_span_str("user:1"));
	assert_true(hash == UINT64_C(0x8dca4f1e4c42dd68));
	uint8_t *longest = malloc(1024 + 65535);
	assert_non_null(longest);
	memset(longest, 's', 1024);
	memset(longest + 1024, 'k', 65535);
	hash = arkv_cut_hash(key, ark_span(longest, 1024), ark_span(longest + 1024, 65535));
	free(longest);
	assert_true(hash == UINT64_C(0x180faedc44b3e1c6));
}

static void equal_bytes_are_equal(void **state)
{
	(void)state;
	assert_true(arkv_bytes_equal("abc", "abc", 3));
	assert_false(arkv_bytes_equal("abc", "abd", 3));
	assert_true(arkv_bytes_equal("abc", "abd", 2));
}

static void a_secret_starts_as_zeros_and_is_empty_after_release(void **state)
{
	(void)state;
	struct ark_secret secret = { 0 };
	assert_int_equal(ark_secret_new(&secret, 100, NULL), ARK_OK);
	assert_int_equal(secret.len, 100);
	assert_true(sodium_is_zero(secret.p, 100));
	ark_secret_release(&secret);
	assert_null(secret.p);
	assert_int_equal(secret.len, 0);
	ark_secret_release(&secret);
	assert_int_equal(ark_secret_copy(&secret, ark_span_str("pass"), NULL), ARK_OK);
	assert_true(ark_span_eq(ark_secret_span(&secret), ark_span_str("pass")));
	ark_secret_release(&secret);
	ark_secret_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cipher_gives_the_answer_of_its_draft),
		cmocka_unit_test(known_boxes_open),
		cmocka_unit_test(a_box_without_encryption_has_one_spelling),
		cmocka_unit_test(what_is_sealed_opens_again_at_any_size),
		cmocka_unit_test(no_two_seals_share_a_nonce),
		cmocka_unit_test(a_box_is_bound_to_every_part_of_what_it_is_for),
		cmocka_unit_test(every_flipped_bit_of_a_box_is_noticed),
		cmocka_unit_test(every_shortened_box_is_refused),
		cmocka_unit_test(hashes_and_ids_have_their_known_answers),
		cmocka_unit_test(sha256_has_its_known_answers_in_one_piece_and_in_many),
		cmocka_unit_test(key_hashes_are_siphash_over_the_length_prefixed_space),
		cmocka_unit_test(equal_bytes_are_equal),
		cmocka_unit_test(a_secret_starts_as_zeros_and_is_empty_after_release),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
