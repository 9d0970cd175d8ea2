/* test_jsonl.c - the source jsonl: (backends/sources/jsonl.c, spec/20-jsonl.md). */
#include "backends/sources/jsonl.h"
#include "fuzz/jsonl_model.h"
#include "tests/source/jsonl_wide.h"

/* Scans text with a window of so many bytes, read so many at a time; the result is scan's. */
static enum ark_rc scan_text(struct collect *c, struct ark_span text, size_t window, size_t most,
			     struct ark_err *err)
{
	struct feed feed = { .left = text, .most = most };
	ARK_AUTO(arkv_source_freep) struct arkv_source *s = NULL;
	struct arkv_source_info info;
	assert_ok(arkv_jsonl_source_new(&s, feed_read, &feed, window, err), *err);
	assert_ok(s->ops->open(s, &info, err), *err);
	return s->ops->scan(s, &c->sink, err);
}

static enum ark_rc scan_string(struct collect *c, const char *text, struct ark_err *err)
{
	return scan_text(c, ark_span_str(text), ARKV_JSONL_WINDOW, 0, err);
}

static void a_line_gives_every_field_of_its_record(void **state)
{
	(void)state;
	struct ark_err err;
	struct collect c;
	collect_init(&c);
	assert_ok(scan_string(
			  &c,
			  "{\"value\":\"v\\u0000\\ud83d\\ude00\",\"expire_at\":12,\"space\":\"s\","
			  "\"flags\":4294967295,\"meta\":{ \"a\" : [ 1.0e5 ] },\"type\":\"zset\","
			  "\"key_b64\":\"/+8=\"}\n",
			  &err),
		  err);
	assert_int_equal(c.count, 1);
	struct ark_span value;
	struct ark_record r = collect_decode(&c.kept[0], &value);
	assert_true(ark_span_eq(r.space, ark_span_str("s")));
	assert_true(ark_span_eq(r.key, ark_span("\xff\xef", 2)));
	assert_true(ark_span_eq(value, ark_span("v\0\xf0\x9f\x98\x80", 6)));
	assert_true(ark_span_eq(r.meta, ark_span_str("{\"a\":[1.0e5]}")));
	assert_int_equal(r.type, ARK_TYPE_ZSET);
	assert_true(r.flags == UINT32_MAX);
	assert_true(r.expires_ms == 12);
	collect_release(&c);
}

static void blank_lines_a_mark_and_a_missing_last_line_feed_are_no_matter(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t count;
	} inputs[] = {
		{ "", 0 },
		{ "\n", 0 },
		{ "\r\n \t\r\n\n", 0 },
		{ "\xef\xbb\xbf", 0 },
		{ "\xef\xbb\xbf\n", 0 },
		{ "\xef\xbb\xbf{\"key\":\"a\",\"value\":\"\"}", 1 },
		{ "\n\n{\"key\":\"\",\"value\":\"\"}\r\n\r\n", 1 },
		{ "{\"key\":\"a\",\"value\":\"\"}\n{\"key\":\"b\",\"value\":\"\"}", 2 },
		{ "{\"key\":\"a\",\"value\":\"\"}   ", 1 },
	};
	struct ark_err err;
	for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
		for (size_t most = 0; most < 5; most++)
			for (size_t window = 32; window < 64; window += 7) {
				struct collect c;
				collect_init(&c);
				assert_ok(scan_text(&c, ark_span_str(inputs[i].text), window, most,
						    &err),
					  err);
				assert_int_equal(c.count, inputs[i].count);
				collect_release(&c);
			}
}

/* What is wrong, and the beginning of what is said about it. */
static const struct {
	const char *line, *text;
} bad[] = {
	{ "x", "line 2, column 1: expected '{', the start of a record, found 'x'" },
	{ "{", "line 2, column 2: expected a member name in quotes, found the end of the line" },
	{ "{}", "line 2, column 3: expected a member \"key\"" },
	{ "{\"key\":\"a\"}", "line 2, column 12: expected a member \"value\"" },
	{ "{\"value\":\"a\"}", "line 2, column 14: expected a member \"key\"" },
	{ "{\"key\":\"a\",}", "line 2, column 12: expected a member name in quotes, found '}'" },
	{ "{\"key\":1}", "line 2, column 8: expected a string, found '1'" },
	{ "{\"key\":null}", "line 2, column 8: expected a string, found 'n'" },
	{ "{\"kei\":\"\"}", "line 2, column 2: unknown member \"kei\"" },
	{ "{\"expires_at\":1}", "line 2, column 2: unknown member \"expires_at\"" },
	{ "{\"key\":\"a\",\"key\":\"a\"}", "line 2, column 12: a second \"key\"" },
	{ "{\"key\":\"a\",\"key_b64\":\"\"}", "line 2, column 12: a second \"key_b64\"" },
	{ "{\"meta_b64\":\"\",\"meta\":1}", "line 2, column 16: a second \"meta\"" },
	{ "{\"key\" \"a\"}", "line 2, column 8: expected ':' after the member name, found '\"'" },
	{ "{\"key\":\"a\" \"value\":\"\"}", "line 2, column 12: expected ',' or '}', found '\"'" },
	{ "{\"key\":\"a", "line 2, column 10: the line ends inside a string" },
	{ "{\"key\":\"a\x01\"", "line 2, column 10: byte 0x01 inside a string" },
	{ "{\"key\":\"a\\x\"", "line 2, column 11: expected one of" },
	{ "{\"key\":\"\\u12g4\"", "line 2, column 9: expected four hexadecimal digits" },
	{ "{\"key\":\"\\ud800\"", "line 2, column 9: a surrogate without its other half" },
	{ "{\"key\":\"\\ud800\\ud800\"", "line 2, column 9: a surrogate without its other half" },
	{ "{\"key\":\"\\udc00\\ud800\"", "line 2, column 9: a surrogate without its other half" },
	{ "{\"key\":\"ab\xff\"", "line 2, column 11: byte 0xff is not UTF-8" },
	{ "{\"key\":\"\xc0\x80\"", "line 2, column 9: byte 0xc0 is not UTF-8" },
	{ "{\"key\":\"\xed\xa0\x80\"", "line 2, column 9: byte 0xed is not UTF-8" },
	{ "{\"key\":\"\xf4\x90\x80\x80\"", "line 2, column 9: byte 0xf4 is not UTF-8" },
	{ "{\"key\":\"\xe2\x82\"", "line 2, column 9: byte 0xe2 is not UTF-8" },
	{ "{\"key_b64\":\"a\"", "line 2, column 13: expected base64" },
	{ "{\"key_b64\":\"YQ\"", "line 2, column 13: expected base64" },
	{ "{\"key_b64\":\"YR==\"", "line 2, column 13: expected base64" },
	{ "{\"key_b64\":\"YQ= =\"", "line 2, column 13: expected base64" },
	{ "{\"key_b64\":\"YQ==YQ==\"", "line 2, column 13: expected base64" },
	{ "{\"key_b64\":\"Y===\"", "line 2, column 13: expected base64" },
	{ "{\"key_b64\":\"_-8=\"", "line 2, column 13: expected base64" },
	{ "{\"type\":\"strin\"", "line 2, column 9: expected a type: string" },
	{ "{\"type\":\"type-1\"", "line 2, column 9: expected a type: string" },
	{ "{\"type\":\"type-256\"", "line 2, column 9: expected a type: string" },
	{ "{\"expire_at\":-1", "line 2, column 14: expected a whole number without sign" },
	{ "{\"expire_at\":\"1\"", "line 2, column 14: expected a whole number without sign" },
	{ "{\"expire_at\":1.0", "line 2, column 14: expected a whole number of 0 to" },
	{ "{\"expire_at\":1e3", "line 2, column 14: expected a whole number of 0 to" },
	{ "{\"expire_at\":01", "line 2, column 14: expected a whole number of 0 to" },
	{ "{\"expire_at\":18446744073709551615",
	  "line 2, column 14: expected a whole number of 0 to" },
	{ "{\"expire_at\":99999999999999999999999999", "line 2, column 14: expected a whole" },
	{ "{\"flags\":4294967296",
	  "line 2, column 10: expected a whole number of 0 to 4294967295" },
	{ "{\"meta\":}", "line 2, column 9: expected a JSON value" },
	{ "{\"meta\":True}", "line 2, column 9: expected a JSON value" },
	{ "{\"meta\":nul}", "line 2, column 12: expected a JSON value" },
	{ "{\"meta\":[1,]}", "line 2, column 12: expected a JSON value" },
	{ "{\"meta\":[1 2]}", "line 2, column 12: expected ',' or ']'" },
	{ "{\"meta\":[01]}", "line 2, column 11: expected ',' or ']'" },
	{ "{\"meta\":{\"a\"}}", "line 2, column 13: expected ':' after the member name" },
	{ "{\"meta\":-}", "line 2, column 10: expected a digit" },
	{ "{\"meta\":1.}", "line 2, column 11: expected a digit" },
	{ "{\"meta\":1e+}", "line 2, column 12: expected a digit" },
	{ "{\"meta\":.5}", "line 2, column 9: expected a JSON value" },
	{ "{\"key\":\"a\",\"value\":\"\"}}", "line 2, column 23: expected the end of the line" },
	{ "{\"key\":\"a\",\"value\":\"\"} {", "line 2, column 24: expected the end of the line" },
	{ "[]", "line 2, column 1: expected '{'" },
};

static void every_malformed_line_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char text[256];
		for (size_t window = 32; window <= 256; window += 32) {
			struct ark_err err = { .rc = ARK_OK };
			struct collect c;
			collect_init(&c);
			snprintf(text, sizeof text,
				 "{\"key\":\"a\",\"value\":\"\"}\n%s\n{\"key\":\"b\"}",
				 bad[i].line);
			enum ark_rc rc = scan_text(&c, ark_span_str(text), window, 0, &err);
			assert_int_equal(rc, ARK_CORRUPT);
			if (strncmp(err.text, bad[i].text, strlen(bad[i].text)) != 0 &&
			    !strstr(bad[i].text, "base64") && !strstr(bad[i].text, "type:"))
				fail_msg("%s gave \"%s\", not \"%s\"", bad[i].line, err.text,
					 bad[i].text);
			if (window == 256)
				assert_ptr_equal(strstr(err.text, bad[i].text), err.text);
			assert_int_equal(c.count, 1);
			collect_release(&c);
		}
	}
}

static void a_line_feed_inside_a_record_is_refused(void **state)
{
	(void)state;
	struct ark_err err;
	struct collect c;
	collect_init(&c);
	assert_int_equal(scan_string(&c, "{\"key\":\"a\",\n\"value\":\"\"}\n", &err), ARK_CORRUPT);
	assert_non_null(strstr(err.text, "line 1, column 12"));
	collect_release(&c);
}

static void a_raw_nul_is_refused_everywhere(void **state)
{
	(void)state;
	static const char line[] = "{\"key\":\"abcd\",\"value\":\"abcd\",\"meta\":[1]}";
	for (size_t i = 0; i < sizeof line; i++) {
		char text[sizeof line + 1];
		struct ark_err err;
		struct collect c;
		collect_init(&c);
		memcpy(text, line, i);
		text[i] = '\0';
		memcpy(text + i + 1, line + i, sizeof line - i);
		assert_int_equal(scan_text(&c, ark_span(text, sizeof line), 1024, 0, &err),
				 ARK_CORRUPT);
		assert_int_equal(c.count, 0);
		collect_release(&c);
	}
}

static void put_repeated(struct ark_buf *out, char c, size_t count)
{
	uint8_t *p = ark_wr_room(&out->wr, count);
	assert_non_null(p);
	memset(p, c, count);
}

/* A line with a key, space, meta of these lengths. */
static void put_sized(struct ark_buf *out, size_t key, size_t space, size_t meta)
{
	wide_put(out, "{\"value\":\"v\",\"space\":\"");
	put_repeated(out, 's', space);
	wide_put(out, "\",\"meta\":\"");
	put_repeated(out, 'm', meta - 2);
	wide_put(out, "\",\"key\":\"");
	put_repeated(out, 'k', key);
	wide_put(out, "\"}\n");
}

static void a_record_over_a_limit_is_refused_alone(void **state)
{
	(void)state;
	static const struct {
		size_t key, space, meta;
		const char *why;
	} sizes[] = {
		{ ARK_KEY_MAX + 1, 1, 2, "line 2: key is longer than 65,535 bytes" },
		{ 1, ARK_SPACE_MAX + 1, 2, "line 2: space is longer than 1,024 bytes" },
		{ 1, 1, ARK_META_MAX + 1, "line 2: meta is longer than 16,384 bytes" },
	};
	for (size_t i = 0; i < 3; i++) {
		for (size_t window = 64; window <= 1 << 20; window *= 128) {
			struct ark_err err;
			struct collect c;
			struct ark_buf text;
			collect_init(&c);
			ark_buf_init(&text);
			put_sized(&text, ARK_KEY_MAX, ARK_SPACE_MAX, ARK_META_MAX);
			put_sized(&text, sizes[i].key, sizes[i].space, sizes[i].meta);
			put_sized(&text, 2, 1, 2);
			assert_ok(scan_text(&c, ark_buf_span(&text), window, 0, &err), err);
			assert_int_equal(c.count, 2);
			assert_int_equal(c.refused_count, 1);
			assert_string_equal(c.why, sizes[i].why);
			collect_release(&c);
			ark_buf_release(&text);
		}
	}
}

static void pieces_of_a_refused_record_are_dropped(void **state)
{
	(void)state;
	struct ark_err err;
	struct collect c;
	struct ark_buf text;
	collect_init(&c);
	ark_buf_init(&text);
	put_sized(&text, ARK_KEY_MAX + 1, 1, 2);
	wide_put(&text, "{\"key\":\"k\",\"value\":\"w\"}");
	assert_ok(scan_text(&c, ark_buf_span(&text), 4096, 0, &err), err);
	assert_int_equal(c.drop_count, 1);
	assert_int_equal(c.count, 1);
	collect_release(&c);
	ark_buf_release(&text);
}

/* Windows of 32 bytes and more, and every phase of one line against them. */
static void a_token_may_be_cut_at_every_offset(void **state)
{
	(void)state;
	static const char line[] =
		"{ \"k\\u0065y\" : \"a\\ud83d\\ude00\\n\xf0\x9f\x98\x80z\\u20ac\" , "
		"\"type\":\"\\u0068ash\","
		"\"meta\": {\"x\\t\":[-12.5e+10, true,false ,null,\"\\u0001\\/\"]} ,\"flags\" "
		":4294967295,"
		"\"expire_at\":18446744073709551614,\"space_b64\":\"AAEC\\u0041wQFBg=\\u003d\","
		"\"value_b64\":"
		"\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v\"}  \n";
	struct ark_err err;
	struct collect whole;
	collect_init(&whole);
	assert_ok(scan_string(&whole, line, &err), err);
	for (size_t window = 32; window < 80; window++)
		for (size_t pad = 0; pad < window; pad++)
			for (size_t most = 0; most < 4; most += 3) {
				char text[sizeof line + 80];
				struct collect c;
				collect_init(&c);
				memset(text, ' ', pad);
				memcpy(text + pad, line, sizeof line);
				assert_ok(scan_text(&c, ark_span_str(text), window, most, &err),
					  err);
				assert_collected_equal(&c, &whole);
				collect_release(&c);
			}
	collect_release(&whole);
}

static void random_records_in_any_spelling_come_back(void **state)
{
	(void)state;
	struct arkv_rand rand = collect_seeded("random_records");
	for (int round = 0; round < 12; round++) {
		struct ark_err err;
		struct collect sent, got;
		struct ark_buf text;
		collect_init(&sent);
		collect_init(&got);
		ark_buf_init(&text);
		random_records(&rand, &sent, 200);
		wide_all(&rand, &text, &sent);
		size_t window = round % 3 == 0 ? ARKV_JSONL_WINDOW
					       : 32 + pick(&rand, round % 3 == 1 ? 100 : 20000);
		assert_ok(scan_text(&got, ark_buf_span(&text), window,
				    pick(&rand, 2) * pick(&rand, 5000), &err),
			  err);
		assert_collected_equal(&got, &sent);
		assert_int_equal(got.tick_bytes, text.wr.len);
		collect_release(&sent);
		collect_release(&got);
		ark_buf_release(&text);
	}
}

/* ---- the same opinion as jansson ---- */

static void mutate(struct arkv_rand *rand, struct ark_buf *line)
{
	static const char *const bits[] = { "\"",      "\\",   "{", "}",  ",",	  ":",	  "\\u",
					    "\\ud83d", "null", "[", "0",  "\xff", "\xc3", "=",
					    "key",     "_b64", " ", "\t", "-",	  "1e5",  "\x01" };
	for (size_t n = 1 + pick(rand, 3); n && line->wr.len; n--) {
		size_t at = pick(rand, line->wr.len);
		const char *bit = bits[pick(rand, sizeof bits / sizeof bits[0])];
		switch (pick(rand, 4)) {
		case 0: line->wr.p[at] ^= (uint8_t)(1 << pick(rand, 8)); break;
		case 1: line->wr.len = at; break;
		case 2:
			memmove(line->wr.p + at, line->wr.p + at + 1, line->wr.len - at - 1);
			line->wr.len--;
			break;
		default:
			ark_wr_room(&line->wr, strlen(bit));
			memmove(line->wr.p + at + strlen(bit), line->wr.p + at,
				line->wr.len - at - strlen(bit));
			memcpy(line->wr.p + at, bit, strlen(bit));
		}
	}
}

static bool is_one_line_and_not_blank(struct ark_span s)
{
	bool blank = true;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\n')
			return false;
		blank = blank && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r');
	}
	return !blank;
}

/* 1 when both accept, 0 when both refuse, -1 when jansson cannot tell. */
static int compare_with_jansson(struct ark_span line, size_t window)
{
	struct model_record m;
	struct ark_err err;
	struct collect c;
	collect_init(&c);
	enum model said = model_line(&m, line);
	enum ark_rc rc = scan_text(&c, line, window, 0, &err);
	int result = said == MODEL_UNSURE ? -1 : said == MODEL_YES;
	if (result >= 0 && (rc == ARK_OK) != (said == MODEL_YES))
		fail_msg("jansson says %d, we say \"%s\": %.*s", said, rc ? err.text : "ok",
			 (int)line.len, (const char *)line.p);
	if (result == 1 && c.count) {
		struct ark_span value;
		struct ark_record r = collect_decode(&c.kept[0], &value);
		assert_true(ark_span_eq(r.key, m.r.key) && ark_span_eq(r.space, m.r.space) &&
			    ark_span_eq(value, m.value));
		assert_true(r.type == m.r.type && r.flags == m.r.flags &&
			    r.expires_ms == m.r.expires_ms);
		json_t *meta = json_object_get(m.root, "meta");
		json_t *ours = meta ? json_loadb((const char *)r.meta.p, r.meta.len,
						 JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)
				    : NULL;
		assert_true(!meta || json_equal(meta, ours));
		json_decref(ours);
	}
	model_release(&m);
	collect_release(&c);
	return result;
}

static void jansson_accepts_and_refuses_the_same_lines(void **state)
{
	(void)state;
	struct arkv_rand rand = collect_seeded("jansson");
	struct ark_buf line;
	size_t told[3] = { 0 };
	ark_buf_init(&line);
	for (int round = 0; round < 60; round++) {
		struct collect records;
		collect_init(&records);
		random_records(&rand, &records, 40);
		for (size_t i = 0; i < records.count; i++) {
			struct ark_span value;
			struct ark_record r = collect_decode(&records.kept[i], &value);
			if (r.expires_ms > INT64_MAX)
				r.expires_ms /= 2;
			ark_buf_clear(&line);
			wide_record(&rand, &line, &r, value);
			line.wr.len = (size_t)((uint8_t *)memchr(line.wr.p, '\n', line.wr.len) -
					       line.wr.p);
			if (line.wr.len > 3000)
				continue;
			if (i % 4)
				mutate(&rand, &line);
			if (is_one_line_and_not_blank(ark_buf_span(&line)))
				told[1 + compare_with_jansson(ark_buf_span(&line),
							      32 + pick(&rand, 2000))]++;
		}
		collect_release(&records);
	}
	ark_buf_release(&line);
	print_message("# refused by both %zu, accepted %zu, not compared %zu\n", told[1], told[2],
		      told[0]);
	assert_true(told[1] > 200 && told[2] > 200);
}

/* ---- files ---- */

static void a_file_is_one_moment_unless_it_changes(void **state)
{
	char path[128], url[160];
	struct ark_err err;
	struct arkv_source_info info;
	ARK_AUTO(arkv_source_freep) struct arkv_source *s = NULL;
	struct collect c;
	collect_init(&c);
	snprintf(path, sizeof path, "%s/a.jsonl", (char *)*state);
	snprintf(url, sizeof url, "jsonl:%s", path);
	write_file(path, ark_span_str("{\"key\":\"a\",\"value\":\"\"}\n"));
	assert_ok(arkv_source_from_url(&s, url, &err), err);
	assert_ok(s->ops->open(s, &info, &err), err);
	assert_string_equal(info.identity, url);
	assert_int_equal(info.size_hint, 23);
	assert_int_equal(info.consistency, ARKV_CONSISTENCY_POINT);
	assert_ok(s->ops->scan(s, &c.sink, &err), err);
	assert_int_equal(arkv_source_consistency(s, &info), ARKV_CONSISTENCY_POINT);
	write_file(
		path,
		ark_span_str("{\"key\":\"a\",\"value\":\"\"}\n{\"key\":\"b\",\"value\":\"\"}\n"));
	assert_ok(s->ops->scan(s, &c.sink, &err), err);
	assert_int_equal(c.count, 3);
	assert_int_equal(arkv_source_consistency(s, &info), ARKV_CONSISTENCY_UNKNOWN);
	collect_release(&c);
}

static void a_place_that_cannot_be_read_is_named(void **state)
{
	char url[160];
	struct ark_err err;
	struct collect c;
	collect_init(&c);
	snprintf(url, sizeof url, "jsonl:%s/absent", (char *)*state);
	assert_int_equal(collect_url(&c, url, &err), ARK_NOTFOUND);
	assert_non_null(strstr(err.text, url));
	snprintf(url, sizeof url, "jsonl:%s", (char *)*state);
	assert_int_equal(collect_url(&c, url, &err), ARK_USAGE);
	assert_non_null(strstr(err.text, "is a folder"));
	struct arkv_source *s = NULL;
	assert_int_equal(arkv_source_from_url(&s, "jsonl:", &err), ARK_USAGE);
	assert_null(s);
	collect_release(&c);
}

static void an_error_in_a_file_names_file_line_and_column(void **state)
{
	char path[128], url[160], expected[256];
	struct ark_err err;
	struct collect c;
	collect_init(&c);
	snprintf(path, sizeof path, "%s/a.jsonl", (char *)*state);
	snprintf(url, sizeof url, "jsonl:%s", path);
	write_file(path, ark_span_str("\n\n{\"key\":\"a\",\"value\":7}\n"));
	assert_int_equal(collect_url(&c, url, &err), ARK_CORRUPT);
	snprintf(expected, sizeof expected, "%s: line 3, column 20: expected a string, found '7'",
		 url);
	assert_string_equal(err.text, expected);
	collect_release(&c);
}

static enum ark_rc say_cancelled(struct arkv_sink *sink, const struct ark_record *r,
				 struct ark_span value, struct ark_err *err)
{
	(void)sink;
	(void)r;
	(void)value;
	return ark_fail(err, ARK_CANCELLED, "enough");
}

static void what_the_sink_says_ends_the_scan_unchanged(void **state)
{
	(void)state;
	struct ark_err err;
	struct collect c;
	collect_init(&c);
	c.sink.record = say_cancelled;
	assert_int_equal(scan_string(&c, "{\"key\":\"a\",\"value\":\"\"}\nrubbish\n", &err),
			 ARK_CANCELLED);
	assert_string_equal(err.text, "enough");
	collect_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_gives_every_field_of_its_record),
		cmocka_unit_test(blank_lines_a_mark_and_a_missing_last_line_feed_are_no_matter),
		cmocka_unit_test(every_malformed_line_is_refused_with_its_place),
		cmocka_unit_test(a_line_feed_inside_a_record_is_refused),
		cmocka_unit_test(a_raw_nul_is_refused_everywhere),
		cmocka_unit_test(a_record_over_a_limit_is_refused_alone),
		cmocka_unit_test(pieces_of_a_refused_record_are_dropped),
		cmocka_unit_test(a_token_may_be_cut_at_every_offset),
		cmocka_unit_test(random_records_in_any_spelling_come_back),
		cmocka_unit_test(jansson_accepts_and_refuses_the_same_lines),
		cmocka_unit_test_setup_teardown(a_file_is_one_moment_unless_it_changes,
						folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(a_place_that_cannot_be_read_is_named, folder_setup,
						folder_teardown),
		cmocka_unit_test_setup_teardown(an_error_in_a_file_names_file_line_and_column,
						folder_setup, folder_teardown),
		cmocka_unit_test(what_the_sink_says_ends_the_scan_unchanged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
