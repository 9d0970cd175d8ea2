/* test_page_read.c - a cursor reads index pages through the cache (libarchive-kv/page_read.h). */
#include "libarchive-kv/index.h"
#include "libarchive-kv/pages.h"
#include "tests/store/scratch.h"
#include "tests/unit/handmade.h"

/* The keys of the whole archive, and how many reads of the store they cost. */
static uint64_t walk(struct handmade *h)
{
	struct ark_err err;
	struct ark_record rec;
	char keys[16] = "";
	size_t count = 0;
	arkv_counter_reset(h->counter);
	struct arkv_archive *a = handmade_open(h);
	struct arkv_cursor *c = handmade_cursor(a);
	while (!arkv_cursor_next(c, &rec, &err))
		keys[count++] = (char)rec.key.p[0];
	assert_string_equal(keys, "abcdefh");
	arkv_cursor_freep(&c);
	arkv_archive_freep(&a);
	return arkv_counter_read(h->counter).op[ARKV_OP_GET].calls;
}

static void flush(struct handmade *h)
{
	struct ark_err err;
	assert_ok(arkv_pages_flush(arkv_repo_pages(h->repo), &err), err);
}

/* Other bytes for page 0 of each run, as long as the right ones. */
static void poison(struct handmade *h)
{
	const char *cache = arkv_repo_cache_dir(h->repo, NULL);
	struct arkv_archive *a = handmade_open(h);
	struct ark_err err;
	assert_non_null(cache);
	for (size_t i = 0; i < a->run_count; i++) {
		const struct arkv_root *root = NULL;
		struct arkv_index *index = NULL;
		struct ark_buf box;
		ark_buf_init(&box);
		assert_ok(arkv_archive_root(&root, a, i, &err), err);
		assert_ok(arkv_index_create(&index, cache, &a->runs[i].table.archive,
					    &a->runs[i].table.name, ARKV_INDEX_MORE, &err),
			  err);
		assert_ok(arkv_index_page(index, 0, &box, &err), err);
		box.wr.p[box.wr.len / 2] ^= 1;
		assert_ok(arkv_index_put_page(index, 0, ark_buf_span(&box), &err), err);
		assert_ok(arkv_index_flush(index, &err), err);
		arkv_index_freep(&index);
		ark_buf_release(&box);
	}
	arkv_archive_freep(&a);
}

/* Pages of the two runs of handmade_two_runs; and the archive's manifest. */
enum { PAGES = 1 + 3, MANIFEST = 1 };

static void a_page_on_this_host_costs_no_read_of_the_store(void **state)
{
	const struct scratch *s = *state;
	struct handmade h;
	handmade_init_far(&h, s->path);
	handmade_two_runs(&h);
	const uint64_t cold = walk(&h);
	flush(&h);
	assert_int_equal(walk(&h), cold - PAGES - MANIFEST);
	assert_int_equal(walk(&h), cold - PAGES - MANIFEST);
	handmade_release(&h);
}

static void a_cached_page_that_does_not_open_is_read_again_and_mended(void **state)
{
	const struct scratch *s = *state;
	struct handmade h;
	handmade_init_far(&h, s->path);
	handmade_two_runs(&h);
	walk(&h);
	flush(&h);
	poison(&h);
	const uint64_t poisoned = walk(&h);
	flush(&h);
	assert_int_equal(walk(&h), poisoned - 2);
	handmade_release(&h);
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_page_on_this_host_costs_no_read_of_the_store),
		T(a_cached_page_that_does_not_open_is_read_again_and_mended),
	};
	return cmocka_run_group_tests_name("page_read", tests, NULL, NULL);
}
