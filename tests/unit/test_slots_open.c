/* test_slots_open.c - opening a repository: what opens it, what does not, and what it costs
 * (libarchive-kv/slots.h). */
#include "libarchive-kv/store_latency.h"
#include "tests/unit/slots_repo.h"

static void a_new_repository_opens_by_its_passphrase(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(arkv_unlocked_release) struct arkv_unlocked u = { .keys = NULL };
	struct arkv_unlock unlock = with_passphrase("first");
	struct ark_err err = { .text = "" };
	ok(arkv_slots_open(&u, r.store, &unlock, &err), &err);
	assert_memory_equal(u.root.p, r.owner.root.p, 32);
	assert_true(u.has_slot && ark_uid_eq(&u.slot, &r.made.uid));
	assert_true(ark_uid_eq(&u.pin, &r.owner.pin));
	assert_int_equal(u.config.nest[ARKF_NS_PACKS].write, 2);
	assert_true(arkv_keys_can_read(u.keys));
	ARK_AUTO(arkv_dk_release) struct arkv_dk dk = { .key.p = NULL };
	const uint8_t *key = NULL;
	assert_int_equal(arkv_dk_new(&dk, r.owner.keys, NULL), ARK_OK);
	assert_int_equal(arkv_dk_open(&key, u.keys, &dk.record, NULL), ARK_OK);
}

static void a_wrong_or_missing_passphrase_is_refused_with_its_own_words(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	struct arkv_unlock wrong = with_passphrase("First"), empty = with_passphrase("");
	assert_refused(&r, &wrong, ARK_AUTH, "wrong passphrase");
	assert_refused(&r, &empty, ARK_AUTH, "wrong passphrase");
	assert_refused(&r, NULL, ARK_AUTH, "give its passphrase or a key file");
}

static void opening_takes_four_requests(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	struct arkv_unlock unlock = with_passphrase("first");
	arkv_counter_reset(r.counter);
	assert_opens(&r, &unlock);
	struct arkv_counts counts = arkv_counter_read(r.counter);
	assert_int_equal(counts.calls, 4);
	/* with three more slots and a hint it stays so */
	for (int i = 0; i < 3; i++) {
		ARK_AUTO(arkv_slot_made_release)
		struct arkv_slot_made made = { .key_file.p = NULL };
		struct arkv_slot_new what = cheap("another", 2 + i);
		add(&r, &made, &what);
	}
	unlock.slot_hint = &r.made.uid;
	arkv_counter_reset(r.counter);
	assert_opens(&r, &unlock);
	counts = arkv_counter_read(r.counter);
	assert_int_equal(counts.calls, 4);
}

static void independent_requests_run_at_once(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	struct arkv_latency latency = { .latency_us = 50000 };
	struct arkv_counter *counter = NULL;
	assert_int_equal(arkv_store_latency(&r.store, latency, arkv_clock_system(), NULL), ARK_OK);
	assert_int_equal(arkv_store_count(&r.store, &counter, NULL), ARK_OK);
	struct arkv_unlock unlock = with_passphrase("first");
	assert_opens(&r, &unlock);
	struct arkv_counts counts = arkv_counter_read(counter);
	assert_int_equal(counts.calls, 4);
	assert_int_equal(counts.trips, 2);
	assert_int_equal(counts.peak_parallel, 2);
}

static void a_stale_hint_costs_a_trip_and_no_more(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct arkv_slot_new what = cheap("second", 2);
	add(&r, &made, &what);
	struct arkv_unlock unlock = with_passphrase("second");
	unlock.slot_hint = &r.made.uid; /* of the other passphrase */
	arkv_counter_reset(r.counter);
	assert_opens(&r, &unlock);
	assert_int_equal(arkv_counter_read(r.counter).calls, 5);
	struct ark_uid gone = { .b = "was removed" };
	unlock.slot_hint = &gone;
	assert_opens(&r, &unlock);
}

static void a_slot_with_any_bit_flipped_is_damaged_and_not_a_wrong_passphrase(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	char name[ARKV_NAME_MAX + 1];
	slot_name(name, &r.made.uid);
	ARK_AUTO(ark_buf_release) struct ark_buf slot;
	get(&r, name, &slot);
	struct arkv_unlock unlock = with_passphrase("first");
	for (size_t bit = 0; bit < slot.wr.len * 8; bit += 1 + bit % 3) {
		slot.wr.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		replace(&r, name, ark_buf_span(&slot));
		assert_refused(&r, &unlock, ARK_CORRUPT, "is damaged");
		slot.wr.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < slot.wr.len; len += 7) {
		replace(&r, name, ark_span(slot.wr.p, len));
		assert_refused(&r, &unlock, ARK_CORRUPT, "is damaged");
	}
	replace(&r, name, ark_buf_span(&slot));
	assert_opens(&r, &unlock);
}

static void a_damaged_slot_does_not_keep_the_others_from_opening(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct arkv_slot_new what = cheap("second", 2);
	add(&r, &made, &what);
	char name[ARKV_NAME_MAX + 1];
	slot_name(name, &r.made.uid);
	replace(&r, name, ark_span_str("rubble"));
	struct arkv_unlock second = with_passphrase("second"), first = with_passphrase("first");
	assert_opens(&r, &second);
	assert_refused(&r, &first, ARK_AUTH, "wrong passphrase; and key slot");
}

static void a_slot_of_another_repository_is_foreign(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	ARK_AUTO(repo_free) struct repo other;
	repo_make(&r, ARK_SUITE_XCHACHA);
	repo_make(&other, ARK_SUITE_XCHACHA);
	char ours[ARKV_NAME_MAX + 1], theirs[ARKV_NAME_MAX + 1];
	slot_name(ours, &r.made.uid);
	slot_name(theirs, &other.made.uid);
	ARK_AUTO(ark_buf_release) struct ark_buf slot;
	get(&other, theirs, &slot);
	struct arkv_unlock unlock = with_passphrase("first");
	replace(&r, ours, ark_buf_span(&slot)); /* under our slot's name: not what it says */
	assert_refused(&r, &unlock, ARK_CORRUPT, "it holds key slot");
	assert_int_equal(arkv_store_remove(r.store, ours, NULL), ARK_OK);
	assert_int_equal(arkv_store_put(r.store, theirs, ark_buf_span(&slot), NULL), ARK_OK);
	char text[200];
	snprintf(text, sizeof text, "this key belongs to repository %s, this is repository %s",
		 ark_uid_hex(&other.owner.config.repo).s, ark_uid_hex(&r.owner.config.repo).s);
	assert_refused(&r, &unlock, ARK_AUTH, text);
}

static void a_damaged_ring_and_a_damaged_config_are_named(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	struct arkv_unlock unlock = with_passphrase("first");
	char name[ARKV_NAME_MAX + 1];
	ring_name(&r, name);
	ARK_AUTO(ark_buf_release) struct ark_buf ring;
	get(&r, name, &ring);
	for (size_t at = 0; at < ring.wr.len; at += 5) {
		ring.wr.p[at] ^= 1;
		replace(&r, name, ark_buf_span(&ring));
		assert_refused(&r, &unlock, ARK_CORRUPT, "keyring 1 is damaged");
		ring.wr.p[at] ^= 1;
	}
	replace(&r, name, ark_buf_span(&ring));
	ARK_AUTO(ark_buf_release) struct ark_buf config;
	get(&r, "config", &config);
	for (size_t at = 0; at < config.wr.len; at++) {
		if (at == 8 || at == 9)
			continue; /* a later version cannot be told from damage here */
		config.wr.p[at] ^= 0x10;
		replace(&r, "config", ark_buf_span(&config));
		assert_refused(&r, &unlock, ARK_CORRUPT, "config is damaged");
		config.wr.p[at] ^= 0x10;
	}
	replace(&r, "config", ark_span(config.wr.p, 20));
	struct ark_err err;
	assert_int_equal(try_open(&r, &unlock, &err), ARK_CORRUPT);
	assert_int_equal(arkv_store_remove(r.store, "config", NULL), ARK_OK);
	assert_int_equal(try_open(&r, &unlock, &err), ARK_NOTFOUND);
}

static void config_rewrite(const struct repo *r, const struct arkf_config *config)
{
	uint8_t bytes[ARKF_CONFIG_LEN];
	struct ark_wr wr = ark_wr(bytes, sizeof bytes);
	arkf_config_encode(&wr, config);
	arkv_hash(bytes + ARKF_CONFIG_CHECKSUM_OFF, ark_span(bytes, ARKF_CONFIG_CHECKSUM_OFF));
	replace(r, "config", ark_span(bytes, sizeof bytes));
}

static void an_altered_config_with_a_good_checksum_is_refused(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	struct arkv_unlock unlock = with_passphrase("first");
	struct arkf_config config = r.owner.config;
	config.nest[ARKF_NS_PACKS] = (struct arkf_nest){ .write = 0, .read = 1 };
	config_rewrite(&r, &config);
	assert_refused(&r, &unlock, ARK_AUTH, "config was altered");
	/* a claim that nothing is encrypted, so that the next backup would not be either */
	config = r.owner.config;
	config.suite = ARK_SUITE_NONE;
	config.chunker = arkf_chunker_default();
	uint8_t k_auth[32], bytes[ARKF_CONFIG_LEN];
	arkv_key_of_repo(k_auth, &config.repo, "arkv-auth");
	struct ark_wr wr = ark_wr(bytes, sizeof bytes);
	arkf_config_encode(&wr, &config);
	arkv_hash_keyed(config.mac.b, k_auth, ark_span(bytes, ARKF_CONFIG_MAC_OFF));
	config_rewrite(&r, &config);
	assert_refused(&r, &unlock, ARK_AUTH, "it has keys: config was altered");
	assert_refused(&r, NULL, ARK_AUTH, "it has keys: config was altered");
	char name[ARKV_NAME_MAX + 1];
	ring_name(&r, name);
	assert_int_equal(arkv_store_remove(r.store, name, NULL), ARK_OK);
	slot_name(name, &r.made.uid);
	assert_int_equal(arkv_store_remove(r.store, name, NULL), ARK_OK);
	assert_refused(&r, &unlock, ARK_AUTH, "a passphrase or key file was given");
}

static void without_encryption_no_key_is_needed(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_NONE);
	assert_opens(&r, NULL);
	struct ark_err err;
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	assert_int_equal(arkv_slots_export(&text, &r.owner, NULL, &err), ARK_AUTH);
	assert_int_equal(arkv_keyfile_write_only(&text, r.owner.keys, &err), ARK_AUTH);
}

static void a_key_file_opens_its_slot_until_that_is_removed(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct arkv_slot_new what = { .kind = ARKF_SLOT_KEYFILE,
				      .label = ark_span_str("night backup"),
				      .created_ms = 5 };
	add(&r, &made, &what);
	struct arkv_unlock unlock = with_file(&made.key_file);
	assert_opens(&r, &unlock);
	assert_memory_equal(made.key_file.p, "arkv key 1 file\n", 16);
	assert_int_equal(arkv_slots_remove(r.store, &r.owner.config, &made.uid, NULL), ARK_OK);
	assert_refused(&r, &unlock, ARK_AUTH, "it was removed");
}

static void a_key_file_of_another_repository_is_foreign(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	ARK_AUTO(repo_free) struct repo other;
	repo_make(&r, ARK_SUITE_XCHACHA);
	repo_make(&other, ARK_SUITE_XCHACHA);
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret bundle = { .p = NULL };
	assert_int_equal(arkv_slots_export(&text, &other.owner, NULL, NULL), ARK_OK);
	assert_int_equal(arkv_keyfile_write_only(&bundle, other.owner.keys, NULL), ARK_OK);
	struct arkv_unlock unlock = with_file(&text);
	assert_refused(&r, &unlock, ARK_AUTH, "this key belongs to repository");
	unlock = with_file(&bundle);
	assert_refused(&r, &unlock, ARK_AUTH, "this key belongs to repository");
}

static void a_recipient_opens_the_slot_for_its_public_key(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(ark_secret_release) struct ark_secret secret = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret stranger = { .p = NULL };
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct ark_id public, other;
	assert_int_equal(arkv_keyfile_recipient(&secret, &public, NULL, NULL, NULL), ARK_OK);
	assert_int_equal(arkv_keyfile_recipient(&stranger, &other, NULL, NULL, NULL), ARK_OK);
	struct arkv_slot_new what = { .kind = ARKF_SLOT_PUBLIC, .recipient = &public };
	add(&r, &made, &what);
	struct arkv_unlock unlock = with_file(&secret), wrong = with_file(&stranger);
	assert_opens(&r, &unlock);
	assert_refused(&r, &wrong, ARK_AUTH, "no key slot for this secret key");
}

static void a_pin_notices_a_slot_that_the_owner_of_the_store_made(void **state)
{
	(void)state;
	/* The attacker knows the public key, and answers with a repository of his own. */
	ARK_AUTO(repo_free) struct repo attacker;
	repo_make(&attacker, ARK_SUITE_XCHACHA);
	ARK_AUTO(ark_secret_release) struct ark_secret secret = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret pinned = { .p = NULL };
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct ark_id public, second;
	struct ark_uid seen_before = { .b = "the real pin" };
	assert_int_equal(arkv_keyfile_recipient(&secret, &public, NULL, NULL, NULL), ARK_OK);
	assert_int_equal(arkv_keyfile_recipient(&pinned, &second, NULL, &seen_before, NULL),
			 ARK_OK);
	struct arkv_slot_new what = { .kind = ARKF_SLOT_PUBLIC, .recipient = &public };
	add(&attacker, &made, &what);
	struct arkv_unlock unlock = with_file(&secret);
	assert_opens(&attacker, &unlock);
	unlock.pin = &seen_before;
	assert_refused(&attacker, &unlock, ARK_AUTH, "the root key is another one");
	what.recipient = &second;
	add(&attacker, &made, &what);
	unlock = with_file(&pinned); /* the pin may stand in the key file as well */
	assert_refused(&attacker, &unlock, ARK_AUTH, "the root key is another one");
	unlock = with_passphrase("first");
	unlock.pin = &attacker.owner.pin;
	assert_opens(&attacker, &unlock);
}

static void a_write_only_key_opens_without_reading(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	assert_int_equal(arkv_keyfile_write_only(&text, r.owner.keys, NULL), ARK_OK);
	struct arkv_unlock unlock = with_file(&text);
	ARK_AUTO(arkv_unlocked_release) struct arkv_unlocked u = { .keys = NULL };
	struct ark_err err = { .text = "" };
	ok(arkv_slots_open(&u, r.store, &unlock, &err), &err);
	assert_null(u.root.p);
	assert_false(arkv_keys_can_read(u.keys));
	ARK_AUTO(arkv_dk_release) struct arkv_dk dk = { .key.p = NULL };
	const uint8_t *key = NULL;
	assert_int_equal(arkv_dk_new(&dk, u.keys, &err), ARK_OK);
	assert_int_equal(arkv_dk_open(&key, u.keys, &dk.record, &err), ARK_AUTH);
	assert_string_equal(err.text, "this key can write and deduplicate, not read");
	assert_int_equal(arkv_dk_open(&key, r.owner.keys, &dk.record, &err), ARK_OK);
	struct arkv_slot_new what = cheap("mine", 9);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	assert_int_equal(arkv_slots_add(&made, r.store, &u, &what, &err), ARK_AUTH);
	assert_non_null(strstr(err.text, "this key can write and deduplicate, not read"));
	struct arkv_keys *keys = NULL;
	assert_int_equal(arkv_slots_rotate(&keys, r.store, &u, &err), ARK_AUTH);
}

static void a_slot_that_asks_for_too_much_memory_is_refused(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	struct arkv_unlock unlock = with_passphrase("first");
	unlock.memory_kib_max = 7;
	assert_refused(&r, &unlock, ARK_LIMIT, "asks for 8 KiB of memory, 7 are allowed");
	struct arkf_slot slot = { .suite = ARK_SUITE_XCHACHA,
				  .repo = r.owner.config.repo,
				  .uid = r.made.uid,
				  .kind = ARKF_SLOT_PASSPHRASE,
				  .passes = 1,
				  .memory_kib = ARKV_SLOT_MEMORY_KIB_DEFAULT_MAX + 1,
				  .sealed_len = ARKF_SLOT_BOX_LEN };
	struct arkv_slot_bytes bytes;
	struct ark_wr wr = ark_wr(bytes.p, sizeof bytes.p);
	arkf_slot_encode(&wr, &slot);
	arkv_hash(wr.p + wr.len - 32, ark_span(wr.p, wr.len - 32));
	char name[ARKV_NAME_MAX + 1];
	slot_name(name, &r.made.uid);
	replace(&r, name, ark_wr_span(&wr));
	unlock.memory_kib_max = 0;
	assert_refused(&r, &unlock, ARK_LIMIT, "of memory, 1048576 are allowed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_repository_opens_by_its_passphrase),
		cmocka_unit_test(a_wrong_or_missing_passphrase_is_refused_with_its_own_words),
		cmocka_unit_test(opening_takes_four_requests),
		cmocka_unit_test(independent_requests_run_at_once),
		cmocka_unit_test(a_stale_hint_costs_a_trip_and_no_more),
		cmocka_unit_test(a_slot_with_any_bit_flipped_is_damaged_and_not_a_wrong_passphrase),
		cmocka_unit_test(a_damaged_slot_does_not_keep_the_others_from_opening),
		cmocka_unit_test(a_slot_of_another_repository_is_foreign),
		cmocka_unit_test(a_damaged_ring_and_a_damaged_config_are_named),
		cmocka_unit_test(an_altered_config_with_a_good_checksum_is_refused),
		cmocka_unit_test(without_encryption_no_key_is_needed),
		cmocka_unit_test(a_key_file_opens_its_slot_until_that_is_removed),
		cmocka_unit_test(a_key_file_of_another_repository_is_foreign),
		cmocka_unit_test(a_recipient_opens_the_slot_for_its_public_key),
		cmocka_unit_test(a_pin_notices_a_slot_that_the_owner_of_the_store_made),
		cmocka_unit_test(a_write_only_key_opens_without_reading),
		cmocka_unit_test(a_slot_that_asks_for_too_much_memory_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
