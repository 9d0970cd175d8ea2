/* test_dir_target.c - the target dir: (spec/21-dir.md): what it writes, keeps and refuses. */
#include "tests/source/dir_place.h"

static void the_same_again_changes_nothing(void **state)
{
	static const enum arkv_conflict policies[] = { ARKV_CONFLICT_FAIL, ARKV_CONFLICT_REPLACE };
	struct arkv_rand rand = collect_seeded("same");
	struct place p = place(state, "out");
	struct collect sent;
	collect_init(&sent);
	random_records(&rand, &sent, 100);
	add_key(&sent, "a");
	add_key(&sent, "a/b");
	collect_sort(&sent);
	deliver(&p, &plain, &sent);
	for (size_t i = 0; i < 2; i++) {
		struct arkv_target_options options = { .conflict = policies[i] };
		struct arkv_target *t = NULL;
		struct ark_err err;
		assert_ok(arkv_target_from_url(&t, p.url, &err), err);
		assert_ok(t->ops->open(t, &options, &err), err);
		for (size_t k = 0; k < sent.count; k++) {
			struct ark_span value;
			struct ark_record r = collect_decode(&sent.kept[k], &value);
			enum arkv_outcome outcome;
			char why[256];
			assert_ok(t->ops->begin(t, &r, &outcome, why, &err), err);
			assert_ok(deliver_value(t, &rand, value, &err), err);
			assert_int_equal(arkv_target_outcome(t, outcome), ARKV_OUTCOME_SAME);
		}
		assert_ok(t->ops->finish(t, &err), err);
		arkv_target_free(t);
	}
	assert_comes_back(&p, &sent);
	collect_release(&sent);
}

/* One record with key k, this value and these flags. */
static void one(struct collect *c, const char *value, uint32_t flags)
{
	struct ark_record r = { .key = ark_span_str("k"),
				.type = ARK_TYPE_STRING,
				.flags = flags,
				.expires_ms = ARK_NO_EXPIRY,
				.value_len = strlen(value) };
	collect_init(c);
	collect_add(c, &r, ark_span_str(value));
}

static void conflicts_go_by_the_policy(void **state)
{
	struct place p = place(state, "out");
	struct collect old, other, flagged, longer;
	struct delivery d;
	struct ark_err err;
	const struct arkv_target_options skip = { .conflict = ARKV_CONFLICT_SKIP };
	const struct arkv_target_options newer = { .conflict = ARKV_CONFLICT_NEWER };
	one(&old, "old", 0);
	one(&other, "new", 0);
	one(&flagged, "old", 1);
	one(&longer, "longer", 2);
	deliver(&p, &plain, &old);
	assert_int_equal(deliver_url(p.url, &plain, &other, NULL, &d, &err), ARK_EXISTS);
	assert_non_null(strstr(err.text, "k is there already"));
	assert_int_equal(deliver_url(p.url, &newer, &other, NULL, &d, &err), ARK_UNSUPPORTED);
	d = deliver(&p, &skip, &other);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_SKIPPED], 1);
	assert_comes_back(&p, &old);
	d = deliver(&p, &replace, &other);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_REPLACED], 1);
	assert_comes_back(&p, &other);
	remove_tree(p.path);
	deliver(&p, &plain, &longer);
	assert_int_equal(deliver_url(p.url, &plain, &flagged, NULL, &d, &err), ARK_EXISTS);
	deliver(&p, &replace, &flagged);
	assert_comes_back(&p, &flagged);
	deliver(&p, &replace, &old); /* its sidecar goes */
	assert_comes_back(&p, &old);
	collect_release(&old);
	collect_release(&other);
	collect_release(&flagged);
	collect_release(&longer);
}

static void a_file_that_came_meanwhile_is_not_replaced(void **state)
{
	struct place p = place(state, "out");
	struct arkv_target *t = NULL;
	struct ark_err err;
	enum arkv_outcome outcome;
	char why[256], command[512];
	struct ark_record r = { .key = ark_span_str("k"),
				.type = ARK_TYPE_STRING,
				.expires_ms = ARK_NO_EXPIRY };
	assert_ok(arkv_target_from_url(&t, p.url, &err), err);
	assert_ok(t->ops->open(t, &replace, &err), err);
	assert_ok(t->ops->begin(t, &r, &outcome, why, &err), err);
	put_file(&p, "k", "mine");
	assert_int_equal(t->ops->end(t, &err), ARK_EXISTS);
	arkv_target_free(t);
	assert_true(has_file(&p, "k", "mine"));
	snprintf(command, sizeof command, "test \"$(ls -A '%s')\" = k", p.path);
	assert_int_equal(system(command), 0);
}

static void a_later_restore_finds_the_places_of_the_first(void **state)
{
	struct place p = place(state, "out");
	struct collect deep, both;
	collect_init(&deep);
	collect_init(&both);
	add_key(&deep, "/x"); /* for a marker */
	add_key(&deep, "a/b");
	add_key(&deep, "a/b/c");
	deliver(&p, &plain, &deep);
	add_key(&both, "/x");
	add_key(&both, "a");
	add_key(&both, "a/b");
	add_key(&both, "a/b/c");
	struct delivery d = deliver(&p, &plain, &both);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], 1);
	assert_true(has_file(&p, "%:a", "a"));
	assert_comes_back(&p, &both);
	collect_release(&deep);
	collect_release(&both);
}

static void a_folder_of_others_gets_plain_records_and_no_marker(void **state)
{
	struct place p = place(state, "out");
	struct collect c, got;
	assert_int_equal(mkdir(p.path, 0755), 0);
	put_file(&p, "%=theirs", "");
	collect_init(&c);
	add_key(&c, "/needs escaping");
	add_key(&c, "%=theirs");
	add_key(&c, "plain");
	add(&c, ark_span_str("space"), ark_span_str("k"), "");
	struct delivery d = deliver(&p, &plain, &c);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], 1);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_REFUSED], 3);
	assert_non_null(strstr(d.why, "restore into an empty folder"));
	collect_place(&got, &p);
	assert_int_equal(got.count, 2);
	collect_release(&got);
	collect_release(&c);
}

static void no_key_leads_outside(void **state)
{
	struct place p = place(state, "out"), outside = place(state, "outside");
	char path[256];
	struct collect c;
	assert_int_equal(mkdir(p.path, 0755), 0);
	put_file(&p, ".arkv-dir", "arkv dir 1\n");
	assert_int_equal(mkdir(outside.path, 0755), 0);
	snprintf(path, sizeof path, "%s/link", p.path);
	assert_int_equal(symlink(outside.path, path), 0);
	snprintf(path, sizeof path, "%s/file", p.path);
	assert_int_equal(symlink("../outside/file", path), 0);
	snprintf(path, sizeof path, "%s/%%@s", p.path);
	assert_int_equal(symlink("../outside", path), 0);
	collect_init(&c);
	add_key(&c, "../outside/x");
	add_key(&c, "file");
	add_key(&c, "link/x");
	add_key(&c, "link/../../outside/x");
	add(&c, ark_span_str("s"), ark_span_str("x"), "");
	struct delivery d = deliver(&p, &replace, &c);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_REFUSED], 4);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], 1);
	assert_true(has_file(&p, "%=../outside/x", "../outside/x"));
	assert_int_equal(rmdir(outside.path), 0); /* still empty */
	collect_release(&c);
}

static void a_dry_run_decides_and_writes_nothing(void **state)
{
	struct place p = place(state, "out"), old = place(state, "old");
	struct arkv_rand rand = collect_seeded("dry run");
	const struct arkv_target_options dry = { .conflict = ARKV_CONFLICT_REPLACE,
						 .dry_run = true };
	struct collect c;
	struct stat st;
	collect_init(&c);
	random_records(&rand, &c, 100);
	add_key(&c, "a/b/c");
	add_key(&c, "a/b/d/e");
	collect_sort(&c);
	struct delivery d = deliver(&p, &dry, &c);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], c.count);
	assert_int_equal(stat(p.path, &st), -1);
	assert_int_equal(mkdir(old.path, 0755), 0);
	d = deliver(&old, &dry, &c);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], c.count);
	assert_int_equal(rmdir(old.path), 0);
	deliver(&old, &plain, &c);
	d = deliver(&old, &dry, &c);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_REPLACED], c.count);
	assert_comes_back(&old, &c);
	collect_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(the_same_again_changes_nothing),
		in_folder(conflicts_go_by_the_policy),
		in_folder(a_file_that_came_meanwhile_is_not_replaced),
		in_folder(a_later_restore_finds_the_places_of_the_first),
		in_folder(a_folder_of_others_gets_plain_records_and_no_marker),
		in_folder(no_key_leads_outside),
		in_folder(a_dry_run_decides_and_writes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
