/*
 * test_slots.c - config, key slots, keyrings and key files of a repository (libarchive-kv/slots.h),
 * in a store in memory.
 */
#include "backends/stores/memory.h"
#include "libarchive-kv/slots.h"
#include "libarchive-kv/store_count.h"
#include "libarchive-kv/store_latency.h"
#include "tests/unit/cm.h"

#include <stdio.h>

/* A repository with one slot; passphrases are cheap here: 1 pass, 8 KiB. */
struct repo {
	struct arkv_clock_shut clock;
	struct arkv_store *store;
	struct arkv_counter *counter;
	struct arkv_unlocked owner; /* opened by creating */
	struct arkv_slot_made made;
};

static struct arkv_slot_new cheap(const char *passphrase, int64_t created_ms)
{
	return (struct arkv_slot_new){ .kind = ARKF_SLOT_PASSPHRASE,
				       .passphrase = ark_span_str(passphrase),
				       .label = ark_span_str("test"),
				       .passes = 1,
				       .memory_kib = 8,
				       .created_ms = created_ms };
}

static void ok(enum ark_rc rc, const struct ark_err *err)
{
	if (rc)
		fail_msg("%s: %s", ark_rc_name(rc), err->text);
}

static void repo_make(struct repo *r, enum ark_suite suite)
{
	struct ark_err err = { .text = "" };
	memset(r, 0, sizeof *r);
	arkv_clock_shut_init(&r->clock, 1000);
	ok(arkv_memory_new(&r->store, &r->clock.clock, &err), &err);
	ok(arkv_store_count(&r->store, &r->counter, &err), &err);
	r->store->caps &= ~(unsigned)ARKV_STORE_LOCAL; /* as if it were far away */
	ok(arkv_store_create(r->store, &err), &err);
	struct arkv_slots_init what = { .suite = suite,
					.chunker = arkf_chunker_default(),
					.slot = cheap("first", 1) };
	ok(arkv_slots_create(&r->owner, &r->made, r->store, &what, &err), &err);
}

static void repo_free(struct repo *r)
{
	arkv_unlocked_release(&r->owner);
	arkv_slot_made_release(&r->made);
	arkv_store_free(r->store);
}

static struct arkv_unlock with_passphrase(const char *passphrase)
{
	return (struct arkv_unlock){ .passphrase = ark_span_str(passphrase) };
}

static struct arkv_unlock with_file(const struct ark_secret *text)
{
	return (struct arkv_unlock){ .key_file = ark_secret_span(text) };
}

static enum ark_rc try_open(const struct repo *r, const struct arkv_unlock *unlock,
			    struct ark_err *err)
{
	ARK_AUTO(arkv_unlocked_release) struct arkv_unlocked u = { .keys = NULL };
	enum ark_rc rc = arkv_slots_open(&u, r->store, unlock, err);
	if (!rc)
		assert_memory_equal(arkv_keys_id(u.keys), arkv_keys_id(r->owner.keys), 32);
	return rc;
}

static void assert_opens(const struct repo *r, const struct arkv_unlock *unlock)
{
	struct ark_err err = { .text = "" };
	ok(try_open(r, unlock, &err), &err);
}

static void assert_refused(const struct repo *r, const struct arkv_unlock *unlock, enum ark_rc rc,
			   const char *text)
{
	struct ark_err err = { .text = "" };
	assert_int_equal(try_open(r, unlock, &err), rc);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" should say \"%s\"", err.text, text);
}

static void slot_name(char *name, const struct ark_uid *uid)
{
	snprintf(name, ARKV_NAME_MAX + 1, "keys/slot-%s", ark_uid_hex(uid).s);
}

static void get(const struct repo *r, const char *name, struct ark_buf *out)
{
	ark_buf_init(out);
	assert_int_equal(arkv_store_get(r->store, name, 0, ARKV_TO_END, out, NULL), ARK_OK);
}

/* Other bytes under a name: what a broken disk or an owner of the store can do. */
static void replace(const struct repo *r, const char *name, struct ark_span bytes)
{
	assert_int_equal(arkv_store_remove(r->store, name, NULL), ARK_OK);
	assert_int_equal(arkv_store_put(r->store, name, bytes, NULL), ARK_OK);
}

static enum ark_rc first_ring(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	(void)size;
	(void)err;
	if (strstr(name, "/ring-"))
		snprintf(ctx, ARKV_NAME_MAX + 1, "%s", name);
	return ARK_OK;
}

static void ring_name(const struct repo *r, char *name)
{
	name[0] = '\0';
	assert_int_equal(arkv_store_list(r->store, "keys/", first_ring, name, NULL), ARK_OK);
	assert_true(name[0]);
}

static void add(struct repo *r, struct arkv_slot_made *made, const struct arkv_slot_new *what)
{
	struct ark_err err = { .text = "" };
	ok(arkv_slots_add(made, r->store, &r->owner, what, &err), &err);
}

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

static void an_export_opens_and_brings_back_a_repository_without_slots(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(ark_secret_release) struct ark_secret open_text = { .p = NULL };
	ARK_AUTO(ark_secret_release) struct ark_secret sealed_text = { .p = NULL };
	struct arkv_slot_new seal = cheap("of the export", 7);
	assert_int_equal(arkv_slots_export(&open_text, &r.owner, NULL, NULL), ARK_OK);
	assert_int_equal(arkv_slots_export(&sealed_text, &r.owner, &seal, NULL), ARK_OK);
	char name[ARKV_NAME_MAX + 1];
	slot_name(name, &r.made.uid);
	assert_int_equal(arkv_store_remove(r.store, name, NULL), ARK_OK);
	struct arkv_unlock plain = with_file(&open_text), sealed = with_file(&sealed_text);
	assert_opens(&r, &plain);
	assert_refused(&r, &sealed, ARK_AUTH, "give its passphrase, too");
	sealed.passphrase = ark_span_str("wrong");
	assert_refused(&r, &sealed, ARK_AUTH, "wrong passphrase");
	sealed.passphrase = ark_span_str("of the export");
	ARK_AUTO(arkv_unlocked_release) struct arkv_unlocked u = { .keys = NULL };
	struct ark_err err = { .text = "" };
	ok(arkv_slots_open(&u, r.store, &sealed, &err), &err);
	assert_false(u.has_slot);
	struct arkv_slot_new what = cheap("again", 8);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	ok(arkv_slots_add(&made, r.store, &u, &what, &err), &err);
	struct arkv_unlock again = with_passphrase("again");
	assert_opens(&r, &again);
	assert_int_equal(arkv_slots_passwd(&made, r.store, &u, &what, &err), ARK_USAGE);
}

static void a_new_passphrase_takes_the_place_of_the_old_one(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	struct arkv_slot_new what = cheap("better", 2);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct ark_err err = { .text = "" };
	ok(arkv_slots_passwd(&made, r.store, &r.owner, &what, &err), &err);
	struct arkv_unlock old = with_passphrase("first"), new = with_passphrase("better");
	assert_opens(&r, &new);
	assert_refused(&r, &old, ARK_AUTH, "wrong passphrase");
}

struct seen {
	size_t count;
	struct arkv_slot_info infos[8];
};

static enum ark_rc see(void *ctx, const struct arkv_slot_info *info, struct ark_err *err)
{
	(void)err;
	struct seen *seen = ctx;
	seen->infos[seen->count++] = *info;
	return seen->count == 8 ? ARK_CANCELLED : ARK_OK;
}

static void slots_are_listed_oldest_first_and_damaged_ones_last(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made file = { .key_file.p = NULL };
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made bad = { .key_file.p = NULL };
	struct arkv_slot_new what = { .kind = ARKF_SLOT_KEYFILE,
				      .label = ark_span_str("\xc3\xa4lter"),
				      .created_ms = 0 };
	add(&r, &file, &what);
	what = cheap("bad", -5);
	what.created_ms = 0;
	add(&r, &bad, &what);
	char name[ARKV_NAME_MAX + 1];
	slot_name(name, &bad.uid);
	replace(&r, name, ark_span_str("rubble"));
	assert_int_equal(
		arkv_store_put(r.store, "keys/of-a-later-version", ark_span_str("?"), NULL),
		ARK_OK);
	struct seen seen = { .count = 0 };
	assert_int_equal(arkv_slots_list(r.store, &r.owner.config, see, &seen, NULL), ARK_OK);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.infos[0].kind, ARKF_SLOT_KEYFILE);
	assert_string_equal(seen.infos[0].label, "\xc3\xa4lter");
	assert_int_equal(seen.infos[1].memory_kib, 8);
	assert_int_equal(seen.infos[2].state, ARK_CORRUPT);
	assert_true(ark_uid_eq(&seen.infos[2].uid, &bad.uid));
	assert_non_null(strstr(seen.infos[2].problem, "is damaged"));
}

static void the_last_whole_slot_is_not_removed(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	struct arkf_config *config = &r.owner.config;
	assert_int_equal(arkv_slots_remove(r.store, config, &r.made.uid, NULL), ARK_USAGE);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct arkv_slot_new what = cheap("second", 2);
	add(&r, &made, &what);
	char name[ARKV_NAME_MAX + 1];
	slot_name(name, &made.uid);
	replace(&r, name, ark_span_str("rubble"));
	assert_int_equal(arkv_slots_remove(r.store, config, &r.made.uid, NULL), ARK_USAGE);
	assert_int_equal(arkv_slots_remove(r.store, config, &made.uid, NULL), ARK_OK);
	assert_int_equal(arkv_slots_remove(r.store, config, &made.uid, NULL), ARK_NOTFOUND);
	struct arkv_unlock unlock = with_passphrase("first");
	assert_opens(&r, &unlock);
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

static void after_a_rotation_the_new_ring_counts(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *rotated = NULL;
	assert_int_equal(arkv_slots_rotate(&rotated, r.store, &r.owner, NULL), ARK_OK);
	struct arkv_unlock unlock = with_passphrase("first");
	ARK_AUTO(arkv_unlocked_release) struct arkv_unlocked u = { .keys = NULL };
	assert_int_equal(arkv_slots_open(&u, r.store, &unlock, NULL), ARK_OK);
	assert_int_equal(arkv_keys_ring(u.keys), 2);
	ARK_AUTO(arkv_dk_release) struct arkv_dk dk = { .key.p = NULL };
	const uint8_t *key = NULL;
	assert_int_equal(arkv_dk_new(&dk, rotated, NULL), ARK_OK);
	assert_int_equal(arkv_dk_open(&key, u.keys, &dk.record, NULL), ARK_OK);
}

static void two_rotations_at_once_leave_two_rings_and_both_are_read(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *a = NULL;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *b = NULL;
	assert_int_equal(arkv_slots_rotate(&a, r.store, &r.owner, NULL), ARK_OK);
	assert_int_equal(arkv_slots_rotate(&b, r.store, &r.owner, NULL), ARK_OK);
	struct arkv_unlock unlock = with_passphrase("first");
	ARK_AUTO(arkv_unlocked_release) struct arkv_unlocked u = { .keys = NULL };
	assert_int_equal(arkv_slots_open(&u, r.store, &unlock, NULL), ARK_OK);
	ARK_AUTO(arkv_dk_release) struct arkv_dk of_a = { .key.p = NULL };
	ARK_AUTO(arkv_dk_release) struct arkv_dk of_b = { .key.p = NULL };
	assert_int_equal(arkv_dk_new(&of_a, a, NULL), ARK_OK);
	assert_int_equal(arkv_dk_new(&of_b, b, NULL), ARK_OK);
	const uint8_t *key = NULL;
	assert_int_equal(arkv_dk_open(&key, u.keys, &of_a.record, NULL), ARK_OK);
	assert_int_equal(arkv_dk_open(&key, u.keys, &of_b.record, NULL), ARK_OK);
}

static void the_default_costs_are_64_mib_and_three_passes(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct arkv_slot_new what = { .kind = ARKF_SLOT_PASSPHRASE,
				      .passphrase = ark_span_str("costly"),
				      .created_ms = 3 };
	add(&r, &made, &what);
	struct seen seen = { .count = 0 };
	assert_int_equal(arkv_slots_list(r.store, &r.owner.config, see, &seen, NULL), ARK_OK);
	assert_int_equal(seen.infos[1].passes, 3);
	assert_int_equal(seen.infos[1].memory_kib, 65536);
	struct arkv_unlock unlock = with_passphrase("costly");
	unlock.slot_hint = &made.uid;
	assert_opens(&r, &unlock);
}

static void what_makes_no_slot_is_refused_before_anything_is_put(void **state)
{
	(void)state;
	ARK_AUTO(repo_free) struct repo r;
	repo_make(&r, ARK_SUITE_XCHACHA);
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct arkv_slot_new empty = cheap("", 1), label = cheap("x", 1), costs = cheap("x", 1);
	struct arkv_slot_new nobody = { .kind = ARKF_SLOT_PUBLIC };
	label.label = ark_span_str("two\nlines");
	costs.memory_kib = 1;
	arkv_counter_reset(r.counter);
	assert_int_equal(arkv_slots_add(&made, r.store, &r.owner, &empty, NULL), ARK_USAGE);
	assert_int_equal(arkv_slots_add(&made, r.store, &r.owner, &label, NULL), ARK_USAGE);
	assert_int_equal(arkv_slots_add(&made, r.store, &r.owner, &nobody, NULL), ARK_USAGE);
	assert_int_equal(arkv_slots_add(&made, r.store, &r.owner, &costs, NULL), ARK_LIMIT);
	assert_int_equal(arkv_counter_read(r.counter).op[ARKV_OP_PUT].calls, 0);
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
		cmocka_unit_test(an_export_opens_and_brings_back_a_repository_without_slots),
		cmocka_unit_test(a_new_passphrase_takes_the_place_of_the_old_one),
		cmocka_unit_test(slots_are_listed_oldest_first_and_damaged_ones_last),
		cmocka_unit_test(the_last_whole_slot_is_not_removed),
		cmocka_unit_test(a_slot_that_asks_for_too_much_memory_is_refused),
		cmocka_unit_test(after_a_rotation_the_new_ring_counts),
		cmocka_unit_test(two_rotations_at_once_leave_two_rings_and_both_are_read),
		cmocka_unit_test(the_default_costs_are_64_mib_and_three_passes),
		cmocka_unit_test(what_makes_no_slot_is_refused_before_anything_is_put),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
