/* test_backup.c - a backup as a whole: what it stores, what comes back, what a failure leaves. */
#include "libarchive-kv/rand.h"
#include "tests/unit/cm.h"
#include "tests/unit/writer.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	COUNT = 1100, /* so many have a value below a recipe */
	FEW = 200,    /* some values have several chunks */
};

static struct ark_err err;

static bool is_long(void)
{
	return getenv("ARKV_LONG") != NULL;
}

static uint64_t test_seed(void)
{
	const char *text = getenv("ARKV_SEED");
	struct arkv_rand rand = arkv_rand_system();
	uint64_t seed = text ? strtoull(text, NULL, 10) : arkv_rand_below(&rand, 1000000000);
	print_message("# ARKV_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

static struct lived_record *changed(const struct lived_record *records, size_t count, size_t no)
{
	struct lived_record *all = test_calloc(count + 1, sizeof *all);
	memcpy(all, records, count * sizeof *all);
	all[no].seed += 1000000;
	return all;
}

static void assert_digests_equal(struct writer *w, const struct ark_uid *x, const struct ark_uid *y)
{
	struct arkv_archive *a = NULL, *b = NULL;
	assert_int_equal(arkv_archive_open(&a, w->repo, x, &err), ARK_OK);
	assert_int_equal(arkv_archive_open(&b, w->repo, y, &err), ARK_OK);
	assert_true(arkv_digests_equal(&a->head.digests, &b->head.digests));
	assert_int_equal(a->head.counts.records, b->head.counts.records);
	arkv_archive_freep(&a);
	arkv_archive_freep(&b);
}

/* ---- what is stored ---- */

static void all_that_was_given_is_stored_found_and_marked(void **state)
{
	(void)state;
	static const enum ark_suite suites[] = { ARK_SUITE_XCHACHA, ARK_SUITE_NONE };
	struct lived_record *records = lived_records(COUNT, 1);
	for (size_t i = 0; i < 2; i++) {
		struct writer w;
		writer_init(&w, suites[i], NULL);
		struct arkv_backup_result r = writer_night(&w, records, COUNT);
		assert_int_equal(r.counts.records, COUNT);
		assert_int_equal(r.n, 1);
		writer_assert_archive(&w, &r.archive, records, COUNT);
		writer_audit(&w, &r.archive);
		writer_assert_sound(&w);
		writer_release(&w);
	}
	test_free(records);
}

static void any_order_and_any_pieces_give_the_same_content(void **state)
{
	(void)state;
	uint64_t seed = test_seed();
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record *records = lived_records(COUNT, 2);
	struct arkv_backup_result first = writer_night(&w, records, COUNT);
	size_t packs = writer_objects(&w, "packs/");
	static const size_t pieces[] = { 0, 0, 1000, 65536, 333, 0 };
	for (size_t i = 0; i < 6; i++) {
		struct writer_source source = writer_source(records, COUNT);
		struct arkv_backup_options options = { .name = i % 2 ? "s" : "other" };
		struct arkv_backup_result r;
		source.shuffle = seed + i;
		source.piece_len = pieces[i];
		source.drop_every = i % 3 ? 5 : 0;
		assert_int_equal(writer_backup(&w, &source, &options, NULL, &r, &err), ARK_OK);
		assert_int_equal(r.counts.records, COUNT);
		assert_int_equal(r.counts.stored_bytes > 0, i == 0); /* a run for "other" */
		assert_digests_equal(&w, &first.archive, &r.archive);
	}
	assert_int_equal(writer_objects(&w, "packs/"), packs);
	test_free(records);
	writer_release(&w);
}

static void an_unchanged_night_stores_its_manifest_and_session_only(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record *records = lived_records(FEW, 3);
	struct arkv_backup_result first = writer_night(&w, records, FEW);
	assert_false(first.unchanged);
	size_t objects = writer_objects(&w, "");
	writer_reopen(&w, NULL);
	struct arkv_backup_result second = writer_night(&w, records, FEW);
	assert_true(second.unchanged);
	assert_int_equal(second.n, 2);
	assert_memory_equal(&second.parent, &first.archive, sizeof first.archive);
	assert_int_equal(second.new_objects, 1);
	assert_int_equal(second.counts.stored_bytes, 0);
	assert_int_equal(writer_puts(&w), 3);
	assert_int_equal(writer_objects(&w, ""), objects + 3);
	writer_assert_archive(&w, &second.archive, records, FEW);
	writer_audit(&w, &second.archive);
	test_free(records);
	writer_release(&w);
}

static void one_changed_value_stores_one_block(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record *records = lived_records(20000, 4);
	for (size_t i = 0; i < 20000; i++)
		if (records[i].value_len > 1000)
			records[i].value_len = 1000;
	(void)writer_night(&w, records, 20000);
	struct writer_frames before, after;
	writer_frames_read(&before, &w);
	struct lived_record *second = changed(records, 20000, 777);
	struct arkv_backup_result r = writer_night(&w, second, 20000);
	writer_frames_read(&after, &w);
	assert_int_equal(after.count, before.count + 1);
	assert_true(before.count > 30);
	writer_assert_archive(&w, &r.archive, second, 20000);
	writer_audit(&w, &r.archive);
	writer_frames_release(&before);
	writer_frames_release(&after);
	test_free(second);
	test_free(records);
	writer_release(&w);
}

static void a_dry_run_stores_nothing_and_says_what_would_be(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record *records = lived_records(FEW, 5);
	const struct arkv_backup_options dry = { .dry_run = true };
	struct writer_source source = writer_source(records, FEW);
	struct arkv_backup_result would, real;
	assert_int_equal(writer_backup(&w, &source, &dry, NULL, &would, &err), ARK_OK);
	assert_int_equal(writer_puts(&w), 0);
	assert_int_equal(writer_objects(&w, ""), 0);
	real = writer_night(&w, records, FEW);
	assert_int_equal(would.counts.records, real.counts.records);
	assert_int_equal(would.counts.raw_bytes, real.counts.raw_bytes);
	/* hints name packs, whose made-up names may compress otherwise; and the run is not made */
	assert_in_range(would.counts.stored_bytes, real.counts.stored_bytes / 100 * 95,
			real.counts.stored_bytes);
	assert_true(ark_uid_is_zero(&would.archive));
	assert_false(would.unchanged);
	uint64_t puts = writer_puts(&w);
	assert_int_equal(writer_backup(&w, &source, &dry, NULL, &would, &err), ARK_OK);
	assert_true(would.unchanged);
	assert_int_equal(would.counts.stored_bytes, 0);
	assert_int_equal(writer_puts(&w), puts);
	test_free(records);
	writer_release(&w);
}

static void nothing_at_all_is_an_archive(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record one = { .space = "", .key = "", .type = 1 };
	struct arkv_backup_result r = writer_night(&w, NULL, 0);
	writer_assert_archive(&w, &r.archive, NULL, 0);
	r = writer_night(&w, &one, 1); /* empty all over */
	writer_assert_archive(&w, &r.archive, &one, 1);
	writer_audit(&w, &r.archive);
	r = writer_night(&w, NULL, 0);
	assert_int_equal(r.n, 3);
	writer_assert_archive(&w, &r.archive, NULL, 0);
	writer_assert_sound(&w);
	writer_release(&w);
}

static void values_around_every_limit_come_back(void **state)
{
	(void)state;
	static const struct arkf_chunker sizes = {
		.inline_max = 1000, .cdc_min = 4096, .cdc_avg = 8192, .cdc_max = 16384
	};
	static const uint64_t lens[] = {
		0,     1,     999,   1000,  1001,  16383,  16384,  16385,
		32767, 32768, 32769, 65536, 65537, 131072, 300000, 1000000
	};
	enum { LENS = sizeof lens / sizeof lens[0] };
	static const size_t pieces[] = { 0, 1, 7, 1000, 16384, 32768 };
	struct lived_record *records = test_calloc(LENS, sizeof *records);
	for (size_t i = 0; i < LENS; i++) {
		records[i] = (struct lived_record){ .value_len = lens[i], .seed = i, .type = 1 };
		snprintf(records[i].key, sizeof records[i].key, "%02zu", i);
	}
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, &sizes);
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		size_t count = pieces[i] == 1 ? LENS - 4 : LENS;
		struct writer_source source = writer_source(records, count);
		struct arkv_backup_result r;
		source.piece_len = pieces[i];
		assert_int_equal(writer_backup(&w, &source, NULL, NULL, &r, &err), ARK_OK);
		writer_assert_archive(&w, &r.archive, records, count);
		writer_audit(&w, &r.archive);
	}
	writer_release(&w);
	test_free(records);
}

/* ---- what comes more than once ---- */

/* Every record three times, the last one as it is, those before with other values. */
static struct lived_record *thrice(const struct lived_record *records, size_t count)
{
	struct lived_record *all = test_calloc(3 * count, sizeof *all);
	for (size_t i = 0; i < 3 * count; i++) {
		all[i] = records[i % count];
		if (i < 2 * count) {
			all[i].seed += 5000000 + i;
			all[i].value_len = all[(i + 1) % count].value_len;
		}
	}
	return all;
}

static void the_last_record_of_a_key_wins(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record *records = lived_records(900, 6);
	struct lived_record *all = thrice(records, 900);
	struct arkv_backup_result r = writer_night(&w, all, 2700);
	assert_int_equal(r.counts.records, 900);
	assert_int_equal(r.counts.duplicates, 1800);
	writer_assert_archive(&w, &r.archive, records, 900);
	writer_assert_sound(&w);
	test_free(all);
	test_free(records);
	writer_release(&w);
}

static void duplicates_can_be_refused(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record records[3] = { { .key = "a", .type = 1 },
					   { .key = "b\x01", .type = 1 },
					   { .key = "b\x01", .type = 1 } };
	struct writer_source source = writer_source(records, 3);
	const struct arkv_backup_options options = { .fail_on_duplicates = true };
	struct arkv_backup_result r;
	assert_int_equal(writer_backup(&w, &source, &options, NULL, &r, &err), ARK_LIMIT);
	assert_non_null(strstr(err.text, "\"b\\x01\""));
	assert_int_equal(writer_objects(&w, "archives/"), 0);
	source.count = 2;
	assert_int_equal(writer_backup(&w, &source, &options, NULL, &r, &err), ARK_OK);
	writer_release(&w);
}

/* ---- what goes wrong ---- */

static void note_text(void *ctx, const char *text)
{
	struct ark_wr *wr = ctx;
	ark_wr_bytes(wr, ark_span_str(text));
	ark_wr_bytes(wr, ark_span_str("\n"));
}

static void refused_records_are_named_and_counted(void **state)
{
	(void)state;
	struct writer w;
	char text[4096] = "";
	struct ark_wr wr = ark_wr(text, sizeof text - 1);
	const struct arkv_job job = { .warn = note_text, .ctx = &wr };
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record *records = lived_records(100, 7);
	struct writer_source source = writer_source(records, 100);
	struct arkv_backup_result r;
	source.refuse_every = 50;
	assert_int_equal(writer_backup(&w, &source, NULL, &job, &r, &err), ARK_OK);
	assert_true(r.incomplete);
	assert_int_equal(r.counts.refused, 2);
	assert_string_equal(text, "not backed up: bad\\x01: of no use\n"
				  "not backed up: bad\\x01: of no use\n");
	writer_assert_archive(&w, &r.archive, records, 100);
	test_free(records);
	writer_release(&w);
}

/* What a failed backup left does not hinder the next one. */
static void assert_goes_on(struct writer *w, const struct ark_uid *first,
			   const struct lived_record *old, const struct lived_record *new,
			   size_t count)
{
	size_t archives = writer_objects(w, "archives/");
	writer_reopen(w, NULL);
	writer_assert_archive(w, first, old, count);
	struct arkv_backup_result r = writer_night(w, new, count);
	assert_int_equal(writer_objects(w, "archives/"), archives + 1);
	writer_assert_archive(w, &r.archive, new, count);
	writer_assert_sound(w);
}

static void a_source_that_fails_leaves_no_archive(void **state)
{
	(void)state;
	static const enum ark_rc codes[] = { ARK_CORRUPT, ARK_IO, ARK_NOTFOUND, ARK_AGAIN };
	struct lived_record *records = lived_records(FEW, 8);
	struct lived_record *second = changed(records, FEW, 9);
	for (size_t i = 0; i < 4; i++) {
		struct writer w;
		writer_init(&w, ARK_SUITE_XCHACHA, NULL);
		struct arkv_backup_result first = writer_night(&w, records, FEW);
		struct writer_source source = writer_source(second, FEW);
		struct arkv_backup_result r;
		source.stop_at = 1 + i * 66;
		source.stop = codes[i];
		source.stop_in_value = i % 2;
		assert_int_equal(writer_backup(&w, &source, NULL, NULL, &r, &err), codes[i]);
		assert_string_equal(err.text, "the source broke down");
		assert_true(ark_uid_is_zero(&r.archive));
		assert_int_equal(writer_objects(&w, "archives/"), 1);
		assert_int_equal(writer_objects(&w, "sessions/"), 4); /* two, and their ends */
		assert_goes_on(&w, &first.archive, records, second, FEW);
		writer_release(&w);
	}
	test_free(second);
	test_free(records);
}

static void a_put_that_fails_leaves_no_archive(void **state)
{
	(void)state;
	static const char *const kinds[] = { "io", "nospace", "denied", "in-doubt-before",
					     "in-doubt-after" };
	struct lived_record *records = lived_records(FEW, 10);
	struct lived_record *second = changed(records, FEW, 9);
	for (size_t kind = 0; kind < 5; kind++)
		for (uint64_t put = 1; put <= 6; put++) {
			struct writer w;
			char script[64];
			writer_init(&w, ARK_SUITE_XCHACHA, NULL);
			struct arkv_backup_result first = writer_night(&w, records, FEW);
			struct writer_source source = writer_source(second, FEW);
			struct arkv_backup_result r;
			/* session, pack, places, run, manifest, session's end */
			snprintf(script, sizeof script, "put:%u:%s", (unsigned)put, kinds[kind]);
			writer_reopen(&w, script);
			enum ark_rc rc = writer_backup(&w, &source, NULL, NULL, &r, &err);
			if (put == 6) {
				assert_int_equal(rc, ARK_OK);
			} else {
				assert_true(rc == ARK_IO || rc == ARK_NOSPACE || rc == ARK_DENIED ||
					    (rc == ARK_AGAIN && err.in_doubt));
				assert_true(err.text[0]);
				assert_true(ark_uid_is_zero(&r.archive));
				/* the manifest that is in doubt may be there */
				assert_int_equal(writer_objects(&w, "archives/"),
						 put == 5 && kind == 4 ? 2 : 1);
			}
			assert_goes_on(&w, &first.archive, records, second, FEW);
			writer_release(&w);
		}
	test_free(second);
	test_free(records);
}

static void a_backup_can_be_cancelled_at_any_record(void **state)
{
	(void)state;
	uint64_t seed = test_seed();
	struct arkv_rand rand = arkv_rand_seeded(seed);
	struct lived_record *records = lived_records(FEW, 11);
	struct lived_record *second = changed(records, FEW, 9);
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct arkv_backup_result first = writer_night(&w, records, FEW);
	for (size_t i = 0; i < (is_long() ? 100 : 10); i++) {
		struct writer_source source = writer_source(second, FEW);
		struct arkv_backup_result r;
		atomic_bool cancel = false;
		const struct arkv_job job = { .cancel = &cancel };
		source.cancel = &cancel;
		source.stop_at = 1 + (size_t)arkv_rand_below(&rand, FEW - 70);
		source.shuffle = seed;
		assert_int_equal(writer_backup(&w, &source, NULL, &job, &r, &err), ARK_CANCELLED);
		assert_string_equal(err.text, "stopped as asked");
	}
	assert_int_equal(writer_objects(&w, "archives/"), 1);
	assert_goes_on(&w, &first.archive, records, second, FEW);
	test_free(second);
	test_free(records);
	writer_release(&w);
}

struct ticks {
	size_t count;
	size_t stop_after;
	atomic_bool cancel;
	uint64_t last;
};

static void note_tick(void *ctx, const struct arkv_progress *p)
{
	struct ticks *t = ctx;
	if (strcmp(p->phase, "scan") != 0)
		return;
	assert_true(p->bytes >= t->last);
	t->last = p->bytes;
	atomic_store(&t->cancel, ++t->count == t->stop_after);
}

static void large_values_are_told_of_and_can_be_cancelled(void **state)
{
	(void)state;
	enum { LARGE = 20 };
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record records[LARGE] = { { .type = 1 } };
	for (size_t i = 0; i < LARGE; i++) {
		records[i] = (struct lived_record){ .value_len = 3 << 20, .type = 1 };
		snprintf(records[i].key, sizeof records[i].key, "%03zu", i);
	}
	for (size_t stop = 0; stop < 6; stop += 5) {
		struct ticks ticks = { .stop_after = stop };
		const struct arkv_job job = { .progress = note_tick,
					      .ctx = &ticks,
					      .cancel = &ticks.cancel };
		struct writer_source source = writer_source(records, LARGE);
		struct arkv_backup_result r;
		assert_int_equal(writer_backup(&w, &source, NULL, &job, &r, &err),
				 stop ? ARK_CANCELLED : ARK_OK);
		assert_int_equal(ticks.count, stop ? stop : 1 + LARGE * 3 / 8);
	}
	writer_release(&w);
}

/* The manifest opens, the rest of it does not. */
static void a_parent_that_cannot_be_read_is_passed_over(void **state)
{
	(void)state;
	char text[4096] = "";
	struct ark_wr wr = ark_wr(text, sizeof text - 1);
	const struct arkv_job job = { .warn = note_text, .ctx = &wr };
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record *records = lived_records(FEW, 12);
	(void)writer_night(&w, records, FEW);
	struct writer_names *names = writer_names_of(&w, "archives/");
	struct ark_buf bytes;
	ark_buf_init(&bytes);
	assert_int_equal(arkv_store_get(w.memory, names->name[0], 0, ARKV_TO_END, &bytes, &err), 0);
	bytes.wr.p[bytes.wr.len - 40] ^= 1; /* in a root */
	writer_remove(&w, "archives/");
	assert_int_equal(arkv_store_put(w.memory, names->name[0], ark_buf_span(&bytes), &err), 0);
	writer_drop_cache(&w);
	struct writer_source source = writer_source(records, FEW);
	struct arkv_backup_result r;
	if (writer_backup(&w, &source, NULL, &job, &r, &err))
		fail_msg("%s", err.text);
	assert_true(ark_uid_is_zero(&r.parent));
	assert_int_equal(r.n, 2);
	assert_non_null(strstr(text, "is passed over"));
	writer_assert_archive(&w, &r.archive, records, FEW);
	ark_buf_release(&bytes);
	test_free(names);
	test_free(records);
	writer_release(&w);
}

static void what_was_lost_is_stored_again(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct lived_record *records = lived_records(FEW, 13);
	(void)writer_night(&w, records, FEW);
	/* as after a pack was lost and its places were taken away: nothing is known to be there */
	writer_remove(&w, "places/");
	writer_remove(&w, "packs/");
	struct arkv_backup_result r = writer_night(&w, records, FEW);
	assert_false(r.unchanged);
	writer_assert_archive(&w, &r.archive, records, FEW);
	writer_audit(&w, &r.archive);
	r = writer_night(&w, records, FEW);
	assert_true(r.unchanged);
	writer_assert_archive(&w, &r.archive, records, FEW);
	test_free(records);
	writer_release(&w);
}

static void bad_tags_are_told_before_the_scan(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	const char *tags[17];
	char long_tag[66];
	memset(long_tag, 'x', 65);
	long_tag[65] = '\0';
	for (size_t i = 0; i < 17; i++)
		tags[i] = i % 2 ? "b" : "a";
	struct writer_source source = writer_source(NULL, 1); /* would crash */
	struct arkv_backup_options options = { .tags = tags, .tag_count = 17 };
	struct arkv_backup_result r;
	assert_int_equal(writer_backup(&w, &source, &options, NULL, &r, &err), ARK_LIMIT);
	tags[3] = long_tag;
	options.tag_count = 16;
	assert_int_equal(writer_backup(&w, &source, &options, NULL, &r, &err), ARK_LIMIT);
	assert_int_equal(writer_puts(&w), 0);
	tags[3] = "b";
	source.count = 0;
	assert_int_equal(writer_backup(&w, &source, &options, NULL, &r, &err), ARK_OK);
	struct arkv_archive *a = NULL;
	assert_int_equal(arkv_archive_open(&a, w.repo, &r.archive, &err), ARK_OK);
	assert_int_equal(a->head.tag_count, 2);
	arkv_archive_freep(&a);
	writer_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_was_given_is_stored_found_and_marked),
		cmocka_unit_test(any_order_and_any_pieces_give_the_same_content),
		cmocka_unit_test(an_unchanged_night_stores_its_manifest_and_session_only),
		cmocka_unit_test(one_changed_value_stores_one_block),
		cmocka_unit_test(a_dry_run_stores_nothing_and_says_what_would_be),
		cmocka_unit_test(nothing_at_all_is_an_archive),
		cmocka_unit_test(values_around_every_limit_come_back),
		cmocka_unit_test(the_last_record_of_a_key_wins),
		cmocka_unit_test(duplicates_can_be_refused),
		cmocka_unit_test(refused_records_are_named_and_counted),
		cmocka_unit_test(a_source_that_fails_leaves_no_archive),
		cmocka_unit_test(a_put_that_fails_leaves_no_archive),
		cmocka_unit_test(a_backup_can_be_cancelled_at_any_record),
		cmocka_unit_test(large_values_are_told_of_and_can_be_cancelled),
		cmocka_unit_test(a_parent_that_cannot_be_read_is_passed_over),
		cmocka_unit_test(what_was_lost_is_stored_again),
		cmocka_unit_test(bad_tags_are_told_before_the_scan),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
