/* test_dir.c - the source and the target dir: (spec/21-dir.md), alone and against each other. */
#include "tests/source/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct arkv_target_options plain = { .conflict = ARKV_CONFLICT_FAIL };
static const struct arkv_target_options replace = { .conflict = ARKV_CONFLICT_REPLACE };

struct place {
	char path[192];
	char url[224];
};

static struct place place(void **state, const char *name)
{
	struct place p;
	snprintf(p.path, sizeof p.path, "%s/%s", (char *)*state, name);
	snprintf(p.url, sizeof p.url, "dir:%s", p.path);
	return p;
}

static void add(struct collect *c, struct ark_span space, struct ark_span key, const char *value)
{
	struct ark_record r = { .space = space,
				.key = key,
				.type = ARK_TYPE_STRING,
				.expires_ms = ARK_NO_EXPIRY,
				.value_len = strlen(value) };
	collect_add(c, &r, ark_span_str(value));
}

static void add_key(struct collect *c, const char *key)
{
	add(c, ark_span(NULL, 0), ark_span_str(key), key);
}

/* Writes path below p, folders included. */
static void put_file(const struct place *p, const char *path, const char *content)
{
	char full[600];
	snprintf(full, sizeof full, "%s/%s", p->path, path);
	for (char *slash = full + strlen(p->path); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		assert_true(!mkdir(full, 0755) || errno == EEXIST);
		*slash = '/';
	}
	write_file(full, ark_span_str(content));
}

static bool has_file(const struct place *p, const char *path, const char *content)
{
	char full[600];
	struct ark_buf got;
	struct stat st;
	snprintf(full, sizeof full, "%s/%s", p->path, path);
	if (lstat(full, &st) || !S_ISREG(st.st_mode))
		return false;
	ark_buf_init(&got);
	read_file(full, &got);
	bool same = ark_span_eq(ark_buf_span(&got), ark_span_str(content));
	ark_buf_release(&got);
	return same;
}

static struct delivery deliver(const struct place *p, const struct arkv_target_options *options,
			       const struct collect *c)
{
	struct delivery d;
	struct ark_err err;
	assert_ok(deliver_url(p->url, options, c, NULL, &d, &err), err);
	return d;
}

/* All records of the folder, in the order of their keys. */
static void collect_place(struct collect *c, const struct place *p)
{
	struct ark_err err;
	collect_init(c);
	assert_ok(collect_url(c, p->url, &err), err);
	collect_sort(c);
}

static void assert_comes_back(const struct place *p, struct collect *sent)
{
	struct collect got;
	collect_place(&got, p);
	collect_sort(sent);
	assert_int_equal(got.refused_count, 0);
	assert_collected_equal(&got, sent);
	collect_release(&got);
}

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

#define in_folder(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

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
		in_folder(the_same_again_changes_nothing),
		in_folder(conflicts_go_by_the_policy),
		in_folder(a_later_restore_finds_the_places_of_the_first),
		in_folder(a_folder_of_others_gets_plain_records_and_no_marker),
		in_folder(no_key_leads_outside),
		in_folder(a_dry_run_decides_and_writes_nothing),
		in_folder(what_arkv_never_writes_is_refused_in_its_folder),
		in_folder(a_marker_of_a_later_version_stops_both_ways),
		in_folder(folders_nested_too_deep_are_refused_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
