/* test_roundtrip.c - what was backed up comes back: restore, find, tree, stats, one key. */
#include "libarchive-kv/cursor.h"
#include "libarchive-kv/filter.h"
#include "libarchive-kv/restore.h"
#include "libarchive-kv/stats.h"
#include "libarchive-kv/tree.h"
#include "tests/unit/cm.h"
#include "tests/unit/lived.h"

#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 3000 };

static struct ark_err err;

static struct arkv_archive *open_archive(struct lived *l, const struct ark_uid *uid)
{
	struct arkv_archive *a = NULL;
	if (arkv_archive_open(&a, l->repo, uid, &err))
		fail_msg("%s", err.text);
	return a;
}

static void restore_all(struct lived *l, const struct ark_uid *uid,
			const struct lived_record *records, size_t count)
{
	struct arkv_archive *a = open_archive(l, uid);
	struct lived_target target;
	struct arkv_restore_options options = { .filter = NULL };
	struct arkv_restore_result result;
	lived_target_init(&target, records, count);
	if (arkv_restore(a, &target.target, &options, NULL, &result, &err))
		fail_msg("%s", err.text);
	assert_int_equal(target.at, count);
	assert_int_equal(target.missed, 0);
	assert_true(target.finished);
	assert_int_equal(result.created, count);
	assert_int_equal(result.records, count);
	assert_false(result.incomplete);
	assert_true(result.digest_checked);
	arkv_archive_freep(&a);
}

static void what_was_archived_is_restored(void **state)
{
	(void)state;
	static const enum ark_suite suites[] = { ARK_SUITE_NONE, ARK_SUITE_XCHACHA };
	for (size_t s = 0; s < 2; s++) {
		struct lived l;
		lived_init(&l, suites[s]);
		struct lived_record *records = lived_records(COUNT, 1);
		struct ark_uid first = lived_backup(&l, "a", records, COUNT);
		struct lived_record *changed = test_calloc(COUNT, sizeof *changed);
		memcpy(changed, records, COUNT * sizeof *changed);
		for (size_t i = 0; i < COUNT; i += 10)
			changed[i].seed += 1000000;
		struct ark_uid second = lived_backup(&l, "a", changed, COUNT - 5);
		struct ark_uid empty = lived_backup(&l, "nothing", NULL, 0);
		lived_reopen(&l);
		restore_all(&l, &first, records, COUNT);
		restore_all(&l, &second, changed, COUNT - 5);
		restore_all(&l, &empty, NULL, 0);
		test_free(changed);
		test_free(records);
		lived_release(&l);
	}
}

static enum ark_rc same_bytes(void *ctx, struct ark_span bytes, struct ark_err *e)
{
	(void)e;
	struct lived_target *t = ctx;
	return t->target.ops->piece(&t->target, bytes, e);
}

static void each_key_is_found_alone(void **state)
{
	(void)state;
	struct lived l;
	lived_init(&l, ARK_SUITE_XCHACHA);
	struct lived_record *records = lived_records(COUNT, 2);
	struct ark_uid uid = lived_backup(&l, "a", records, COUNT);
	struct arkv_archive *a = open_archive(&l, &uid);
	struct arkv_cursor *c = NULL;
	assert_int_equal(arkv_cursor_open(&c, a, NULL, &err), ARK_OK);
	for (size_t i = 0; i < COUNT; i += 7) {
		struct ark_record rec;
		struct lived_target t;
		lived_target_init(&t, records + i, 1);
		if (arkv_cursor_get(c, ark_span_str(records[i].space), ark_span_str(records[i].key),
				    &rec, &err))
			fail_msg("%s: %s", records[i].key, err.text);
		assert_int_equal(rec.value_len, records[i].value_len);
		assert_int_equal(arkv_value_read(c, same_bytes, &t, &err), ARK_OK);
		assert_int_equal(t.off, rec.value_len);
		char absent[40];
		snprintf(absent, sizeof absent, "%s!", records[i].key);
		assert_int_equal(arkv_cursor_get(c, ark_span_str(records[i].space),
						 ark_span_str(absent), &rec, &err),
				 ARK_NOTFOUND);
	}
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	test_free(records);
	lived_release(&l);
}

static enum ark_rc count_one(void *ctx, struct arkv_cursor *cursor, const struct ark_record *rec,
			     struct ark_err *e)
{
	(void)cursor;
	(void)rec;
	(void)e;
	++*(size_t *)ctx;
	return ARK_OK;
}

static void a_filter_reads_no_more_than_it_needs(void **state)
{
	(void)state;
	struct lived l;
	lived_init(&l, ARK_SUITE_XCHACHA);
	struct lived_record *records = lived_records(COUNT, 3);
	struct ark_uid uid = lived_backup(&l, "a", records, COUNT);
	struct arkv_archive *a = open_archive(&l, &uid);
	static const struct {
		enum arkv_filter_option option;
		const char *text;
		const char *prefix;
		const char *space;
		size_t seen_max;
	} cases[] = {
		{ ARKV_FILTER_PREFIX, "user:0017:", "user:0017:", NULL, COUNT / 4 },
		{ ARKV_FILTER_SPACE, "1", "", "1", COUNT / 3 + 1 },
		{ ARKV_FILTER_INCLUDE, "user:0049:*", "user:0049:", NULL, COUNT },
		{ ARKV_FILTER_PREFIX, "zebra", "zebra", NULL, 3 * 66 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arkv_filter *filter = NULL;
		assert_int_equal(arkv_filter_new(&filter, 0, &err), ARK_OK);
		assert_int_equal(arkv_filter_add(filter, cases[i].option, cases[i].text, &err),
				 ARK_OK);
		size_t want = 0, got = 0;
		for (size_t j = 0; j < COUNT; j++)
			want += strncmp(records[j].key, cases[i].prefix, strlen(cases[i].prefix)) ==
					0 &&
				(!cases[i].space || strcmp(records[j].space, cases[i].space) == 0);
		struct arkv_find_result result;
		assert_int_equal(arkv_find(a, filter, count_one, &got, NULL, &result, &err),
				 ARK_OK);
		assert_int_equal(got, want);
		assert_int_equal(result.found, want);
		assert_true(result.seen <= cases[i].seen_max);
		arkv_filter_freep(&filter);
	}
	arkv_archive_freep(&a);
	test_free(records);
	lived_release(&l);
}

static void listed_keys_are_found(void **state)
{
	(void)state;
	struct lived l;
	lived_init(&l, ARK_SUITE_NONE);
	struct lived_record *records = lived_records(COUNT, 4);
	struct ark_uid uid = lived_backup(&l, "a", records, COUNT);
	struct arkv_archive *a = open_archive(&l, &uid);
	struct arkv_filter *filter = NULL;
	assert_int_equal(arkv_filter_new(&filter, 0, &err), ARK_OK);
	struct ark_buf list;
	ark_buf_init(&list);
	for (size_t i = 5; i < COUNT; i += 500) {
		ark_wr_bytes(&list.wr, ark_span_str(records[i].key));
		ark_wr_u8(&list.wr, '\n');
	}
	assert_int_equal(arkv_filter_add_keys(filter, ark_buf_span(&list), '\n', &err), ARK_OK);
	size_t got = 0;
	assert_int_equal(arkv_find(a, filter, count_one, &got, NULL, NULL, &err), ARK_OK);
	assert_int_equal(got, COUNT / 500);
	ark_buf_release(&list);
	arkv_filter_freep(&filter);
	arkv_archive_freep(&a);
	test_free(records);
	lived_release(&l);
}

static void outcomes_are_counted(void **state)
{
	(void)state;
	struct lived l;
	lived_init(&l, ARK_SUITE_XCHACHA);
	struct lived_record *records = lived_records(100, 5);
	struct ark_uid uid = lived_backup(&l, "a", records, 100);
	struct arkv_archive *a = open_archive(&l, &uid);
	static const enum arkv_outcome answers[] = { ARKV_OUTCOME_SKIPPED, ARKV_OUTCOME_SAME,
						     ARKV_OUTCOME_REFUSED };
	for (size_t i = 0; i < 3; i++) {
		struct lived_target t;
		struct arkv_restore_options options = { .filter = NULL };
		struct arkv_restore_result r;
		lived_target_init(&t, records, 100);
		t.answer = answers[i];
		assert_int_equal(arkv_restore(a, &t.target, &options, NULL, &r, &err), ARK_OK);
		const uint64_t counts[] = { r.skipped, r.same, r.refused };
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(counts[j], i == j ? 100 : 0);
		assert_int_equal(r.incomplete, answers[i] == ARKV_OUTCOME_REFUSED);
		assert_int_equal(r.bytes, 0);
	}
	struct lived_target t;
	struct arkv_restore_options options = { .target.dry_run = true };
	struct arkv_restore_result r;
	lived_target_init(&t, records, 100);
	/* nothing follows in a dry run */
	t.answer = ARKV_OUTCOME_REPLACED;
	assert_int_equal(arkv_restore(a, &t.target, &options, NULL, &r, &err), ARK_OK);
	assert_int_equal(r.replaced, 100);
	assert_false(r.digest_checked);
	arkv_archive_freep(&a);
	test_free(records);
	lived_release(&l);
}

static void a_cancelled_restore_ends(void **state)
{
	(void)state;
	struct lived l;
	lived_init(&l, ARK_SUITE_NONE);
	struct lived_record *records = lived_records(5000, 6);
	struct ark_uid uid = lived_backup(&l, "a", records, 5000);
	struct arkv_archive *a = open_archive(&l, &uid);
	atomic_bool stop = true;
	const struct arkv_job job = { .cancel = &stop };
	struct lived_target t;
	struct arkv_restore_options options = { .filter = NULL };
	struct arkv_restore_result r;
	lived_target_init(&t, records, 5000);
	assert_int_equal(arkv_restore(a, &t.target, &options, &job, &r, &err), ARK_CANCELLED);
	assert_false(t.finished);
	arkv_archive_freep(&a);
	test_free(records);
	lived_release(&l);
}

/* ---- tree ---- */

struct grown {
	uint64_t spaces;
	uint64_t records; /* of whole spaces */
	uint64_t user;	  /* of "user:" in all spaces */
	uint64_t users;	  /* nodes below it */
	uint64_t users_records;
	uint64_t value_bytes;
};

static enum ark_rc node(void *ctx, const struct arkv_tree_node *n, struct ark_err *e)
{
	(void)e;
	struct grown *g = ctx;
	if (n->depth == 0) {
		g->spaces++;
		g->records += n->records;
		g->value_bytes += n->value_bytes;
		assert_int_equal(n->prefix.len, 0);
	} else if (n->depth == 1) {
		assert_true(ark_span_eq(n->prefix, ark_span_str("user:")));
		g->user += n->records;
	} else {
		assert_int_equal(n->depth, 2);
		assert_int_equal(n->prefix.len, strlen("user:0001:"));
		g->users++;
		g->users_records += n->records;
	}
	return ARK_OK;
}

static void a_tree_sums_up_to_the_archive(void **state)
{
	(void)state;
	struct lived l;
	lived_init(&l, ARK_SUITE_NONE);
	struct lived_record *records = lived_records(COUNT, 7);
	struct ark_uid uid = lived_backup(&l, "a", records, COUNT);
	struct arkv_archive *a = open_archive(&l, &uid);
	struct grown g = { 0 };
	struct arkv_tree_options options = { .delimiter = ark_span_str(":"), .depth = 5 };
	assert_int_equal(arkv_tree(a, &options, node, &g, NULL, NULL, &err), ARK_OK);
	uint64_t value_bytes = 0, users = 0;
	for (size_t i = 0; i < COUNT; i++) {
		value_bytes += records[i].value_len;
		users += i == 0 || strcmp(records[i].space, records[i - 1].space) != 0 ||
			 strncmp(records[i].key, records[i - 1].key, 10) != 0;
	}
	assert_int_equal(g.spaces, 3);
	assert_int_equal(g.records, COUNT);
	assert_int_equal(g.user, COUNT);
	assert_int_equal(g.users_records, COUNT);
	assert_int_equal(g.users, users);
	assert_int_equal(g.value_bytes, value_bytes);
	options.delimiter = ark_span(NULL, 0);
	assert_int_equal(arkv_tree(a, &options, node, &g, NULL, NULL, &err), ARK_USAGE);
	arkv_archive_freep(&a);
	test_free(records);
	lived_release(&l);
}

/* ---- stats ---- */

static void stats_sum_up_what_the_store_holds(void **state)
{
	(void)state;
	struct lived l;
	lived_init(&l, ARK_SUITE_XCHACHA);
	struct lived_record *records = lived_records(COUNT, 8);
	struct ark_uid uid = lived_backup(&l, "a", records, COUNT);
	(void)lived_backup(&l, "b", records, COUNT);
	struct arkv_stats s;
	if (arkv_stats_repo(&s, l.repo, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(s.archives, 2);
	assert_int_equal(s.records, 2 * COUNT);
	assert_int_equal(s.objects[ARKV_OBJECT_ARCHIVE].count, 2);
	assert_int_equal(s.objects[ARKV_OBJECT_CONFIG].count, 1);
	assert_int_equal(s.objects[ARKV_OBJECT_OTHER].count, 0);
	assert_int_equal(s.unneeded_packs, 0);
	assert_int_equal(s.unneeded_bytes, 0);
	assert_true(s.all.bytes < s.raw_bytes); /* the second archive costs next to nothing */
	uint64_t by_type = 0;
	for (size_t i = 0; i < 256; i++)
		by_type += s.types_records[i];
	assert_int_equal(by_type, 2 * COUNT);
	struct arkv_archive *a = open_archive(&l, &uid);
	struct arkv_archive_stats one;
	assert_int_equal(arkv_stats_archive(&one, a, &err), ARK_OK);
	assert_int_equal(one.entries, COUNT);
	assert_true(one.pages >= 1 && one.blocks >= one.pages && one.frames > one.blocks);
	arkv_archive_freep(&a);
	test_free(records);
	lived_release(&l);
}

/* ---- far stores ---- */

/* Calls to list all archives and to get one key of the newest. */
static uint64_t cost_of_one_key(struct lived *l, const struct lived_record *r, uint64_t *gets)
{
	struct arkv_counter *counter = lived_reopen_far(l);
	struct arkv_archives list = { 0 };
	const struct arkv_archive_info *info = NULL;
	arkv_counter_reset(counter);
	assert_int_equal(arkv_archives_list(&list, l->repo, NULL, &err), ARK_OK);
	assert_int_equal(list.count, 5);
	assert_int_equal(list.damaged_count, 0);
	assert_int_equal(arkv_archives_find(&info, &list, "latest", NULL, &err), ARK_OK);
	struct arkv_archive *a = open_archive(l, &info->uid);
	struct arkv_cursor *c = NULL;
	struct ark_record rec;
	assert_int_equal(arkv_cursor_open(&c, a, NULL, &err), ARK_OK);
	assert_int_equal(
		arkv_cursor_get(c, ark_span_str(r->space), ark_span_str(r->key), &rec, &err),
		ARK_OK);
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	arkv_archives_release(&list);
	struct arkv_counts counts = arkv_counter_read(counter);
	*gets = counts.op[ARKV_OP_GET].calls;
	return counts.calls;
}

static void what_was_read_from_afar_is_not_read_again(void **state)
{
	(void)state;
	struct lived l;
	lived_init(&l, ARK_SUITE_XCHACHA);
	struct lived_record *records = lived_records(200, 9);
	for (size_t i = 0; i < 5; i++) {
		records[i].seed++;
		(void)lived_backup(&l, "a", records, 200);
	}
	char command[256];
	uint64_t gets = 0;
	snprintf(command, sizeof command, "rm -rf %s/cache", l.dir);
	assert_int_equal(system(command), 0);
	/* two lists; 5 heads, the manifest, a page, a block */
	assert_int_equal(cost_of_one_key(&l, &records[7], &gets), 2 + 5 + 3);
	/* all but the block are on this host now */
	(void)cost_of_one_key(&l, &records[7], &gets);
	assert_int_equal(gets, 1);
	/* a damaged cache is none */
	snprintf(command, sizeof command,
		 "for f in %s/cache/*/heads.mdb; do printf garbage | dd of=$f bs=1 seek=4100 "
		 "conv=notrunc 2>/dev/null; done",
		 l.dir);
	assert_int_equal(system(command), 0);
	(void)cost_of_one_key(&l, &records[7], &gets);
	assert_true(gets <= 1 + 5);
	(void)cost_of_one_key(&l, &records[7], &gets);
	assert_int_equal(gets, 1);
	test_free(records);
	lived_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_archived_is_restored),
		cmocka_unit_test(each_key_is_found_alone),
		cmocka_unit_test(a_filter_reads_no_more_than_it_needs),
		cmocka_unit_test(listed_keys_are_found),
		cmocka_unit_test(outcomes_are_counted),
		cmocka_unit_test(a_cancelled_restore_ends),
		cmocka_unit_test(a_tree_sums_up_to_the_archive),
		cmocka_unit_test(stats_sum_up_what_the_store_holds),
		cmocka_unit_test(what_was_read_from_afar_is_not_read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
