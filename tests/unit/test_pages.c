/* test_pages.c - the one door to index pages (libarchive-kv/pages.h). */
#include "libarchive-kv/index.h"
#include "libarchive-kv/pages.h"
#include "libarchive-kv/store_count.h"
#include "tests/store/scratch.h"

#include <pthread.h>

enum { PAGE_LEN = 1000, PAGE_COUNT = 50, RUN_COUNT = 3 };

struct fix {
	struct scratch *scratch;
	struct arkv_store *store;
	struct arkv_counter *counter;
	char *cache;
	uint8_t run_bytes[PAGE_COUNT * PAGE_LEN];
};

static struct ark_id run_of(uint8_t n)
{
	return (struct ark_id){ .b = { 0xcc, n } };
}

static struct ark_uid archive_of(uint8_t n)
{
	return (struct ark_uid){ .b = { 0xdd, n } };
}

static uint8_t byte_of(uint8_t run, size_t i)
{
	return (uint8_t)(run * 41 + i % 251);
}

static struct arkv_page_ref ref_of(uint8_t run, uint32_t page_no)
{
	return (struct arkv_page_ref){ .run = run_of(run),
				       .archive = archive_of(run),
				       .off = (uint64_t)page_no * PAGE_LEN,
				       .box_len = PAGE_LEN,
				       .page_no = page_no };
}

/* A store far away, with three runs. */
static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof *f);
	void *scratch = NULL;
	char path[96], name[ARKV_NAME_MAX + 1];
	struct ark_err err;
	if (!f || scratch_setup(&scratch))
		return -1;
	f->scratch = scratch;
	f->cache = f->scratch->path;
	snprintf(path, sizeof path, "%s/archives", f->cache);
	if (mkdir(path, 0700) || arkv_store_count(&f->scratch->store, &f->counter, &err))
		return -1;
	f->store = f->scratch->store;
	f->store->caps &= ~(unsigned)ARKV_STORE_LOCAL;
	for (uint8_t r = 0; r < RUN_COUNT; r++) {
		struct ark_id id = run_of(r);
		for (size_t i = 0; i < sizeof f->run_bytes; i++)
			f->run_bytes[i] = byte_of(r, i);
		snprintf(name, sizeof name, "runs/%s", ark_id_hex(&id).s);
		if (arkv_store_put(f->store, name, ark_span(f->run_bytes, sizeof f->run_bytes),
				   &err))
			return -1;
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;
	void *scratch = f->scratch;
	free(f);
	return scratch_teardown(&scratch);
}

static struct arkv_pages *pages_of(const struct fix *f, const char *cache)
{
	struct arkv_pages *pages = NULL;
	assert_int_equal(arkv_pages_new(&pages, f->store, cache, NULL), ARK_OK);
	return pages;
}

/* Gets a page, checks its bytes; whether it came from this host. */
static bool get(struct arkv_pages *pages, uint8_t run, uint32_t page_no)
{
	struct ark_buf out;
	struct ark_err err;
	bool from_cache = false;
	struct arkv_page_ref ref = ref_of(run, page_no);
	ark_buf_init(&out);
	assert_ok(arkv_pages_get(pages, &ref, &out, &from_cache, &err), err);
	assert_int_equal(out.wr.len, PAGE_LEN);
	for (size_t i = 0; i < PAGE_LEN; i++)
		assert_int_equal(out.wr.p[i], byte_of(run, page_no * PAGE_LEN + i));
	ark_buf_release(&out);
	return from_cache;
}

static uint64_t reads(const struct fix *f)
{
	return arkv_counter_read(f->counter).op[ARKV_OP_GET].calls;
}

static void flush(struct arkv_pages *pages)
{
	struct ark_err err;
	assert_ok(arkv_pages_flush(pages, &err), err);
}

static void a_page_is_read_from_the_store_once(void **state)
{
	const struct fix *f = *state;
	struct arkv_pages *pages = pages_of(f, f->cache);
	for (int round = 0; round < 3; round++) {
		for (uint8_t r = 0; r < RUN_COUNT; r++)
			for (uint32_t p = 0; p < PAGE_COUNT; p += 7)
				assert_int_equal(get(pages, r, p), round > 0);
		if (round == 1)
			flush(pages);
	}
	assert_int_equal(reads(f), RUN_COUNT * 8);
	arkv_pages_freep(&pages);
	pages = pages_of(f, f->cache); /* another process, later */
	for (uint8_t r = 0; r < RUN_COUNT; r++)
		for (uint32_t p = 0; p < PAGE_COUNT; p += 7)
			assert_true(get(pages, r, p));
	assert_int_equal(reads(f), RUN_COUNT * 8);
	assert_false(get(pages, 0, 1));
	flush(pages);
	assert_true(get(pages, 0, 1));
	assert_true(get(pages, 0, 7));
	arkv_pages_freep(&pages);
}

static void without_a_cache_folder_all_comes_from_the_store(void **state)
{
	const struct fix *f = *state;
	struct arkv_pages *pages = pages_of(f, NULL);
	for (int i = 0; i < 2; i++)
		assert_false(get(pages, 0, 3));
	flush(pages);
	arkv_pages_freep(&pages);
	pages = pages_of(f, "/no/such/folder");
	assert_false(get(pages, 0, 3));
	assert_int_not_equal(arkv_pages_flush(pages, NULL), ARK_OK);
	assert_false(get(pages, 0, 3));
	arkv_pages_freep(&pages);
}

static void nothing_is_kept_of_a_local_store(void **state)
{
	const struct fix *f = *state;
	f->store->caps |= ARKV_STORE_LOCAL;
	struct arkv_pages *pages = pages_of(f, f->cache);
	assert_false(get(pages, 0, 3));
	flush(pages);
	assert_false(get(pages, 0, 3));
	arkv_pages_freep(&pages);
	struct arkv_index *index = NULL;
	struct ark_uid archive = archive_of(0);
	assert_int_equal(arkv_index_open(&index, f->cache, &archive, NULL), ARK_NOTFOUND);
}

/* An index with wrong bytes of the right length for page 5. */
static void poison(const struct fix *f)
{
	struct arkv_index *index = NULL;
	struct ark_err err;
	struct ark_uid archive = archive_of(0);
	struct ark_id run = run_of(0);
	static const uint8_t junk[PAGE_LEN] = { 1 };
	assert_ok(arkv_index_create(&index, f->cache, &archive, &run, ARKV_INDEX_MORE, &err), err);
	assert_ok(arkv_index_put_page(index, 5, ark_span(junk, sizeof junk), &err), err);
	assert_ok(arkv_index_put_page(index, 6, ark_span(junk, sizeof junk - 1), &err), err);
	assert_ok(arkv_index_flush(index, &err), err);
	arkv_index_freep(&index);
}

static void a_cached_page_that_does_not_open_is_read_again_and_mended(void **state)
{
	const struct fix *f = *state;
	for (int local = 0; local < 2; local++) {
		poison(f);
		f->store->caps &= ~(unsigned)ARKV_STORE_LOCAL;
		f->store->caps |= local ? ARKV_STORE_LOCAL : 0;
		struct arkv_pages *pages = pages_of(f, f->cache);
		struct arkv_page_ref ref = ref_of(0, 5);
		struct ark_buf out;
		struct ark_err err;
		bool from_cache = false;
		ark_buf_init(&out);
		assert_ok(arkv_pages_get(pages, &ref, &out, &from_cache, &err), err);
		assert_true(from_cache);
		ark_buf_release(&out);
		assert_false(get(pages, 0, 6)); /* its length alone gives it away */
		arkv_pages_forget(pages, &ref);
		assert_false(get(pages, 0, 5));
		flush(pages);
		assert_int_equal(get(pages, 0, 5), !local);
		arkv_pages_freep(&pages);
		pages = pages_of(f, f->cache);
		assert_int_equal(get(pages, 0, 5), !local);
		arkv_pages_freep(&pages);
	}
}

static void a_page_that_is_damaged_in_the_store_is_not_cached(void **state)
{
	const struct fix *f = *state;
	struct arkv_pages *pages = pages_of(f, f->cache);
	struct arkv_page_ref ref = ref_of(1, 9);
	assert_false(get(pages, 1, 9));
	assert_false(get(pages, 1, 10));
	arkv_pages_forget(pages, &ref);
	flush(pages);
	assert_false(get(pages, 1, 9));
	assert_true(get(pages, 1, 10));
	arkv_pages_freep(&pages);
}

static void a_run_that_is_gone_is_not_found(void **state)
{
	const struct fix *f = *state;
	struct arkv_pages *pages = pages_of(f, f->cache);
	struct arkv_page_ref ref = ref_of(77, 0);
	struct ark_buf out;
	ark_buf_init(&out);
	assert_int_equal(arkv_pages_get(pages, &ref, &out, NULL, NULL), ARK_NOTFOUND);
	assert_int_equal(out.wr.len, 0);
	ark_buf_release(&out);
	arkv_pages_freep(&pages);
}

static void a_manifest_is_kept_beside_the_pages(void **state)
{
	const struct fix *f = *state;
	struct ark_uid archive = archive_of(2), lone = archive_of(9);
	struct ark_id run = run_of(2);
	struct ark_err err;
	struct ark_buf out;
	ark_buf_init(&out);
	struct arkv_pages *pages = pages_of(f, f->cache);
	assert_int_equal(arkv_pages_manifest(pages, &archive, &out, NULL), ARK_NOTFOUND);
	assert_false(get(pages, 2, 4));
	arkv_pages_keep_manifest(pages, &archive, &run, ark_span_str("one"));
	arkv_pages_keep_manifest(pages, &lone, NULL, ark_span_str("two"));
	flush(pages);
	assert_ok(arkv_pages_manifest(pages, &archive, &out, &err), err);
	assert_ok(arkv_pages_manifest(pages, &lone, &out, &err), err);
	assert_true(ark_span_eq(ark_buf_span(&out), ark_span_str("onetwo")));
	assert_true(get(pages, 2, 4));
	ark_buf_release(&out);
	arkv_pages_freep(&pages);
}

static void more_archives_than_can_be_open_are_served(void **state)
{
	const struct fix *f = *state;
	struct arkv_pages *pages = pages_of(f, f->cache);
	for (int round = 0; round < 2; round++) {
		for (uint8_t i = 0; i < 40; i++) {
			struct ark_buf out;
			bool from_cache;
			ark_buf_init(&out);
			struct arkv_page_ref ref = ref_of(0, i);
			ref.archive = archive_of(i);
			assert_int_equal(arkv_pages_get(pages, &ref, &out, &from_cache, NULL),
					 ARK_OK);
			assert_int_equal(from_cache, round);
			ark_buf_release(&out);
		}
		flush(pages);
	}
	arkv_pages_freep(&pages);
}

struct reader {
	struct arkv_pages *pages;
	uint8_t first;
};

static void *read_all(void *ctx)
{
	const struct reader *r = ctx;
	for (uint32_t p = 0; p < PAGE_COUNT; p++)
		get(r->pages, (uint8_t)((r->first + p) % RUN_COUNT), p);
	return NULL;
}

static void many_threads_may_ask_at_once(void **state)
{
	const struct fix *f = *state;
	struct arkv_pages *pages = pages_of(f, f->cache);
	pthread_t threads[4];
	struct reader readers[4];
	for (int round = 0; round < 2; round++) {
		for (uint8_t i = 0; i < 4; i++) {
			readers[i] = (struct reader){ pages, i };
			assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readers[i]),
					 0);
		}
		flush(pages);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		flush(pages);
	}
	for (uint32_t p = 0; p < PAGE_COUNT; p++)
		assert_true(get(pages, (uint8_t)(p % RUN_COUNT), p));
	arkv_pages_freep(&pages);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_page_is_read_from_the_store_once),
		T(without_a_cache_folder_all_comes_from_the_store),
		T(nothing_is_kept_of_a_local_store),
		T(a_cached_page_that_does_not_open_is_read_again_and_mended),
		T(a_page_that_is_damaged_in_the_store_is_not_cached),
		T(a_run_that_is_gone_is_not_found),
		T(a_manifest_is_kept_beside_the_pages),
		T(more_archives_than_can_be_open_are_served),
		T(many_threads_may_ask_at_once),
	};
	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
