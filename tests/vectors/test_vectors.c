/*
 * test_vectors.c - holds the codecs to spec/vectors: see its README.md for what a vector is.
 *
 *   test_vectors TREE                    runs all of them
 *   test_vectors TREE --dump s/name.hex  prints what belongs into s/name.json
 */
#include "libarchive-kv/crypt.h"
#include "tests/unit/cm.h"
#include "tests/vectors/files.h"
#include "tests/vectors/vectors.h"

#include <stdio.h>
#include <stdlib.h>

/* Flipping each bit of a large vector costs its size squared: beyond this only some are flipped. */
enum { ALL_BITS_UP_TO = 2048 };

static struct vector_list list;

static const struct vector_handler *handler_of(const struct vector *v)
{
	for (size_t i = 0; i < vector_handler_count; i++)
		if (!strcmp(vector_handlers[i].structure, v->structure))
			return &vector_handlers[i];
	return NULL;
}

struct outcome {
	enum ark_rc rc;
	bool same; /* it came back as the same bytes */
	char text[ARK_ERR_TEXT_MAX];
};

/* Decodes a copy that ends where its memory ends, so that a sanitizer sees each byte too many. */
static struct outcome outcome_of(const struct vector_handler *h, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	uint8_t *back = malloc(len + 64);
	assert_true(copy && back);
	if (len)
		memcpy(copy, bytes, len);
	struct ark_wr wr = ark_wr(back, len + 64);
	struct ark_err err = { .text = "" };
	struct outcome out = { .rc = h->reencode(&wr, ark_span(copy, len), &err) };
	out.same = !out.rc && ark_span_eq(ark_wr_span(&wr), ark_span(copy, len));
	if (out.rc && (err.rc != out.rc || !err.text[0]))
		fail_msg("%s: refused without saying why", h->structure);
	memcpy(out.text, err.text, sizeof out.text);
	free(copy);
	free(back);
	return out;
}

static bool is_refusal(enum ark_rc rc)
{
	return rc == ARK_CORRUPT || rc == ARK_UNSUPPORTED || rc == ARK_LIMIT;
}

static json_t *dump_of(const struct vector_handler *h, const uint8_t *bytes, size_t len,
		       size_t *gap)
{
	uint8_t *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	json_t *dumped = dump_to_json(h->structure, h->dump, ark_span(copy, len), gap);
	free(copy);
	return dumped;
}

static void show_nothing(void *ctx, size_t offset, size_t size, const char *name, const char *text)
{
	(void)ctx;
	(void)offset;
	(void)size;
	assert_true(name && text);
}

/* Any bytes can be dumped; what it shows of damaged ones does not matter here. */
static void dump_quietly(const struct vector_handler *h, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	struct arkf_dump d;
	arkf_dump_init(&d, ark_span(copy, len), show_nothing, NULL);
	h->dump(&d);
	free(copy);
}

static void emit_nothing(void *ctx, size_t offset, size_t size, const char *name, const char *text)
{
	(void)ctx;
	(void)offset;
	(void)size;
	assert_true(name[0] && text);
}

/* A dump of any bytes ends. */
static void dump_ends(const struct vector_handler *h, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	struct arkf_dump d;
	arkf_dump_init(&d, ark_span(copy, len), emit_nothing, NULL);
	h->dump(&d);
	free(copy);
}

static void check_truncations(const struct vector_handler *h, const struct vector *v)
{
	size_t step = 1 + v->len / ALL_BITS_UP_TO;
	for (size_t len = 0; len < v->len; len += step) {
		struct outcome got = outcome_of(h, v->bytes, len);
		if (!is_refusal(got.rc))
			fail_msg("%s cut to %zu bytes gives %s", v->path, len, ark_rc_name(got.rc));
		dump_quietly(h, v->bytes, len);
	}
}

static void check_flips(const struct vector_handler *h, const struct vector *v)
{
	size_t step = 1 + v->len / ALL_BITS_UP_TO * 7;
	for (size_t bit = 0; bit < v->len * 8; bit += step) {
		v->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		struct outcome got = outcome_of(h, v->bytes, v->len);
		if (!is_refusal(got.rc) && !got.same)
			fail_msg("%s with bit %zu flipped gives %s, and not the same bytes",
				 v->path, bit, ark_rc_name(got.rc));
		dump_quietly(h, v->bytes, v->len);
		v->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void check_dump(const struct vector_handler *h, const struct vector *v)
{
	char path[192];
	snprintf(path, sizeof path, "%s/%s.json", v->structure, v->name);
	size_t len, gap;
	char *text = file_read(list.tree, path, &len);
	if (!text)
		fail_msg("%s is missing: test_vectors TREE --dump %s prints it", path, v->path);
	json_t *expected = json_loadb(text, len, 0, NULL);
	json_t *dumped = dump_of(h, v->bytes, v->len, &gap);
	if (json_object_get(dumped, "stopped"))
		fail_msg("%s: its dump stops", v->path);
	if (gap != SIZE_MAX)
		fail_msg("%s: its dump leaves out what stands at byte %zu", v->path, gap);
	if (!expected || !json_equal(expected, dumped))
		fail_msg("%s is not the dump of %s", path, v->path);
	json_decref(expected);
	json_decref(dumped);
	free(text);
}

static void a_vector_has_the_outcome_of_its_name(void **state)
{
	const struct vector *v = *state;
	const struct vector_handler *h = handler_of(v);
	if (!h)
		fail_msg("%s: handlers.c knows no structure of this name", v->path);
	struct outcome got = outcome_of(h, v->bytes, v->len);
	dump_ends(h, v->bytes, v->len);
	enum ark_rc rc = !strncmp(v->name, "good-", 5)		 ? ARK_OK
			 : !strncmp(v->name, "bad-", 4)		 ? ARK_CORRUPT
			 : !strncmp(v->name, "limit-", 6)	 ? ARK_LIMIT
			 : !strncmp(v->name, "unsupported-", 12) ? ARK_UNSUPPORTED
								 : ARK_USAGE;
	if (got.rc != rc)
		fail_msg("%s gives: %s %s", v->path, ark_rc_name(got.rc), got.text);
	if (rc)
		return;
	if (!got.same)
		fail_msg("%s is encoded to other bytes than it was decoded from", v->path);
	check_dump(h, v);
	check_truncations(h, v);
	check_flips(h, v);
}

/* Each line: 64 digits, two blanks, path under the tree. */
static bool sum_matches(const char *line, const char *path)
{
	size_t len;
	char *text = file_read(list.tree, path, &len);
	if (!text)
		return false;
	struct ark_id sum;
	arkv_sha256_of(&sum, ark_span(text, len));
	free(text);
	return !strncmp(line, ark_id_hex(&sum).s, 64);
}

static char sums_path[] = "SHA256SUMS";

static void every_listed_file_is_there_unchanged(void **state)
{
	(void)state;
	size_t len;
	char *sums = file_read(list.tree, sums_path, &len), *rest = sums;
	assert_non_null(sums);
	for (char *line = strtok_r(sums, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strlen(line) < 67 || !sum_matches(line, line + 66))
			fail_msg("SHA256SUMS: %s: vectors are never changed; new ones are added",
				 line);
	}
	free(sums);
}

static void assert_listed(const char *sums, const char *path)
{
	char row[200];
	snprintf(row, sizeof row, "  %s\n", path);
	if (!strstr(sums, row))
		fail_msg("%s is not in SHA256SUMS: see spec/vectors/README.md", path);
}

static void every_vector_is_listed(void **state)
{
	(void)state;
	size_t len;
	char *sums = file_read(list.tree, sums_path, &len);
	assert_non_null(sums);
	for (size_t i = 0; i < list.count; i++) {
		const struct vector *v = &list.items[i];
		char json[192];
		snprintf(json, sizeof json, "%s/%s.json", v->structure, v->name);
		assert_listed(sums, v->path);
		if (!strncmp(v->name, "good-", 5))
			assert_listed(sums, json);
	}
	free(sums);
}

static void every_structure_has_a_good_and_a_bad_vector(void **state)
{
	(void)state;
	for (size_t i = 0; i < vector_handler_count; i++) {
		bool good = false, bad = false;
		for (size_t j = 0; j < list.count; j++) {
			if (strcmp(list.items[j].structure, vector_handlers[i].structure) != 0)
				continue;
			good |= !strncmp(list.items[j].name, "good-", 5);
			bad |= !strncmp(list.items[j].name, "bad-", 4);
		}
		if (!good || !bad)
			fail_msg("%s has no %s vector", vector_handlers[i].structure,
				 good ? "bad" : "good");
	}
}

static int print_dump(const char *path)
{
	for (size_t i = 0; i < list.count; i++) {
		const struct vector *v = &list.items[i];
		const struct vector_handler *h = handler_of(v);
		if (strcmp(v->path, path) != 0 || !h)
			continue;
		size_t gap;
		json_t *dumped = dump_of(h, v->bytes, v->len, &gap);
		json_print(dumped);
		json_decref(dumped);
		return 0;
	}
	fprintf(stderr, "%s: no such vector, or no handler for its structure\n", path);
	return 1;
}

static int run_all(void)
{
	size_t count = list.count + 3;
	struct CMUnitTest *tests = calloc(count, sizeof *tests);
	if (!tests)
		return 1;
	for (size_t i = 0; i < list.count; i++) {
		tests[i].name = list.items[i].path;
		tests[i].test_func = a_vector_has_the_outcome_of_its_name;
		tests[i].initial_state = &list.items[i];
	}
	const struct CMUnitTest general[] = {
		cmocka_unit_test(every_listed_file_is_there_unchanged),
		cmocka_unit_test(every_vector_is_listed),
		cmocka_unit_test(every_structure_has_a_good_and_a_bad_vector),
	};
	memcpy(tests + list.count, general, sizeof general);
	int failed = _cmocka_run_group_tests("vectors", tests, count, NULL, NULL);
	free(tests);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc != 2 && !(argc == 4 && !strcmp(argv[2], "--dump"))) {
		fprintf(stderr, "usage: test_vectors TREE [--dump STRUCTURE/NAME.hex]\n");
		return 1;
	}
	vector_list_load(&list, argv[1]);
	int rc = argc == 4 ? print_dump(argv[3]) : run_all();
	vector_list_free(&list);
	return rc;
}
