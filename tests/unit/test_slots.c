/* test_slots.c - adding, removing, listing, exporting, rotating keys (libarchive-kv/slots.h). */
#include "libarchive-kv/slots.h"
#include "tests/unit/slots_repo.h"

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
		cmocka_unit_test(an_export_opens_and_brings_back_a_repository_without_slots),
		cmocka_unit_test(a_new_passphrase_takes_the_place_of_the_old_one),
		cmocka_unit_test(slots_are_listed_oldest_first_and_damaged_ones_last),
		cmocka_unit_test(the_last_whole_slot_is_not_removed),
		cmocka_unit_test(after_a_rotation_the_new_ring_counts),
		cmocka_unit_test(two_rotations_at_once_leave_two_rings_and_both_are_read),
		cmocka_unit_test(the_default_costs_are_64_mib_and_three_passes),
		cmocka_unit_test(what_makes_no_slot_is_refused_before_anything_is_put),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
