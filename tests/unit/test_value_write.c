/* test_value_write.c - large values into chunks and recipes (libarchive-kv/value_write.h,
 * recipes.h, hints.h). */
#include "libarchive-kv/hints.h"
#include "libarchive-kv/rand.h"
#include "tests/unit/cm.h"
#include "tests/unit/writer.h"

#include <stdio.h>
#include <stdlib.h>

static struct ark_err err;

/* Every chunk of a longer value has 4,096 bytes but the last. */
static const struct arkf_chunker tiny = {
	.inline_max = 100, .cdc_min = 4096, .cdc_avg = 4096, .cdc_max = 4096
};

static struct arkv_values *values_new(struct writer_session *s, unsigned lane_len)
{
	struct arkv_values *v = NULL;
	struct arkv_values_options options = { .ctx = &s->ctx,
					       .packer = s->packer,
					       .pool = s->pool,
					       .sort = s->sort,
					       .recipes = &s->uses,
					       .lane_len = lane_len };
	assert_int_equal(arkv_values_new(&v, &options, &err), ARK_OK);
	return v;
}

static struct ark_record record_of(const struct lived_record *r)
{
	return (struct ark_record){ .key = ark_span_str(r->key),
				    .expires_ms = ARK_NO_EXPIRY,
				    .value_len = r->value_len,
				    .type = 1 };
}

static void give(struct arkv_values *v, const struct lived_record *r)
{
	uint8_t bytes[65536];
	for (uint64_t off = 0; off < r->value_len; off += sizeof bytes) {
		uint64_t left = r->value_len - off;
		size_t n = left < sizeof bytes ? (size_t)left : sizeof bytes;
		lived_value(r, off, bytes, n);
		if (arkv_values_piece(v, ark_span(bytes, n), &err))
			fail_msg("%s", err.text);
	}
	struct ark_record rec = record_of(r);
	if (arkv_values_end(v, &rec, &err))
		fail_msg("%s", err.text);
}

static uint64_t recipe_len(const struct writer_frames *f, const struct ark_id *id, unsigned depth,
			   uint64_t *chunks)
{
	const struct writer_frame *frame = writer_frame_find(f, id);
	assert_non_null(frame);
	if (depth == 0) {
		++*chunks;
		assert_int_equal(frame->type, ARKF_FRAME_CHUNK);
		return frame->raw.wr.len;
	}
	struct arkf_recipe_rd it;
	struct arkf_ref ref;
	uint64_t len = 0;
	assert_int_equal(frame->type, ARKF_FRAME_RECIPE);
	assert_int_equal(arkf_recipe_decode(&it, ark_buf_span(&frame->raw), &err), ARK_OK);
	assert_int_equal(it.depth, depth);
	while (!arkf_recipe_next(&it, &ref, &err)) {
		assert_int_equal(recipe_len(f, &ref.id, depth - 1, chunks), ref.len);
		len += ref.len;
	}
	return len;
}

static void values_of_any_number_of_chunks_are_listed(void **state)
{
	(void)state;
	static const struct {
		uint64_t chunks;
		unsigned depth;
	} cases[] = { { 1, 0 },	    { 8, 0 },	  { 9, 1 },	{ 10, 1 },
		      { 16384, 1 }, { 16385, 2 }, { 32768, 2 }, { 40000, 2 } };
	enum { N = sizeof cases / sizeof cases[0] };
	struct lived_record records[N] = { { .seed = 1 } };
	struct writer w;
	struct writer_session s;
	struct writer_frames f;
	writer_init(&w, ARK_SUITE_XCHACHA, &tiny);
	writer_session_open(&s, &w, 0, false);
	struct arkv_values *v = values_new(&s, 4);
	uint64_t distinct = 0;
	for (size_t i = 0; i < N; i++) {
		/* one seed: each value begins as the longer ones do, and ends with a chunk of its
		 * own, but the first */
		records[i].seed = 1;
		records[i].value_len = cases[i].chunks * 4096 - i * 10;
		snprintf(records[i].key, sizeof records[i].key, "%zu", i);
		give(v, &records[i]);
		distinct += i > 0;
	}
	distinct += cases[N - 1].chunks - 1;
	assert_int_equal(arkv_values_flush(v, &err), ARK_OK);
	arkv_values_freep(&v);
	writer_frames_read(&f, &w);
	size_t chunks = 0;
	for (size_t i = 0; i < f.count; i++)
		chunks += f.frames[i].type == ARKF_FRAME_CHUNK;
	assert_int_equal(chunks, distinct);
	assert_int_equal(arkv_sort_end(s.sort, &err), ARK_OK);
	struct arkf_spill_rec rec;
	for (size_t i = 0; i < N; i++) {
		struct arkf_refs refs;
		uint64_t count = 0, len = 0;
		assert_int_equal(arkv_sort_next(s.sort, &rec, &err), ARK_OK);
		enum arkf_form form = cases[i].depth ? ARKF_RECIPE : ARKF_CHUNKS;
		assert_int_equal(rec.form,
				 form == ARKF_RECIPE ? ARKF_SPILL_RECIPE : ARKF_SPILL_CHUNKS);
		assert_int_equal(arkf_refs_decode(&refs, rec.value, form, rec.rec.value_len, &err),
				 ARK_OK);
		assert_int_equal(refs.depth, cases[i].depth);
		for (size_t j = 0; j < refs.count; j++)
			len += recipe_len(&f, &refs.ref[j].id, refs.depth, &count);
		assert_int_equal(count, cases[i].chunks);
		assert_int_equal(len, records[i].value_len);
	}
	writer_frames_release(&f);
	writer_session_close(&s);
	writer_release(&w);
}

static void equal_values_are_stored_once(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	struct lived_record r = { .key = "k", .value_len = 300000, .seed = 5 };
	writer_init(&w, ARK_SUITE_XCHACHA, &tiny);
	uint64_t frames = 0;
	for (size_t session = 0; session < 3; session++) {
		if (session == 2)
			writer_drop_cache(&w); /* then places/ tells */
		writer_session_open(&s, &w, 0, false);
		struct arkv_values *v = values_new(&s, 1 + (unsigned)session * 7);
		for (size_t i = 0; i < 3; i++)
			give(v, &r);
		assert_int_equal(arkv_values_flush(v, &err), ARK_OK);
		arkv_values_freep(&v);
		assert_int_equal(arkv_dedup_store_fragments(s.dedup, &err), ARK_OK);
		assert_int_equal(arkv_dedup_keep(s.dedup, &err), ARK_OK);
		frames += arkv_packer_stats(s.packer)->frames;
		writer_session_close(&s);
	}
	assert_int_equal(frames, 74 + 1);
	writer_release(&w);
}

static void a_value_that_is_dropped_leaves_nothing_but_chunks(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	uint8_t bytes[20000] = { 1 };
	struct arkf_spill_rec rec;
	writer_init(&w, ARK_SUITE_XCHACHA, &tiny);
	for (size_t len = 0; len <= sizeof bytes; len += 2500) {
		writer_session_open(&s, &w, 0, false);
		struct arkv_values *v = values_new(&s, 2);
		assert_int_equal(arkv_values_piece(v, ark_span(bytes, len), &err), ARK_OK);
		arkv_values_drop(v);
		struct lived_record r = { .key = "k", .value_len = 50, .seed = len };
		give(v, &r); /* not mixed up with what was dropped */
		if (len % 5000)
			assert_int_equal(arkv_values_flush(v, &err), ARK_OK);
		arkv_values_freep(&v); /* also with chunks under way */
		assert_int_equal(arkv_sort_end(s.sort, &err), ARK_OK);
		assert_int_equal(arkv_sort_next(s.sort, &rec, &err), ARK_OK);
		assert_int_equal(rec.form, ARKF_SPILL_INLINE);
		assert_int_equal(rec.value.len, 50);
		assert_int_equal(arkv_sort_next(s.sort, &rec, &err), ARK_NOTFOUND);
		writer_session_close(&s);
	}
	writer_release(&w);
}

static void a_length_that_is_no_sum_of_pieces_is_refused(void **state)
{
	(void)state;
	static const uint64_t given[] = { 0, 10, 100, 101, 5000, 20000 };
	uint8_t bytes[20000] = { 1 };
	struct writer w;
	struct writer_session s;
	writer_init(&w, ARK_SUITE_XCHACHA, &tiny);
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++) {
			writer_session_open(&s, &w, 0, false);
			struct arkv_values *v = values_new(&s, 2);
			struct ark_record rec = { .value_len = given[j], .type = 1 };
			struct ark_span all = ark_span(bytes, (size_t)given[i]);
			assert_int_equal(arkv_values_piece(v, all, &err), ARK_OK);
			assert_int_equal(arkv_values_end(v, &rec, &err),
					 i == j ? ARK_OK : ARK_USAGE);
			arkv_values_freep(&v);
			writer_session_close(&s);
		}
	writer_release(&w);
}

static void a_chunk_that_cannot_be_stored_ends_the_scan(void **state)
{
	(void)state;
	struct lived_record r = { .key = "k", .value_len = 3000000, .seed = 1 };
	for (unsigned put = 1; put <= 3; put++) {
		struct writer w;
		struct writer_session s;
		char script[32];
		snprintf(script, sizeof script, "put:%u:denied", put);
		writer_init(&w, ARK_SUITE_XCHACHA, &tiny);
		writer_reopen(&w, script);
		writer_session_open(&s, &w, 1000000, false);
		struct arkv_values *v = values_new(&s, 8);
		struct ark_record rec = record_of(&r);
		enum ark_rc rc = ARK_OK;
		uint8_t bytes[30000];
		for (uint64_t off = 0; off < r.value_len && !rc; off += sizeof bytes) {
			lived_value(&r, off, bytes, sizeof bytes);
			rc = arkv_values_piece(v, ark_span(bytes, sizeof bytes), &err);
		}
		if (!rc)
			rc = arkv_values_end(v, &rec, &err);
		if (!rc)
			rc = arkv_values_flush(v, &err);
		assert_int_equal(rc, ARK_DENIED);
		assert_non_null(strstr(err.text, "packs/"));
		arkv_values_freep(&v);
		writer_session_close(&s);
		writer_release(&w);
	}
}

/* ---- hints ---- */

enum { PACKS = 10, KEYS = 1000 };

/* A chunk for each of 1,000 data keys in each of 10 packs: as far apart as chunks can be. */
static void chunks_far_apart(struct writer_session *s, struct arkv_hints *h)
{
	struct arkf_datakey *datakeys = test_calloc(KEYS, sizeof *datakeys);
	for (uint64_t i = 0; i < PACKS * KEYS; i++) {
		static uint32_t no;
		struct ark_id id = { .b = { 0 } };
		struct arkv_where where;
		uint16_t key_no = (uint16_t)(i % KEYS);
		ark_put_le64(id.b, i);
		datakeys[key_no] = s->dk.record;
		ark_put_le64(datakeys[key_no].id.b, i);
		struct arkf_footer_entry entry = {
			.id = id, .type = ARKF_FRAME_CHUNK, .clen = 1, .datakey_no = key_no
		};
		if (key_no == 0)
			assert_int_equal(arkv_dedup_pack_begin(s->dedup, &no, &err), ARK_OK);
		assert_int_equal(arkv_dedup_claim(s->dedup, &id, &where, &err), ARK_NOTFOUND);
		assert_int_equal(arkv_dedup_place(s->dedup, no, &entry, 100, &err), ARK_OK);
		assert_int_equal(arkv_hints_find(h, s->dedup, &id, &err), ARK_OK);
		if (key_no == KEYS - 1)
			assert_int_equal(arkv_dedup_pack_end(s->dedup, no, &id, 1 << 20, datakeys,
							     KEYS, &err),
					 ARK_OK);
	}
	test_free(datakeys);
}

static void hints_that_have_no_room_are_left_out(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	writer_session_open(&s, &w, 0, false);
	struct arkv_hints h = { .count = 0 };
	struct ark_buf out;
	ark_buf_init(&out);
	chunks_far_apart(&s, &h);
	h.count = 6000;
	assert_int_equal(arkv_hints_encode(&h, s.dedup, &out, &err), ARK_OK);
	assert_in_range(out.wr.len, 6000 * 90, ARKF_TRAILER_MAX);
	size_t before = out.wr.len;
	h.count = PACKS * KEYS;
	assert_int_equal(arkv_hints_encode(&h, s.dedup, &out, &err), ARK_OK);
	assert_int_equal(out.wr.len, before);
	ark_buf_release(&out);
	arkv_hints_release(&h);
	writer_session_close(&s);
	writer_release(&w);
}

static void a_chunk_that_is_not_known_any_more_is_told(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	writer_session_open(&s, &w, 0, false);
	struct arkv_hints h = { .count = 0 };
	struct ark_id id = { .b = { 9 } };
	struct arkv_where where;
	assert_int_equal(arkv_hints_find(&h, s.dedup, &id, &err), ARK_CORRUPT);
	assert_non_null(strstr(err.text, "run the backup again"));
	assert_int_equal(arkv_dedup_claim(s.dedup, &id, &where, &err), ARK_NOTFOUND);
	assert_int_equal(arkv_hints_find(&h, s.dedup, &id, &err), ARK_CORRUPT);
	arkv_hints_release(&h);
	writer_session_close(&s);
	writer_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_any_number_of_chunks_are_listed),
		cmocka_unit_test(equal_values_are_stored_once),
		cmocka_unit_test(a_value_that_is_dropped_leaves_nothing_but_chunks),
		cmocka_unit_test(a_length_that_is_no_sum_of_pieces_is_refused),
		cmocka_unit_test(a_chunk_that_cannot_be_stored_ends_the_scan),
		cmocka_unit_test(hints_that_have_no_room_are_left_out),
		cmocka_unit_test(a_chunk_that_is_not_known_any_more_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
