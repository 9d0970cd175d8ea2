/*
 * test_open_none.c - opens what is sealed in the vectors of suite 0 (repository id 00 01 .. 0f):
 * packs, runs, manifests, objects that are one box, states and spills. Bodies are those of other
 * good vectors; ids and checksums are what the pages say.
 *
 *   test_vectors_open_none TREE
 */
#include "format/gc.h"
#include "format/manifest.h"
#include "format/mark.h"
#include "format/pack.h"
#include "format/run.h"
#include "format/session.h"
#include "format/spill.h"
#include "format/state.h"
#include "libarchive-kv/keyset.h"
#include "libarchive-kv/sealed_io.h"
#include "tests/unit/cm.h"
#include "tests/vectors/files.h"

#include <stdio.h>

static struct vector_list list;
static struct arkv_keys *keys;
static struct arkv_codec *codec;

static struct ark_span vector(const char *path)
{
	for (size_t i = 0; i < list.count; i++)
		if (!strcmp(list.items[i].path, path))
			return ark_span(list.items[i].bytes, list.items[i].len);
	fail_msg("%s is missing", path);
	return ark_span(NULL, 0);
}

static void expect_ok(enum ark_rc rc, const struct ark_err *err, const char *what)
{
	if (rc)
		fail_msg("%s: %s", what, err->text);
}

/* plain is a body that holds the bytes of the vector at path. */
static void assert_body(struct ark_span plain, const char *path)
{
	ARK_AUTO(ark_buf_release) struct ark_buf raw = { 0 };
	struct ark_err err = { .text = "" };
	ark_buf_init(&raw);
	expect_ok(arkv_body_unpack(codec, plain, 1 << 20, &raw, &err), &err, path);
	assert_true(ark_span_eq(ark_buf_span(&raw), vector(path)));
}

static void assert_meta_box(struct ark_span box, enum arkv_box_type type, struct ark_span context,
			    const char *path)
{
	ARK_AUTO(ark_buf_release) struct ark_buf plain = { 0 };
	struct ark_err err = { .text = "" };
	ark_buf_init(&plain);
	expect_ok(arkv_open_meta(&plain, keys, type, context, box, &err), &err, path);
	assert_body(ark_buf_span(&plain), path);
}

static void assert_dk_box(struct ark_span box, const struct arkf_datakey *key,
			  enum arkv_box_type type, struct ark_span context, const char *path)
{
	ARK_AUTO(ark_buf_release) struct ark_buf plain = { 0 };
	struct ark_err err = { .text = "" };
	ark_buf_init(&plain);
	expect_ok(arkv_open_dk(&plain, keys, key, type, context, box, &err), &err, path);
	assert_body(ark_buf_span(&plain), path);
}

/* ---- packs ---- */

static void assert_frame(struct ark_rd *rd, const struct arkf_datakey *key, const char *raw)
{
	ARK_AUTO(ark_buf_release) struct ark_buf plain = { 0 };
	struct ark_err err = { .text = "" };
	struct arkf_frame frame;
	struct arkf_frame_plain parts;
	struct ark_id id;
	ark_buf_init(&plain);
	expect_ok(arkf_frame_decode(&frame, ark_rd_bytes(rd, ARKF_FRAME_HEADER_LEN), &err), &err,
		  "frame");
	struct ark_span box = ark_rd_bytes(rd, frame.clen + ARKV_BOX_EXTRA);
	struct ark_span context = ark_span(frame.id.b, sizeof frame.id.b);
	expect_ok(arkv_open_dk(&plain, keys, key, ARKV_BOX_FRAME, context, box, &err), &err, raw);
	expect_ok(arkf_frame_plain_decode(&parts, ark_buf_span(&plain), &err), &err, raw);
	assert_true(ark_span_eq(parts.packed, ark_span_str(raw)));
	arkv_id_of(&id, arkv_keys_id(keys), (enum arkv_id_type)parts.type, parts.packed);
	assert_true(ark_id_eq(&id, &frame.id));
}

static void the_frames_and_the_footer_of_a_pack_open(void **state)
{
	(void)state;
	struct ark_span bytes = vector("pack/good-none.hex");
	struct ark_rd rd = ark_rd(bytes);
	struct ark_err err = { .text = "" };
	enum ark_suite suite;
	unsigned count;
	struct arkf_datakey key;
	uint32_t footer_len;
	expect_ok(arkf_pack_head_decode(&rd, &suite, &count, &err), &err, "pack");
	assert_int_equal(count, 1);
	arkf_datakey_decode(&rd, &key);
	assert_frame(&rd, &key, "not a block");
	assert_frame(&rd, &key, "chunk");
	assert_frame(&rd, &key, "r");
	struct ark_span footer = ark_rd_bytes(&rd, ark_rd_left(&rd) - ARKF_PACK_TAIL_LEN);
	expect_ok(arkf_pack_tail_decode(&footer_len, ark_span(rd.p, ark_rd_left(&rd)), &err), &err,
		  "tail");
	assert_int_equal(footer.len, footer_len);
	ARK_AUTO(ark_buf_release) struct ark_buf plain = { 0 };
	ark_buf_init(&plain);
	struct ark_span none = ark_span(NULL, 0);
	expect_ok(arkv_open_meta(&plain, keys, ARKV_BOX_FOOTER, none, footer, &err), &err,
		  "footer");
}

/* ---- runs, manifests ---- */

static void the_page_the_root_and_the_refs_of_a_run_open(void **state)
{
	(void)state;
	struct ark_span bytes = vector("run/good-none.hex");
	struct ark_err err = { .text = "" };
	struct arkf_run_head head;
	struct arkf_run_tail tail;
	struct ark_span end = ark_span(bytes.p + bytes.len - ARKF_RUN_TAIL_LEN, ARKF_RUN_TAIL_LEN);
	expect_ok(arkf_run_head_decode(&head, bytes, &err), &err, "run");
	expect_ok(arkf_run_tail_decode(&tail, end, bytes.len, &err), &err, "run");
	uint8_t context[ARK_UID_LEN + 4] = { 0 };
	memcpy(context, head.uid.b, ARK_UID_LEN);
	struct ark_span uid = ark_span(context, ARK_UID_LEN);
	struct ark_span page = ark_span(bytes.p + head.len, tail.root_off - head.len);
	struct ark_span root = ark_span(page.p + page.len, tail.root_len);
	struct ark_span refs = ark_span(root.p + root.len, tail.refs_len);
	assert_dk_box(page, &head.datakey, ARKV_BOX_PAGE, ark_span(context, sizeof context),
		      "page/good-filter.hex");
	assert_dk_box(root, &head.datakey, ARKV_BOX_ROOT, uid, "run-root/good-three.hex");
	assert_meta_box(refs, ARKV_BOX_REFS, uid, "run-refs/good-three.hex");
}

static void the_parts_of_a_manifest_open_and_its_checksum_holds(void **state)
{
	(void)state;
	struct ark_span bytes = vector("manifest/good-none.hex");
	struct ark_err err = { .text = "" };
	struct arkf_manifest m;
	struct arkf_manifest_parts parts;
	expect_ok(arkf_manifest_decode(&m, bytes, &err), &err, "manifest");
	expect_ok(arkf_manifest_split(&parts, &m, bytes, &err), &err, "manifest");
	struct ark_span uid = ark_span(m.uid.b, sizeof m.uid.b);
	assert_meta_box(parts.head, ARKV_BOX_HEAD, uid, "manifest-head/good-full.hex");
	assert_meta_box(parts.table, ARKV_BOX_TABLE, uid, "run-table/good-two.hex");
	assert_meta_box(parts.stacks, ARKV_BOX_STACKS, uid, "stacks/good-three.hex");
	assert_dk_box(parts.bounds, &m.datakey, ARKV_BOX_BOUNDS, uid, "bounds/good-six.hex");
	struct ark_rd rd = ark_rd(parts.roots);
	for (int i = 0; i < 2; i++) {
		struct arkf_manifest_root root;
		arkf_manifest_root_decode(&rd, &root);
		assert_dk_box(root.box, &root.datakey, ARKV_BOX_ROOT,
			      ark_span(root.run_uid.b, ARK_UID_LEN), "run-root/good-three.hex");
	}
	assert_true(ark_rd_done(&rd));
	uint8_t sum[32];
	arkv_hash_keyed(sum, arkv_keys_auth(keys), parts.checked);
	assert_memory_equal(sum, parts.checksum, sizeof sum);
}

/* ---- objects that are one box ---- */

static void objects_that_are_one_box_open_and_their_checksums_hold(void **state)
{
	(void)state;
	static const struct {
		struct arkv_sealed_kind kind;
		const char *object;
		const char *body;
	} all[] = {
		{ { &arkf_session_shape, ARKV_BOX_SESSION, 65536 },
		  "session",
		  "session/good-backup" },
		{ { &arkf_beat_shape, ARKV_BOX_SESSION, 65536 },
		  "heartbeat",
		  "heartbeat/good-at-work" },
		{ { &arkf_beat_shape, ARKV_BOX_SESSION, 65536 },
		  "session-end",
		  "session-end/good-committed" },
		{ { &arkf_reaped_shape, ARKV_BOX_GC, 65536 }, "reaped", "reaped/good-seven" },
		{ { &arkf_gc_shape, ARKV_BOX_GC, 65536 }, "gc-list", "gc-list/good-all-classes" },
		{ { &arkf_mark_shape, ARKV_BOX_MARK, 65536 }, "mark", "mark/good-forget" },
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		ARK_AUTO(ark_buf_release) struct ark_buf raw = { 0 };
		struct ark_err err = { .text = "" };
		char path[96];
		ark_buf_init(&raw);
		snprintf(path, sizeof path, "sealed/good-%s.hex", all[i].object);
		expect_ok(
			arkv_sealed_open(&raw, NULL, &all[i].kind, keys, codec, vector(path), &err),
			&err, path);
		snprintf(path, sizeof path, "%s.hex", all[i].body);
		assert_true(ark_span_eq(ark_buf_span(&raw), vector(path)));
	}
}

/* ---- local files ---- */

/* The next box of a state or a spill, under the key 30 31 .. 4f. */
static void assert_local_box(struct ark_rd *rd, enum arkv_box_type type, const struct ark_uid *uid,
			     uint32_t number, const char *path)
{
	uint8_t key[ARKV_KEY_LEN], context[ARK_UID_LEN + 4], plain[4096];
	struct ark_err err = { .text = "" };
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)(0x30 + i);
	memcpy(context, uid->b, ARK_UID_LEN);
	ark_put_le32(context + ARK_UID_LEN, number);
	struct ark_span box = ark_rd_bytes(rd, ark_rd_u32(rd));
	assert_true(!rd->bad && box.len <= sizeof plain);
	const struct arkv_box_for what = {
		.repo = arkv_keys_repo(keys),
		.context = ark_span(context, sizeof context),
		.suite = ARK_SUITE_NONE,
		.type = type,
	};
	expect_ok(arkv_box_open(plain, box, key, &what, &err), &err, path);
	assert_body(ark_span(plain, box.len - ARKV_BOX_EXTRA), path);
}

static void the_pages_of_a_state_and_the_pieces_of_a_spill_open(void **state)
{
	(void)state;
	static const char *const pages[] = { "state-page/good-head.hex",
					     "state-page/good-segments.hex",
					     "state-page/good-keys.hex",
					     "state-page/good-end.hex" };
	static const char *const pieces[] = { "spill-piece/good-all-forms.hex",
					      "spill-piece/good-end.hex" };
	enum ark_suite suite;
	struct ark_uid uid;
	struct ark_rd rd = ark_rd(vector("state-file/good-whole.hex"));
	assert_int_equal(arkf_state_file_decode(&rd, &suite, &uid, NULL), ARK_OK);
	for (uint32_t i = 0; i < 4; i++)
		assert_local_box(&rd, ARKV_BOX_STATE, &uid, i, pages[i]);
	assert_true(ark_rd_done(&rd));
	rd = ark_rd(vector("spill-file/good-whole.hex"));
	assert_int_equal(arkf_spill_head_decode(&rd, &suite, &uid, NULL), ARK_OK);
	for (uint32_t i = 0; i < 2; i++)
		assert_local_box(&rd, ARKV_BOX_SPILL, &uid, i, pieces[i]);
	assert_true(ark_rd_done(&rd));
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: test_vectors_open_none TREE\n");
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frames_and_the_footer_of_a_pack_open),
		cmocka_unit_test(the_page_the_root_and_the_refs_of_a_run_open),
		cmocka_unit_test(the_parts_of_a_manifest_open_and_its_checksum_holds),
		cmocka_unit_test(objects_that_are_one_box_open_and_their_checksums_hold),
		cmocka_unit_test(the_pages_of_a_state_and_the_pieces_of_a_spill_open),
	};
	struct ark_uid repo;
	for (size_t i = 0; i < sizeof repo.b; i++)
		repo.b[i] = (uint8_t)i;
	struct arkf_chunker sizes = arkf_chunker_default();
	if (arkv_crypt_init(NULL) || arkv_keys_none(&keys, &repo, &sizes, NULL) ||
	    arkv_codec_new(&codec, 1, NULL))
		return 1;
	vector_list_load(&list, argv[1]);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	vector_list_free(&list);
	arkv_codec_freep(&codec);
	arkv_keys_freep(&keys);
	return failed;
}
