/* test_repo.c - making and opening repositories (libarchive-kv/repo.h). */
#include "libarchive-kv/registry.h"
#include "libarchive-kv/repo.h"
#include "libarchive-kv/slots.h"
#include "libarchive-kv/store_count.h"
#include "tests/store/scratch.h"
#include "tests/unit/cm.h"

#include <stdio.h>

static struct ark_err err;

/* A cheap slot: what Argon2id costs is not what is tested here. */
static struct arkv_slot_new slot_for(const char *passphrase)
{
	return (struct arkv_slot_new){ .kind = ARKF_SLOT_PASSPHRASE,
				       .passphrase = ark_span_str(passphrase),
				       .passes = 1,
				       .memory_kib = 8 };
}

static struct arkv_repo_options at(const char *dir, const struct arkv_unlock *unlock)
{
	struct arkv_repo_options options = { .where = "the shelf", .unlock = unlock };
	assert_int_equal(arkv_store_from_url(&options.store, dir, &err), ARK_OK);
	return options;
}

static enum ark_rc init_at(const char *dir, const char *passphrase)
{
	struct arkv_slot_made made = { .uid = { .b = { 0 } } };
	struct arkv_slot_new slot = slot_for(passphrase ? passphrase : "");
	struct arkv_repo_new what = { .suite = passphrase ? ARK_SUITE_XCHACHA : ARK_SUITE_NONE,
				      .slot = passphrase ? &slot : NULL,
				      .made = &made };
	struct arkv_repo_options options = at(dir, NULL);
	struct arkv_repo *repo = NULL;
	enum ark_rc rc = arkv_repo_init(&repo, &options, &what, &err);
	arkv_slot_made_release(&made);
	arkv_repo_freep(&repo);
	return rc;
}

static enum ark_rc open_at(const char *dir, const char *passphrase, struct ark_uid *id)
{
	struct arkv_unlock unlock = { .passphrase = ark_span(NULL, 0) };
	if (passphrase)
		unlock.passphrase = ark_span_str(passphrase);
	struct arkv_repo_options options = at(dir, &unlock);
	struct arkv_repo *repo = NULL;
	enum ark_rc rc = arkv_repo_open(&repo, &options, &err);
	if (!rc && id)
		*id = *arkv_repo_id(repo);
	if (!rc)
		assert_int_equal(arkv_store_put(arkv_repo_store(repo), "packs/abcdef",
						ark_span_str("x"), &err),
				 ARK_OK);
	arkv_repo_freep(&repo);
	return rc;
}

static void what_init_makes_open_opens(void **state)
{
	const struct scratch *dir = *state;
	static const char *const passphrases[] = { NULL, "secret" };
	for (size_t i = 0; i < 2; i++) {
		char repo[128], pack[256];
		snprintf(repo, sizeof repo, "%s/q%zu", dir->path, i);
		snprintf(pack, sizeof pack, "%s/packs/ab/cd/abcdef", repo);
		assert_int_equal(init_at(repo, passphrases[i]), ARK_OK);
		struct ark_uid id = { .b = { 0 } }, again = { .b = { 0 } };
		assert_int_equal(open_at(repo, passphrases[i], &id), ARK_OK);
		assert_int_equal(open_at(repo, passphrases[i], &again), ARK_OK);
		assert_true(ark_uid_eq(&id, &again));
		assert_false(ark_uid_is_zero(&id));
		assert_int_equal(access(pack, F_OK), 0); /* nested as config says */
		assert_int_equal(init_at(repo, passphrases[i]), ARK_EXISTS);
		assert_int_equal(open_at(repo, passphrases[i], &again), ARK_OK);
	}
}

static void each_way_not_to_open_has_its_own_answer(void **state)
{
	const struct scratch *dir = *state;
	char repo[128], config[256];
	snprintf(repo, sizeof repo, "%s/q", dir->path);
	snprintf(config, sizeof config, "%s/config", repo);
	assert_int_equal(open_at(repo, "secret", NULL), ARK_NOTFOUND);
	assert_string_equal(err.text, "there is no repository at the shelf: run arkv init");
	assert_int_equal(open_at(dir->path, "secret", NULL), ARK_NOTFOUND);
	assert_int_equal(init_at(repo, "secret"), ARK_OK);
	assert_int_equal(open_at(repo, "Secret", NULL), ARK_AUTH);
	assert_int_equal(open_at(repo, NULL, NULL), ARK_AUTH);
	FILE *f = fopen(config, "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, 20, SEEK_SET), 0);
	assert_int_not_equal(fputc('!', f), EOF);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(open_at(repo, "secret", NULL), ARK_CORRUPT);
}

static void a_suite_and_its_slot_come_together(void **state)
{
	const struct scratch *dir = *state;
	char place[128];
	snprintf(place, sizeof place, "%s/q", dir->path);
	struct arkv_repo *repo = NULL;
	struct arkv_repo_options options = at(place, NULL);
	struct arkv_repo_new what = { .suite = ARK_SUITE_XCHACHA };
	assert_int_equal(arkv_repo_init(&repo, &options, &what, &err), ARK_USAGE);
	struct arkv_slot_new slot = slot_for("p");
	options = at(place, NULL);
	what = (struct arkv_repo_new){ .suite = ARK_SUITE_NONE, .slot = &slot };
	assert_int_equal(arkv_repo_init(&repo, &options, &what, &err), ARK_USAGE);
	assert_null(repo);
	assert_int_equal(init_at(place, "p"), ARK_OK);
}

static void a_failed_init_leaves_nothing_behind(void **state)
{
	const struct scratch *dir = *state;
	char place[128];
	snprintf(place, sizeof place, "%s/q", dir->path);
	struct arkv_slot_made made = { .uid = { .b = { 0 } } };
	struct arkv_slot_new slot = slot_for("p");
	slot.label =
		ark_span_str("a label of more than sixty-four bytes, which no key slot has room "
			     "for at all");
	struct arkv_repo_new what = { .suite = ARK_SUITE_XCHACHA, .slot = &slot, .made = &made };
	struct arkv_repo_options options = at(place, NULL);
	struct arkv_repo *repo = NULL;
	assert_int_not_equal(arkv_repo_init(&repo, &options, &what, &err), ARK_OK);
	arkv_slot_made_release(&made);
	assert_int_equal(init_at(place, "p"), ARK_OK);
}

static void opening_costs_two_trips(void **state)
{
	const struct scratch *dir = *state;
	char place[128];
	snprintf(place, sizeof place, "%s/q", dir->path);
	assert_int_equal(init_at(place, "p"), ARK_OK);
	struct arkv_unlock unlock = { .passphrase = ark_span_str("p") };
	struct arkv_repo_options options = at(place, &unlock);
	struct arkv_counter *counter = NULL;
	assert_int_equal(arkv_store_count(&options.store, &counter, &err), ARK_OK);
	struct arkv_repo *repo = NULL;
	assert_int_equal(arkv_repo_open(&repo, &options, &err), ARK_OK);
	struct arkv_counts counts = arkv_counter_read(counter);
	/* opening the store is counted too; where it costs a trip is the store's matter */
	assert_true(counts.calls - counts.op[ARKV_OP_OPEN].calls <= 4);
	assert_true(counts.op[ARKV_OP_LIST].calls == 1 && counts.op[ARKV_OP_GET].calls == 3);
	arkv_repo_freep(&repo);
}

static void the_cache_folder_is_made_when_asked_for(void **state)
{
	const struct scratch *dir = *state;
	char place[128], cache[128];
	snprintf(place, sizeof place, "%s/q", dir->path);
	snprintf(cache, sizeof cache, "%s/cache", dir->path);
	assert_int_equal(init_at(place, NULL), ARK_OK);
	struct arkv_repo_options options = at(place, NULL);
	struct arkv_repo *repo = NULL;
	assert_int_equal(arkv_repo_open(&repo, &options, &err), ARK_OK);
	const char *why = NULL;
	assert_null(arkv_repo_cache_dir(repo, &why));
	assert_non_null(why);
	arkv_repo_freep(&repo);
	options = at(place, NULL);
	options.cache_root = cache;
	assert_int_equal(arkv_repo_open(&repo, &options, &err), ARK_OK);
	assert_int_not_equal(access(cache, F_OK), 0);
	const char *made = arkv_repo_cache_dir(repo, &why);
	assert_non_null(made);
	assert_int_equal(access(made, W_OK), 0);
	assert_ptr_equal(arkv_repo_cache_dir(repo, NULL), made);
	arkv_repo_freep(&repo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_init_makes_open_opens, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(each_way_not_to_open_has_its_own_answer,
						scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_suite_and_its_slot_come_together, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_failed_init_leaves_nothing_behind, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(opening_costs_two_trips, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(the_cache_folder_is_made_when_asked_for,
						scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
