/*
 * test_dedup_damage.c - what dedup does with damage, with lists of gc/, and with two sessions at
 * once (libarchive-kv/dedup.h).
 */
#include "libarchive-kv/condemned.h"
#include "libarchive-kv/rand.h"
#include "tests/unit/sessions.h"

#include <sys/wait.h>

/* ---- damage ---- */

static void a_damaged_fragment_costs_its_own_ids_only(void **state)
{
	struct fix *f = *state;
	struct ark_err err;
	char name[ARKV_NAME_MAX + 1];
	session(f, 0, 0, 100);
	struct ark_id junk = id_of(77);
	snprintf(name, sizeof name, "places/%s", ark_id_hex(&junk).s);
	assert_ok(arkv_store_put(f->store, name, ark_span_str("ARKVPLAC junk"), &err), err);
	/* bytes that have their hash, and are no fragment */
	arkv_sha256_of(&junk, ark_span_str("ARKVPLAC junk"));
	snprintf(name, sizeof name, "places/%s", ark_id_hex(&junk).s);
	assert_ok(arkv_store_put(f->store, name, ark_span_str("ARKVPLAC junk"), &err), err);
	assert_ok(arkv_store_put(f->store, "places/not-a-name", ark_span_str("x"), &err), err);
	struct arkv_dedup *d = session_open(f, 0, 2);
	assert_int_equal(found_of(d, 0, 100), 100);
	arkv_dedup_freep(&d);
}

static void file_read(const char *path, struct ark_buf *out)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	for (int c = getc(file); c != EOF; c = getc(file))
		ark_wr_u8(&out->wr, (uint8_t)c);
	fclose(file);
}

static void file_write(const char *path, struct ark_span bytes)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.p, 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
}

/* With that file, a session works, and finds nothing that is wrong. */
static void session_survives(struct fix *f, unsigned round)
{
	struct arkv_dedup *d = session_open(f, 0, 0);
	for (uint64_t n = 0; n < 400; n++) {
		struct arkv_where where;
		if (find(d, n, &where))
			continue;
		assert_int_equal(where.clen, 100 + n);
		assert_int_equal(where.raw_len, 200 + n);
		assert_int_equal(where.frame_no, n % 100);
		struct ark_id name = id_of(UINT64_C(1) << 40 | UINT64_C(1) << 32 | n / 100);
		assert_memory_equal(&arkv_dedup_pack(d, where.pack_no)->name, &name, sizeof name);
	}
	if (round % 8 == 0) {
		fill(f, d, 1000 + 10 * round, 1010 + 10 * round, 10);
		assert_int_equal(arkv_dedup_store_fragments(d, NULL), ARK_OK);
		enum ark_rc rc = arkv_dedup_keep(d, NULL);
		if (rc)
			assert_int_equal(rc, ARK_CORRUPT);
	}
	arkv_dedup_freep(&d);
}

static void a_damaged_chunks_mdb_neither_crashes_nor_lies(void **state)
{
	struct fix *f = *state;
	char path[200], lock[210];
	struct ark_buf bytes;
	const char *text = getenv("ARKV_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
	struct arkv_rand rand = arkv_rand_seeded(seed);
	print_message("# ARKV_SEED=%llu\n", (unsigned long long)seed);
	snprintf(path, sizeof path, "%s/chunks.mdb", f->cache);
	snprintf(lock, sizeof lock, "%s-lock", path);
	session(f, 0, 0, 400);
	ark_buf_init(&bytes);
	file_read(path, &bytes);
	for (unsigned round = 0; round < 32; round++) {
		size_t at = (size_t)arkv_rand_below(&rand, bytes.wr.len);
		uint8_t kept = bytes.wr.p[at];
		bytes.wr.p[at] ^= (uint8_t)(1 + arkv_rand_below(&rand, 255));
		size_t len = round % 10 == 9 ? at : bytes.wr.len;
		file_write(path, ark_span(bytes.wr.p, len));
		unlink(lock);
		session_survives(f, round);
		bytes.wr.p[at] = kept;
	}
	ark_buf_release(&bytes);
}

/* ---- gc/ ---- */

/* Puts a gc list that condemns one name. */
static void condemn(struct fix *f, enum arkf_gc_class class_no, const struct ark_id *name)
{
	const struct arkv_sealed_kind kind = { &arkf_gc_shape, ARKV_BOX_GC, ARKF_GC_RAW_MAX };
	struct ark_uid uid = uid_of(99);
	uint8_t context[ARKF_GC_CONTEXT_LEN];
	struct arkv_codec *codec = NULL;
	struct ark_err err;
	ARK_AUTO(ark_buf_release) struct ark_buf raw, object;
	char text[ARKV_NAME_MAX + 1];
	ark_buf_init(&raw);
	ark_buf_init(&object);
	arkf_gc_encode_head(&raw.wr, &uid, 1);
	arkf_gc_encode_class(&raw.wr, class_no, 1);
	arkf_gc_encode_name(&raw.wr, ark_span(name->b, sizeof name->b));
	arkf_gc_encode_end(&raw.wr);
	arkf_gc_context_encode(context, 0x1f, &uid);
	assert_ok(arkv_codec_new(&codec, 1, &err), err);
	assert_ok(arkv_sealed_make(&object, &kind, f->keys, codec,
				   ark_span(context, sizeof context), ark_buf_span(&raw), &err),
		  err);
	snprintf(text, sizeof text, "gc/%016x-%s", 0x1f, ark_uid_hex(&uid).s);
	assert_ok(arkv_store_put(f->store, text, ark_buf_span(&object), &err), err);
	arkv_codec_freep(&codec);
}

static void a_condemned_pack_is_absent_and_cannot_come_back_under_its_name(void **state)
{
	struct fix *f = *state;
	session(f, 0, 0, 300); /* three packs */
	struct ark_id name = pack_name(f, 1);
	condemn(f, ARKF_GC_PACKS, &name);
	struct arkv_dedup *d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 100), 100);
	assert_int_equal(found_of(d, 100, 200), 0);
	assert_int_equal(found_of(d, 200, 300), 100);
	struct filling p = pack_begin(f, d);
	struct arkv_where where;
	assert_int_equal(claim(d, 100, &where), ARK_NOTFOUND);
	place(d, &p, 100);
	assert_int_equal(arkv_dedup_pack_end(d, p.no, &name, 100000, &p.key, 1, NULL), ARK_EXISTS);
	pack_end(f, d, &p);
	assert_int_equal(claim(d, 100, &where), ARK_OK);
	assert_int_equal(where.pack_no, p.no);
	arkv_dedup_freep(&d);
}

static enum ark_rc name_one(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	(void)size;
	(void)err;
	assert_true(ark_id_from_hex(ctx, ark_span_str(name + strlen("places/"))));
	return ARK_OK;
}

static void a_condemned_fragment_is_absent(void **state)
{
	struct fix *f = *state;
	struct ark_id name;
	struct ark_err err;
	session(f, 0, 0, 100);
	assert_ok(arkv_store_list(f->store, "places/", name_one, &name, &err), err);
	condemn(f, ARKF_GC_PLACES, &name);
	struct arkv_dedup *d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 100), 0);
	arkv_dedup_freep(&d);
}

static void a_gc_list_that_cannot_be_read_stops_the_session(void **state)
{
	struct fix *f = *state;
	struct ark_err err;
	struct arkv_dedup *d = NULL;
	uint64_t skipped;
	const char *name = "gc/0000000000000001-00112233445566778899aabbccddeeff";
	const struct arkv_dedup_options options = { .cache_dir = f->cache,
						    .staging_dir = f->staging };
	assert_ok(arkv_store_put(f->store, "gc/reaped/00112233445566778899aabbccddeeff",
				 ark_span_str("no list"), &err),
		  err);
	session(f, 0, 0, 10);
	assert_ok(arkv_store_put(f->store, name, ark_span_str("ARKVGCLS"), &err), err);
	assert_int_equal(arkv_dedup_open(&d, f->store, f->keys, &options, &skipped, &err),
			 ARK_CORRUPT);
	assert_non_null(strstr(err.text, name));
}

/* ---- two at once ---- */

static void a_second_session_of_one_process_is_refused(void **state)
{
	struct fix *f = *state;
	struct arkv_dedup *first = session_open(f, 0, 0), *second = NULL;
	const struct arkv_dedup_options options = { .cache_dir = f->cache,
						    .staging_dir = f->staging,
						    .session = uid_of(200) };
	uint64_t skipped;
	struct ark_err err;
	assert_int_equal(arkv_dedup_open(&second, f->store, f->keys, &options, &skipped, &err),
			 ARK_EXISTS);
	fill(f, first, 0, 10, 10);
	commit(first);
	arkv_dedup_freep(&first);
}

static void sessions_of_two_processes_share_the_file(void **state)
{
	struct fix *f = *state;
	session(f, 0, 0, 500);
	struct arkv_dedup *d = session_open(f, 0, 0);
	pid_t pid = fork();
	if (pid == 0) {
		f->sessions = 100;
		session(f, 0, 1000, 3000);
		session(f, 0, 3000, 4000);
		_exit(0);
	}
	fill(f, d, 500, 900, 50);
	assert_int_equal(found_of(d, 0, 500), 500);
	int status = 1;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(found_of(d, 0, 900), 900);
	assert_int_equal(found_of(d, 1000, 4000), 0); /* not listed when this session began */
	commit(d);
	arkv_dedup_freep(&d);
	arkv_counter_reset(f->counter);
	d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 900), 900);
	assert_int_equal(found_of(d, 1000, 4000), 3000);
	arkv_dedup_freep(&d);
	assert_int_equal(arkv_counter_read(f->counter).op[ARKV_OP_GET].calls, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_damaged_fragment_costs_its_own_ids_only),
		T(a_damaged_chunks_mdb_neither_crashes_nor_lies),
		T(a_condemned_pack_is_absent_and_cannot_come_back_under_its_name),
		T(a_condemned_fragment_is_absent),
		T(a_gc_list_that_cannot_be_read_stops_the_session),
		T(a_second_session_of_one_process_is_refused),
		T(sessions_of_two_processes_share_the_file),
	};
	return cmocka_run_group_tests_name("dedup_damage", tests, NULL, NULL);
}
