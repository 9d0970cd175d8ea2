/*
 * test_cost.c - what things cost, in requests, bytes and round trips, held to the figures that the
 * project promises. No clock: the same set costs the same everywhere.
 *
 * 200,000 records of the shape that the bench calls "small"; 1,000,000 with ARKV_LONG=1.
 */
#include "backends/stores/memory.h"
#include "format/pack.h"
#include "libarchive-kv/archive.h"
#include "libarchive-kv/backup.h"
#include "libarchive-kv/clock.h"
#include "libarchive-kv/cursor.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/slots.h"
#include "libarchive-kv/stats.h"
#include "libarchive-kv/store_count.h"
#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct ark_err err;

/* ---- a source that makes its records ---- */

struct made_source {
	struct arkv_source source;
	uint32_t count;
};

static enum ark_rc made_open(struct arkv_source *s, struct arkv_source_info *info,
			     struct ark_err *e)
{
	(void)s;
	(void)e;
	*info = (struct arkv_source_info){ .identity = "made" };
	return ARK_OK;
}

static size_t made_record(uint32_t i, char key[64], char value[512])
{
	struct arkv_rand rand = arkv_rand_seeded(i);
	snprintf(key, 64, "session:%08x%08x", i, (uint32_t)arkv_rand_below(&rand, UINT32_MAX));
	return (size_t)snprintf(
		value, 512,
		"{\"id\":%u,\"name\":\"%s %llu\",\"status\":\"%s\",\"country\":\"%c%c\","
		"\"created\":\"2025-%02u-%02uT%02u:00:00Z\",\"amount\":%llu.%02u,\"token\":\"%"
		"08llx\"}",
		i, i % 3 ? "walter" : "margarete", (unsigned long long)arkv_rand_below(&rand, 9999),
		i % 5 ? "shipped" : "pending", 'A' + (int)arkv_rand_below(&rand, 26),
		'A' + (int)arkv_rand_below(&rand, 26), 1 + i % 12, 1 + i % 28, i % 24,
		(unsigned long long)arkv_rand_below(&rand, 1000), i % 100,
		(unsigned long long)arkv_rand_below(&rand, UINT32_MAX));
}

static enum ark_rc made_scan(struct arkv_source *s, struct arkv_sink *sink, struct ark_err *e)
{
	for (uint32_t i = 0; i < ((struct made_source *)s)->count; i++) {
		char key[64];
		char value[512];
		size_t len = made_record(i, key, value);
		struct ark_record r = {
			.key = ark_span_str(key),
			.expires_ms = ARK_NO_EXPIRY,
			.value_len = len,
			.type = ARK_TYPE_STRING,
		};
		enum ark_rc rc = sink->record(sink, &r, ark_span(value, len), e);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

static void made_free(struct arkv_source *s)
{
	(void)s;
}

/* ---- a repository on a counted store in memory ---- */

struct home {
	char cache[64];
	struct arkv_store *place; /* what all handles below share */
	struct arkv_counter *counter;
	struct arkv_repo *repo;
	uint32_t count;
};

static const char passphrase[] = "cost";

static void first_open(struct home *h)
{
	struct arkv_unlock unlock = { .passphrase = ark_span_str(passphrase) };
	struct arkv_slot_new slot = {
		.kind = ARKF_SLOT_PASSPHRASE,
		.passphrase = unlock.passphrase,
		.passes = 1,
		.memory_kib = 64,
		.created_ms = 1,
	};
	struct arkv_slot_made made = { 0 };
	struct arkv_repo_new what = { .suite = ARK_SUITE_XCHACHA, .slot = &slot, .made = &made };
	struct arkv_repo_options options = {
		.store = h->place,
		.unlock = &unlock,
		.cache_root = h->cache,
	};
	assert_int_equal(arkv_repo_init(&h->repo, &options, &what, &err), ARK_OK);
	arkv_slot_made_release(&made);
}

static struct arkv_backup_result backup(struct home *h, const char *name)
{
	static const struct arkv_source_ops ops = {
		.kind = "made",
		.open = made_open,
		.scan = made_scan,
		.free = made_free,
	};
	struct made_source source = { .source.ops = &ops, .count = h->count };
	struct arkv_backup_options options = { .name = name };
	struct arkv_backup_result result;
	enum ark_rc rc = arkv_backup(h->repo, &source.source, &options, NULL, &result, &err);
	if (rc)
		print_error("backup: %s\n", err.text);
	assert_int_equal(rc, ARK_OK);
	return result;
}

static int home_setup(void **state)
{
	static struct home h;
	snprintf(h.cache, sizeof h.cache, "/tmp/arkv-cost-XXXXXX");
	assert_non_null(mkdtemp(h.cache));
	h.count = getenv("ARKV_LONG") ? 1000000 : 200000;
	assert_int_equal(arkv_memory_new(&h.place, arkv_clock_system(), &err), ARK_OK);
	assert_int_equal(arkv_store_count(&h.place, &h.counter, &err), ARK_OK);
	first_open(&h);
	backup(&h, "made");
	*state = &h;
	return 0;
}

static int home_teardown(void **state)
{
	struct home *h = *state;
	arkv_repo_freep(&h->repo);
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", h->cache);
	return system(command);
}

/* ---- the figures ---- */

/* Three dependent round trips, six reads, 256 KiB at a million keys: counted from the manifest. */
static void one_key_of_a_cold_archive_is_cheap(void **state)
{
	struct home *h = *state;
	char key[64];
	char value[512];
	size_t len = made_record(h->count / 3, key, value);
	struct arkv_archives list = { 0 };
	assert_int_equal(arkv_archives_list(&list, h->repo, NULL, &err), ARK_OK);
	char command[160];
	snprintf(command, sizeof command, "rm -rf '%s'/*/archives", h->cache);
	assert_int_equal(system(command), 0);
	arkv_counter_reset(h->counter);
	struct arkv_archive *archive = NULL;
	struct arkv_cursor *cursor = NULL;
	struct ark_record record;
	struct ark_span got;
	assert_int_equal(arkv_archive_open(&archive, h->repo, &list.items[0].uid, &err), ARK_OK);
	assert_int_equal(arkv_cursor_open(&cursor, archive, NULL, &err), ARK_OK);
	assert_int_equal(
		arkv_cursor_get(cursor, ark_span(NULL, 0), ark_span_str(key), &record, &err),
		ARK_OK);
	assert_true(arkv_cursor_inline(cursor, &got));
	assert_int_equal(got.len, len);
	assert_memory_equal(got.p, value, len);
	struct arkv_counts cost = arkv_counter_read(h->counter);
	print_message("# one key: %llu reads, %llu trips, %llu bytes\n",
		      (unsigned long long)cost.calls, (unsigned long long)cost.trips,
		      (unsigned long long)cost.op[ARKV_OP_GET].bytes);
	assert_in_range(cost.calls, 1, 6);
	assert_in_range(cost.trips, 1, 3);
	assert_in_range(cost.op[ARKV_OP_GET].bytes, 1, 256 * 1024);
	arkv_cursor_freep(&cursor);
	arkv_archive_freep(&archive);
	arkv_archives_release(&list);
}

/* Framing, index and seals beyond what zstd makes of the blocks: at most 0.4 % of the raw bytes. */
static void overhead_is_at_most_four_thousandths(void **state)
{
	struct home *h = *state;
	struct arkv_stats stats;
	struct arkv_archives list = { 0 };
	assert_int_equal(arkv_stats_repo(&stats, h->repo, NULL, &err), ARK_OK);
	assert_int_equal(arkv_archives_list(&list, h->repo, NULL, &err), ARK_OK);
	/* a frame's ciphertext holds 4 to 8 bytes beside what zstd made */
	uint64_t frames = stats.frames;
	uint64_t framing = frames * (ARKF_FRAME_EXTRA + 8);
	uint64_t index = stats.all.bytes - stats.objects[ARKV_OBJECT_PACK].bytes;
	uint64_t footers = frames * 42; /* id, type, two lengths, key number */
	uint64_t raw = list.items[0].head->counts.raw_bytes;
	print_message("# overhead: %llu of %llu raw bytes (%.2f %%), %.2f bytes a key\n",
		      (unsigned long long)(framing + index + footers), (unsigned long long)raw,
		      100.0 * (double)(framing + index + footers) / (double)raw,
		      (double)(framing + index + footers) / (double)h->count);
	assert_true((framing + index + footers) * 250 <= raw);
	arkv_archives_release(&list);
}

static void an_unchanged_night_stores_one_manifest_beside_its_session(void **state)
{
	struct home *h = *state;
	arkv_counter_reset(h->counter);
	struct arkv_backup_result result = backup(h, "made");
	struct arkv_counts cost = arkv_counter_read(h->counter);
	assert_true(result.unchanged);
	print_message("# unchanged: %llu puts, %llu bytes\n",
		      (unsigned long long)cost.op[ARKV_OP_PUT].calls,
		      (unsigned long long)cost.op[ARKV_OP_PUT].bytes);
	assert_int_equal(cost.op[ARKV_OP_PUT].calls, 3); /* session, manifest, its end */
	assert_in_range(cost.op[ARKV_OP_PUT].bytes, 1, 16 * 1024);
}

static void the_same_records_under_another_name_cost_a_run(void **state)
{
	struct home *h = *state;
	arkv_counter_reset(h->counter);
	struct arkv_backup_result result = backup(h, "another");
	struct arkv_counts cost = arkv_counter_read(h->counter);
	assert_int_equal(cost.op[ARKV_OP_PUT].calls, 4); /* session, run, manifest, its end */
	assert_true(cost.op[ARKV_OP_PUT].bytes * 200 < result.counts.raw_bytes);
}

int main(void)
{
	if (arkv_crypt_init(&err))
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_key_of_a_cold_archive_is_cheap),
		cmocka_unit_test(overhead_is_at_most_four_thousandths),
		cmocka_unit_test(an_unchanged_night_stores_one_manifest_beside_its_session),
		cmocka_unit_test(the_same_records_under_another_name_cost_a_run),
	};
	return cmocka_run_group_tests(tests, home_setup, home_teardown);
}
