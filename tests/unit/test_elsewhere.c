/* test_elsewhere.c - frames that are not where their places say: remaps, then fragments
 * (libarchive-kv/elsewhere.h, frames.h), and what verify makes of it. */
#include "format/pack.h"
#include "format/places.h"
#include "format/remap.h"
#include "libarchive-kv/objects.h"
#include "libarchive-kv/restore.h"
#include "libarchive-kv/sealed_io.h"
#include "tests/unit/cm.h"
#include "tests/unit/lived.h"

enum { COUNT = 150, FRAMES_MAX = 2000 };

static struct ark_err err;

#define must(call)                                           \
	do {                                                 \
		if (call)                                    \
			fail_msg("%s: %s", #call, err.text); \
	} while (0)

/* ---- repacking, the simplest way: all frames of one pack in another order ---- */

struct moved {
	struct arkf_footer_entry entry;
	uint32_t old_no;
	uint32_t old_off;
	uint32_t new_off;
};

struct repacked {
	struct arkv_repo *repo;
	struct arkv_codec *codec;
	struct ark_id old_name;
	struct ark_id new_name;
	uint32_t new_len;
	struct arkf_datakey datakeys[4];
	unsigned datakey_count;
	struct moved frames[FRAMES_MAX]; /* in their new order: the last is first */
	size_t count;
	struct ark_buf old;
	struct ark_buf new;
};

static void open_body(struct repacked *r, struct ark_span box, struct ark_buf *raw)
{
	struct ark_buf body;
	ark_buf_init(&body);
	must(arkv_open_meta(&body, arkv_repo_keys(r->repo), ARKV_BOX_FOOTER, ark_span(NULL, 0), box,
			    &err));
	must(arkv_body_unpack(r->codec, ark_buf_span(&body), 1 << 26, raw, &err));
	ark_buf_release(&body);
}

static void read_old(struct repacked *r)
{
	struct arkv_object_name name = arkv_hash_name("packs/", &r->old_name);
	must(arkv_store_get(arkv_repo_store(r->repo), name.s, 0, ARKV_TO_END, &r->old, &err));
	struct ark_rd rd = ark_rd(ark_buf_span(&r->old));
	enum ark_suite suite;
	uint32_t footer_len = 0;
	must(arkf_pack_head_decode(&rd, &suite, &r->datakey_count, &err));
	for (unsigned i = 0; i < r->datakey_count; i++)
		arkf_datakey_decode(&rd, &r->datakeys[i]);
	uint32_t off = (uint32_t)(rd.p - r->old.wr.p);
	size_t len = r->old.wr.len;
	must(arkf_pack_tail_decode(&footer_len, ark_span(r->old.wr.p + len - 8, 8), &err));
	struct ark_buf raw;
	ark_buf_init(&raw);
	open_body(r, ark_span(r->old.wr.p + len - 8 - footer_len, footer_len), &raw);
	struct arkf_footer_rd it;
	must(arkf_footer_decode(&it, ark_buf_span(&raw), &err));
	struct moved m = { .old_no = 0 };
	r->count = (size_t)it.count;
	assert_true(r->count <= FRAMES_MAX);
	while (!arkf_footer_next(&it, &m.entry, &err)) {
		m.old_off = off;
		r->frames[r->count - 1 - m.old_no] = m;
		off += m.entry.clen + ARKF_FRAME_EXTRA;
		m.old_no++;
	}
	ark_buf_release(&raw);
}

static void write_new(struct repacked *r)
{
	struct arkv_keys *keys = arkv_repo_keys(r->repo);
	struct ark_buf raw, body;
	ark_buf_init(&raw);
	ark_buf_init(&body);
	arkf_pack_head_encode(&r->new.wr, arkv_keys_suite(keys), r->datakey_count);
	for (unsigned i = 0; i < r->datakey_count; i++)
		arkf_datakey_encode(&r->new.wr, &r->datakeys[i]);
	arkf_footer_encode_head(&raw.wr, r->count);
	for (size_t i = 0; i < r->count; i++) {
		struct moved *m = &r->frames[i];
		m->new_off = (uint32_t)r->new.wr.len;
		ark_wr_bytes(&r->new.wr,
			     ark_span(r->old.wr.p + m->old_off, m->entry.clen + ARKF_FRAME_EXTRA));
		arkf_footer_encode_entry(&raw.wr, &m->entry);
	}
	arkf_footer_encode_end(&raw.wr);
	must(arkv_body_pack(r->codec, ark_buf_span(&raw), &body, &err));
	size_t before = r->new.wr.len;
	must(arkv_seal_meta(&r->new, keys, ARKV_BOX_FOOTER, ark_span(NULL, 0), ark_buf_span(&body),
			    &err));
	arkf_pack_tail_encode(&r->new.wr, (uint32_t)(r->new.wr.len - before));
	r->new_len = (uint32_t)r->new.wr.len;
	arkv_sha256_of(&r->new_name, ark_buf_span(&r->new));
	struct arkv_object_name name = arkv_hash_name("packs/", &r->new_name);
	must(arkv_store_put(arkv_repo_store(r->repo), name.s, ark_buf_span(&r->new), &err));
	ark_buf_release(&raw);
	ark_buf_release(&body);
}

static void put_sealed(struct repacked *r, const struct arkf_sealed_shape *shape,
		       enum arkv_box_type box, const char *prefix, struct ark_buf *raw)
{
	const struct arkv_sealed_kind kind = { .shape = shape, .box = box, .raw_max = 1 << 26 };
	struct ark_buf object;
	struct ark_id id;
	ark_buf_init(&object);
	must(arkv_sealed_make(&object, &kind, arkv_repo_keys(r->repo), r->codec, ark_span(NULL, 0),
			      ark_buf_span(raw), &err));
	arkv_sha256_of(&id, ark_buf_span(&object));
	struct arkv_object_name name = arkv_hash_name(prefix, &id);
	must(arkv_store_put(arkv_repo_store(r->repo), name.s, ark_buf_span(&object), &err));
	ark_buf_release(&object);
	ark_buf_release(raw);
}

static void put_remap(struct repacked *r)
{
	static const struct ark_uid session = { .b = { 1 } };
	struct ark_buf raw;
	ark_buf_init(&raw);
	arkf_remap_encode_head(&raw.wr, &session);
	arkf_packtable_encode_datakeys(&raw.wr, r->datakey_count);
	for (unsigned i = 0; i < r->datakey_count; i++)
		arkf_datakey_encode(&raw.wr, &r->datakeys[i]);
	arkf_packtable_encode_packs(&raw.wr, 1);
	arkf_packtable_encode_pack(&raw.wr, &r->new_name, r->datakey_count);
	for (unsigned i = 0; i < r->datakey_count; i++)
		arkf_packtable_encode_pair(&raw.wr, (uint16_t)i, i);
	arkf_remap_encode_olds(&raw.wr, 1);
	arkf_remap_encode_old(&raw.wr, &r->old_name, 1);
	arkf_remap_encode_stretch(&raw.wr, 0, r->count);
	for (size_t i = r->count; i-- > 0;) {
		const struct moved *m = &r->frames[i];
		const struct arkf_place place = { .frame_no = (uint32_t)i,
						  .offset = m->new_off,
						  .clen = m->entry.clen };
		arkf_remap_encode_frame(&raw.wr, &m->entry.id, &place);
	}
	arkf_remap_encode_end(&raw.wr);
	put_sealed(r, &arkf_remap_shape, ARKV_BOX_REMAP, "remaps/", &raw);
}

static void put_fragment(struct repacked *r)
{
	struct ark_buf raw;
	ark_buf_init(&raw);
	const struct arkf_places places = { .datakey_count = r->datakey_count };
	arkf_places_encode_head(&raw.wr, &places);
	for (unsigned i = 0; i < r->datakey_count; i++)
		arkf_datakey_encode(&raw.wr, &r->datakeys[i]);
	arkf_places_encode_packs(&raw.wr, 1);
	const struct arkf_places_pack pack = { .name = r->new_name,
					       .len = r->new_len,
					       .datakey_count = (uint16_t)r->datakey_count,
					       .frame_count = r->count };
	arkf_places_encode_pack(&raw.wr, &pack);
	for (unsigned i = 0; i < r->datakey_count; i++)
		arkf_places_encode_no(&raw.wr, i);
	for (size_t i = 0; i < r->count; i++)
		arkf_footer_encode_entry(&raw.wr, &r->frames[i].entry);
	arkf_places_encode_end(&raw.wr);
	put_sealed(r, &arkf_places_shape, ARKV_BOX_PLACES, "places/", &raw);
}

enum word { NOTHING, REMAP, FRAGMENT };

/* Moves all frames of all packs, and leaves word of it in one way or none. */
static void repack_all(struct lived *l, enum word word)
{
	struct arkv_objects objects = { 0 };
	must(arkv_objects_list(&objects, arkv_repo_store(l->repo), &err));
	struct repacked *r = test_calloc(1, sizeof *r);
	for (size_t i = 0; i < objects.count; i++) {
		if (objects.items[i].kind != ARKV_OBJECT_PACK)
			continue;
		*r = (struct repacked){ .repo = l->repo, .old_name = objects.items[i].id };
		ark_buf_init(&r->old);
		ark_buf_init(&r->new);
		must(arkv_codec_new(&r->codec, 1, &err));
		read_old(r);
		write_new(r);
		if (word == REMAP)
			put_remap(r);
		else if (word == FRAGMENT)
			put_fragment(r);
		must(arkv_store_remove(arkv_repo_store(l->repo), objects.items[i].name, &err));
		arkv_codec_freep(&r->codec);
		ark_buf_release(&r->old);
		ark_buf_release(&r->new);
	}
	test_free(r);
	arkv_objects_release(&objects);
}

/* ---- what readers find ---- */

static struct arkv_restore_result restore(struct lived *l, const struct ark_uid *uid,
					  const struct lived_record *records)
{
	struct arkv_archive *a = NULL;
	struct lived_target target;
	struct arkv_restore_options options = { .filter = NULL };
	struct arkv_restore_result result;
	must(arkv_archive_open(&a, l->repo, uid, &err));
	lived_target_init(&target, records, COUNT);
	must(arkv_restore(a, &target.target, &options, NULL, &result, &err));
	arkv_archive_freep(&a);
	return result;
}

static void all_moved(enum ark_suite suite, enum word word)
{
	struct lived l;
	lived_init(&l, suite);
	struct lived_record *records = lived_records(COUNT, 1);
	struct ark_uid uid = lived_backup(&l, "a", records, COUNT);
	repack_all(&l, word);
	struct arkv_restore_result result = restore(&l, &uid, records);
	struct lived_findings f;
	lived_verify(&l, ARKV_VERIFY_DATA, &f);
	if (word == NOTHING) {
		assert_int_equal(result.created, 0);
		assert_int_equal(result.unreadable, COUNT);
		assert_true(f.result.damages > 0);
		assert_int_equal(f.result.lost_archives, 1);
		assert_true(f.result.lost_entries >= COUNT);
	} else {
		assert_int_equal(result.created, COUNT);
		assert_true(result.digest_checked);
		assert_int_equal(f.result.lost_entries, 0);
	}
	/* places are only for dedup: that packs are gone without a remap is told, all the same */
	if ((f.result.damages > 0) != (word != REMAP))
		fail_msg("%s", f.text);
	lived_verify(&l, ARKV_VERIFY_PRESENCE, &f);
	assert_int_equal(f.result.damages > 0, word != REMAP);
	test_free(records);
	lived_release(&l);
}

static void frames_that_moved_are_found_through_remaps(void **state)
{
	(void)state;
	all_moved(ARK_SUITE_NONE, REMAP);
	all_moved(ARK_SUITE_XCHACHA, REMAP);
}

static void frames_that_only_fragments_know_are_found_as_well(void **state)
{
	(void)state;
	all_moved(ARK_SUITE_XCHACHA, FRAGMENT);
}

static void frames_that_nobody_knows_are_lost(void **state)
{
	(void)state;
	all_moved(ARK_SUITE_XCHACHA, NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_that_moved_are_found_through_remaps),
		cmocka_unit_test(frames_that_only_fragments_know_are_found_as_well),
		cmocka_unit_test(frames_that_nobody_knows_are_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
