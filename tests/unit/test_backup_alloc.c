/*
 * test_backup_alloc.c - a backup that finds no memory, at any moment: it says so, leaves nothing
 * half done, and what was there before is whole. Linked with -Wl,--wrap for the allocating calls.
 *
 * By default some of the moments are tried, with ARKV_LONG all.
 */
#include "libarchive-kv/rand.h"
#include "tests/unit/cm.h"
#include "tests/unit/writer.h"

#include <stdlib.h>

/* Calls until the one that fails; negative: none does. */
static _Atomic long countdown = -1;
static _Atomic long calls;

static bool fails(void)
{
	atomic_fetch_add(&calls, 1);
	return atomic_load(&countdown) >= 0 && atomic_fetch_sub(&countdown, 1) == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, count, size);
}

/* Small chunks, so that few bytes make recipes. */
static const struct arkf_chunker tiny = {
	.inline_max = 100, .cdc_min = 4096, .cdc_avg = 4096, .cdc_max = 4096
};

enum { COUNT = 400 };

static struct lived_record *records_new(void)
{
	struct lived_record *records = lived_records(COUNT, 1);
	for (size_t i = 0; i < COUNT; i++)
		if (records[i].value_len > 5000)
			records[i].value_len = 5000;
	records[100].value_len = 100000;
	return records;
}

static uint64_t stride(uint64_t all, uint64_t points)
{
	return getenv("ARKV_LONG") || all < points ? 1 : all / points;
}

static void no_memory_at_any_moment_is_said_and_harms_nothing(void **state)
{
	(void)state;
	struct writer w;
	struct ark_err err;
	struct arkv_backup_result r;
	struct lived_record *records = records_new();
	writer_init(&w, ARK_SUITE_XCHACHA, &tiny);
	struct arkv_backup_result first = writer_night(&w, records, COUNT);
	records[200].seed += 999;
	struct writer_source source = writer_source(records, COUNT);
	const struct arkv_backup_options dry = { .dry_run = true };
	atomic_store(&calls, 0);
	assert_int_equal(writer_backup(&w, &source, &dry, NULL, &r, &err), ARK_OK);
	uint64_t all = (uint64_t)atomic_load(&calls);
	size_t refused = 0, archives = 1;
	for (uint64_t k = 0; k < all + all / 4; k += stride(all, 250)) {
		bool is_dry = k % 3 == 0;
		records[200].seed++; /* new frames each time */
		err = (struct ark_err){ 0 };
		atomic_store(&countdown, (long)k);
		enum ark_rc rc = writer_backup(&w, &source, is_dry ? &dry : NULL, NULL, &r, &err);
		atomic_store(&countdown, -1);
		/* what is only a cache, or tried again, may miss its memory */
		if (rc && (rc != ARK_NOMEM || !err.text[0]))
			fail_msg("allocation %llu: %s: %s", (unsigned long long)k, ark_rc_name(rc),
				 err.text);
		refused += rc == ARK_NOMEM;
		archives += !rc && !is_dry;
		assert_int_equal(writer_objects(&w, "archives/"), archives);
	}
	assert_true(refused > 100);
	writer_reopen(&w, NULL);
	r = writer_night(&w, records, COUNT);
	writer_assert_archive(&w, &r.archive, records, COUNT);
	struct arkv_archive *a = NULL;
	assert_int_equal(arkv_archive_open(&a, w.repo, &first.archive, &err), ARK_OK);
	arkv_archive_freep(&a);
	writer_assert_sound(&w);
	test_free(records);
	writer_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_memory_at_any_moment_is_said_and_harms_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
