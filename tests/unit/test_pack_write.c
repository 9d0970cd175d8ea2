/* test_pack_write.c - frames into packs (libarchive-kv/frame_write.h, pack_write.h). */
#include "libarchive-kv/rand.h"
#include "tests/unit/cm.h"
#include "tests/unit/writer.h"

#include <stdlib.h>

static struct ark_err err;

/* Bytes that follow from no, and do not compress. */
static void make(struct arkv_frame_slot *slot, struct writer_session *s, uint64_t no, size_t len)
{
	struct arkv_rand rand = arkv_rand_seeded(no + 1);
	uint8_t bytes[4096];
	assert_true(len <= sizeof bytes);
	arkv_rand_bytes(&rand, bytes, len);
	arkv_frame_slot_clear(slot);
	slot->type = ARKF_FRAME_CHUNK;
	ark_wr_bytes(&slot->raw.wr, ark_span(bytes, len));
	if (arkv_frame_make(slot, &s->ctx, &err))
		fail_msg("%s", err.text);
}

static struct arkv_where add(struct writer_session *s, struct arkv_frame_slot *slot)
{
	struct arkv_where where;
	if (arkv_packer_add(s->packer, slot, &where, &err))
		fail_msg("%s", err.text);
	return where;
}

static void slots_init(struct arkv_frame_slot slots[2], struct writer_session *s)
{
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(arkv_frame_slot_init(&slots[i], &s->ctx, &err), ARK_OK);
}

static void slots_release(struct arkv_frame_slot slots[2])
{
	arkv_frame_slot_release(&slots[0]);
	arkv_frame_slot_release(&slots[1]);
}

static void every_frame_is_where_it_was_said_to_be(void **state)
{
	(void)state;
	enum { N = 500 };
	static const enum ark_suite suites[] = { ARK_SUITE_XCHACHA, ARK_SUITE_NONE };
	for (size_t suite = 0; suite < 2; suite++) {
		struct writer w;
		struct writer_session s;
		struct arkv_frame_slot slots[2];
		struct arkv_where where[N];
		struct ark_id ids[N];
		writer_init(&w, suites[suite], NULL);
		writer_session_open(&s, &w, 100000, false);
		slots_init(slots, &s);
		for (size_t i = 0; i < N; i++) {
			make(&slots[0], &s, i, 1 + i * 7);
			ids[i] = slots[0].id;
			where[i] = add(&s, &slots[0]);
		}
		assert_int_equal(arkv_packer_flush(s.packer, &err), ARK_OK);
		struct writer_frames f;
		writer_frames_read(&f, &w);
		const struct arkv_packer_stats *stats = arkv_packer_stats(s.packer);
		assert_int_equal(f.count, N);
		assert_int_equal(stats->frames, N);
		assert_int_equal(stats->packs, f.pack_count);
		assert_true(f.pack_count > 5);
		/* closed by the frame that passes the aim, and a footer follows */
		assert_true(f.largest_pack < 100000 + 4096 + 100 * 60);
		for (size_t i = 0; i < N; i++) {
			const struct writer_frame *frame = writer_frame_find(&f, &ids[i]);
			assert_non_null(frame);
			assert_int_equal(frame->no, where[i].frame_no);
			assert_int_equal(frame->offset, where[i].offset);
			assert_int_equal(frame->clen, where[i].clen);
			assert_int_equal(frame->raw.wr.len, 1 + i * 7);
			const struct arkv_pack_info *p = arkv_dedup_pack(s.dedup, where[i].pack_no);
			assert_true(p->closed && ark_id_eq(&p->name, &frame->pack));
		}
		writer_frames_release(&f);
		slots_release(slots);
		writer_session_close(&s);
		writer_release(&w);
	}
}

static void what_is_known_is_not_stored_again(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	struct arkv_frame_slot slots[2];
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	writer_session_open(&s, &w, 0, false);
	slots_init(slots, &s);
	/* two slots make the same frame before either is placed: the later one may come first */
	make(&slots[0], &s, 1, 1000);
	make(&slots[1], &s, 1, 1000);
	assert_int_equal(slots[0].claim, ARK_NOTFOUND);
	assert_int_equal(slots[1].claim, ARK_AGAIN);
	struct arkv_where late = add(&s, &slots[1]);
	struct arkv_where early = add(&s, &slots[0]);
	assert_memory_equal(&late, &early, sizeof late);
	/* in the open pack, and in a closed one */
	for (size_t i = 0; i < 2; i++) {
		make(&slots[0], &s, 1, 1000);
		assert_int_equal(slots[0].claim, ARK_OK);
		early = add(&s, &slots[0]);
		assert_int_equal(late.pack_no, early.pack_no);
		assert_int_equal(late.offset, early.offset);
		assert_int_equal(arkv_packer_flush(s.packer, &err), ARK_OK);
	}
	const struct arkv_packer_stats *stats = arkv_packer_stats(s.packer);
	assert_int_equal(stats->frames, 1);
	assert_int_equal(stats->reused_frames, 3);
	assert_int_equal(stats->reused_bytes, 3000);
	assert_int_equal(stats->packs, 1);
	slots_release(slots);
	writer_session_close(&s);
	writer_release(&w);
}

static void a_pack_has_only_so_many_frames(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	struct arkv_frame_slot slots[2];
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	writer_session_open(&s, &w, 0, false);
	slots_init(slots, &s);
	for (size_t i = 0; i <= ARKV_PACK_FRAMES_MAX; i++) {
		make(&slots[0], &s, i, 8);
		struct arkv_where where = add(&s, &slots[0]);
		assert_int_equal(where.frame_no, i % ARKV_PACK_FRAMES_MAX);
	}
	assert_int_equal(arkv_packer_flush(s.packer, &err), ARK_OK);
	assert_int_equal(arkv_packer_stats(s.packer)->packs, 2);
	slots_release(slots);
	writer_session_close(&s);
	writer_release(&w);
}

static void a_dry_run_places_frames_and_stores_none(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s[2];
	struct arkv_frame_slot slots[2];
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	for (size_t dry = 0; dry < 2; dry++) {
		writer_session_open(&s[dry], &w, 50000, dry > 0);
		slots_init(slots, &s[dry]);
		uint64_t puts = writer_puts(&w);
		for (size_t i = 0; i < 100; i++) {
			make(&slots[0], &s[dry], dry * 1000 + i % 90, 2000);
			(void)add(&s[dry], &slots[0]);
		}
		assert_int_equal(arkv_packer_flush(s[dry].packer, &err), ARK_OK);
		const struct arkv_packer_stats *stats = arkv_packer_stats(s[dry].packer);
		assert_int_equal(stats->frames, 90);
		assert_int_equal(stats->reused_frames, 10);
		assert_int_equal(stats->packs, 4);
		assert_in_range(stats->bytes, 90 * 2082, 90 * 2082 + 4 * 5000);
		assert_int_equal(writer_puts(&w) - puts, dry ? 0 : 4);
		slots_release(slots);
		writer_session_close(&s[dry]);
	}
	writer_release(&w);
}

static void a_pack_that_cannot_be_stored_is_told_at_the_next_one(void **state)
{
	(void)state;
	for (size_t packs = 1; packs <= 3; packs++) {
		struct writer w;
		struct writer_session s;
		struct arkv_frame_slot slots[2];
		writer_init(&w, ARK_SUITE_XCHACHA, NULL);
		writer_reopen(&w, "put:1:nospace");
		writer_session_open(&s, &w, 10000, false);
		slots_init(slots, &s);
		enum ark_rc rc = ARK_OK;
		struct arkv_where where;
		for (size_t i = 0; i < 3 * packs && !rc; i++) {
			make(&slots[0], &s, i, 4096);
			rc = arkv_packer_add(s.packer, &slots[0], &where, &err);
		}
		if (!rc)
			rc = arkv_packer_flush(s.packer, &err);
		assert_int_equal(rc, ARK_NOSPACE);
		assert_non_null(strstr(err.text, "packs/"));
		slots_release(slots);
		writer_session_close(&s);
		writer_release(&w);
	}
}

static void a_spool_folder_that_is_gone_is_named(void **state)
{
	(void)state;
	struct writer w;
	struct writer_session s;
	struct arkv_frame_slot slots[2];
	struct arkv_where where;
	writer_init(&w, ARK_SUITE_XCHACHA, NULL);
	writer_session_open(&s, &w, 0, false);
	struct arkv_packer_options options = { .ctx = &s.ctx,
					       .store = w.memory,
					       .pool = s.pool,
					       .spool_dir = "/tmp/arkv-test-nowhere/at-all" };
	arkv_packer_freep(&s.packer);
	assert_int_equal(arkv_packer_new(&s.packer, &options, &err), ARK_OK);
	slots_init(slots, &s);
	make(&slots[0], &s, 1, 100);
	assert_int_not_equal(arkv_packer_add(s.packer, &slots[0], &where, &err), ARK_OK);
	assert_non_null(strstr(err.text, "/tmp/arkv-test-nowhere/at-all"));
	slots_release(slots);
	writer_session_close(&s);
	writer_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_is_where_it_was_said_to_be),
		cmocka_unit_test(what_is_known_is_not_stored_again),
		cmocka_unit_test(a_pack_has_only_so_many_frames),
		cmocka_unit_test(a_dry_run_places_frames_and_stores_none),
		cmocka_unit_test(a_pack_that_cannot_be_stored_is_told_at_the_next_one),
		cmocka_unit_test(a_spool_folder_that_is_gone_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
