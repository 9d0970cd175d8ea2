/* test_cursor_damage.c - what a cursor does with what cannot be read (libarchive-kv/cursor.h). */
#include "libarchive-kv/cursor.h"
#include "tests/unit/cm.h"
#include "tests/unit/handmade.h"

static struct ark_err err;

static void a_lost_chunk_costs_its_value_alone(void **state)
{
	(void)state;
	struct handmade h;
	struct handmade_entry entries[4];
	handmade_init(&h, true);
	handmade_large_values(&h, entries, NULL);
	handmade_break_frame(&h, &h.runs[0].chunk_pack, 5); /* c's first */
	struct arkv_archive *a = handmade_open(&h);
	struct arkv_cursor *c = handmade_cursor(a);
	struct ark_buf got;
	ark_buf_init(&got);
	struct ark_record rec;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_OK);
		enum ark_rc rc = arkv_value_read(c, handmade_append, &got.wr, &err);
		assert_int_equal(rc, i == 2 ? ARK_CORRUPT : ARK_OK);
		if (rc)
			assert_non_null(strstr(err.text, "frame 5"));
	}
	assert_int_equal(got.wr.len, 2 * HANDMADE_LARGE_LEN + 6);
	ark_buf_release(&got);
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

/* Walks to the end, and notes keys, with "!" for each report of damage. */
static void walk_text(struct arkv_cursor *c, char *out)
{
	struct ark_record rec;
	for (;;) {
		enum ark_rc rc = arkv_cursor_next(c, &rec, &err);
		if (rc == ARK_NOTFOUND)
			break;
		*out++ = rc ? '!' : (char)rec.key.p[0];
	}
	*out = '\0';
}

static void what_a_lost_newer_block_may_have_changed_is_left_out(void **state)
{
	(void)state;
	static const struct {
		size_t run, frame;
		const char *walk;
		uint64_t entries, withheld;
	} cases[] = {
		{ 0, 1, "!abefh", 2, 0 },  /* base block c, d: noticed when a is asked for? */
		{ 1, 1, "!abcdh", 1, 2 },  /* e..g: what e was is unknown, and f may be gone */
		{ 1, 2, "!abcdef", 1, 2 }, /* g..: h may be gone, too */
	};
	for (size_t i = 0; i < 3; i++) {
		struct handmade h;
		handmade_init(&h, true);
		handmade_two_runs(&h);
		handmade_break_frame(&h, &h.runs[cases[i].run].pack, cases[i].frame);
		struct arkv_archive *a = handmade_open(&h);
		struct arkv_cursor *c = handmade_cursor(a);
		char got[32], sorted[32];
		walk_text(c, got);
		size_t n = 0;
		for (size_t j = 0; got[j]; j++)
			if (got[j] != '!')
				sorted[n++] = got[j];
		sorted[n] = '\0';
		assert_string_equal(sorted, cases[i].walk + 1);
		assert_int_equal(strlen(got), n + 1);
		struct arkv_cursor_lost lost = arkv_cursor_lost(c);
		assert_int_equal(lost.places, 1);
		assert_int_equal(lost.entries, cases[i].entries);
		assert_int_equal(lost.withheld, cases[i].withheld);
		arkv_cursor_freep(&c);
		arkv_archive_freep(&a);
		handmade_release(&h);
	}
}

static void a_key_that_a_lost_block_may_hold_is_not_called_absent(void **state)
{
	(void)state;
	struct handmade h;
	handmade_init(&h, true);
	handmade_two_runs(&h);
	handmade_break_frame(&h, &h.runs[1].pack, 1);
	struct arkv_archive *a = handmade_open(&h);
	struct arkv_cursor *c = handmade_cursor(a);
	struct ark_record rec;
	struct ark_span none = ark_span(NULL, 0);
	assert_int_equal(arkv_cursor_get(c, none, ark_span_str("e"), &rec, &err), ARK_CORRUPT);
	assert_int_equal(arkv_cursor_get(c, none, ark_span_str("f"), &rec, &err), ARK_CORRUPT);
	assert_int_equal(arkv_cursor_get(c, none, ark_span_str("g"), &rec, &err), ARK_NOTFOUND);
	assert_int_equal(arkv_cursor_get(c, none, ark_span_str("b"), &rec, &err), ARK_OK);
	handmade_assert_value(c, ark_span_str("new"));
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

static void a_lost_page_costs_its_blocks_alone(void **state)
{
	(void)state;
	struct handmade h;
	handmade_init(&h, true);
	handmade_two_runs(&h);
	struct arkv_archive *a = handmade_open(&h);
	const struct arkv_root *root = NULL;
	assert_int_equal(arkv_archive_root(&root, a, 0, &err), ARK_OK); /* run 1, as newest */
	struct ark_buf bytes;
	ark_buf_init(&bytes);
	struct arkv_object_name name = arkv_hash_name("runs/", &h.runs[1].name);
	assert_int_equal(
		arkv_store_get(arkv_repo_store(h.repo), name.s, 0, ARKV_TO_END, &bytes, &err),
		ARK_OK);
	bytes.wr.p[root->pages[1].off + 30] ^= 0x10;
	handmade_replace(&h, name.s, ark_buf_span(&bytes));
	ark_buf_release(&bytes);
	struct arkv_cursor *c = handmade_cursor(a);
	char got[32];
	walk_text(c, got);
	assert_int_equal(strlen(got), 6);
	assert_non_null(strchr(got, '!'));
	assert_null(strchr(got, 'e'));
	assert_null(strchr(got, 'f'));
	assert_null(strchr(got, 'g'));
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

static void a_lost_run_hides_what_it_may_have_changed(void **state)
{
	(void)state;
	struct handmade h;
	handmade_init(&h, false);
	handmade_two_runs(&h);
	struct arkv_object_name name = arkv_hash_name("runs/", &h.runs[1].name);
	assert_int_equal(arkv_store_remove(arkv_repo_store(h.repo), name.s, &err), ARK_OK);
	struct arkv_archive *a = handmade_open(&h);
	struct arkv_cursor *c = handmade_cursor(a);
	char got[32];
	walk_text(c, got);
	/* the manifest has the root: below its first key nothing can have changed */
	assert_string_equal(got + strspn(got, "!"), "a");
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_chunk_costs_its_value_alone),
		cmocka_unit_test(what_a_lost_newer_block_may_have_changed_is_left_out),
		cmocka_unit_test(a_key_that_a_lost_block_may_hold_is_not_called_absent),
		cmocka_unit_test(a_lost_page_costs_its_blocks_alone),
		cmocka_unit_test(a_lost_run_hides_what_it_may_have_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
