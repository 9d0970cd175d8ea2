/* test_verify.c - verify finds what is wrong, and says what it costs (libarchive-kv/verify.h). */
#include "libarchive-kv/cursor.h"
#include "libarchive-kv/frames.h"
#include "libarchive-kv/objects.h"
#include "libarchive-kv/page_read.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/restore.h"
#include "libarchive-kv/slots.h"
#include "tests/unit/cm.h"
#include "tests/unit/lived.h"

#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 300, FEW = 60 };

static struct ark_err err;

/* Two archives of one source, the second with other values for a tenth of the keys; a third one of
 * the first's records. */
struct three {
	struct lived l;
	struct lived_record *records;
	struct ark_uid first, second, third;
};

static void make_three_of(struct three *t, enum ark_suite suite, size_t count)
{
	lived_init(&t->l, suite);
	t->records = lived_records(count, 1);
	t->first = lived_backup(&t->l, "a", t->records, count);
	for (size_t i = 0; i < count; i += 10)
		t->records[i].seed += 1000;
	t->second = lived_backup(&t->l, "a", t->records, count);
	t->third = lived_backup(&t->l, "b", t->records, count);
}

static void make_three(struct three *t, enum ark_suite suite)
{
	make_three_of(t, suite, COUNT);
}

static void release_three(struct three *t)
{
	test_free(t->records);
	lived_release(&t->l);
}

static struct arkv_store *store_of(struct three *t)
{
	return arkv_repo_store(t->l.repo);
}

static void get(struct three *t, const char *name, struct ark_buf *out)
{
	ark_buf_init(out);
	if (arkv_store_get(store_of(t), name, 0, ARKV_TO_END, out, &err))
		fail_msg("%s", err.text);
}

static void replace(struct three *t, const char *name, struct ark_span bytes)
{
	assert_int_equal(arkv_store_remove(store_of(t), name, &err), ARK_OK);
	if (arkv_store_put(store_of(t), name, bytes, &err))
		fail_msg("%s", err.text);
}

/* ---- nothing wrong ---- */

static void a_sound_repository_has_no_findings(void **state)
{
	(void)state;
	static const enum ark_suite suites[] = { ARK_SUITE_NONE, ARK_SUITE_XCHACHA };
	for (size_t s = 0; s < 2; s++) {
		struct three t;
		make_three(&t, suites[s]);
		for (int level = ARKV_VERIFY_STRUCTURE; level <= ARKV_VERIFY_DATA; level++) {
			struct lived_findings f;
			lived_verify(&t.l, (enum arkv_verify_level)level, &f);
			assert_string_equal(f.text, "");
			assert_int_equal(f.result.archives, 3);
			assert_true(f.result.runs >= 2 && f.result.pages >= 2);
			assert_int_equal(f.result.frames > 0, level == ARKV_VERIFY_DATA);
			assert_int_equal(f.result.records,
					 level == ARKV_VERIFY_DATA ? 3 * COUNT : 0);
		}
		release_three(&t);
	}
}

static void what_nothing_needs_is_noted_and_no_damage(void **state)
{
	(void)state;
	struct three t;
	make_three(&t, ARK_SUITE_XCHACHA);
	char name[80] = "packs/";
	memset(name + 6, 'a', 64);
	name[70] = '\0';
	struct ark_span bytes = ark_span_str("what a killed backup left");
	assert_int_equal(arkv_store_put(store_of(&t), name, bytes, &err), ARK_OK);
	assert_int_equal(arkv_store_put(store_of(&t), "readme.txt", bytes, &err), ARK_OK);
	struct lived_findings f;
	lived_verify(&t.l, ARKV_VERIFY_DATA, &f);
	assert_int_equal(f.result.damages, 0);
	assert_int_equal(f.result.notes, 2);
	assert_int_equal(f.result.unneeded_bytes, 2 * bytes.len);
	assert_non_null(strstr(f.text, name));
	assert_non_null(strstr(f.text, "readme.txt"));
	release_three(&t);
}

/* ---- everything altered is found ---- */

/* Whether opening or verifying tells that something is wrong. */
static bool is_noticed(struct three *t, bool is_key)
{
	struct lived_findings f;
	if (is_key) {
		lived_verify(&t->l, ARKV_VERIFY_STRUCTURE, &f);
		return f.result.damages > 0;
	}
	lived_verify(&t->l, ARKV_VERIFY_DATA, &f);
	return f.result.damages > 0;
}

static void alter_object(struct three *t, const struct arkv_object *object, struct arkv_rand *rand)
{
	struct ark_buf bytes;
	get(t, object->name, &bytes);
	size_t len = bytes.wr.len;
	bool is_key = object->kind == ARKV_OBJECT_CONFIG || object->kind == ARKV_OBJECT_KEY;
	size_t flips = object->kind == ARKV_OBJECT_PACK ? 24 : 12;
	if (getenv("ARKV_LONG"))
		flips *= 20;
	for (size_t i = 0; i < flips; i++) {
		/* both ends, and anywhere */
		size_t at = i < 4   ? i * 4
			    : i < 8 ? len - 1 - (i - 4) * 4
				    : (size_t)arkv_rand_below(rand, len);
		uint8_t bit = (uint8_t)(1 << arkv_rand_below(rand, 8));
		bytes.wr.p[at] ^= bit;
		replace(t, object->name, ark_buf_span(&bytes));
		if (!is_noticed(t, is_key))
			fail_msg("%s: byte %zu of %zu, bit 0x%02x", object->name, at, len, bit);
		bytes.wr.p[at] ^= bit;
	}
	const size_t cuts[] = { 0, 1, len / 2, len - 1 };
	for (size_t i = 0; i < 4; i++) {
		replace(t, object->name, ark_span(bytes.wr.p, cuts[i]));
		if (!is_noticed(t, is_key))
			fail_msg("%s: cut to %zu of %zu", object->name, cuts[i], len);
	}
	replace(t, object->name, ark_buf_span(&bytes));
	ark_buf_release(&bytes);
}

static void no_altered_object_is_overlooked(void **state)
{
	(void)state;
	const char *env = getenv("ARKV_SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0) : 3;
	print_message("# ARKV_SEED=%llu\n", (unsigned long long)seed);
	struct arkv_rand rand = arkv_rand_seeded(seed);
	static const enum ark_suite suites[] = { ARK_SUITE_NONE, ARK_SUITE_XCHACHA };
	for (size_t s = 0; s < 2; s++) {
		struct three t;
		make_three_of(&t, suites[s], FEW);
		struct arkv_objects objects = { 0 };
		assert_int_equal(arkv_objects_list(&objects, store_of(&t), &err), ARK_OK);
		for (size_t i = 0; i < objects.count; i++)
			alter_object(&t, &objects.items[i], &rand);
		struct lived_findings f;
		lived_verify(&t.l, ARKV_VERIFY_DATA, &f);
		assert_string_equal(f.text, "");
		arkv_objects_release(&objects);
		release_three(&t);
	}
}

static void a_lost_pack_or_run_is_missed_without_reading_data(void **state)
{
	(void)state;
	struct three t;
	make_three(&t, ARK_SUITE_XCHACHA);
	struct arkv_objects objects = { 0 };
	assert_int_equal(arkv_objects_list(&objects, store_of(&t), &err), ARK_OK);
	for (size_t i = 0; i < objects.count; i++) {
		const struct arkv_object *o = &objects.items[i];
		if (o->kind != ARKV_OBJECT_PACK && o->kind != ARKV_OBJECT_RUN)
			continue;
		struct ark_buf bytes;
		struct lived_findings f;
		get(&t, o->name, &bytes);
		assert_int_equal(arkv_store_remove(store_of(&t), o->name, &err), ARK_OK);
		lived_verify(&t.l, ARKV_VERIFY_PRESENCE, &f);
		assert_int_equal(f.result.damages, 1);
		assert_int_equal(
			f.by_kind[o->kind == ARKV_OBJECT_PACK ? ARKV_DAMAGE_PACK : ARKV_DAMAGE_RUN],
			1);
		assert_true(f.result.lost_archives >= 1);
		assert_int_equal(arkv_store_put(store_of(&t), o->name, ark_buf_span(&bytes), &err),
				 ARK_OK);
		ark_buf_release(&bytes);
	}
	arkv_objects_release(&objects);
	release_three(&t);
}

/* ---- what it costs ---- */

/* The first block of an archive, by its page. */
static struct arkv_page *first_page(struct arkv_archive *a)
{
	struct arkv_page *page = NULL;
	if (arkv_page_read(&page, a, 0, 0, &err))
		fail_msg("%s", err.text);
	return page;
}

static void flip_in_pack(struct three *t, const struct ark_id *pack, uint64_t at)
{
	struct arkv_object_name name = arkv_hash_name("packs/", pack);
	struct ark_buf bytes;
	get(t, name.s, &bytes);
	assert_true(at < bytes.wr.len);
	bytes.wr.p[at] ^= 0x20;
	replace(t, name.s, ark_buf_span(&bytes));
	ark_buf_release(&bytes);
}

static void a_lost_block_names_archives_range_and_entries(void **state)
{
	(void)state;
	struct three t;
	make_three(&t, ARK_SUITE_XCHACHA);
	struct arkv_archive *a = NULL;
	assert_int_equal(arkv_archive_open(&a, t.l.repo, &t.third, &err), ARK_OK);
	struct arkv_page *page = first_page(a);
	const struct arkv_page_block *b = &page->blocks[0];
	flip_in_pack(&t, &page->packs.packs[b->place.pack_no].name, b->place.offset + 100);
	struct lived_findings f;
	lived_verify(&t.l, ARKV_VERIFY_DATA, &f);
	if (f.result.damages != 1 || f.by_kind[ARKV_DAMAGE_BLOCK] != 1)
		fail_msg("%s", f.text);
	assert_int_equal(f.result.lost_archives, 2); /* second and third share it */
	assert_int_equal(f.last.entry_count, b->entry_count);
	assert_true(f.last.has_range);
	assert_int_equal(f.last.has_last, page->block_count > 1);
	arkv_page_freep(&page);
	arkv_archive_freep(&a);
	release_three(&t);
}

/* A record with a value in one chunk, and where that stands. */
static size_t chunked_record(struct three *t, struct arkv_archive *a, struct arkv_frame_spot *spot,
			     uint64_t *off)
{
	struct arkv_cursor *c = NULL;
	struct ark_record rec;
	struct arkf_refs refs;
	size_t no = 0;
	assert_int_equal(arkv_cursor_open(&c, a, NULL, &err), ARK_OK);
	for (;; no++) {
		assert_int_equal(arkv_cursor_next(c, &rec, &err), ARK_OK);
		const struct arkf_entry *e = arkv_cursor_entry(c);
		if (e->form != ARKF_CHUNKS)
			continue;
		assert_int_equal(arkf_refs_decode(&refs, e->body, e->form, rec.value_len, &err),
				 ARK_OK);
		if (refs.count == 1)
			break;
	}
	spot->id = refs.ref[0].id;
	arkv_cursor_freep(&c);
	struct arkv_objects objects = { 0 };
	assert_int_equal(arkv_objects_list(&objects, store_of(t), &err), ARK_OK);
	*off = 0;
	for (size_t i = 0; i < objects.count && !*off; i++) {
		if (objects.items[i].kind != ARKV_OBJECT_PACK)
			continue;
		struct ark_buf bytes;
		get(t, objects.items[i].name, &bytes);
		const uint8_t *hit = memmem(bytes.wr.p, bytes.wr.len - 4096, spot->id.b, 32);
		if (hit) {
			*off = (uint64_t)(hit - bytes.wr.p);
			spot->pack = objects.items[i].id;
		}
		ark_buf_release(&bytes);
	}
	arkv_objects_release(&objects);
	return no;
}

static void a_lost_chunk_names_its_keys(void **state)
{
	(void)state;
	struct three t;
	make_three(&t, ARK_SUITE_XCHACHA);
	struct arkv_archive *a = NULL;
	struct arkv_frame_spot spot;
	uint64_t off = 0;
	assert_int_equal(arkv_archive_open(&a, t.l.repo, &t.third, &err), ARK_OK);
	(void)chunked_record(&t, a, &spot, &off);
	assert_true(off > 0);
	flip_in_pack(&t, &spot.pack, off + 60);
	struct lived_findings f;
	lived_verify(&t.l, ARKV_VERIFY_DATA, &f);
	if (f.result.damages != 1 || f.by_kind[ARKV_DAMAGE_CHUNK] != 1)
		fail_msg("%s", f.text);
	assert_int_equal(f.result.lost_entries, 1);
	assert_int_equal(f.keys, 1);
	assert_true(f.result.lost_archives >= 2);
	/* a restore leaves this one record out, and says so */
	struct lived_target target;
	struct arkv_restore_options options = { .filter = NULL };
	struct arkv_restore_result r;
	lived_target_init(&target, t.records, COUNT);
	if (arkv_restore(a, &target.target, &options, NULL, &r, &err))
		fail_msg("%s", err.text);
	assert_int_equal(r.created, COUNT - 1);
	assert_int_equal(r.unreadable, 1);
	assert_true(r.incomplete);
	assert_false(r.digest_checked);
	assert_int_equal(target.missed, 1);
	arkv_archive_freep(&a);
	release_three(&t);
}

static void a_lost_parent_without_a_mark_is_told(void **state)
{
	(void)state;
	struct three t;
	make_three(&t, ARK_SUITE_XCHACHA);
	struct arkv_object_name name = arkv_archive_name(&t.first);
	assert_int_equal(arkv_store_remove(store_of(&t), name.s, &err), ARK_OK);
	struct lived_findings f;
	lived_verify(&t.l, ARKV_VERIFY_STRUCTURE, &f);
	assert_int_equal(f.by_kind[ARKV_DAMAGE_SERVICE], 1);
	assert_non_null(strstr(f.text, "withheld"));
	release_three(&t);
}

static void only_the_archives_asked_for_are_verified(void **state)
{
	(void)state;
	struct three t;
	make_three(&t, ARK_SUITE_NONE);
	struct arkv_object_name name = arkv_archive_name(&t.first);
	struct ark_buf bytes;
	get(&t, name.s, &bytes);
	bytes.wr.p[300] ^= 1;
	replace(&t, name.s, ark_buf_span(&bytes));
	ark_buf_release(&bytes);
	struct arkv_verify_result result;
	struct arkv_verify_options options = { .level = ARKV_VERIFY_DATA,
					       .archives = &t.third,
					       .archive_count = 1 };
	assert_int_equal(arkv_verify(t.l.repo, &options, NULL, NULL, &result, &err), ARK_OK);
	assert_int_equal(result.archives, 1);
	assert_int_equal(result.damages, 0);
	assert_int_equal(result.notes, 0);
	options.archives = &t.first;
	assert_int_equal(arkv_verify(t.l.repo, &options, NULL, NULL, &result, &err), ARK_OK);
	assert_int_equal(result.damages, 1);
	release_three(&t);
}

static void a_cancelled_verification_ends(void **state)
{
	(void)state;
	struct three t;
	make_three(&t, ARK_SUITE_NONE);
	atomic_bool stop = true;
	const struct arkv_job job = { .cancel = &stop };
	struct arkv_verify_result result;
	struct arkv_verify_options options = { .level = ARKV_VERIFY_DATA };
	assert_int_equal(arkv_verify(t.l.repo, &options, NULL, &job, &result, &err), ARK_CANCELLED);
	release_three(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_repository_has_no_findings),
		cmocka_unit_test(what_nothing_needs_is_noted_and_no_damage),
		cmocka_unit_test(no_altered_object_is_overlooked),
		cmocka_unit_test(a_lost_pack_or_run_is_missed_without_reading_data),
		cmocka_unit_test(a_lost_block_names_archives_range_and_entries),
		cmocka_unit_test(a_lost_chunk_names_its_keys),
		cmocka_unit_test(a_lost_parent_without_a_mark_is_told),
		cmocka_unit_test(only_the_archives_asked_for_are_verified),
		cmocka_unit_test(a_cancelled_verification_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
