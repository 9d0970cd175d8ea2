/* test_block_write.c - sorted records into blocks, pages and a run (libarchive-kv/block_write.h,
 * run_write.h, frame_write.h). */
#include "libarchive-kv/frame_open.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/run_write.h"
#include "tests/unit/cm.h"
#include "tests/unit/writer.h"

#include <stdio.h>
#include <stdlib.h>

static struct ark_err err;

/* ---- blocks of made-up entries ---- */

enum { KEYS = 30000, BLOCKS_MAX = 4096 };

struct input {
	struct writer_session s;
	uint64_t value_seed; /* what values are; keys do not depend on it */
	size_t value_len;
	size_t space_every; /* so many keys share a space; 0: all */
	size_t skip;	    /* the key of this number is left out; KEYS: none */
	uint32_t threshold;
	/* what came out */
	struct placed {
		struct ark_id id;
		char key[64];
		uint32_t entries;
	} blocks[BLOCKS_MAX];
	size_t count;
	struct arkv_block_stats stats;
};

static enum ark_rc note_block(void *ctx, const struct arkv_placed_block *block, struct ark_err *e)
{
	(void)e;
	struct input *in = ctx;
	assert_true(in->count < BLOCKS_MAX);
	struct placed *p = &in->blocks[in->count++];
	p->id = block->id;
	p->entries = block->entry_count;
	snprintf(p->key, sizeof p->key, "%.*s/%.*s", (int)block->first.space.len,
		 (const char *)block->first.space.p, (int)block->first.key.len,
		 (const char *)block->first.key.p);
	return ARK_OK;
}

static struct arkf_entry entry_of(const struct input *in, size_t i, char space[32], char key[32],
				  uint8_t *value)
{
	*space = '\0';
	if (in->space_every)
		snprintf(space, 32, "space-%06zu", i / in->space_every);
	snprintf(key, 32, "key:%08zu", i);
	struct lived_record r = { .seed = in->value_seed + i };
	lived_value(&r, 0, value, in->value_len);
	return (struct arkf_entry){
		.rec = { .space = ark_span_str(space),
			 .key = ark_span_str(key),
			 .expires_ms = i % 3 ? ARK_NO_EXPIRY : 1000 + i,
			 .flags = (uint32_t)(i % 5),
			 .value_len = in->value_len,
			 .type = 1 },
		.body = ark_span(value, in->value_len),
	};
}

static void cut(struct input *in, struct writer *w, unsigned lane_len)
{
	static const uint8_t digest[ARKV_DIGEST_LEN];
	uint8_t value[1024];
	char space[32], key[32];
	struct arkv_blocks *blocks = NULL;
	writer_session_open(&in->s, w, 0, false);
	struct arkv_blocks_options options = { .ctx = &in->s.ctx,
					       .packer = in->s.packer,
					       .pool = in->s.pool,
					       .uses = &in->s.uses,
					       .placed = note_block,
					       .placed_ctx = in,
					       .cut_threshold = in->threshold,
					       .lane_len = lane_len };
	in->count = 0;
	assert_int_equal(arkv_blocks_new(&blocks, &options, &err), ARK_OK);
	for (size_t i = 0; i < KEYS; i++) {
		struct arkf_entry e = entry_of(in, i, space, key, value);
		if (i != in->skip && arkv_blocks_add(blocks, &e, digest, &err))
			fail_msg("%s", err.text);
	}
	assert_int_equal(arkv_blocks_flush(blocks, &err), ARK_OK);
	assert_int_equal(arkv_packer_flush(in->s.packer, &err), ARK_OK);
	in->stats = *arkv_blocks_stats(blocks);
	assert_int_equal(in->stats.blocks, in->count);
	arkv_blocks_freep(&blocks);
	assert_int_equal(arkv_dedup_store_fragments(in->s.dedup, &err), ARK_OK);
	assert_int_equal(arkv_dedup_keep(in->s.dedup, &err), ARK_OK);
	writer_session_close(&in->s);
}

/* T as page 06 has it. */
static uint32_t threshold_of(size_t weight)
{
	return (uint32_t)((weight << 32) / (73728 - 16384));
}

static struct input *input_new(size_t value_len)
{
	struct input *in = test_calloc(1, sizeof *in);
	in->value_len = value_len;
	in->skip = KEYS;
	in->threshold = threshold_of(16 + 12 + value_len);
	return in;
}

static struct input *input_copy(const struct input *in)
{
	struct input *copy = test_malloc(sizeof *copy);
	memcpy(copy, in, sizeof *copy);
	return copy;
}

static void bounds_depend_on_keys_alone(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct input *first = input_new(100);
	struct input *second = input_copy(first);
	second->value_seed = 77777777;
	cut(first, &w, 4);
	cut(second, &w, 1);
	assert_true(first->count > 20);
	assert_int_equal(first->count, second->count);
	for (size_t i = 0; i < first->count; i++) {
		assert_string_equal(first->blocks[i].key, second->blocks[i].key);
		assert_int_equal(first->blocks[i].entries, second->blocks[i].entries);
		assert_memory_not_equal(&first->blocks[i].id, &second->blocks[i].id, 32);
	}
	test_free(first);
	test_free(second);
	writer_release(&w);
}

/* How many blocks of b are not in a. */
static size_t new_blocks(const struct input *a, const struct input *b)
{
	size_t count = 0;
	for (size_t i = 0; i < b->count; i++) {
		bool found = false;
		for (size_t j = 0; j < a->count && !found; j++)
			found = ark_id_eq(&a->blocks[j].id, &b->blocks[i].id);
		count += !found;
	}
	return count;
}

static void bounds_agree_again_after_a_key_came_or_went(void **state)
{
	(void)state;
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct input *all = input_new(100);
	cut(all, &w, 4);
	static const size_t skips[] = { 0, 1, 777, 15000, KEYS - 1 };
	for (size_t i = 0; i < sizeof skips / sizeof skips[0]; i++) {
		struct input *less = input_copy(all);
		less->skip = skips[i];
		cut(less, &w, 4);
		/* the block of the key, and a few more where it began or ended one */
		assert_in_range(new_blocks(all, less), 1, 5);
		assert_in_range(new_blocks(less, all), 1, 5);
		test_free(less);
	}
	test_free(all);
	writer_release(&w);
}

static void blocks_have_the_weight_that_page_06_asks_for(void **state)
{
	(void)state;
	static const size_t lens[] = { 0, 10, 100, 1000 };
	struct writer w;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	for (size_t i = 0; i < 4; i++) {
		struct input *in = input_new(lens[i]);
		size_t weight = 16 + 12 + lens[i];
		cut(in, &w, 4);
		for (size_t j = 0; j < in->count; j++) {
			assert_true(in->blocks[j].entries * weight <= 262144);
			if (j + 1 < in->count)
				assert_true(in->blocks[j].entries * weight >= 16384);
		}
		assert_in_range(KEYS * weight / in->count, 36864, 147456);
		assert_int_equal(in->stats.entries, KEYS);
		test_free(in);
	}
	writer_release(&w);
}

static void what_blocks_hold_is_what_was_given(void **state)
{
	(void)state;
	struct writer w;
	struct writer_frames f;
	uint8_t value[1024];
	char space[32], key[32];
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	struct input *in = input_new(50);
	in->space_every = 3;
	cut(in, &w, 3);
	writer_frames_read(&f, &w);
	struct arkf_block_rd *it = test_malloc(sizeof *it);
	size_t at = 0;
	for (size_t i = 0; i < in->count; i++) {
		const struct writer_frame *frame = writer_frame_find(&f, &in->blocks[i].id);
		struct arkf_entry got;
		assert_non_null(frame);
		assert_int_equal(arkf_block_decode(it, ark_buf_span(&frame->raw), &err), ARK_OK);
		while (!arkf_block_next(it, &got, &err)) {
			struct arkf_entry want = entry_of(in, at++, space, key, value);
			assert_int_equal(ark_record_cmp(&want.rec, &got.rec), 0);
			assert_int_equal(want.rec.expires_ms, got.rec.expires_ms);
			assert_int_equal(want.rec.flags, got.rec.flags);
			assert_true(ark_span_eq(want.body, got.body));
		}
	}
	assert_int_equal(at, KEYS);
	test_free(it);
	test_free(in);
	writer_frames_release(&f);
	writer_release(&w);
}

/* ---- one frame ---- */

static void a_frame_longer_than_readers_take_is_refused(void **state)
{
	(void)state;
	static const struct {
		enum arkf_frame_type type;
		size_t max;
	} cases[] = { { ARKF_FRAME_BLOCK, 524288 },
		      { ARKF_FRAME_CHUNK, 1048576 },
		      { ARKF_FRAME_RECIPE, 1048576 } };
	struct writer w;
	struct writer_session s;
	struct arkv_frame_slot slot;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	writer_session_open(&s, &w, 0, false);
	assert_int_equal(arkv_frame_slot_init(&slot, &s.ctx, &err), ARK_OK);
	for (size_t i = 0; i < 3; i++)
		for (size_t over = 0; over < 3; over++) {
			arkv_frame_slot_clear(&slot);
			slot.type = cases[i].type;
			memset(ark_wr_room(&slot.raw.wr, cases[i].max + (over == 1)), (int)i,
			       cases[i].max + (over == 1));
			memset(ark_wr_room(&slot.trailer.wr, 1048576 + (over == 2)), 0,
			       1048576 + (over == 2));
			assert_int_equal(arkv_frame_make(&slot, &s.ctx, &err),
					 over ? ARK_LIMIT : ARK_OK);
		}
	arkv_frame_slot_release(&slot);
	writer_session_close(&s);
	writer_release(&w);
}

static void an_id_covers_type_and_bytes_and_no_hints(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	struct arkv_frame_slot slot;
	struct ark_id ids[3];
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	writer_session_open(&s, &w, 0, false);
	assert_int_equal(arkv_frame_slot_init(&slot, &s.ctx, &err), ARK_OK);
	for (size_t i = 0; i < 3; i++) {
		arkv_frame_slot_clear(&slot);
		slot.type = i == 2 ? ARKF_FRAME_RECIPE : ARKF_FRAME_BLOCK;
		ark_wr_bytes(&slot.raw.wr, ark_span_str("the same bytes"));
		ark_wr_bytes(&slot.trailer.wr, ark_span_str(i ? "hints" : ""));
		assert_int_equal(arkv_frame_make(&slot, &s.ctx, &err), ARK_OK);
		assert_int_equal(slot.claim, i == 1 ? ARK_AGAIN : ARK_NOTFOUND);
		ids[i] = slot.id;
	}
	assert_true(ark_id_eq(&ids[0], &ids[1]));
	assert_false(ark_id_eq(&ids[0], &ids[2]));
	arkv_frame_slot_release(&slot);
	writer_session_close(&s);
	writer_release(&w);
}

/* ---- use maps ---- */

static void a_use_map_marks_what_was_added(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	struct arkv_frame_slot slot;
	struct arkv_where where[100];
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	writer_session_open(&s, &w, 1000, false);
	assert_int_equal(arkv_frame_slot_init(&slot, &s.ctx, &err), ARK_OK);
	for (uint64_t i = 0; i < 100; i++) {
		arkv_frame_slot_clear(&slot);
		slot.type = ARKF_FRAME_CHUNK;
		ark_wr_u64(&slot.raw.wr, i);
		assert_int_equal(arkv_frame_make(&slot, &s.ctx, &err), ARK_OK);
		assert_int_equal(arkv_packer_add(s.packer, &slot, &where[i], &err), ARK_OK);
	}
	assert_int_equal(arkv_packer_flush(s.packer, &err), ARK_OK);
	/* from the last one back, so that maps grow in all ways; not the first three packs */
	for (size_t i = 100; i-- > 0;)
		if (where[i].pack_no > 2 && i % 3)
			assert_int_equal(arkv_usemap_add(&s.uses, &where[i], &err), ARK_OK);
	struct ark_buf raw;
	ark_buf_init(&raw);
	const struct arkf_slice slice = { .kind = ARKF_SLICE_BASE, .puts = 5, .raw_bytes = 6 };
	assert_int_equal(arkv_usemap_encode(&s.uses, s.dedup, &slice, &raw, &err), ARK_OK);
	struct arkf_runrefs_rd it;
	struct arkf_runrefs_pack packs[100];
	struct arkf_slice got;
	size_t count = 0, marks = 0;
	assert_int_equal(arkf_runrefs_decode_packs(&it, ark_buf_span(&raw), &err), ARK_OK);
	while (!arkf_runrefs_pack_next(&it, &packs[count], &err))
		count++;
	assert_int_equal(count, arkv_packer_stats(s.packer)->packs - 3);
	assert_int_equal(arkf_runrefs_slice_next(&it, &got, &err), ARK_OK);
	assert_int_equal(got.puts, 5);
	uint32_t no;
	while (!arkf_runrefs_use_next(&it, &no, &err)) {
		struct ark_span bits;
		assert_int_equal(arkf_runrefs_use_bitmap(&it, packs[no].frame_count, &bits, &err),
				 ARK_OK);
		for (size_t i = 0; i < 100; i++) {
			const struct arkv_pack_info *p = arkv_dedup_pack(s.dedup, where[i].pack_no);
			if (!ark_id_eq(&p->name, &packs[no].name))
				continue;
			size_t bit = bits.p[where[i].frame_no / 8] >> where[i].frame_no % 8 & 1;
			assert_int_equal(bit, i % 3 > 0);
			marks += bit;
		}
	}
	assert_true(marks > 40);
	ark_buf_release(&raw);
	arkv_frame_slot_release(&slot);
	writer_session_close(&s);
	writer_release(&w);
}

/* ---- runs ---- */

static void an_index_too_large_for_readers_is_refused(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	struct arkv_run_writer *writer = NULL;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	writer_session_open(&s, &w, 0, false);
	struct arkv_run_options options = { .ctx = &s.ctx, .spool_dir = w.dir };
	assert_int_equal(arkv_run_writer_new(&writer, &options, &err), ARK_OK);
	struct arkv_run_made made = { .len = 7 };
	ark_buf_init(&made.root_box);
	struct ark_buf refs;
	ark_buf_init(&refs);
	assert_non_null(ark_wr_room(&refs.wr, (64 << 20) + 1));
	memset(refs.wr.p, 0, refs.wr.len);
	uint64_t puts = writer_puts(&w);
	assert_int_equal(arkv_run_writer_end(writer, w.memory, ark_buf_span(&refs), &made, &err),
			 ARK_LIMIT);
	assert_int_equal(made.len, 7); /* left alone */
	assert_int_equal(writer_puts(&w), puts);
	ark_buf_release(&refs);
	arkv_run_made_release(&made);
	arkv_run_writer_freep(&writer);
	writer_session_close(&s);
	writer_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_depend_on_keys_alone),
		cmocka_unit_test(bounds_agree_again_after_a_key_came_or_went),
		cmocka_unit_test(blocks_have_the_weight_that_page_06_asks_for),
		cmocka_unit_test(what_blocks_hold_is_what_was_given),
		cmocka_unit_test(a_frame_longer_than_readers_take_is_refused),
		cmocka_unit_test(an_id_covers_type_and_bytes_and_no_hints),
		cmocka_unit_test(a_use_map_marks_what_was_added),
		cmocka_unit_test(an_index_too_large_for_readers_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
