/* test_digest.c - record digests and their sums (libarchive-kv/digest.h, spec/01-record.md). */
#include "libarchive-kv/crypt.h"
#include "libarchive-kv/digest.h"
#include "tests/unit/cm.h"

static const uint8_t k_dig[32] = { 3 };

static struct ark_record record(const char *space, const char *key, uint64_t value_len)
{
	return (struct ark_record){
		.space = ark_span_str(space),
		.key = ark_span_str(key),
		.expires_ms = ARK_NO_EXPIRY,
		.value_len = value_len,
		.type = ARK_TYPE_STRING,
	};
}

static void digest(const struct ark_record *r, const char *value, uint8_t h[ARKV_DIGEST_LEN])
{
	struct arkv_digester d;
	arkv_digester_init(&d, k_dig);
	arkv_digest_value(&d, r, ark_span_str(value), h);
}

/* The spec's formula, byte by byte. */
static void the_value_digest_is_what_the_spec_says(void **state)
{
	(void)state;
	struct ark_record r = record("s", "key", 5);
	uint8_t h[ARKV_DIGEST_LEN];
	digest(&r, "value", h);
	static const char bytes[] = "valuekeys\x01\x05\0\0\0\0\0\0\0\x03\0\0\0\x01\0\0\0";
	uint8_t want[ARKV_DIGEST_LEN];
	arkv_hash_keyed16(want, k_dig, ark_span(bytes, sizeof bytes - 1));
	assert_memory_equal(h, want, sizeof h);
}

static void a_value_in_pieces_has_the_same_digest(void **state)
{
	(void)state;
	struct ark_record r = record("", "k", 6);
	uint8_t whole[ARKV_DIGEST_LEN];
	digest(&r, "abcdef", whole);
	struct arkv_value_hash vh;
	uint8_t pieces[ARKV_DIGEST_LEN];
	arkv_value_hash_begin(&vh, k_dig);
	arkv_value_hash_update(&vh, ark_span_str("ab"));
	arkv_value_hash_update(&vh, ark_span_str(""));
	arkv_value_hash_update(&vh, ark_span_str("cdef"));
	arkv_value_hash_end(&vh, &r, pieces);
	assert_memory_equal(whole, pieces, sizeof whole);
}

static void moving_a_byte_between_fields_changes_the_digest(void **state)
{
	(void)state;
	struct ark_record a = record("sp", "ace", 1);
	struct ark_record b = record("spa", "ce", 1);
	struct ark_record c = record("sp", "ac", 2);
	uint8_t ha[ARKV_DIGEST_LEN];
	uint8_t hb[ARKV_DIGEST_LEN];
	uint8_t hc[ARKV_DIGEST_LEN];
	digest(&a, "v", ha);
	digest(&b, "v", hb);
	digest(&c, "ve", hc);
	assert_memory_not_equal(ha, hb, sizeof ha);
	assert_memory_not_equal(ha, hc, sizeof ha);
}

static void sums_do_not_depend_on_order_and_add_up(void **state)
{
	(void)state;
	struct arkv_digester d;
	arkv_digester_init(&d, k_dig);
	struct arkf_digests forth = { 0 };
	struct arkf_digests back = { 0 };
	struct arkf_digests parts[2] = { 0 };
	for (int i = 0; i < 100; i++) {
		struct ark_record r = record("", i % 2 ? "a" : "b", (uint64_t)i);
		if (i % 3 == 0)
			r.expires_ms = (uint64_t)i;
		uint8_t h[ARKV_DIGEST_LEN] = { (uint8_t)i };
		arkv_digests_add(&d, &forth, &r, h);
		arkv_digests_add(&d, &parts[i % 2], &r, h);
	}
	for (int i = 99; i >= 0; i--) {
		struct ark_record r = record("", i % 2 ? "a" : "b", (uint64_t)i);
		if (i % 3 == 0)
			r.expires_ms = (uint64_t)i;
		uint8_t h[ARKV_DIGEST_LEN] = { (uint8_t)i };
		arkv_digests_add(&d, &back, &r, h);
	}
	assert_true(arkv_digests_equal(&forth, &back));
	arkv_digests_merge(&parts[0], &parts[1]);
	assert_true(arkv_digests_equal(&forth, &parts[0]));
}

static void attributes_count_in_the_full_sums_alone(void **state)
{
	(void)state;
	struct arkv_digester d;
	arkv_digester_init(&d, k_dig);
	struct ark_record plain = record("", "k", 1);
	struct ark_record flagged = plain;
	flagged.flags = 1;
	uint8_t h[ARKV_DIGEST_LEN];
	digest(&plain, "v", h);
	struct arkf_digests a = { 0 };
	struct arkf_digests b = { 0 };
	arkv_digests_add(&d, &a, &plain, h);
	arkv_digests_add(&d, &b, &flagged, h);
	assert_memory_equal(a.content, b.content, 32);
	assert_memory_equal(a.content, a.full, 32);
	assert_memory_not_equal(a.full, b.full, 32);
}

int main(void)
{
	struct ark_err err;
	if (arkv_crypt_init(&err))
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_value_digest_is_what_the_spec_says),
		cmocka_unit_test(a_value_in_pieces_has_the_same_digest),
		cmocka_unit_test(moving_a_byte_between_fields_changes_the_digest),
		cmocka_unit_test(sums_do_not_depend_on_order_and_add_up),
		cmocka_unit_test(attributes_count_in_the_full_sums_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
