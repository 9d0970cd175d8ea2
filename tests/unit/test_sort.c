/* test_sort.c - records in order, whatever the order they come in (libarchive-kv/sort.h). */
#include "libarchive-kv/crypt.h"
#include "libarchive-kv/sort.h"
#include "tests/unit/cm.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t k_dig[32] = { 1 };
static const struct ark_uid repo = { { 2 } };

static struct arkv_sort *sort_new(struct arkv_pool *pool, size_t memory_bytes)
{
	struct arkv_sort_options options = {
		.dir = "/tmp",
		.repo = &repo,
		.k_dig = k_dig,
		.pool = pool,
		.memory_bytes = memory_bytes,
	};
	struct arkv_sort *sort = NULL;
	struct ark_err err;
	assert_int_equal(arkv_sort_new(&sort, &options, &err), ARK_OK);
	return sort;
}

/* A key from n, in no order; a value that says which version it is. */
static void add_at(struct arkv_sort *sort, uint64_t seq, uint32_t n, uint32_t version,
		   size_t padding)
{
	char space[8];
	char key[32];
	char value[2048];
	struct ark_err err;
	int space_len = snprintf(space, sizeof space, "%u", n % 3);
	int key_len = snprintf(key, sizeof key, "key:%08x", n * UINT32_C(2654435761));
	memset(value, 'x', sizeof value);
	int value_len = snprintf(value, sizeof value, "%u.%u", n, version);
	value[value_len] = ' ';
	struct arkf_spill_rec rec = {
		.rec = {
			.space = ark_span(space, (size_t)space_len),
			.key = ark_span(key, (size_t)key_len),
			.expires_ms = ARK_NO_EXPIRY,
			.value_len = padding,
			.type = ARK_TYPE_STRING,
		},
		.form = ARKF_SPILL_INLINE,
		.value = ark_span(value, padding),
		.seq = seq,
	};
	assert_int_equal(arkv_sort_add(sort, &rec, &err), ARK_OK);
}

static void add(struct arkv_sort *sort, uint32_t n, uint32_t version, size_t padding)
{
	add_at(sort, arkv_sort_seq(sort), n, version, padding);
}

/* Reads everything back: in order, each key once, the version that expected says. */
static uint64_t check(struct arkv_sort *sort, uint32_t version)
{
	struct arkf_spill_rec rec;
	struct ark_err err;
	uint64_t count = 0;
	uint8_t last[64] = "";
	size_t last_len = 0;
	enum ark_rc rc;
	while (!(rc = arkv_sort_next(sort, &rec, &err))) {
		uint8_t now[64];
		struct ark_wr wr = ark_wr(now, sizeof now);
		ark_wr_bytes(&wr, rec.rec.space);
		ark_wr_u8(&wr, 0);
		ark_wr_bytes(&wr, rec.rec.key);
		assert_true(ark_span_cmp(ark_span(last, last_len), ark_wr_span(&wr)) < 0);
		memcpy(last, now, wr.len);
		last_len = wr.len;
		unsigned n;
		unsigned got;
		assert_int_equal(sscanf((const char *)rec.value.p, "%u.%u", &n, &got), 2);
		assert_int_equal(got, version);
		static const uint8_t none[ARKV_DIGEST_LEN];
		assert_memory_not_equal(rec.digest, none, sizeof none);
		count++;
	}
	assert_int_equal(rc, ARK_NOTFOUND);
	return count;
}

static void run(uint32_t keys, uint32_t versions, size_t padding, size_t memory_bytes, bool spills)
{
	struct ark_err err;
	struct arkv_pool *pool = NULL;
	assert_int_equal(arkv_pool_new(&pool, 2, &err), ARK_OK);
	struct arkv_sort *sort = sort_new(pool, memory_bytes);
	for (uint32_t version = 0; version < versions; version++)
		for (uint32_t n = 0; n < keys; n++)
			add(sort, n, version, padding);
	assert_int_equal(arkv_sort_end(sort, &err), ARK_OK);
	assert_int_equal(check(sort, versions - 1), keys);
	const struct arkv_sort_stats *stats = arkv_sort_stats(sort);
	assert_int_equal(stats->records, (uint64_t)keys * versions);
	assert_int_equal(stats->duplicates, (uint64_t)keys * (versions - 1));
	assert_int_equal(stats->spill_count > 0, spills);
	assert_int_equal(arkv_sort_duplicate_key(sort).len > 0, versions > 1);
	arkv_sort_freep(&sort);
	arkv_pool_freep(&pool);
}

static void few_records_are_sorted_in_memory(void **state)
{
	(void)state;
	run(1000, 1, 20, 8 << 20, false);
}

static void no_records_are_fine(void **state)
{
	(void)state;
	run(0, 1, 20, 8 << 20, false);
}

static void the_last_of_equal_keys_wins_within_a_buffer(void **state)
{
	(void)state;
	run(300, 7, 20, 8 << 20, false);
}

static void the_last_of_equal_keys_wins_across_spills(void **state)
{
	(void)state;
	run(9000, 3, 1000, 8 << 20, true);
}

static void more_spills_than_can_be_read_at_once_are_merged_in_passes(void **state)
{
	(void)state;
	run(30000, 2, 1900, 8 << 20, true); /* about 30 spills, 8 at a time */
}

static size_t open_files(void)
{
	size_t count = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void spills_are_merged_while_there_are_many(void **state)
{
	(void)state;
	enum { KEYS = 60000, SPILLS = 9 };
	ARK_AUTO(arkv_pool_freep) struct arkv_pool *pool = NULL;
	ARK_AUTO(arkv_sort_freep) struct arkv_sort *sort = NULL;
	struct ark_err err;
	assert_int_equal(arkv_pool_new(&pool, 1, &err), ARK_OK);
	struct arkv_sort_options options = {
		.dir = "/tmp",
		.repo = &repo,
		.k_dig = k_dig,
		.pool = pool,
		.memory_bytes = 8 << 20,
		.spills_max = SPILLS,
	};
	assert_int_equal(arkv_sort_new(&sort, &options, &err), ARK_OK);
	size_t before = open_files(), most = 0;
	for (uint32_t n = 0; n < 2 * KEYS; n++) {
		add(sort, n % KEYS, n / KEYS, 800);
		size_t files = n % 500 ? 0 : open_files() - before;
		most = files > most ? files : most;
	}
	assert_in_range(most, SPILLS, SPILLS + 4); /* and those that are being written */
	assert_int_equal(arkv_sort_end(sort, &err), ARK_OK);
	assert_int_equal(check(sort, 1), KEYS);
	const struct arkv_sort_stats *stats = arkv_sort_stats(sort);
	assert_int_equal(stats->duplicates, KEYS);
	assert_true(stats->spill_count > 5 * SPILLS);
	/* every byte is written about three times, not once for every merge */
	assert_true(stats->spilled_bytes < UINT64_C(4) * 2 * KEYS * 900);
}

static void merging_can_be_cancelled(void **state)
{
	(void)state;
	ARK_AUTO(arkv_pool_freep) struct arkv_pool *pool = NULL;
	ARK_AUTO(arkv_sort_freep) struct arkv_sort *sort = NULL;
	struct ark_err err;
	const atomic_bool cancel = true;
	const struct arkv_job job = { .cancel = &cancel };
	assert_int_equal(arkv_pool_new(&pool, 1, &err), ARK_OK);
	struct arkv_sort_options options = {
		.dir = "/tmp",
		.repo = &repo,
		.k_dig = k_dig,
		.pool = pool,
		.memory_bytes = 8 << 20,
		.job = &job,
	};
	assert_int_equal(arkv_sort_new(&sort, &options, &err), ARK_OK);
	for (uint32_t n = 0; n < 30000; n++)
		add(sort, n, 0, 1900);
	assert_int_equal(arkv_sort_end(sort, &err), ARK_CANCELLED);
}

static void a_folder_for_spills_that_is_gone_is_named(void **state)
{
	(void)state;
	ARK_AUTO(arkv_pool_freep) struct arkv_pool *pool = NULL;
	ARK_AUTO(arkv_sort_freep) struct arkv_sort *sort = NULL;
	struct ark_err err;
	assert_int_equal(arkv_pool_new(&pool, 1, &err), ARK_OK);
	struct arkv_sort_options options = {
		.dir = "/tmp/arkv-test-nowhere/at-all",
		.repo = &repo,
		.k_dig = k_dig,
		.pool = pool,
		.memory_bytes = 8 << 20,
	};
	assert_int_equal(arkv_sort_new(&sort, &options, &err), ARK_OK);
	static const char value[1900];
	enum ark_rc rc = ARK_OK;
	for (uint64_t n = 0; n < 30000 && !rc; n++) {
		uint8_t key[8];
		ark_put_le64(key, n);
		struct arkf_spill_rec rec = {
			.rec = { .key = ark_span(key, sizeof key),
				 .expires_ms = ARK_NO_EXPIRY,
				 .value_len = sizeof value,
				 .type = ARK_TYPE_STRING },
			.form = ARKF_SPILL_INLINE,
			.value = ark_span(value, sizeof value),
			.seq = arkv_sort_seq(sort),
		};
		rc = arkv_sort_add(sort, &rec, &err);
	}
	assert_int_equal(rc, err.rc);
	assert_int_not_equal(rc, ARK_OK);
	assert_non_null(strstr(err.text, "/tmp/arkv-test-nowhere/at-all"));
}

/* Large values wait for their chunks: a record of the scan may be added behind later ones. */
static void a_record_that_is_added_late_keeps_its_place_in_the_scan(void **state)
{
	(void)state;
	static const uint32_t others[] = { 0, 30000 }; /* within a buffer, and across spills */
	ARK_AUTO(arkv_pool_freep) struct arkv_pool *pool = NULL;
	struct ark_err err;
	assert_int_equal(arkv_pool_new(&pool, 0, &err), ARK_OK);
	for (size_t i = 0; i < 2; i++) {
		ARK_AUTO(arkv_sort_freep) struct arkv_sort *sort = sort_new(pool, 8 << 20);
		uint64_t early = arkv_sort_seq(sort);
		add(sort, 0, 1, 10);
		for (uint32_t n = 1; n <= others[i]; n++)
			add(sort, n, 1, 1000);
		add_at(sort, early, 0, 0, 10);
		assert_int_equal(arkv_sort_end(sort, &err), ARK_OK);
		assert_int_equal(arkv_sort_stats(sort)->spill_count > 0, i > 0);
		assert_int_equal(check(sort, 1), 1 + others[i]);
		assert_int_equal(arkv_sort_stats(sort)->duplicates, 1);
	}
}

static void a_sort_can_be_left_at_any_point(void **state)
{
	(void)state;
	struct ark_err err;
	for (int stage = 0; stage < 3; stage++) {
		struct arkv_pool *pool = NULL;
		assert_int_equal(arkv_pool_new(&pool, 2, &err), ARK_OK);
		struct arkv_sort *sort = sort_new(pool, 8 << 20);
		for (uint32_t n = 0; n < 12000; n++)
			add(sort, n, 0, 1000);
		if (stage > 0)
			assert_int_equal(arkv_sort_end(sort, &err), ARK_OK);
		struct arkf_spill_rec rec;
		if (stage > 1)
			assert_int_equal(arkv_sort_next(sort, &rec, &err), ARK_OK);
		arkv_sort_freep(&sort);
		arkv_pool_freep(&pool);
	}
}

int main(void)
{
	struct ark_err err;
	if (arkv_crypt_init(&err))
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_records_are_sorted_in_memory),
		cmocka_unit_test(no_records_are_fine),
		cmocka_unit_test(the_last_of_equal_keys_wins_within_a_buffer),
		cmocka_unit_test(the_last_of_equal_keys_wins_across_spills),
		cmocka_unit_test(more_spills_than_can_be_read_at_once_are_merged_in_passes),
		cmocka_unit_test(spills_are_merged_while_there_are_many),
		cmocka_unit_test(merging_can_be_cancelled),
		cmocka_unit_test(a_folder_for_spills_that_is_gone_is_named),
		cmocka_unit_test(a_record_that_is_added_late_keeps_its_place_in_the_scan),
		cmocka_unit_test(a_sort_can_be_left_at_any_point),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
