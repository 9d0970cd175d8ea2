/*
 * test_values.c - what decoders make of good vectors: their values, which encoding them again does
 * not show. The values are those that the vectors' comments name.
 *
 *   test_vectors_values TREE
 */
#include "format/gc.h"
#include "format/mark.h"
#include "format/page.h"
#include "format/places.h"
#include "format/remap.h"
#include "format/session.h"
#include "format/stacks.h"
#include "format/state.h"
#include "tests/unit/cm.h"
#include "tests/vectors/files.h"

#include <stdio.h>

static struct vector_list list;

static struct ark_span vector(const char *path)
{
	for (size_t i = 0; i < list.count; i++)
		if (!strcmp(list.items[i].path, path))
			return ark_span(list.items[i].bytes, list.items[i].len);
	fail_msg("%s is missing", path);
	return ark_span(NULL, 0);
}

/* first, first + 1 ... */
static void assert_counts_from(const uint8_t *bytes, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(bytes[i], (uint8_t)(first + i));
}

static void the_frames_of_a_fragment_follow_one_another(void **state)
{
	(void)state;
	static const uint32_t clens[] = { 500, 2000, 70 };
	struct arkf_places_rd it;
	struct arkf_datakey key;
	struct arkf_places_pack pack;
	struct arkf_footer_entry entry;
	struct arkf_place place;
	uint32_t no;
	assert_int_equal(arkf_places_decode(&it, vector("places/good-two-packs.hex"), NULL), 0);
	while (arkf_places_datakey_next(&it, &key, NULL) == ARK_OK)
		;
	assert_int_equal(arkf_places_pack_next(&it, &pack, NULL), ARK_OK);
	assert_int_equal(pack.datakey_count, 2);
	assert_int_equal(arkf_places_no_next(&it, &no, NULL), ARK_OK);
	assert_int_equal(no, 1);
	assert_int_equal(arkf_places_no_next(&it, &no, NULL), ARK_OK);
	assert_int_equal(no, 0);
	assert_int_equal(arkf_places_no_next(&it, &no, NULL), ARK_NOTFOUND);
	uint32_t offset = 14 + 2 * 22; /* header, count, two data keys of suite 0 */
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(arkf_places_frame_next(&it, &entry, &place, NULL), ARK_OK);
		assert_int_equal(place.pack_no, 0);
		assert_int_equal(place.frame_no, i);
		assert_int_equal(place.offset, offset);
		assert_int_equal(place.clen, clens[i]);
		assert_int_equal(entry.type, i + 1);
		offset += 82 + clens[i];
	}
	assert_int_equal(arkf_places_frame_next(&it, &entry, &place, NULL), ARK_NOTFOUND);
}

static void a_sealed_data_key_moves_the_first_frame(void **state)
{
	(void)state;
	struct arkf_places_rd it;
	struct arkf_datakey key;
	struct arkf_places_pack pack;
	struct arkf_footer_entry entry;
	struct arkf_place place;
	uint32_t no;
	assert_int_equal(arkf_places_decode(&it, vector("places/good-sealed.hex"), NULL), ARK_OK);
	assert_int_equal(arkf_places_datakey_next(&it, &key, NULL), ARK_OK);
	assert_counts_from(key.sealed, sizeof key.sealed, 0x80);
	assert_int_equal(arkf_places_datakey_next(&it, &key, NULL), ARK_NOTFOUND);
	assert_int_equal(arkf_places_pack_next(&it, &pack, NULL), ARK_OK);
	assert_int_equal(arkf_places_no_next(&it, &no, NULL), ARK_OK);
	assert_int_equal(arkf_places_frame_next(&it, &entry, &place, NULL), ARK_OK);
	assert_int_equal(place.offset, 14 + 102);
}

static void a_remap_gives_the_numbers_of_moved_frames(void **state)
{
	(void)state;
	static const uint32_t moved[] = { 0, 1, 5 };
	struct arkf_remap_rd it;
	struct arkf_remap_frame frame;
	struct arkf_datakey key;
	struct ark_id name;
	uint16_t in_pack;
	uint32_t in_table;
	assert_int_equal(arkf_remap_decode(&it, vector("remap/good-two.hex"), NULL), ARK_OK);
	while (arkf_packtable_datakey_next(&it.table, &key, NULL) == ARK_OK)
		;
	while (arkf_packtable_pack_next(&it.table, &name, NULL) == ARK_OK)
		while (arkf_packtable_pair_next(&it.table, &in_pack, &in_table, NULL) == ARK_OK)
			;
	assert_int_equal(arkf_remap_old_next(&it, &name, NULL), ARK_OK);
	assert_counts_from(name.b, sizeof name.b, 0x08);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(arkf_remap_frame_next(&it, &frame, NULL), ARK_OK);
		assert_int_equal(frame.frame_no, moved[i]);
		assert_counts_from(frame.id.b, sizeof frame.id.b, (uint8_t)(i + 1));
	}
	assert_int_equal(frame.place.offset, 698);
	assert_int_equal(arkf_remap_frame_next(&it, &frame, NULL), ARK_NOTFOUND);
	assert_int_equal(arkf_remap_old_next(&it, &name, NULL), ARK_OK);
	assert_int_equal(arkf_remap_frame_next(&it, &frame, NULL), ARK_OK);
	assert_int_equal(frame.frame_no, UINT32_MAX);
	assert_int_equal(frame.place.pack_no, 1);
	assert_int_equal(arkf_remap_frame_next(&it, &frame, NULL), ARK_NOTFOUND);
	assert_int_equal(arkf_remap_old_next(&it, &name, NULL), ARK_NOTFOUND);
}

static void a_gc_list_gives_each_class_its_names(void **state)
{
	(void)state;
	static const uint64_t counts[] = { 2, 1, 1, 1, 1, 3 };
	struct arkf_gc_rd it;
	enum arkf_gc_class class_no;
	uint64_t count;
	struct ark_span name;
	assert_int_equal(arkf_gc_decode(&it, vector("gc-list/good-all-classes.hex"), NULL), ARK_OK);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(arkf_gc_class_next(&it, &class_no, &count, NULL), ARK_OK);
		assert_int_equal(class_no, i + 1);
		assert_int_equal(count, counts[i]);
		for (uint64_t k = 0; k < counts[i]; k++) {
			assert_int_equal(arkf_gc_name_next(&it, &name, NULL), ARK_OK);
			assert_int_equal(name.len, i < 4 ? 32 : 16);
		}
		assert_int_equal(arkf_gc_name_next(&it, &name, NULL), ARK_NOTFOUND);
	}
	assert_counts_from(name.p, name.len, 0x30);
	assert_int_equal(arkf_gc_class_next(&it, &class_no, &count, NULL), ARK_NOTFOUND);
}

static void sessions_heartbeats_and_marks_give_their_fields(void **state)
{
	(void)state;
	struct arkf_session session;
	struct arkf_beat beat;
	struct arkf_reaped reaped;
	struct arkf_mark mark;
	struct ark_uid archive = { .b = { 0 } };
	assert_int_equal(arkf_session_decode(&session, vector("session/good-backup.hex"), NULL), 0);
	assert_int_equal(session.kind, ARKF_SESSION_BACKUP);
	assert_true(session.started_ms == UINT64_C(1700000000000));
	assert_int_equal(session.pid, 4242);
	assert_true(ark_span_eq(session.source, ark_span_str("shop")));
	assert_true(ark_span_eq(session.host, ark_span_str("db-1")));
	assert_true(ark_span_eq(session.tool, ark_span_str("arkv 0.1.0")));
	assert_counts_from(session.parent.b, 16, 0xc0);
	assert_int_equal(arkf_beat_decode(&beat, vector("session-end/good-committed.hex"),
					  ARKF_BEAT_END, NULL),
			 ARK_OK);
	assert_int_equal(beat.outcome, ARKF_OUTCOME_COMMITTED);
	assert_counts_from(beat.archive.b, 16, 0xb0);
	assert_int_equal(arkf_reaped_decode(&reaped, vector("reaped/good-seven.hex"), NULL), 0);
	assert_int_equal(reaped.last_beat_no, 7);
	assert_int_equal(arkf_mark_decode(&mark, vector("mark/good-replace.hex"), &archive, NULL),
			 ARK_OK);
	assert_int_equal(mark.kind, ARKF_MARK_KIND_REPLACE);
	assert_int_equal(mark.n, 3);
	assert_true(ark_span_eq(mark.reason, ark_span_str("keep 7 daily")));
	assert_counts_from(mark.replacement.b, 16, 0xd0);
	assert_counts_from(mark.parent.b, 16, 0xc0);
}

static void a_state_gives_each_key_its_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		uint64_t value_n, attr_n, expires_ms, value_len;
		bool deleted, has_attr_digest;
		enum arkf_form form;
	} all[] = {
		{ "", 9, 9, ARK_NO_EXPIRY, 0, false, false, ARKF_INLINE },
		{ "user:1", 1, 9, 1700000000000, 100, false, false, ARKF_INLINE },
		{ "user:10", 7, 7, ARK_NO_EXPIRY, 0, true, false, ARKF_INLINE },
		{ "user:2", 5, 6, 1699999999999, 1048577, false, true, ARKF_CHUNKS },
		{ "user:3", 2, 2, ARK_NO_EXPIRY, ARK_VALUE_MAX, false, true, ARKF_RECIPE },
	};
	struct arkf_state_keys_rd it;
	struct arkf_state_key k;
	assert_int_equal(arkf_state_keys_decode(&it, vector("state-page/good-keys.hex"), 9, NULL),
			 0);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		assert_int_equal(arkf_state_keys_next(&it, &k, NULL), ARK_OK);
		assert_true(ark_span_eq(k.key.key, ark_span_str(all[i].key)));
		assert_true(k.value_n == all[i].value_n && k.attr_n == all[i].attr_n);
		assert_true(k.expires_ms == all[i].expires_ms && k.value_len == all[i].value_len);
		assert_int_equal(k.deleted, all[i].deleted);
		assert_int_equal(k.has_attr_digest, all[i].has_attr_digest);
		assert_int_equal(k.form, all[i].form);
	}
	assert_counts_from(k.digest, sizeof k.digest, 4);
	assert_counts_from(k.attr_digest, sizeof k.attr_digest, 0x82);
	assert_int_equal(arkf_state_keys_next(&it, &k, NULL), ARK_NOTFOUND);
	/* in a state of a lower n the same page has numbers below 1 */
	assert_int_equal(arkf_state_keys_decode(&it, vector("state-page/good-keys.hex"), 8, NULL),
			 0);
	assert_int_equal(arkf_state_keys_next(&it, &k, NULL), ARK_OK);
	assert_int_equal(arkf_state_keys_next(&it, &k, NULL), ARK_CORRUPT);
}

static void a_page_gives_each_block_its_place(void **state)
{
	(void)state;
	struct arkf_page_rd it;
	struct arkf_page_block block;
	struct arkf_datakey key;
	struct ark_id name;
	uint16_t in_pack;
	uint32_t in_table;
	assert_int_equal(arkf_page_decode(&it, vector("page/good-plain.hex"), NULL), ARK_OK);
	while (arkf_packtable_datakey_next(&it.packs, &key, NULL) == ARK_OK)
		;
	while (arkf_packtable_pack_next(&it.packs, &name, NULL) == ARK_OK)
		while (arkf_packtable_pair_next(&it.packs, &in_pack, &in_table, NULL) == ARK_OK)
			;
	assert_int_equal(arkf_page_decode_blocks(&it, NULL), ARK_OK);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(arkf_page_next(&it, &block, NULL), ARK_OK);
		assert_int_equal(block.place.pack_no, i % 2);
		assert_int_equal(block.place.frame_no, i * 1000);
		assert_int_equal(block.place.offset, i * 70000);
		assert_int_equal(block.place.clen, 65000 + i);
		assert_counts_from(block.id.b, sizeof block.id.b, (uint8_t)(0x11 * i));
	}
	assert_true(ark_span_eq(block.first.space, ark_span_str("1")));
	assert_int_equal(arkf_page_next(&it, &block, NULL), ARK_NOTFOUND);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: test_vectors_values TREE\n");
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frames_of_a_fragment_follow_one_another),
		cmocka_unit_test(a_sealed_data_key_moves_the_first_frame),
		cmocka_unit_test(a_remap_gives_the_numbers_of_moved_frames),
		cmocka_unit_test(a_gc_list_gives_each_class_its_names),
		cmocka_unit_test(sessions_heartbeats_and_marks_give_their_fields),
		cmocka_unit_test(a_state_gives_each_key_its_numbers),
		cmocka_unit_test(a_page_gives_each_block_its_place),
	};
	vector_list_load(&list, argv[1]);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	vector_list_free(&list);
	return failed;
}
