/* test_jsonl_target.c - the target jsonl: against tests/tools/canon.py. */
#include "tests/source/deliver.h"
#include "tests/source/jsonl_wide.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>

static const struct arkv_target_options plain = { .conflict = ARKV_CONFLICT_FAIL };

/* The files of a test: a place, and its URL. */
struct place {
	char path[128];
	char url[160];
};

static struct place place(void **state, const char *name)
{
	struct place p;
	snprintf(p.path, sizeof p.path, "%s/%s", (char *)*state, name);
	snprintf(p.url, sizeof p.url, "jsonl:%s", p.path);
	return p;
}

static size_t count_files(const char *folder)
{
	size_t count = 0;
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* What canon.py makes of text. */
static void canonical(void **state, struct ark_span text, struct ark_buf *out)
{
	struct place in = place(state, "wide"), made = place(state, "canonical");
	char command[512];
	write_file(in.path, text);
	snprintf(command, sizeof command, "python3 '%s' '%s' > '%s'", getenv("ARKV_CANON"), in.path,
		 made.path);
	assert_int_equal(system(command), 0);
	read_file(made.path, out);
}

static void assert_same_bytes(const struct ark_buf *a, const struct ark_buf *b)
{
	size_t common = ark_span_common(ark_buf_span(a), ark_buf_span(b));
	if (a->wr.len != b->wr.len || common != a->wr.len)
		fail_msg("%zu and %zu bytes, the first %zu the same: ...%.80s", a->wr.len,
			 b->wr.len, common, (char *)a->wr.p + (common > 40 ? common - 40 : 0));
}

static void what_is_written_is_the_canonical_form_of_what_was_read(void **state)
{
	struct arkv_rand rand = collect_seeded("canonical");
	struct place p = place(state, "out.jsonl");
	for (int round = 0; round < 4; round++) {
		struct collect c;
		struct ark_buf text, expected, got;
		struct delivery d;
		struct ark_err err;
		collect_init(&c);
		ark_buf_init(&text);
		ark_buf_init(&expected);
		ark_buf_init(&got);
		random_records(&rand, &c, 300);
		wide_all(&rand, &text, &c);
		canonical(state, ark_buf_span(&text), &expected);
		collect_sort(&c);
		unlink(p.path);
		assert_ok(deliver_url(p.url, &plain, &c, &rand, &d, &err), err);
		assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], c.count);
		read_file(p.path, &got);
		assert_same_bytes(&got, &expected);
		ark_buf_release(&text);
		ark_buf_release(&expected);
		ark_buf_release(&got);
		collect_release(&c);
	}
}

static void what_was_written_is_read_back(void **state)
{
	struct arkv_rand rand = collect_seeded("read back");
	struct place p = place(state, "out.jsonl");
	struct collect sent, got;
	struct delivery d;
	struct ark_err err;
	collect_init(&sent);
	collect_init(&got);
	random_records(&rand, &sent, 500);
	collect_sort(&sent);
	assert_ok(deliver_url(p.url, &plain, &sent, &rand, &d, &err), err);
	assert_ok(collect_url(&got, p.url, &err), err);
	assert_collected_equal(&got, &sent);
	collect_release(&sent);
	collect_release(&got);
}

/* A value of len bytes of "é" in which the byte at bad_at (if it is in there) is no UTF-8. */
static void add_large(struct collect *c, const char *key, size_t len, size_t bad_at)
{
	struct ark_record r = { .key = ark_span_str(key),
				.type = ARK_TYPE_STRING,
				.expires_ms = ARK_NO_EXPIRY,
				.value_len = len };
	uint8_t *value = malloc(len);
	assert_non_null(value);
	for (size_t i = 0; i < len; i++)
		value[i] = i % 2 ? 0xa9 : 0xc3;
	if (len % 2)
		value[len - 1] = '"';
	if (bad_at < len)
		value[bad_at] = 0xff;
	collect_add(c, &r, ark_span(value, len));
	free(value);
}

static void a_large_value_is_text_only_when_all_of_it_is(void **state)
{
	enum { MIB = 1 << 20 };
	struct arkv_rand rand = collect_seeded("large");
	struct collect c;
	struct ark_buf text, expected, got;
	struct place p = place(state, "out.jsonl");
	collect_init(&c);
	ark_buf_init(&text);
	ark_buf_init(&expected);
	ark_buf_init(&got);
	add_large(&c, "a", MIB - 2, SIZE_MAX);
	add_large(&c, "b", MIB - 1, SIZE_MAX);
	add_large(&c, "c", MIB, SIZE_MAX);
	add_large(&c, "d", 3 * MIB + 7, SIZE_MAX);
	add_large(&c, "e", 3 * MIB + 7, 3 * MIB + 6);
	add_large(&c, "f", 3 * MIB + 1, 5);
	add_large(&c, "g", 2 * MIB - 2, MIB - 1);
	add_large(&c, "h", 2 * MIB, 2 * MIB - 1);
	for (size_t i = 0; i < c.count; i++) {
		struct ark_span value;
		struct ark_record r = collect_decode(&c.kept[i], &value);
		wide_record(&rand, &text, &r, value);
	}
	canonical(state, ark_buf_span(&text), &expected);
	for (int in_pieces = 0; in_pieces < 4; in_pieces++) {
		struct delivery d;
		struct ark_err err;
		struct arkv_target_options options = { .conflict = ARKV_CONFLICT_REPLACE };
		if (in_pieces == 2)
			options.spool_dir = *state;
		assert_ok(deliver_url(p.url, &options, &c, in_pieces ? &rand : NULL, &d, &err),
			  err);
		read_file(p.path, &got);
		assert_same_bytes(&got, &expected);
	}
	assert_int_equal(count_files(*state), 3); /* what was read, expected, written */
	collect_release(&c);
	ark_buf_release(&text);
	ark_buf_release(&expected);
	ark_buf_release(&got);
}

static void meta_is_json_only_in_its_one_spelling(void **state)
{
	static const struct {
		const char *meta;
		bool json;
	} metas[] = {
		{ "null", true },
		{ "{\"a\":[1.50,-0,1e5]}", true },
		{ "\"\\u0001/\x7f\"", true },
		{ " null", false },
		{ "null ", false },
		{ "{\"a\" :1}", false },
		{ "\"\\u0041\"", false },
		{ "\"\\/\"", false },
		{ "\"\\u000A\"", false },
		{ "01", false },
		{ "{} {}", false },
		{ "nul", false },
		{ "\"\xff\"", false },
		{ "[1,]", false },
		{ "\"\\u001F\"", false },
	};
	struct place p = place(state, "out.jsonl");
	const struct arkv_target_options replace = { .conflict = ARKV_CONFLICT_REPLACE };
	for (size_t i = 0; i < sizeof metas / sizeof metas[0]; i++) {
		struct ark_err err;
		struct delivery d;
		struct collect c, back;
		struct ark_buf got;
		struct ark_record r = { .type = ARK_TYPE_STRING, .expires_ms = ARK_NO_EXPIRY };
		collect_init(&c);
		collect_init(&back);
		ark_buf_init(&got);
		r.meta = ark_span_str(metas[i].meta);
		collect_add(&c, &r, ark_span(NULL, 0));
		assert_ok(deliver_url(p.url, &replace, &c, NULL, &d, &err), err);
		read_file(p.path, &got);
		ark_wr_u8(&got.wr, 0);
		assert_int_equal(strstr((char *)got.wr.p, "\"meta\":") != NULL, metas[i].json);
		assert_ok(collect_url(&back, p.url, &err), err);
		assert_collected_equal(&back, &c);
		collect_release(&c);
		collect_release(&back);
		ark_buf_release(&got);
	}
}

static void add_small(struct collect *c, const char *key)
{
	struct ark_record r = { .key = ark_span_str(key),
				.type = ARK_TYPE_STRING,
				.expires_ms = ARK_NO_EXPIRY,
				.value_len = 1 };
	collect_add(c, &r, ark_span("v", 1));
}

static void a_file_that_is_there_stays_unless_it_may_be_replaced(void **state)
{
	static const enum arkv_conflict policies[] = { ARKV_CONFLICT_FAIL, ARKV_CONFLICT_SKIP };
	struct place p = place(state, "out.jsonl");
	struct collect c;
	struct delivery d;
	struct ark_err err;
	struct ark_buf got;
	collect_init(&c);
	ark_buf_init(&got);
	add_small(&c, "k");
	write_file(p.path, ark_span_str("mine"));
	assert_int_equal(chmod(p.path, 0640), 0);
	for (size_t i = 0; i < 2; i++) {
		struct arkv_target_options options = { .conflict = policies[i] };
		assert_int_equal(deliver_url(p.url, &options, &c, NULL, &d, &err), ARK_EXISTS);
		assert_non_null(strstr(err.text, "is there already"));
	}
	struct arkv_target_options newer = { .conflict = ARKV_CONFLICT_NEWER };
	assert_int_equal(deliver_url(p.url, &newer, &c, NULL, &d, &err), ARK_UNSUPPORTED);
	read_file(p.path, &got);
	assert_true(ark_span_eq(ark_buf_span(&got), ark_span_str("mine")));
	struct arkv_target_options replace = { .conflict = ARKV_CONFLICT_REPLACE };
	struct stat st;
	assert_ok(deliver_url(p.url, &replace, &c, NULL, &d, &err), err);
	read_file(p.path, &got);
	assert_true(
		ark_span_eq(ark_buf_span(&got), ark_span_str("{\"key\":\"k\",\"value\":\"v\"}\n")));
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(count_files(*state), 1);
	collect_release(&c);
	ark_buf_release(&got);
}

static void without_finish_no_file_comes_into_being(void **state)
{
	struct place p = place(state, "out.jsonl");
	struct ark_err err;
	struct arkv_target *t = NULL;
	enum arkv_outcome outcome;
	char why[256];
	struct ark_record r = { .type = ARK_TYPE_STRING, .expires_ms = ARK_NO_EXPIRY };
	assert_ok(arkv_target_from_url(&t, p.url, &err), err);
	assert_ok(t->ops->open(t, &plain, &err), err);
	assert_ok(t->ops->begin(t, &r, &outcome, why, &err), err);
	assert_ok(t->ops->end(t, &err), err);
	arkv_target_free(t);
	assert_int_equal(count_files(*state), 0);
}

static void a_file_that_came_meanwhile_is_not_replaced(void **state)
{
	struct place p = place(state, "out.jsonl");
	struct ark_err err;
	struct arkv_target *t = NULL;
	struct ark_buf got;
	ark_buf_init(&got);
	assert_ok(arkv_target_from_url(&t, p.url, &err), err);
	assert_ok(t->ops->open(t, &plain, &err), err);
	write_file(p.path, ark_span_str("mine"));
	assert_int_equal(t->ops->finish(t, &err), ARK_EXISTS);
	arkv_target_free(t);
	read_file(p.path, &got);
	assert_true(ark_span_eq(ark_buf_span(&got), ark_span_str("mine")));
	assert_int_equal(count_files(*state), 1);
	ark_buf_release(&got);
}

static void a_dry_run_decides_and_writes_nothing(void **state)
{
	struct place p = place(state, "out.jsonl");
	struct collect c;
	struct delivery d;
	struct ark_err err;
	const struct arkv_target_options dry = { .dry_run = true };
	collect_init(&c);
	add_small(&c, "k");
	assert_ok(deliver_url(p.url, &dry, &c, NULL, &d, &err), err);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], 1);
	assert_int_equal(count_files(*state), 0);
	write_file(p.path, ark_span_str("mine"));
	assert_int_equal(deliver_url(p.url, &dry, &c, NULL, &d, &err), ARK_EXISTS);
	collect_release(&c);
}

static void a_full_disk_is_said_so(void **state)
{
	struct collect c;
	struct delivery d;
	struct ark_err err;
	(void)state;
	collect_init(&c);
	add_large(&c, "a", 1 << 20, SIZE_MAX);
	assert_int_equal(deliver_url("jsonl:/dev/full", &plain, &c, NULL, &d, &err), ARK_NOSPACE);
	assert_non_null(strstr(err.text, "No space left on device"));
	collect_release(&c);
}

static void a_reader_that_goes_away_is_an_error_and_no_death(void **state)
{
	struct collect c;
	struct delivery d;
	struct ark_err err;
	int ends[2], out = dup(STDOUT_FILENO);
	(void)state;
	collect_init(&c);
	add_large(&c, "a", 1 << 20, SIZE_MAX);
	assert_int_equal(pipe(ends), 0);
	signal(SIGPIPE, SIG_IGN);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	enum ark_rc rc = deliver_url("jsonl:-", &plain, &c, NULL, &d, &err);
	dup2(out, STDOUT_FILENO);
	close(out);
	close(ends[1]);
	assert_int_equal(rc, ARK_IO);
	assert_string_equal(err.text, "jsonl:-: whoever read it has gone: Broken pipe");
	collect_release(&c);
}

static void utf8_in_parts_is_judged_as_in_one(void **state)
{
	(void)state;
	struct arkv_rand rand = collect_seeded("utf8");
	size_t valid = 0;
	for (int round = 0; round < 20000; round++) {
		uint8_t text[40];
		size_t len = random_text(&rand, text, pick(&rand, sizeof text));
		if (len && pick(&rand, 3) == 0)
			text[pick(&rand, len)] ^= (uint8_t)(1 << pick(&rand, 8));
		struct arkv_utf8 u = { .bad = false };
		for (size_t at = 0; at < len;) {
			size_t part = 1 + pick(&rand, 6);
			part = part < len - at ? part : len - at;
			arkv_utf8_feed(&u, ark_span(text + at, part));
			at += part;
		}
		assert_int_equal(arkv_utf8_done(&u), arkv_utf8_valid(ark_span(text, len)));
		valid += arkv_utf8_done(&u);
	}
	assert_true(valid > 5000 && valid < 19000);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(what_is_written_is_the_canonical_form_of_what_was_read),
		in_folder(what_was_written_is_read_back),
		in_folder(a_large_value_is_text_only_when_all_of_it_is),
		in_folder(meta_is_json_only_in_its_one_spelling),
		in_folder(a_file_that_is_there_stays_unless_it_may_be_replaced),
		in_folder(without_finish_no_file_comes_into_being),
		in_folder(a_file_that_came_meanwhile_is_not_replaced),
		in_folder(a_dry_run_decides_and_writes_nothing),
		cmocka_unit_test(a_full_disk_is_said_so),
		cmocka_unit_test(a_reader_that_goes_away_is_an_error_and_no_death),
		cmocka_unit_test(utf8_in_parts_is_judged_as_in_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
