/*
 * test_open.c - opens what is sealed in spec/vectors with the keys that their titles name: so the
 * ciphers, key derivations and contexts agree with the program that made the vectors.
 *
 *   test_vectors_open TREE
 */
#include "format/config.h"
#include "libarchive-kv/keyset.h"
#include "libarchive-kv/ringbox.h"
#include "libarchive-kv/slot.h"
#include "tests/unit/cm.h"
#include "tests/vectors/files.h"

#include <stdio.h>

static struct vector_list list;

static struct ark_span vector(const char *path)
{
	for (size_t i = 0; i < list.count; i++)
		if (!strcmp(list.items[i].path, path))
			return ark_span(list.items[i].bytes, list.items[i].len);
	fail_msg("%s is missing", path);
	return ark_span(NULL, 0);
}

/* first, first + 1 ... */
static void counting(uint8_t *out, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(first + i);
}

static struct ark_uid repo_id(void)
{
	struct ark_uid repo;
	counting(repo.b, sizeof repo.b, 0xa0);
	return repo;
}

static void assert_slot_opens(const char *path, struct ark_span secret)
{
	struct ark_uid repo = repo_id();
	struct arkf_slot slot;
	struct ark_err err = { .text = "" };
	ARK_AUTO(ark_secret_release) struct ark_secret root = { .p = NULL };
	enum ark_rc rc = arkv_slot_decode(&slot, vector(path), NULL, &repo, &err);
	if (!rc)
		rc = arkv_slot_unseal(&root, &slot, secret, 0, &err);
	if (rc)
		fail_msg("%s: %s", path, err.text);
	uint8_t expected[32];
	counting(expected, sizeof expected, 0x40);
	assert_memory_equal(root.p, expected, sizeof expected);
}

static void the_slots_open_to_their_root_key(void **state)
{
	(void)state;
	uint8_t of_file[32], of_recipient[32];
	counting(of_file, sizeof of_file, 0x60);
	counting(of_recipient, sizeof of_recipient, 1);
	assert_slot_opens("slot/good-passphrase.hex", ark_span_str("correct horse"));
	assert_slot_opens("slot/good-keyfile.hex", ark_span(of_file, sizeof of_file));
	assert_slot_opens("slot/good-public.hex", ark_span(of_recipient, sizeof of_recipient));
}

static void the_ring_opens_to_its_body(void **state)
{
	(void)state;
	struct ark_uid repo = repo_id();
	uint8_t root[32];
	counting(root, sizeof root, 0x40);
	static const char *const rings[] = { "ring/good-first.hex", "ring/good-second.hex" };
	static const char *const bodies[] = { "ring-body/good-one-pair.hex",
					      "ring-body/good-two-of-one-number.hex" };
	for (uint32_t i = 0; i < 2; i++) {
		ARK_AUTO(ark_secret_release) struct ark_secret body = { .p = NULL };
		struct ark_err err = { .text = "" };
		if (arkv_ring_open(&body, vector(rings[i]), i + 1, &repo,
				   ark_span(root, sizeof root), &err))
			fail_msg("%s: %s", rings[i], err.text);
		assert_true(ark_span_eq(ark_secret_span(&body), vector(bodies[i])));
	}
}

static void assert_mac(const char *path, const uint8_t *k_auth)
{
	struct arkf_config config;
	struct ark_id sum;
	struct ark_span bytes = vector(path);
	assert_int_equal(arkf_config_decode(&config, bytes, NULL), ARK_OK);
	arkv_hash_keyed(sum.b, k_auth, ark_span(bytes.p, ARKF_CONFIG_MAC_OFF));
	assert_memory_equal(sum.b, config.mac.b, sizeof sum.b);
	arkv_hash(sum.b, ark_span(bytes.p, ARKF_CONFIG_CHECKSUM_OFF));
	assert_memory_equal(sum.b, config.checksum.b, sizeof sum.b);
}

static void the_sums_of_config_are_right(void **state)
{
	(void)state;
	struct ark_uid repo = repo_id();
	struct arkf_chunker sizes = arkf_chunker_default();
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *keys = NULL;
	assert_int_equal(arkv_keys_none(&keys, &repo, &sizes, NULL), ARK_OK);
	assert_mac("config/good-none.hex", arkv_keys_auth(keys));
	uint8_t k_auth[32];
	counting(k_auth, sizeof k_auth, 0x80);
	assert_mac("config/good-xchacha.hex", k_auth);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: test_vectors_open TREE\n");
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_slots_open_to_their_root_key),
		cmocka_unit_test(the_ring_opens_to_its_body),
		cmocka_unit_test(the_sums_of_config_are_right),
	};
	if (arkv_crypt_init(NULL))
		return 1;
	vector_list_load(&list, argv[1]);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	vector_list_free(&list);
	return failed;
}
