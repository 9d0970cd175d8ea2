/* test_archive.c - listing, finding and opening archives (libarchive-kv/archive.h). */
#include "libarchive-kv/archive.h"
#include "tests/unit/cm.h"
#include "tests/unit/handmade.h"

#include <stdio.h>

static struct ark_err err;
static const struct handmade_segment nothing = { .depth = 0 };

static struct ark_uid add(struct handmade *h, const char *source, uint64_t n, uint64_t time_ms,
			  const char *tag)
{
	handmade_archive(h, &(struct handmade_archive){ .source = source,
							.n = n,
							.time_ms = time_ms,
							.tag = tag,
							.segments = &nothing,
							.segment_count = 1 });
	return h->archive;
}

static struct arkv_archives list(struct handmade *h, const struct arkv_archives_options *options)
{
	struct arkv_archives out = { 0 };
	if (arkv_archives_list(&out, h->repo, options, &err))
		fail_msg("%s", err.text);
	return out;
}

/* 2026-11-19 03:00 UTC and so on, in milliseconds. */
#define NIGHT UINT64_C(1795057200000)
enum { DAY_MS = 86400000 };

struct four {
	struct handmade h;
	struct ark_uid a1, a2, a3, b1;
};

static void make_four(struct four *f)
{
	handmade_init(&f->h, true);
	f->a1 = add(&f->h, "a", 1, NIGHT, "weekly");
	f->b1 = add(&f->h, "b", 1, NIGHT + DAY_MS + 1000, NULL);
	f->a3 = add(&f->h, "a", 3, NIGHT + 2 * DAY_MS, NULL);
	f->a2 = add(&f->h, "a", 2, NIGHT + DAY_MS, "weekly");
}

static void archives_are_listed_by_source_and_number(void **state)
{
	(void)state;
	struct four f;
	make_four(&f);
	struct arkv_archives l = list(&f.h, NULL);
	assert_int_equal(l.count, 4);
	const struct ark_uid *want[] = { &f.a1, &f.a2, &f.a3, &f.b1 };
	for (size_t i = 0; i < 4; i++)
		assert_true(ark_uid_eq(&l.items[i].uid, want[i]));
	assert_int_equal(l.items[1].time_ms, NIGHT + DAY_MS);
	assert_true(ark_span_eq(l.items[0].head->tags[0], ark_span_str("weekly")));
	arkv_archives_release(&l);
	l = list(&f.h, &(struct arkv_archives_options){ .source = "b" });
	assert_int_equal(l.count, 1);
	arkv_archives_release(&l);
	handmade_release(&f.h);
}

static void assert_found(const struct arkv_archives *l, const char *ref, const char *source,
			 const struct ark_uid *want)
{
	const struct arkv_archive_info *info = NULL;
	enum ark_rc rc = arkv_archives_find(&info, l, ref, source, &err);
	if (!want) {
		assert_int_equal(rc, ARK_NOTFOUND);
		return;
	}
	if (rc)
		fail_msg("%s: %s", ref, err.text);
	assert_true(ark_uid_eq(&info->uid, want));
}

static void references_name_the_archives_they_should(void **state)
{
	(void)state;
	struct four f;
	make_four(&f);
	struct arkv_archives l = list(&f.h, NULL);
	assert_found(&l, "latest", NULL, &f.a3);
	assert_found(&l, "latest~1", NULL, &f.b1);
	assert_found(&l, "latest~2", NULL, &f.a2);
	assert_found(&l, "latest~3", NULL, &f.a1);
	assert_found(&l, "latest~4", NULL, NULL);
	assert_found(&l, "latest", "b", &f.b1);
	assert_found(&l, "latest~1", "a", &f.a2);
	assert_found(&l, "latest", "c", NULL);
	assert_found(&l, "latest:weekly", NULL, &f.a2);
	assert_found(&l, "latest:weekly~1", NULL, &f.a1);
	assert_found(&l, "latest:none", NULL, NULL);
	assert_found(&l, "@2026-11-19T03:00", NULL, &f.a1);
	assert_found(&l, "@2026-11-19T02:59:59Z", NULL, NULL);
	assert_found(&l, "@2026-11-20", NULL, &f.b1);
	assert_found(&l, "@2026-11-20T03:00:00Z", NULL, &f.a2);
	assert_found(&l, "@2026-11-20T03", "a", &f.a2);
	assert_found(&l, "@2030-02-28 23:59", NULL, &f.a3);
	char prefix[33];
	snprintf(prefix, sizeof prefix, "%.12s", ark_uid_hex(&f.a2).s);
	assert_found(&l, prefix, NULL, &f.a2);
	assert_found(&l, prefix, "b", NULL);
	assert_found(&l, ark_uid_hex(&f.b1).s, NULL, &f.b1);
	arkv_archives_release(&l);
	handmade_release(&f.h);
}

static void a_reference_in_no_form_says_which_forms_there_are(void **state)
{
	(void)state;
	static const char *const bad[] = { "",
					   "abc",
					   "lates",
					   "latest~",
					   "latest~x",
					   "latest2",
					   "@",
					   "@2026-13-01",
					   "@2026-02-29",
					   "@2026-11-1",
					   "@2026-11-19T24",
					   "@2026-11-19T03:60",
					   "@2026-11-19x",
					   "ABCD",
					   "@2026-11-19T03:00+01:00" };
	struct four f;
	make_four(&f);
	struct arkv_archives l = list(&f.h, NULL);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const struct arkv_archive_info *info = NULL;
		if (arkv_archives_find(&info, &l, bad[i], NULL, &err) != ARK_USAGE)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_non_null(strstr(err.text, "latest~2"));
		assert_null(info);
	}
	arkv_archives_release(&l);
	handmade_release(&f.h);
}

static void digits_of_several_archives_list_them(void **state)
{
	(void)state;
	struct four f;
	make_four(&f);
	struct arkv_archives l = list(&f.h, NULL);
	l.items[0].uid = l.items[1].uid;
	l.items[0].uid.b[6] ^= 1;
	char prefix[33];
	snprintf(prefix, sizeof prefix, "%.12s", ark_uid_hex(&l.items[1].uid).s);
	const struct arkv_archive_info *info = NULL;
	assert_int_equal(arkv_archives_find(&info, &l, prefix, NULL, &err), ARK_USAGE);
	assert_non_null(strstr(err.text, "2 archives"));
	arkv_archives_release(&l);
	handmade_release(&f.h);
}

static void put_text(struct handmade *h, const char *name)
{
	assert_int_equal(arkv_store_put(arkv_repo_store(h->repo), name, ark_span_str("x"), &err),
			 ARK_OK);
}

static void forgotten_and_reaped_archives_are_not_shown(void **state)
{
	(void)state;
	struct four f;
	make_four(&f);
	char name[ARKV_NAME_MAX + 1];
	snprintf(name, sizeof name, "archives/%s.del", ark_uid_hex(&f.a2).s);
	put_text(&f.h, name);
	put_text(&f.h, "archives/notes.txt");
	handmade_archive(&f.h, &(struct handmade_archive){ .source = "z",
							   .session = { { 7, 7 } },
							   .segments = &nothing,
							   .segment_count = 1 });
	struct arkv_archives l = list(&f.h, NULL);
	assert_int_equal(l.count, 4);
	arkv_archives_release(&l);
	put_text(&f.h, "gc/reaped/07070000000000000000000000000000");
	l = list(&f.h, NULL);
	assert_int_equal(l.count, 3);
	arkv_archives_release(&l);
	l = list(&f.h, &(struct arkv_archives_options){ .with_forgotten = true });
	assert_int_equal(l.count, 4);
	assert_true(l.items[1].forgotten);
	assert_false(l.items[0].forgotten);
	arkv_archives_release(&l);
	handmade_release(&f.h);
}

static void a_damaged_manifest_hides_no_other(void **state)
{
	(void)state;
	struct four f;
	make_four(&f);
	struct arkv_object_name name = arkv_archive_name(&f.a2);
	struct ark_buf bytes;
	ark_buf_init(&bytes);
	assert_int_equal(
		arkv_store_get(arkv_repo_store(f.h.repo), name.s, 0, ARKV_TO_END, &bytes, &err),
		ARK_OK);
	bytes.wr.p[200] ^= 4;
	handmade_replace(&f.h, name.s, ark_buf_span(&bytes));
	struct arkv_archives l = list(&f.h, NULL);
	assert_int_equal(l.count, 4);
	assert_int_equal(l.damaged_count, 1);
	assert_true(l.items[3].is_damaged);
	assert_true(ark_uid_eq(&l.items[3].uid, &f.a2));
	assert_true(l.items[3].problem[0] != '\0');
	assert_found(&l, "latest~2", NULL, &f.a1);
	arkv_archives_release(&l);
	handmade_replace(&f.h, name.s, ark_span_str(""));
	l = list(&f.h, NULL);
	assert_int_equal(l.damaged_count, 1);
	arkv_archives_release(&l);
	ark_buf_release(&bytes);
	handmade_release(&f.h);
}

static void every_altered_byte_of_a_manifest_is_found(void **state)
{
	(void)state;
	for (int encrypted = 0; encrypted < 2; encrypted++) {
		struct handmade h;
		handmade_init(&h, encrypted);
		const struct handmade_entry e = { .key = "k" };
		handmade_run(&h, &e, 1, NULL);
		struct handmade_segment s[2] = { { .depth = 1 }, { .begin = "m", .depth = 1 } };
		handmade_archive(&h,
				 &(struct handmade_archive){ .segments = s, .segment_count = 2 });
		struct arkv_object_name name = arkv_archive_name(&h.archive);
		struct ark_buf bytes;
		ark_buf_init(&bytes);
		assert_int_equal(arkv_store_get(arkv_repo_store(h.repo), name.s, 0, ARKV_TO_END,
						&bytes, &err),
				 ARK_OK);
		struct arkv_archive *a = NULL;
		for (size_t i = 0; i < bytes.wr.len; i++) {
			bytes.wr.p[i] ^= (uint8_t)(1 << i % 8);
			handmade_replace(&h, name.s, ark_buf_span(&bytes));
			if (arkv_archive_open(&a, h.repo, &h.archive, &err) == ARK_OK)
				fail_msg("byte %zu", i);
			bytes.wr.p[i] ^= (uint8_t)(1 << i % 8);
		}
		for (size_t len = 0; len < bytes.wr.len; len++) {
			handmade_replace(&h, name.s, ark_span(bytes.wr.p, len));
			if (arkv_archive_open(&a, h.repo, &h.archive, &err) == ARK_OK)
				fail_msg("cut at %zu", len);
			struct arkv_archives l = list(&h, NULL);
			assert_int_equal(l.count, 1); /* a whole head may still be shown */
			arkv_archives_release(&l);
		}
		assert_null(a);
		ark_buf_release(&bytes);
		handmade_release(&h);
	}
}

static void an_absent_archive_is_not_found(void **state)
{
	(void)state;
	struct handmade h;
	handmade_init(&h, false);
	struct arkv_archive *a = NULL;
	assert_int_equal(arkv_archive_open(&a, h.repo, &h.archive, &err), ARK_NOTFOUND);
	assert_non_null(strstr(err.text, "arkv archives"));
	struct arkv_archives l = list(&h, NULL);
	assert_int_equal(l.count, 0);
	const struct arkv_archive_info *info = NULL;
	assert_int_equal(arkv_archives_find(&info, &l, "latest", NULL, &err), ARK_NOTFOUND);
	arkv_archives_release(&l);
	handmade_release(&h);
}

static void segments_are_found_by_their_bounds(void **state)
{
	(void)state;
	struct handmade h;
	handmade_init(&h, true);
	struct handmade_segment s[4] = {
		{ .depth = 0 }, { .begin = "b" }, { .begin = "bb" }, { .begin = "c" }
	};
	handmade_archive(&h, &(struct handmade_archive){ .segments = s, .segment_count = 4 });
	struct arkv_archive *a = NULL;
	assert_int_equal(arkv_archive_open(&a, h.repo, &h.archive, &err), ARK_OK);
	static const struct {
		const char *space, *key;
		size_t segment;
	} cases[] = { { "", "", 0 },   { "", "az", 0 }, { "", "b", 1 }, { "", "ba", 1 },
		      { "", "bb", 2 }, { "", "c", 3 },	{ "", "d", 3 }, { "0", "", 3 } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arkf_key key = { .space = ark_span_str(cases[i].space),
					.key = ark_span_str(cases[i].key) };
		assert_int_equal(arkv_archive_segment_of(a, &key), cases[i].segment);
	}
	assert_null(arkv_archive_segment_end(a, 3));
	assert_true(ark_span_eq(arkv_archive_segment_end(a, 0)->key, ark_span_str("b")));
	arkv_archive_freep(&a);
	handmade_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archives_are_listed_by_source_and_number),
		cmocka_unit_test(references_name_the_archives_they_should),
		cmocka_unit_test(a_reference_in_no_form_says_which_forms_there_are),
		cmocka_unit_test(digits_of_several_archives_list_them),
		cmocka_unit_test(forgotten_and_reaped_archives_are_not_shown),
		cmocka_unit_test(a_damaged_manifest_hides_no_other),
		cmocka_unit_test(every_altered_byte_of_a_manifest_is_found),
		cmocka_unit_test(an_absent_archive_is_not_found),
		cmocka_unit_test(segments_are_found_by_their_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
