/* test_cursor.c - stacks merged, values read, damage passed over (libarchive-kv/cursor.h). */
#include "libarchive-kv/cursor.h"
#include "libarchive-kv/keyset.h"
#include "libarchive-kv/rand.h"
#include "tests/unit/cm.h"
#include "tests/unit/handmade.h"

#include <stdio.h>
#include <stdlib.h>

static struct ark_err err;

/* ---- stacks against a model ---- */

enum { KEYS = 120, RUNS = 6 };

struct model {
	bool live;
	char value[24];
	uint64_t expires_ms;
	uint32_t flags;
	const char *meta;
	uint64_t value_n;
	uint64_t attr_n;
};

static const char *const metas[] = { NULL, "m1", "another meta" };
static char key_text[KEYS][8];

/* A run that changes a part of the keys, and what it makes of the model. */
static size_t random_run(struct handmade *h, struct arkv_rand *rand, struct model *model, bool base)
{
	struct handmade_entry entries[KEYS];
	size_t count = 0;
	for (size_t k = 0; k < KEYS; k++) {
		struct handmade_entry e = { .key = key_text[k] };
		uint64_t dice = arkv_rand_below(rand, 10);
		if (dice >= (base ? 7 : 4))
			continue;
		e.kind = base || dice < 2 ? ARKF_PUT : dice == 2 ? ARKF_DELETE : ARKF_TOUCH;
		if (e.kind == ARKF_TOUCH && !model[k].live)
			continue;
		uint64_t n = h->run_count + 1;
		if (e.kind != ARKF_DELETE) {
			e.expires_ms = arkv_rand_below(rand, 3) * 1000;
			e.flags = (uint32_t)arkv_rand_below(rand, 3);
			e.meta = metas[arkv_rand_below(rand, 3)];
			model[k].expires_ms = e.expires_ms ? e.expires_ms : ARK_NO_EXPIRY;
			model[k].flags = e.flags;
			model[k].meta = e.meta;
			model[k].attr_n = n;
		}
		if (e.kind == ARKF_PUT) {
			snprintf(model[k].value, sizeof model[k].value, "%zu of %u", k,
				 (unsigned)n);
			e.value = ark_span_str(model[k].value);
			model[k].value_n = n;
		}
		model[k].live = e.kind == ARKF_DELETE ? false : model[k].live || e.kind == ARKF_PUT;
		entries[count++] = e;
	}
	struct handmade_run_options options = {
		.block_entries = 1 + (size_t)arkv_rand_below(rand, 9),
		.page_blocks = 1 + (size_t)arkv_rand_below(rand, 5),
	};
	return handmade_run(h, entries, count, &options);
}

static void assert_record(struct arkv_cursor *c, const struct ark_record *rec,
			  const struct model *m)
{
	assert_int_equal(rec->expires_ms, m->expires_ms);
	assert_int_equal(rec->flags, m->flags);
	assert_true(ark_span_eq(rec->meta, m->meta ? ark_span_str(m->meta) : ark_span(NULL, 0)));
	assert_int_equal(arkv_cursor_value_n(c), m->value_n);
	assert_int_equal(arkv_cursor_attr_n(c), m->attr_n);
	handmade_assert_value(c, ark_span_str(m->value));
}

static void assert_walk(struct arkv_cursor *c, const struct model *model, size_t from)
{
	struct ark_record rec;
	for (size_t k = from; k < KEYS; k++) {
		if (!model[k].live)
			continue;
		if (arkv_cursor_next(c, &rec, &err))
			fail_msg("at %s: %s", key_text[k], err.text);
		if (!ark_span_eq(rec.key, ark_span_str(key_text[k])))
			fail_msg("%.*s instead of %s", (int)rec.key.len, (const char *)rec.key.p,
				 key_text[k]);
		assert_record(c, &rec, &model[k]);
	}
	assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_NOTFOUND);
	assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_NOTFOUND);
}

static void assert_gets(struct arkv_cursor *c, const struct model *model)
{
	for (size_t k = 0; k < KEYS; k++) {
		struct ark_record rec;
		enum ark_rc rc = arkv_cursor_get(c, ark_span(NULL, 0), ark_span_str(key_text[k]),
						 &rec, &err);
		if (rc != (model[k].live ? ARK_OK : ARK_NOTFOUND))
			fail_msg("%s: %s", key_text[k], err.text);
		if (!rc)
			assert_record(c, &rec, &model[k]);
	}
	struct ark_record rec;
	assert_int_equal(arkv_cursor_get(c, ark_span_str("x"), ark_span_str("k001"), &rec, &err),
			 ARK_NOTFOUND);
	assert_int_equal(arkv_cursor_get(c, ark_span(NULL, 0), ark_span_str("k0015"), &rec, &err),
			 ARK_NOTFOUND);
}

/* Runs 0.. are the base and its deltas: newest first in each of three segments. */
static void stack_all(struct handmade *h)
{
	struct handmade_segment segments[3] = { { .depth = h->run_count },
						{ .begin = "k037", .depth = h->run_count },
						{ .begin = "k080", .depth = h->run_count } };
	for (size_t s = 0; s < 3; s++)
		for (size_t i = 0; i < h->run_count; i++)
			segments[s].runs[i] = h->run_count - 1 - i;
	handmade_archive(h, &(struct handmade_archive){ .segments = segments, .segment_count = 3 });
}

static void a_stack_is_read_as_its_newest_words_say(void **state)
{
	(void)state;
	const char *env = getenv("ARKV_SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0) : 7;
	print_message("# ARKV_SEED=%llu\n", (unsigned long long)seed);
	for (size_t k = 0; k < KEYS; k++)
		snprintf(key_text[k], sizeof key_text[k], "k%03zu", k);
	for (uint64_t round = 0; round < 12; round++) {
		struct arkv_rand rand = arkv_rand_seeded(seed + round);
		struct handmade h;
		struct model model[KEYS] = { { .live = false } };
		handmade_init(&h, round % 2);
		for (size_t i = 0; i < 1 + round % RUNS; i++)
			random_run(&h, &rand, model, i == 0);
		stack_all(&h);
		struct arkv_archive *a = handmade_open(&h);
		struct arkv_cursor *c = handmade_cursor(a);
		assert_walk(c, model, 0);
		assert_gets(c, model);
		for (size_t i = 0; i < 20; i++) {
			size_t from = (size_t)arkv_rand_below(&rand, KEYS);
			assert_int_equal(arkv_cursor_seek(c, ark_span(NULL, 0),
							  ark_span_str(key_text[from]), &err),
					 ARK_OK);
			assert_walk(c, model, from);
		}
		assert_int_equal(arkv_cursor_lost(c).places, 0);
		arkv_cursor_freep(&c);
		arkv_archive_freep(&a);
		handmade_release(&h);
	}
}

/* ---- simple archives ---- */

static void an_archive_without_records_ends_at_once(void **state)
{
	(void)state;
	struct handmade h;
	handmade_init(&h, true);
	struct handmade_segment none = { .depth = 0 };
	handmade_archive(&h, &(struct handmade_archive){ .segments = &none, .segment_count = 1 });
	struct arkv_archive *a = handmade_open(&h);
	struct arkv_cursor *c = handmade_cursor(a);
	struct ark_record rec;
	assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_NOTFOUND);
	assert_int_equal(arkv_cursor_get(c, ark_span(NULL, 0), ark_span(NULL, 0), &rec, &err),
			 ARK_NOTFOUND);
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

static void spaces_and_empty_keys_are_in_order(void **state)
{
	(void)state;
	struct handmade h;
	handmade_init(&h, false);
	const struct handmade_entry entries[] = {
		{ .key = "", .value = ark_span_str("nothing") },
		{ .key = "b" },
		{ .space = "1", .key = "", .value = ark_span_str("one") },
		{ .space = "1", .key = "a" },
		{ .space = "10", .key = "a" },
	};
	handmade_run(&h, entries, 5, &(struct handmade_run_options){ .block_entries = 2 });
	handmade_one_segment(&h);
	struct arkv_archive *a = handmade_open(&h);
	struct arkv_cursor *c = handmade_cursor(a);
	struct ark_record rec;
	for (size_t i = 0; i < 5; i++) {
		const char *space = entries[i].space ? entries[i].space : "";
		assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_OK);
		assert_true(ark_span_eq(rec.space, ark_span_str(space)));
		assert_true(ark_span_eq(rec.key, ark_span_str(entries[i].key)));
		assert_int_equal(arkv_cursor_get(c, ark_span_str(space),
						 ark_span_str(entries[i].key), &rec, &err),
				 ARK_OK);
		handmade_assert_value(c, entries[i].value);
	}
	assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_NOTFOUND);
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

/* ---- values in chunks ---- */

static void read_all_large(const struct handmade_run_options *options)
{
	for (int encrypted = 0; encrypted < 2; encrypted++) {
		struct handmade h;
		struct handmade_entry entries[4];
		handmade_init(&h, encrypted);
		handmade_large_values(&h, entries, options);
		struct arkv_archive *a = handmade_open(&h);
		struct arkv_cursor *c = handmade_cursor(a);
		struct ark_record rec;
		for (size_t i = 0; i < 4; i++) {
			assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_OK);
			struct ark_span value;
			assert_int_equal(arkv_cursor_inline(c, &value), i == 1);
			handmade_assert_value(c, entries[i].value);
			handmade_assert_value(c, entries[i].value);
		}
		arkv_cursor_freep(&c);
		arkv_archive_freep(&a);
		handmade_release(&h);
	}
}

static void values_in_chunks_come_back(void **state)
{
	(void)state;
	read_all_large(NULL);
	read_all_large(&(struct handmade_run_options){ .block_entries = 1 });
}

static void data_keys_that_a_table_lacks_are_read_from_the_pack(void **state)
{
	(void)state;
	read_all_large(&(struct handmade_run_options){ .no_datakeys = true });
}

static void a_value_below_a_recipe_comes_back(void **state)
{
	(void)state;
	static uint8_t bytes[HANDMADE_LARGE_LEN];
	struct handmade h;
	handmade_init(&h, true);
	struct handmade_entry e = { .key = "a",
				    .value = handmade_large(bytes, 4),
				    .chunk_len = 999 };
	handmade_run(&h, &e, 1, NULL);
	handmade_one_segment(&h);
	struct arkv_archive *a = handmade_open(&h);
	struct arkv_cursor *c = handmade_cursor(a);
	struct ark_record rec;
	assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_OK);
	arkv_counter_reset(h.counter);
	handmade_assert_value(c, e.value);
	/* the recipe, then its 101 chunks, which are neighbours, at once */
	assert_int_equal(arkv_counter_read(h.counter).calls, 2);
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

static enum ark_rc stop(void *ctx, struct ark_span bytes, struct ark_err *e)
{
	(void)ctx;
	(void)bytes;
	return ark_fail(e, ARK_CANCELLED, "enough");
}

static void whoever_takes_pieces_can_end_the_reading(void **state)
{
	(void)state;
	struct handmade h;
	struct handmade_entry entries[4];
	handmade_init(&h, false);
	handmade_large_values(&h, entries, NULL);
	struct arkv_archive *a = handmade_open(&h);
	struct arkv_cursor *c = handmade_cursor(a);
	struct ark_record rec;
	assert_int_equal(arkv_value_read(c, stop, NULL, &err), ARK_USAGE);
	assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_OK);
	assert_int_equal(arkv_value_read(c, stop, NULL, &err), ARK_CANCELLED);
	assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_OK);
	assert_true(ark_span_eq(rec.key, ark_span_str("b")));
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

/* ---- keys, costs ---- */

static void a_key_that_only_writes_opens_archives_and_no_cursor(void **state)
{
	(void)state;
	struct handmade h;
	struct arkv_keys *full = handmade_keys(true);
	struct arkv_bundle bundle = arkv_keys_bundle(full);
	struct arkv_keys *writer = NULL;
	assert_int_equal(arkv_keys_from_bundle(&writer, arkv_keys_repo(full), &bundle, &err),
			 ARK_OK);
	arkv_keys_free(full);
	handmade_init_keys(&h, writer);
	handmade_two_runs(&h);
	struct arkv_archive *a = handmade_open(&h);
	assert_int_equal(a->run_count, 2);
	assert_false(a->bounds_known);
	struct arkv_cursor *c = NULL;
	assert_int_equal(arkv_cursor_open(&c, a, NULL, &err), ARK_AUTH);
	assert_null(c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

static void one_key_costs_manifest_page_and_block(void **state)
{
	(void)state;
	struct handmade h;
	handmade_init(&h, true);
	static char keys[4000][8];
	static struct handmade_entry entries[4000];
	for (size_t i = 0; i < 4000; i++) {
		snprintf(keys[i], sizeof keys[i], "%06zu", i);
		entries[i] =
			(struct handmade_entry){ .key = keys[i], .value = ark_span_str("a value") };
	}
	handmade_run(&h, entries, 4000, &(struct handmade_run_options){ .block_entries = 10 });
	handmade_one_segment(&h);
	arkv_counter_reset(h.counter);
	struct arkv_archive *a = handmade_open(&h);
	struct arkv_cursor *c = handmade_cursor(a);
	struct ark_record rec;
	assert_int_equal(arkv_cursor_get(c, ark_span(NULL, 0), ark_span_str("002345"), &rec, &err),
			 ARK_OK);
	handmade_assert_value(c, ark_span_str("a value"));
	struct arkv_counts counts = arkv_counter_read(h.counter);
	assert_int_equal(counts.calls, 3);
	assert_int_equal(counts.trips, 3);
	/* a second key of the block costs nothing, a walk reads many blocks at once */
	assert_int_equal(arkv_cursor_get(c, ark_span(NULL, 0), ark_span_str("002346"), &rec, &err),
			 ARK_OK);
	assert_int_equal(arkv_counter_read(h.counter).calls, 3);
	size_t seen = 0;
	while (!arkv_cursor_next(c, &rec, &err))
		seen++;
	assert_int_equal(seen, 4000);
	assert_true(arkv_counter_read(h.counter).calls < 3 + 7 + 14); /* pages, reads ahead */
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	handmade_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_is_read_as_its_newest_words_say),
		cmocka_unit_test(an_archive_without_records_ends_at_once),
		cmocka_unit_test(spaces_and_empty_keys_are_in_order),
		cmocka_unit_test(values_in_chunks_come_back),
		cmocka_unit_test(data_keys_that_a_table_lacks_are_read_from_the_pack),
		cmocka_unit_test(a_value_below_a_recipe_comes_back),
		cmocka_unit_test(whoever_takes_pieces_can_end_the_reading),
		cmocka_unit_test(a_key_that_only_writes_opens_archives_and_no_cursor),
		cmocka_unit_test(one_key_costs_manifest_page_and_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
