/* test_index.c - an archive's index on this host (libarchive-kv/index.h). */
#include "libarchive-kv/index.h"
#include "libarchive-kv/mdb.h"
#include "tests/store/scratch.h"

static const struct ark_uid archive = { .b = { 1, 2, 3 } };
static const struct ark_id run = { .b = { 4, 5, 6 } };
static const struct ark_id other_run = { .b = { 4, 5, 7 } };

static int setup(void **state)
{
	int rc = scratch_setup(state);
	const struct scratch *s = *state;
	char path[96];
	snprintf(path, sizeof path, "%s/archives", s->path);
	return rc || mkdir(path, 0700);
}

static struct ark_span box_of(uint32_t page_no)
{
	static uint8_t box[9000];
	const size_t len = 3000 + page_no * 977 % 6000;
	for (size_t i = 0; i < len; i++)
		box[i] = (uint8_t)(page_no * 31 + i);
	return ark_span(box, len);
}

static void put_pages(struct arkv_index *index, uint32_t from, uint32_t to)
{
	struct ark_err err;
	for (; from < to; from++)
		assert_ok(arkv_index_put_page(index, from, box_of(from), &err), err);
}

static struct arkv_index *created(const struct scratch *s, const struct ark_id *name,
				  enum arkv_index_start start)
{
	struct arkv_index *index = NULL;
	struct ark_err err;
	assert_ok(arkv_index_create(&index, s->path, &archive, name, start, &err), err);
	return index;
}

static struct arkv_index *opened(const struct scratch *s)
{
	struct arkv_index *index = NULL;
	struct ark_err err;
	assert_ok(arkv_index_open(&index, s->path, &archive, &err), err);
	return index;
}

static bool has_page(struct arkv_index *index, uint32_t page_no)
{
	struct ark_buf out;
	ark_buf_init(&out);
	enum ark_rc rc = arkv_index_page(index, page_no, &out, NULL);
	const bool right = !rc && ark_span_eq(ark_buf_span(&out), box_of(page_no));
	assert_true(right || rc == ARK_NOTFOUND);
	ark_buf_release(&out);
	return right;
}

static void pages_and_manifest_come_back_as_they_were(void **state)
{
	const struct scratch *s = *state;
	struct ark_err err;
	struct arkv_index *index = created(s, NULL, ARKV_INDEX_NEW);
	put_pages(index, 0, 700); /* more than one flush */
	assert_ok(arkv_index_set_run(index, &run, &err), err);
	assert_ok(arkv_index_set_manifest(index, ark_span_str("the manifest"), &err), err);
	arkv_index_freep(&index);
	index = opened(s);
	assert_true(arkv_index_is_of(index, &run));
	assert_false(arkv_index_is_of(index, &other_run));
	for (uint32_t i = 0; i < 700; i++)
		assert_true(has_page(index, i));
	assert_false(has_page(index, 700));
	struct ark_buf out;
	ark_buf_init(&out);
	assert_ok(arkv_index_manifest(index, &out, &err), err);
	assert_true(ark_span_eq(ark_buf_span(&out), ark_span_str("the manifest")));
	ark_buf_release(&out);
	arkv_index_freep(&index);
}

static void pages_that_are_appended_fill_the_file(void **state)
{
	const struct scratch *s = *state;
	struct ark_err err;
	struct stat st;
	char path[200];
	uint64_t bytes = 0;
	struct arkv_index *index = created(s, &run, ARKV_INDEX_NEW);
	put_pages(index, 0, 2000);
	assert_ok(arkv_index_flush(index, &err), err);
	arkv_index_freep(&index);
	for (uint32_t i = 0; i < 2000; i++)
		bytes += (box_of(i).len + 16 + 4095) / 4096 * 4096;
	snprintf(path, sizeof path, "%s/archives/%s.mdb", s->path, ark_uid_hex(&archive).s);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, bytes, bytes + bytes / 20);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void an_index_that_was_never_finished_is_of_no_run(void **state)
{
	const struct scratch *s = *state;
	struct ark_err err;
	struct arkv_index *index = created(s, NULL, ARKV_INDEX_NEW);
	put_pages(index, 0, 10);
	assert_ok(arkv_index_flush(index, &err), err);
	arkv_index_freep(&index);
	index = opened(s);
	assert_false(arkv_index_is_of(index, &run));
	arkv_index_freep(&index);
}

static void pages_are_added_later_in_any_order(void **state)
{
	const struct scratch *s = *state;
	struct ark_err err;
	const uint32_t order[] = { 7, 3, 9, 3, 0 };
	for (size_t i = 0; i < 5; i++) {
		struct arkv_index *index = created(s, &run, ARKV_INDEX_MORE);
		put_pages(index, order[i], order[i] + 1);
		assert_ok(arkv_index_flush(index, &err), err);
		arkv_index_freep(&index);
	}
	struct arkv_index *index = opened(s);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(has_page(index, i), i == 7 || i == 3 || i == 9 || i == 0);
	arkv_index_freep(&index);
	index = created(s, &run, ARKV_INDEX_MORE);
	assert_ok(arkv_index_drop_page(index, 7, &err), err);
	assert_ok(arkv_index_drop_page(index, 8, &err), err);
	assert_false(has_page(index, 7));
	assert_true(has_page(index, 9));
	arkv_index_freep(&index);
}

static void pages_of_another_run_are_not_mixed_in(void **state)
{
	const struct scratch *s = *state;
	struct ark_err err;
	struct arkv_index *index = created(s, &other_run, ARKV_INDEX_MORE);
	put_pages(index, 0, 5);
	assert_ok(arkv_index_flush(index, &err), err);
	arkv_index_freep(&index);
	index = created(s, &run, ARKV_INDEX_MORE);
	assert_true(arkv_index_is_of(index, &run));
	assert_false(has_page(index, 0));
	arkv_index_freep(&index);
}

static void a_file_of_another_version_is_removed(void **state)
{
	const struct scratch *s = *state;
	const struct arkv_mdb_options later = { .layout = "arkv index 999" };
	struct arkv_mdb *mdb = NULL;
	struct arkv_index *index = NULL;
	struct ark_err err;
	char path[200];
	snprintf(path, sizeof path, "%s/archives/%s.mdb", s->path, ark_uid_hex(&archive).s);
	assert_ok(arkv_mdb_open(&mdb, path, &later, &err), err);
	arkv_mdb_freep(&mdb);
	assert_int_equal(arkv_index_open(&index, s->path, &archive, &err), ARK_NOTFOUND);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void indexes_of_archives_that_are_gone_are_removed(void **state)
{
	const struct scratch *s = *state;
	struct ark_err err;
	struct ark_uid uids[5];
	for (uint8_t i = 0; i < 5; i++) {
		struct arkv_index *index = NULL;
		uids[i] = (struct ark_uid){ .b = { (uint8_t)(9 - i) } };
		assert_ok(arkv_index_create(&index, s->path, &uids[i], &run, ARKV_INDEX_NEW, &err),
			  err);
		arkv_index_freep(&index);
	}
	const struct ark_uid used[] = { uids[3], uids[0], archive };
	assert_ok(arkv_index_prune(s->path, used, 3, &err), err);
	for (int i = 0; i < 5; i++) {
		struct arkv_index *index = NULL;
		enum ark_rc rc = arkv_index_open(&index, s->path, &uids[i], NULL);
		assert_int_equal(rc, i == 3 || i == 0 ? ARK_OK : ARK_NOTFOUND);
		arkv_index_freep(&index);
	}
	assert_ok(arkv_index_prune(s->path, NULL, 0, &err), err);
	char path[200];
	snprintf(path, sizeof path, "%s/archives/.lock", s->path);
	unlink(path);
	snprintf(path, sizeof path, "%s/archives", s->path);
	assert_int_equal(rmdir(path), 0); /* nothing is left */
	assert_ok(arkv_index_prune(s->path, NULL, 0, &err), err);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pages_and_manifest_come_back_as_they_were),
		T(pages_that_are_appended_fill_the_file),
		T(an_index_that_was_never_finished_is_of_no_run),
		T(pages_are_added_later_in_any_order),
		T(pages_of_another_run_are_not_mixed_in),
		T(a_file_of_another_version_is_removed),
		T(indexes_of_archives_that_are_gone_are_removed),
	};
	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
