/* test_keys.c - keyrings, data keys and the boxes under them (libarchive-kv/keys.h, keyset.h). */
#include "libarchive-kv/keyset.h"
#include "tests/unit/cm.h"

#include <pthread.h>

static struct ark_uid repo = { .b = "0123456789abcde" };
static struct ark_uid other_repo = { .b = "another reposit" };

static struct arkv_keys *generate(const struct ark_uid *uid)
{
	struct arkv_keys *keys = NULL;
	struct ark_err err = { 0 };
	struct arkf_chunker sizes = arkf_chunker_default();
	if (arkv_keys_generate(&keys, uid, &sizes, &err))
		fail_msg("%s", err.text);
	return keys;
}

static struct arkv_keys *none(void)
{
	struct arkv_keys *keys = NULL;
	struct arkf_chunker sizes = arkf_chunker_default();
	assert_int_equal(arkv_keys_none(&keys, &repo, &sizes, NULL), ARK_OK);
	return keys;
}

static struct arkv_keys *write_only_of(const struct arkv_keys *keys)
{
	struct arkv_keys *out = NULL;
	struct arkv_bundle bundle = arkv_keys_bundle(keys);
	assert_int_equal(arkv_keys_from_bundle(&out, arkv_keys_repo(keys), &bundle, NULL), ARK_OK);
	return out;
}

static void assert_same_symmetric_keys(const struct arkv_keys *a, const struct arkv_keys *b)
{
	assert_memory_equal(arkv_keys_id(a), arkv_keys_id(b), 32);
	assert_memory_equal(arkv_keys_cut(a), arkv_keys_cut(b), 32);
	assert_memory_equal(arkv_keys_dig(a), arkv_keys_dig(b), 32);
	assert_memory_equal(arkv_keys_meta(a), arkv_keys_meta(b), 32);
	assert_memory_equal(arkv_keys_auth(a), arkv_keys_auth(b), 32);
	assert_memory_equal(arkv_keys_local(a), arkv_keys_local(b), 32);
}

static void without_encryption_all_keys_follow_from_the_repository_id(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *a = none();
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *b = none();
	assert_same_symmetric_keys(a, b);
	uint8_t k_id[32];
	arkv_key_of_repo(k_id, &repo, "arkv-id");
	assert_memory_equal(arkv_keys_id(a), k_id, 32);
	assert_int_equal(arkv_keys_suite(a), ARK_SUITE_NONE);
	assert_true(arkv_keys_can_read(a));
	assert_int_equal(arkv_keys_ring(a), 0);
	assert_int_equal(arkv_keys_ring_body(a).len, 0);
	assert_int_equal(arkv_keys_chunker(a)->cdc_avg, 262144);
	assert_memory_not_equal(arkv_keys_id(a), arkv_keys_cut(a), 32);
}

static void a_ring_read_back_has_the_same_keys(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *made = generate(&repo);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *read = NULL;
	struct ark_span body = arkv_keys_ring_body(made);
	assert_int_equal(arkv_keys_from_ring(&read, &repo, body, NULL), ARK_OK);
	assert_same_symmetric_keys(made, read);
	assert_int_equal(arkv_keys_ring(read), 1);
	assert_int_equal(arkv_keys_suite(read), ARK_SUITE_XCHACHA);
	assert_true(arkv_keys_can_read(read));
}

static void two_repositories_share_no_key(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *a = generate(&repo);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *b = generate(&other_repo);
	assert_memory_not_equal(arkv_keys_id(a), arkv_keys_id(b), 32);
	assert_memory_not_equal(arkv_keys_local(a), arkv_keys_local(b), 32);
}

static void a_cut_off_or_altered_ring_body_is_refused(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *made = generate(&repo);
	struct ark_span body = arkv_keys_ring_body(made);
	for (size_t len = 0; len < body.len; len++) {
		struct arkv_keys *out = NULL;
		enum ark_rc rc = arkv_keys_from_ring(&out, &repo, ark_span(body.p, len), NULL);
		assert_int_equal(rc, ARK_CORRUPT);
		assert_null(out);
	}
	uint8_t copy[512];
	assert_true(body.len < sizeof copy);
	memcpy(copy, body.p, body.len);
	copy[0] = 2;
	struct arkv_keys *out = NULL;
	assert_int_equal(arkv_keys_from_ring(&out, &repo, ark_span(copy, body.len), NULL),
			 ARK_UNSUPPORTED);
	copy[0] = 1;
	copy[1] = 0; /* a keyring of suite none: nobody makes one */
	assert_int_equal(arkv_keys_from_ring(&out, &repo, ark_span(copy, body.len), NULL),
			 ARK_CORRUPT);
	copy[1] = 1;
	copy[body.len] = 0;
	assert_int_equal(arkv_keys_from_ring(&out, &repo, ark_span(copy, body.len + 1), NULL),
			 ARK_CORRUPT);
}

static void a_session_key_opens_for_the_reader(void **state)
{
	(void)state;
	for (int encrypted = 0; encrypted < 2; encrypted++) {
		ARK_AUTO(arkv_keys_freep)
		struct arkv_keys *keys = encrypted ? generate(&repo) : none();
		ARK_AUTO(arkv_dk_release) struct arkv_dk dk = { 0 };
		assert_int_equal(arkv_dk_new(&dk, keys, NULL), ARK_OK);
		assert_int_equal(dk.record.has_sealed, encrypted);
		const uint8_t *key = NULL, *again = NULL;
		assert_int_equal(arkv_dk_open(&key, keys, &dk.record, NULL), ARK_OK);
		assert_memory_equal(key, dk.key.p, 32);
		assert_int_equal(arkv_dk_open(&again, keys, &dk.record, NULL), ARK_OK);
		assert_ptr_equal(key, again);
	}
}

static void two_sessions_draw_two_keys(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *keys = generate(&repo);
	ARK_AUTO(arkv_dk_release) struct arkv_dk a = { 0 };
	ARK_AUTO(arkv_dk_release) struct arkv_dk b = { 0 };
	assert_int_equal(arkv_dk_new(&a, keys, NULL), ARK_OK);
	assert_int_equal(arkv_dk_new(&b, keys, NULL), ARK_OK);
	assert_false(ark_uid_eq(&a.record.id, &b.record.id));
	assert_memory_not_equal(a.key.p, b.key.p, 32);
}

static void a_write_only_key_writes_and_does_not_read(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *reader = generate(&repo);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *writer = write_only_of(reader);
	assert_same_symmetric_keys(reader, writer);
	assert_false(arkv_keys_can_read(writer));
	ARK_AUTO(arkv_dk_release) struct arkv_dk dk = { 0 };
	assert_int_equal(arkv_dk_new(&dk, writer, NULL), ARK_OK);
	ARK_AUTO(ark_buf_release) struct ark_buf box;
	ARK_AUTO(ark_buf_release) struct ark_buf plain;
	ark_buf_init(&box);
	ark_buf_init(&plain);
	struct ark_span context = ark_span_str("run uid and page");
	struct ark_span text = ark_span_str("a page of an index");
	assert_int_equal(arkv_seal_dk(&box, writer, &dk, ARKV_BOX_PAGE, context, text, NULL),
			 ARK_OK);
	struct ark_err err = { 0 };
	assert_int_equal(arkv_open_dk(&plain, writer, &dk.record, ARKV_BOX_PAGE, context,
				      ark_buf_span(&box), &err),
			 ARK_AUTH);
	assert_string_equal(err.text, "this key can write and deduplicate, not read");
	assert_int_equal(plain.wr.len, 0);
	assert_int_equal(arkv_open_dk(&plain, reader, &dk.record, ARKV_BOX_PAGE, context,
				      ark_buf_span(&box), &err),
			 ARK_OK);
	assert_true(ark_span_eq(ark_buf_span(&plain), text));
}

static void boxes_under_k_meta_open_for_both_kinds_of_key(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *reader = generate(&repo);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *writer = write_only_of(reader);
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	ark_wr_u8(&buf.wr, 'x'); /* appended to */
	struct ark_span nothing = ark_span(NULL, 0), text = ark_span_str("footer");
	assert_int_equal(arkv_seal_meta(&buf, writer, ARKV_BOX_FOOTER, nothing, text, NULL),
			 ARK_OK);
	uint8_t copy[64];
	size_t len = buf.wr.len - 1;
	assert_int_equal(len, 6 + ARKV_BOX_EXTRA);
	memcpy(copy, buf.wr.p + 1, len);
	struct ark_span box = ark_span(copy, len);
	assert_int_equal(arkv_open_meta(&buf, reader, ARKV_BOX_FOOTER, nothing, box, NULL), ARK_OK);
	assert_memory_equal(buf.wr.p + 1 + len, "footer", 6);
	size_t before = buf.wr.len;
	assert_int_equal(arkv_open_meta(&buf, reader, ARKV_BOX_PLACES, nothing, box, NULL),
			 ARK_AUTH);
	assert_int_equal(
		arkv_open_meta(&buf, reader, ARKV_BOX_FOOTER, nothing, ark_span(copy, 39), NULL),
		ARK_CORRUPT);
	assert_int_equal(buf.wr.len, before);
}

static void a_data_key_of_another_repository_does_not_open(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *ours = generate(&repo);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *theirs = generate(&other_repo);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *plain = none();
	ARK_AUTO(arkv_dk_release) struct arkv_dk dk = { 0 };
	ARK_AUTO(arkv_dk_release) struct arkv_dk plain_dk = { 0 };
	assert_int_equal(arkv_dk_new(&dk, theirs, NULL), ARK_OK);
	assert_int_equal(arkv_dk_new(&plain_dk, plain, NULL), ARK_OK);
	const uint8_t *key = NULL;
	assert_int_equal(arkv_dk_open(&key, ours, &dk.record, NULL), ARK_AUTH);
	assert_int_equal(arkv_dk_open(&key, ours, &plain_dk.record, NULL), ARK_AUTH);
	assert_int_equal(arkv_dk_open(&key, plain, &dk.record, NULL), ARK_AUTH);
	dk.record.ring = 7;
	assert_int_equal(arkv_dk_open(&key, theirs, &dk.record, NULL), ARK_AUTH);
	dk.record.ring = 1;
	dk.record.id.b[0] ^= 1;
	assert_int_equal(arkv_dk_open(&key, theirs, &dk.record, NULL), ARK_CORRUPT);
	assert_null(key);
}

static void after_a_rotation_old_and_new_data_keys_open(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *old = generate(&repo);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *new = NULL;
	assert_int_equal(arkv_keys_rotate(&new, old, NULL), ARK_OK);
	assert_int_equal(arkv_keys_ring(new), 2);
	assert_same_symmetric_keys(old, new);
	ARK_AUTO(arkv_dk_release) struct arkv_dk old_dk = { 0 };
	ARK_AUTO(arkv_dk_release) struct arkv_dk new_dk = { 0 };
	assert_int_equal(arkv_dk_new(&old_dk, old, NULL), ARK_OK);
	assert_int_equal(arkv_dk_new(&new_dk, new, NULL), ARK_OK);
	assert_int_equal(new_dk.record.ring, 2);
	const uint8_t *key = NULL;
	assert_int_equal(arkv_dk_open(&key, new, &old_dk.record, NULL), ARK_OK);
	assert_int_equal(arkv_dk_open(&key, new, &new_dk.record, NULL), ARK_OK);
	assert_int_equal(arkv_dk_open(&key, old, &new_dk.record, NULL), ARK_AUTH);
}

static void two_rotations_at_once_are_merged(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *old = generate(&repo);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *a = NULL;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *b = NULL;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *ab = NULL;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *ba = NULL;
	assert_int_equal(arkv_keys_rotate(&a, old, NULL), ARK_OK);
	assert_int_equal(arkv_keys_rotate(&b, old, NULL), ARK_OK);
	assert_int_equal(arkv_keys_merge(&ab, a, arkv_keys_ring_body(b), NULL), ARK_OK);
	assert_int_equal(arkv_keys_merge(&ba, b, arkv_keys_ring_body(a), NULL), ARK_OK);
	assert_true(ark_span_eq(arkv_keys_ring_body(ab), arkv_keys_ring_body(ba)));
	ARK_AUTO(arkv_dk_release) struct arkv_dk dk_a = { 0 };
	ARK_AUTO(arkv_dk_release) struct arkv_dk dk_b = { 0 };
	assert_int_equal(arkv_dk_new(&dk_a, a, NULL), ARK_OK);
	assert_int_equal(arkv_dk_new(&dk_b, b, NULL), ARK_OK);
	const uint8_t *key = NULL;
	assert_int_equal(arkv_dk_open(&key, ab, &dk_a.record, NULL), ARK_OK);
	assert_int_equal(arkv_dk_open(&key, ab, &dk_b.record, NULL), ARK_OK);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *foreign = generate(&repo);
	struct arkv_keys *out = NULL;
	assert_int_equal(arkv_keys_merge(&out, a, arkv_keys_ring_body(foreign), NULL), ARK_AUTH);
}

static void a_ring_holds_255_reader_pairs_and_no_more(void **state)
{
	(void)state;
	struct arkv_keys *keys = generate(&repo);
	for (int i = 2; i <= 255; i++) {
		struct arkv_keys *next = NULL;
		assert_int_equal(arkv_keys_rotate(&next, keys, NULL), ARK_OK);
		arkv_keys_free(keys);
		keys = next;
	}
	assert_int_equal(arkv_keys_ring(keys), 255);
	struct arkv_keys *one_more = NULL;
	assert_int_equal(arkv_keys_rotate(&one_more, keys, NULL), ARK_LIMIT);
	arkv_keys_free(keys);
}

static void a_key_without_a_ring_cannot_be_rotated(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *plain = none();
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *full = generate(&repo);
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *writer = write_only_of(full);
	struct arkv_keys *out = NULL;
	assert_int_equal(arkv_keys_rotate(&out, plain, NULL), ARK_AUTH);
	assert_int_equal(arkv_keys_rotate(&out, writer, NULL), ARK_AUTH);
}

static void sizes_out_of_range_make_no_keys(void **state)
{
	(void)state;
	struct arkf_chunker sizes = arkf_chunker_default();
	struct arkv_keys *out = NULL;
	sizes.cdc_max = 2 << 20;
	assert_int_equal(arkv_keys_generate(&out, &repo, &sizes, NULL), ARK_LIMIT);
	sizes.cdc_max = 65536;
	assert_int_equal(arkv_keys_none(&out, &repo, &sizes, NULL), ARK_CORRUPT);
	assert_null(out);
}

enum { DATA_KEYS = 1000, THREADS = 4 };

struct opening {
	struct arkv_keys *keys;
	struct arkv_dk *dks;
	size_t wrong;
};

static void *open_all(void *ctx)
{
	struct opening *job = ctx;
	for (size_t i = 0; i < DATA_KEYS; i++) {
		const uint8_t *key = NULL;
		if (arkv_dk_open(&key, job->keys, &job->dks[i].record, NULL) ||
		    memcmp(key, job->dks[i].key.p, 32) != 0)
			job->wrong++;
	}
	return NULL;
}

static void a_thousand_data_keys_open_from_four_threads(void **state)
{
	(void)state;
	ARK_AUTO(arkv_keys_freep) struct arkv_keys *keys = generate(&repo);
	struct arkv_dk *dks = test_calloc(DATA_KEYS, sizeof *dks);
	for (size_t i = 0; i < DATA_KEYS; i++)
		assert_int_equal(arkv_dk_new(&dks[i], keys, NULL), ARK_OK);
	pthread_t threads[THREADS];
	struct opening jobs[THREADS];
	for (size_t i = 0; i < THREADS; i++) {
		jobs[i] = (struct opening){ .keys = keys, .dks = dks };
		assert_int_equal(pthread_create(&threads[i], NULL, open_all, &jobs[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(jobs[i].wrong, 0);
	}
	for (size_t i = 0; i < DATA_KEYS; i++)
		arkv_dk_release(&dks[i]);
	test_free(dks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_encryption_all_keys_follow_from_the_repository_id),
		cmocka_unit_test(a_ring_read_back_has_the_same_keys),
		cmocka_unit_test(two_repositories_share_no_key),
		cmocka_unit_test(a_cut_off_or_altered_ring_body_is_refused),
		cmocka_unit_test(a_session_key_opens_for_the_reader),
		cmocka_unit_test(two_sessions_draw_two_keys),
		cmocka_unit_test(a_write_only_key_writes_and_does_not_read),
		cmocka_unit_test(boxes_under_k_meta_open_for_both_kinds_of_key),
		cmocka_unit_test(a_data_key_of_another_repository_does_not_open),
		cmocka_unit_test(after_a_rotation_old_and_new_data_keys_open),
		cmocka_unit_test(two_rotations_at_once_are_merged),
		cmocka_unit_test(a_ring_holds_255_reader_pairs_and_no_more),
		cmocka_unit_test(a_key_without_a_ring_cannot_be_rotated),
		cmocka_unit_test(sizes_out_of_range_make_no_keys),
		cmocka_unit_test(a_thousand_data_keys_open_from_four_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
