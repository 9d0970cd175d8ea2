/* test_dir.c - the source dir: (spec/21-dir.md), alone and on what the target wrote. */
#include "tests/source/dir_place.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- folders of others ---- */

static void a_folder_of_others_is_taken_as_it_is(void **state)
{
	static const char *const names[] = { "a%2Fb", "%=x",	 "%~a",		"%!1",	   "%@s/k",
					     "%#1",   ".hidden", "a b/c",	"x!",	   "x/y",
					     "x0",    "100%",	 ".arkv-dir/x", "\xff\xfe" };
	struct place p = place(state, "in"), out = place(state, "out");
	struct collect got, back;
	assert_int_equal(mkdir(p.path, 0755), 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		put_file(&p, names[i], names[i]);
	collect_place(&got, &p);
	assert_int_equal(got.count, sizeof names / sizeof names[0]);
	assert_int_equal(got.refused_count, 0);
	for (size_t i = 0; i < got.count; i++) {
		struct ark_span value;
		struct ark_record r = collect_decode(&got.kept[i], &value);
		assert_true(ark_span_eq(r.key, value));
	}
	deliver(&out, &plain, &got);
	collect_place(&back, &out);
	assert_collected_equal(&back, &got);
	assert_true(has_file(&out, "a%2Fb", "a%2Fb"));
	assert_true(has_file(&out, "100%", "100%"));
	assert_true(has_file(&out, "%=%25=x", "%=x"));
	collect_release(&got);
	collect_release(&back);
}

static void usual_names_come_back_without_a_marker(void **state)
{
	struct place p = place(state, "in"), out = place(state, "out");
	struct collect got;
	char command[512];
	assert_int_equal(mkdir(p.path, 0755), 0);
	put_file(&p, "a%2Fb/100%/x", "1");
	put_file(&p, "a%2Fb/.y", "");
	put_file(&p, "%a", "3");
	put_file(&p, "sub/.arkv-dir", "4");
	collect_place(&got, &p);
	deliver(&out, &plain, &got);
	snprintf(command, sizeof command, "diff -r '%s' '%s'", p.path, out.path);
	assert_int_equal(system(command), 0);
	collect_release(&got);
}

static void records_come_in_the_order_of_their_keys(void **state)
{
	struct place p = place(state, "in");
	struct collect got;
	struct ark_err err;
	struct arkv_source_info info;
	struct arkv_source *s = NULL;
	assert_int_equal(mkdir(p.path, 0755), 0);
	static const char *const names[] = { "a/b",   "a!",   "a0", "a.b/c", "a-",
					     "b/a/c", "b!/x", "b",  "B" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], "b") != 0)
			put_file(&p, names[i], "");
	collect_init(&got);
	assert_ok(arkv_source_from_url(&s, p.url, &err), err);
	assert_ok(s->ops->open(s, &info, &err), err);
	assert_ok(s->ops->scan(s, &got.sink, &err), err);
	assert_true(info.caps & ARKV_SOURCE_ORDERED);
	assert_string_equal(info.identity, p.url);
	assert_int_equal(got.count, 8);
	for (size_t i = 1; i < got.count; i++)
		assert_true(collect_cmp(&got.kept[i - 1], &got.kept[i]) < 0);
	arkv_source_free(s);
	collect_release(&got);
}

static void what_is_no_file_is_refused_by_name_and_not_followed(void **state)
{
	struct place p = place(state, "in");
	struct collect got;
	char path[256];
	assert_int_equal(mkdir(p.path, 0755), 0);
	put_file(&p, "file", "x");
	snprintf(path, sizeof path, "%s/link", p.path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	collect_place(&got, &p);
	assert_int_equal(got.refused_count, 1);
	assert_string_equal(got.key, "link");
	assert_non_null(strstr(got.why, "symbolic link"));
	collect_release(&got);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc", path), 0);
	snprintf(path, sizeof path, "%s/pipe", p.path);
	assert_int_equal(mkfifo(path, 0600), 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(name.sun_path, sizeof name.sun_path, "%.80s/socket", p.path);
	assert_int_equal(bind(s, (struct sockaddr *)&name, sizeof name), 0);
	close(s);
	collect_place(&got, &p);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.refused_count, 3);
	collect_release(&got);
}

static void a_file_larger_than_the_buffer_comes_in_pieces(void **state)
{
	enum { MIB = 1 << 20 };
	static const size_t sizes[] = { 0, MIB - 1, MIB, MIB + 1, 3 * MIB };
	struct place p = place(state, "in"), out = place(state, "out");
	struct arkv_rand rand = collect_seeded("pieces");
	struct collect got, back;
	assert_int_equal(mkdir(p.path, 0755), 0);
	for (size_t i = 0; i < 5; i++) {
		char path[256];
		uint8_t *bytes = malloc(sizes[i] + 1);
		assert_non_null(bytes);
		arkv_rand_bytes(&rand, bytes, sizes[i]);
		snprintf(path, sizeof path, "%s/%zu", p.path, i);
		write_file(path, ark_span(bytes, sizes[i]));
		free(bytes);
	}
	collect_place(&got, &p);
	assert_int_equal(got.count, 5);
	assert_int_equal(got.piece_count, 1 + 2 + 3);
	struct delivery d;
	struct ark_err err;
	assert_ok(deliver_url(out.url, &plain, &got, &rand, &d, &err), err);
	collect_place(&back, &out);
	assert_collected_equal(&back, &got);
	collect_release(&got);
	collect_release(&back);
}

struct grow {
	struct collect c;
	char path[256];
};

static enum ark_rc grow_file(struct arkv_sink *sink, struct ark_span bytes, struct ark_err *err)
{
	struct grow *g = (struct grow *)sink;
	if (g->c.piece_count == 0) {
		FILE *f = fopen(g->path, "ab");
		assert_non_null(f);
		fputs("more", f);
		fclose(f);
	}
	return collect_piece(sink, bytes, err);
}

static void a_file_that_changes_while_it_is_read_makes_the_scan_fuzzy(void **state)
{
	struct place p = place(state, "in");
	struct grow g;
	struct ark_err err;
	struct arkv_source_info info;
	struct arkv_source *s = NULL;
	uint8_t *bytes = calloc(1, 2 << 20);
	assert_int_equal(mkdir(p.path, 0755), 0);
	snprintf(g.path, sizeof g.path, "%s/file", p.path);
	write_file(g.path, ark_span(bytes, 2 << 20));
	free(bytes);
	collect_init(&g.c);
	g.c.sink.piece = grow_file;
	assert_ok(arkv_source_from_url(&s, p.url, &err), err);
	assert_ok(s->ops->open(s, &info, &err), err);
	assert_ok(s->ops->scan(s, &g.c.sink, &err), err);
	assert_int_equal(g.c.count, 1);
	assert_int_equal(info.consistency, ARKV_CONSISTENCY_RECORD);
	assert_int_equal(arkv_source_consistency(s, &info), ARKV_CONSISTENCY_FUZZY);
	collect_release(&g.c);
	arkv_source_free(s);
}

static void a_place_that_is_no_folder_is_named(void **state)
{
	struct place p = place(state, "absent"), file = place(state, "file");
	struct collect c;
	struct ark_err err;
	collect_init(&c);
	assert_int_equal(collect_url(&c, p.url, &err), ARK_NOTFOUND);
	assert_non_null(strstr(err.text, p.url));
	write_file(file.path, ark_span_str(""));
	assert_int_equal(collect_url(&c, file.url, &err), ARK_IO);
	assert_non_null(strstr(err.text, "Not a directory"));
	collect_release(&c);
}

/* ---- folders of ours ---- */

static void every_key_has_a_name_and_comes_back(void **state)
{
	static const char *const keys[] = {
		"",
		"/",
		"//",
		"a",
		"a/",
		"a//",
		"a/b",
		"a/b/",
		"a/b/c",
		"a/b//c",
		"a/./b",
		"a/../b",
		".",
		"..",
		"../../etc/passwd",
		"./x",
		"/etc/passwd",
		"%",
		"%25",
		"%=",
		"%=a",
		"%:a",
		"%@s",
		"%@s/x",
		"%#0",
		"%~a",
		"%!0",
		"%a",
		".arkv-dir",
		".arkv-dir/x",
		"x/.arkv-dir",
		"http://h/x?y=1",
		"a\nb",
		"\xff\xfe/\x80",
		"con",
		"a:b*c?",
		" ",
		"-rf",
	};
	struct place p = place(state, "out");
	struct collect c;
	collect_init(&c);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		add_key(&c, keys[i]);
	add(&c, ark_span(NULL, 0), ark_span("a\0b", 3), "nul");
	add(&c, ark_span(NULL, 0), ark_span("\0", 1), "nul");
	add(&c, ark_span_str("s"), ark_span_str(".arkv-dir"), "1");
	add(&c, ark_span_str("s"), ark_span_str("a"), "2");
	add(&c, ark_span_str("s"), ark_span_str("a/b"), "3");
	add(&c, ark_span_str("s/t"), ark_span_str(""), "4");
	add(&c, ark_span_str("."), ark_span_str("../x"), "5");
	add(&c, ark_span("\0", 1), ark_span("/", 1), "6");
	collect_sort(&c);
	struct delivery d = deliver(&p, &plain, &c);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], c.count);
	assert_comes_back(&p, &c);
	assert_true(has_file(&p, "%:../%=../etc/passwd", "../../etc/passwd"));
	assert_true(has_file(&p, "http:/%=/h/x?y=1", "http://h/x?y=1"));
	assert_true(has_file(&p, "%=", ""));
	assert_true(has_file(&p, "a", "a"));
	assert_true(has_file(&p, "%:a/b", "a/b"));
	assert_true(has_file(&p, "%@s/a", "2"));
	collect_release(&c);
}

static size_t put_long(uint8_t *key, size_t component_len, size_t count)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		if (i)
			key[n++] = '/';
		memset(key + n, 'a' + (int)(i % 26), component_len);
		n += component_len;
	}
	return n;
}

static void names_too_long_for_a_file_system_stand_under_a_hash(void **state)
{
	static const size_t shapes[][2] = { { 253, 1 },	  { 254, 1 }, { 255, 1 }, { 256, 1 },
					    { 65535, 1 }, { 1, 99 },  { 1, 100 }, { 1, 101 },
					    { 1, 32768 }, { 255, 90 } };
	static uint8_t key[ARK_KEY_MAX + 1];
	struct place p = place(state, "out");
	for (int with_meta = 0; with_meta < 2; with_meta++) {
		struct collect c;
		collect_init(&c);
		for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
			struct ark_record r = { .type = ARK_TYPE_STRING,
						.expires_ms = ARK_NO_EXPIRY };
			r.key = ark_span(key, put_long(key, shapes[i][0], shapes[i][1]));
			r.flags = (uint32_t)with_meta;
			collect_add(&c, &r, ark_span(NULL, 0));
		}
		uint8_t space[ARK_SPACE_MAX];
		memset(space, '%', sizeof space);
		add(&c, ark_span(space, sizeof space), ark_span(key, ARK_KEY_MAX), "long space");
		memset(key, '\1', ARK_KEY_MAX); /* six times as long in a sidecar */
		add(&c, ark_span(NULL, 0), ark_span(key, ARK_KEY_MAX), "escapes");
		collect_sort(&c);
		struct delivery d = deliver(&p, &plain, &c);
		assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], c.count);
		assert_comes_back(&p, &c);
		d = deliver(&p, &replace, &c);
		assert_int_equal(d.outcomes[ARKV_OUTCOME_REPLACED], c.count);
		assert_comes_back(&p, &c);
		collect_release(&c);
		remove_tree(p.path);
	}
}

static void all_fields_come_back(void **state)
{
	struct arkv_rand rand = collect_seeded("fields");
	struct place p = place(state, "out"), again = place(state, "again");
	struct collect sent, got;
	struct delivery d;
	struct ark_err err;
	collect_init(&sent);
	random_records(&rand, &sent, 600);
	collect_sort(&sent);
	assert_ok(deliver_url(p.url, &plain, &sent, &rand, &d, &err), err);
	assert_int_equal(d.outcomes[ARKV_OUTCOME_CREATED], sent.count);
	assert_comes_back(&p, &sent);
	collect_place(&got, &p);
	deliver(&again, &plain, &got);
	char command[512];
	snprintf(command, sizeof command, "diff -r '%s' '%s'", p.path, again.path);
	assert_int_equal(system(command), 0);
	collect_release(&sent);
	collect_release(&got);
}

static void what_arkv_never_writes_is_refused_in_its_folder(void **state)
{
	static const struct {
		const char *name, *content, *why;
	} bad[] = {
		{ "%=a%2", "", "none that arkv writes" },
		{ "%=a%zz", "", "none that arkv writes" },
		{ "%=a%2Fb", "", "none that arkv writes" },
		{ "%=a%2f", "", "none that arkv writes" },
		{ "x/%@s", "", "none that arkv writes" },
		{ "x/%#00", "", "none that arkv writes" },
		{ "%~gone", "{}\n", "whose file is missing" },
		{ "%#00", "", "which has its key" },
		{ "%~good", "{\"type\":\"nope\"}\n", "expected a type" },
		{ "%~good", "{\"value\":\"\"}\n", "expected no value here" },
		{ "%~good", "{\"key\":\"other\"}\n", "a key of its own" },
		{ "%~good", "{}\n{}\n", "expected nothing after the object" },
		{ "%~good", "", "expected '{'" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct place p = place(state, "in");
		struct collect got;
		assert_int_equal(mkdir(p.path, 0755), 0);
		put_file(&p, ".arkv-dir", "arkv dir 1\n");
		put_file(&p, "good", "");
		put_file(&p, "other", "");
		put_file(&p, "%!0011223344556677", "left over");
		put_file(&p, bad[i].name, bad[i].content);
		collect_place(&got, &p);
		assert_int_equal(got.refused_count, 1);
		if (!strstr(got.why, bad[i].why))
			fail_msg("%s: %s", bad[i].name, got.why);
		assert_int_equal(got.count, strcmp(bad[i].name, "%~good") ? 2 : 1);
		collect_release(&got);
		remove_tree(p.path);
	}
}

static void a_marker_of_a_later_version_stops_both_ways(void **state)
{
	struct place p = place(state, "in");
	struct collect c;
	struct delivery d;
	struct ark_err err;
	collect_init(&c);
	assert_int_equal(mkdir(p.path, 0755), 0);
	put_file(&p, ".arkv-dir", "arkv dir 2\n");
	assert_int_equal(collect_url(&c, p.url, &err), ARK_UNSUPPORTED);
	assert_int_equal(deliver_url(p.url, &plain, &c, NULL, &d, &err), ARK_UNSUPPORTED);
}

static void folders_nested_too_deep_are_refused_by_name(void **state)
{
	struct place p = place(state, "in");
	struct collect got;
	char deep[600] = "";
	for (int i = 0; i < 205; i++)
		strcat(deep, "d/");
	strcat(deep, "x");
	assert_int_equal(mkdir(p.path, 0755), 0);
	put_file(&p, deep, "");
	put_file(&p, "e", "");
	collect_place(&got, &p);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.refused_count, 1);
	assert_non_null(strstr(got.why, "nested deeper"));
	collect_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(a_folder_of_others_is_taken_as_it_is),
		in_folder(usual_names_come_back_without_a_marker),
		in_folder(records_come_in_the_order_of_their_keys),
		in_folder(what_is_no_file_is_refused_by_name_and_not_followed),
		in_folder(a_file_larger_than_the_buffer_comes_in_pieces),
		in_folder(a_file_that_changes_while_it_is_read_makes_the_scan_fuzzy),
		in_folder(a_place_that_is_no_folder_is_named),
		in_folder(every_key_has_a_name_and_comes_back),
		in_folder(names_too_long_for_a_file_system_stand_under_a_hash),
		in_folder(all_fields_come_back),
		in_folder(what_arkv_never_writes_is_refused_in_its_folder),
		in_folder(a_marker_of_a_later_version_stops_both_ways),
		in_folder(folders_nested_too_deep_are_refused_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
