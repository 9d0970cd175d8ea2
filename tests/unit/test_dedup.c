/* test_dedup.c - what a session finds of itself and of earlier ones (libarchive-kv/dedup.h). */
#include "libarchive-kv/mdb.h"
#include "tests/unit/sessions.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- asking and placing ---- */

static void an_id_is_promised_once_and_found_from_then_on(void **state)
{
	struct fix *f = *state;
	struct arkv_dedup *d = session_open(f, 0, 0);
	struct arkv_where where;
	assert_int_equal(find(d, 1, &where), ARK_NOTFOUND);
	assert_int_equal(claim(d, 1, &where), ARK_NOTFOUND);
	assert_int_equal(claim(d, 1, &where), ARK_AGAIN);
	assert_int_equal(find(d, 1, &where), ARK_AGAIN);
	struct filling p = pack_begin(f, d);
	const uint32_t offset = p.offset;
	place(d, &p, 1);
	for (int closed = 0; closed < 2; closed++) { /* in memory, and in the staging file */
		memset(&where, 0, sizeof where);
		assert_int_equal(claim(d, 1, &where), ARK_OK);
		assert_int_equal(where.pack_no, p.no);
		assert_int_equal(where.frame_no, 0);
		assert_int_equal(where.offset, offset);
		assert_int_equal(where.clen, 101);
		assert_int_equal(where.raw_len, 201);
		assert_int_equal(arkv_dedup_pack(d, p.no)->closed, closed);
		if (!closed)
			pack_end(f, d, &p);
	}
	arkv_dedup_freep(&d);
}

static void a_frame_that_was_not_claimed_cannot_be_placed(void **state)
{
	struct fix *f = *state;
	struct arkv_dedup *d = session_open(f, 0, 0);
	struct filling p = pack_begin(f, d);
	struct arkf_footer_entry entry = entry_of(5);
	struct arkv_where where;
	assert_int_equal(arkv_dedup_place(d, p.no, &entry, p.offset, NULL), ARK_USAGE);
	assert_int_equal(claim(d, 5, &where), ARK_NOTFOUND);
	place(d, &p, 5);
	assert_int_equal(arkv_dedup_place(d, p.no, &entry, p.offset, NULL), ARK_USAGE);
	assert_int_equal(arkv_dedup_store_fragments(d, NULL), ARK_USAGE); /* it is open */
	pack_end(f, d, &p);
	assert_int_equal(arkv_dedup_pack(d, p.no)->frame_count, 1);
	assert_int_equal(arkv_dedup_place(d, p.no, &entry, p.offset, NULL), ARK_USAGE);
	arkv_dedup_freep(&d);
}

enum { RACE_IDS = 3000, RACE_THREADS = 4 };

struct race {
	struct arkv_dedup *d;
	pthread_mutex_t lock;
	pthread_cond_t more;
	uint64_t won[RACE_IDS]; /* what the threads were promised, in turn */
	unsigned won_count;
	unsigned running;
	uint8_t wins[RACE_IDS];
};

static void *race_thread(void *ctx)
{
	struct race *r = ctx;
	struct arkv_where where;
	for (uint64_t n = 0; n < RACE_IDS; n++) {
		enum ark_rc rc = claim(r->d, n, &where);
		pthread_mutex_lock(&r->lock);
		if (rc == ARK_NOTFOUND) {
			r->wins[n]++;
			r->won[r->won_count++] = n;
		} else if (rc != ARK_AGAIN && rc != ARK_OK) {
			r->wins[n] = 100;
		}
		pthread_cond_signal(&r->more);
		pthread_mutex_unlock(&r->lock);
	}
	pthread_mutex_lock(&r->lock);
	r->running--;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void of_many_threads_one_is_promised_each_id(void **state)
{
	struct fix *f = *state;
	struct race *r = calloc(1, sizeof *r);
	pthread_t threads[RACE_THREADS];
	assert_non_null(r);
	r->d = session_open(f, 0, 0);
	r->running = RACE_THREADS;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->more, NULL);
	for (int i = 0; i < RACE_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, race_thread, r), 0);
	struct filling p = pack_begin(f, r->d);
	for (unsigned done = 0; done < RACE_IDS;) {
		pthread_mutex_lock(&r->lock);
		while (r->won_count == done && r->running)
			pthread_cond_wait(&r->more, &r->lock);
		unsigned have = r->won_count;
		pthread_mutex_unlock(&r->lock);
		assert_true(have > done);
		for (; done < have; done++) {
			place(r->d, &p, r->won[done]);
			if (done % 500 == 499 && done + 1 < RACE_IDS) {
				pack_end(f, r->d, &p);
				p = pack_begin(f, r->d);
			}
		}
	}
	for (int i = 0; i < RACE_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < RACE_IDS; i++)
		assert_int_equal(r->wins[i], 1);
	pack_end(f, r->d, &p);
	assert_int_equal(found_of(r->d, 0, RACE_IDS), RACE_IDS);
	arkv_dedup_freep(&r->d);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->more);
	free(r);
}

/* ---- from session to session ---- */

static void what_one_session_stores_the_next_one_finds(void **state)
{
	struct fix *f = *state;
	session(f, 0, 0, 250);
	struct arkv_dedup *d = session_open(f, 0, 0);
	struct arkf_datakey key = datakey_of(1);
	uint32_t offset = 0;
	for (uint64_t n = 0; n < 250; n++) {
		struct arkv_where where;
		assert_int_equal(claim(d, n, &where), ARK_OK);
		const struct arkv_pack_info *pack = arkv_dedup_pack(d, where.pack_no);
		if (n % 100 == 0)
			offset = ARKF_HEADER_LEN + 2 + arkf_datakey_len(&key);
		assert_int_equal(where.frame_no, n % 100);
		assert_int_equal(where.offset, offset);
		assert_int_equal(where.clen, 100 + n);
		assert_int_equal(where.raw_len, 200 + n);
		assert_int_equal(pack->frame_count, n < 200 ? 100 : 50);
		assert_true(pack->closed);
		assert_int_equal(pack->datakey_count, 1);
		assert_memory_equal(&pack->datakeys[0], &key, sizeof key);
		offset += ARKF_FRAME_EXTRA + where.clen;
		assert_true(offset < pack->len);
	}
	assert_int_equal(arkv_dedup_pack_count(d), 3);
	assert_int_equal(found_of(d, 250, 300), 0);
	arkv_dedup_freep(&d);
}

static void a_fragment_is_fetched_once_by_a_host(void **state)
{
	struct fix *f = *state;
	struct arkv_dedup *d = session_open(f, 0, 0);
	fill(f, d, 0, 100, 100);
	struct ark_err err;
	assert_ok(arkv_dedup_store_fragments(d, &err), err);
	arkv_dedup_freep(&d); /* without keep: as another host's */
	arkv_counter_reset(f->counter);
	d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 100), 100);
	arkv_dedup_freep(&d);
	assert_int_equal(arkv_counter_read(f->counter).op[ARKV_OP_GET].calls, 1);
	d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 100), 100);
	arkv_dedup_freep(&d);
	assert_int_equal(arkv_counter_read(f->counter).op[ARKV_OP_GET].calls, 1);
	session(f, 0, 100, 200); /* what a session keeps need not be fetched at all */
	d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 200), 200);
	arkv_dedup_freep(&d);
	assert_int_equal(arkv_counter_read(f->counter).op[ARKV_OP_GET].calls, 1);
}

static void a_lost_chunks_mdb_is_rebuilt_from_the_store(void **state)
{
	struct fix *f = *state;
	char path[200];
	struct ark_err err;
	snprintf(path, sizeof path, "%s/chunks.mdb", f->cache);
	session(f, 0, 0, 300);
	session(f, 0, 300, 600);
	assert_ok(arkv_mdb_remove(path, &err), err);
	struct arkv_dedup *d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 600), 600);
	arkv_dedup_freep(&d);
}

/* Runs a session in another process that is killed at its end. */
static void killed_session(struct fix *f, bool with_fragments)
{
	f->sessions++;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		f->sessions--;
		struct arkv_dedup *d = session_open(f, 0, 0);
		fill(f, d, 0, 200, 100);
		if (with_fragments && arkv_dedup_store_fragments(d, NULL))
			_exit(1);
		raise(SIGKILL);
	}
	int status = 0;
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
}

static size_t staging_files(const struct fix *f)
{
	size_t count = 0;
	DIR *dir = opendir(f->staging);
	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		count += strstr(e->d_name, ".mdb") != NULL;
	closedir(dir);
	return count;
}

static void frames_without_a_fragment_are_absent_and_leave_nothing(void **state)
{
	struct fix *f = *state;
	killed_session(f, false);
	assert_true(staging_files(f) > 0);
	struct arkv_dedup *d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 200), 0);
	assert_int_equal(staging_files(f), 2); /* its own, and the lock beside it */
	fill(f, d, 0, 200, 100);
	commit(d);
	arkv_dedup_freep(&d);
	assert_int_equal(staging_files(f), 0);
}

static void fragments_of_a_session_that_never_committed_are_found(void **state)
{
	struct fix *f = *state;
	killed_session(f, true);
	struct arkv_dedup *d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 200), 200);
	arkv_dedup_freep(&d);
}

static enum ark_rc remove_one(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	(void)size;
	return arkv_store_remove(ctx, name, err);
}

static void ids_of_a_fragment_that_is_gone_are_absent(void **state)
{
	struct fix *f = *state;
	struct ark_err err;
	session(f, 0, 0, 100);
	assert_ok(arkv_store_list(f->store, "places/", remove_one, f->store, &err), err);
	session(f, 0, 100, 200);
	struct arkv_dedup *d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 100), 0);
	assert_int_equal(found_of(d, 100, 200), 100);
	fill(f, d, 0, 100, 10); /* and are stored anew */
	commit(d);
	arkv_dedup_freep(&d);
	d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 0, 200), 200);
	arkv_dedup_freep(&d);
}

static enum ark_rc count_ids(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	MDB_dbi ids;
	MDB_stat st;
	int sys = mdb_dbi_open(txn, "ids", 0, &ids);
	if (!sys)
		sys = mdb_stat(txn, ids, &st);
	*(size_t *)ctx = sys ? 0 : st.ms_entries;
	return arkv_mdb_rc(sys, "counting", err);
}

static size_t ids_in_file(const struct fix *f)
{
	const struct arkv_mdb_options options = { .layout = "arkv chunks 1", .read_only = true };
	char path[200];
	struct arkv_mdb *mdb = NULL;
	struct ark_err err;
	size_t count = 0;
	snprintf(path, sizeof path, "%s/chunks.mdb", f->cache);
	assert_ok(arkv_mdb_open(&mdb, path, &options, &err), err);
	assert_ok(arkv_mdb_read(mdb, count_ids, &count, &err), err);
	arkv_mdb_freep(&mdb);
	return count;
}

static void what_gone_fragments_have_left_is_swept_out(void **state)
{
	struct fix *f = *state;
	struct ark_err err;
	struct arkv_dedup *d = session_open(f, 0, 0);
	fill(f, d, 0, 20000, 5000);
	commit(d);
	arkv_dedup_freep(&d);
	assert_int_equal(ids_in_file(f), 20000);
	assert_ok(arkv_store_list(f->store, "places/", remove_one, f->store, &err), err);
	session(f, 0, 50000, 50100);
	assert_int_equal(ids_in_file(f), 100);
	d = session_open(f, 0, 0);
	assert_int_equal(found_of(d, 50000, 50100), 100);
	arkv_dedup_freep(&d);
}

static void own_scope_finds_only_what_its_lineage_has_stored(void **state)
{
	struct fix *f = *state;
	session(f, 1, 0, 100);
	session(f, 2, 50, 150); /* does not see the first one's, and stores 50 again */
	session(f, 1, 100, 120);
	const struct {
		uint8_t lineage;
		uint64_t found;
	} expect[] = { { 1, 120 }, { 2, 100 }, { 0, 150 }, { 3, 0 }, { 1, 120 }, { 2, 100 } };
	for (size_t i = 0; i < sizeof expect / sizeof expect[0]; i++) {
		struct arkv_dedup *d = session_open(f, expect[i].lineage, 0);
		assert_int_equal(found_of(d, 0, 200), expect[i].found);
		arkv_dedup_freep(&d);
	}
}

static void a_fragment_of_another_lineage_is_fetched_once_for_its_name(void **state)
{
	struct fix *f = *state;
	struct arkv_dedup *d = session_open(f, 1, 0);
	fill(f, d, 0, 100, 100);
	assert_int_equal(arkv_dedup_store_fragments(d, NULL), ARK_OK);
	arkv_dedup_freep(&d);
	arkv_counter_reset(f->counter);
	for (int i = 0; i < 3; i++) {
		d = session_open(f, 2, 0);
		assert_int_equal(found_of(d, 0, 100), 0);
		arkv_dedup_freep(&d);
	}
	assert_int_equal(arkv_counter_read(f->counter).op[ARKV_OP_GET].calls, 1);
	d = session_open(f, 1, 0);
	assert_int_equal(found_of(d, 0, 100), 100);
	arkv_dedup_freep(&d);
}

/* ---- size ---- */

/* Anonymous memory of this process, KiB. */
static long rss_anon_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *file = fopen("/proc/self/status", "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file))
		if (!strncmp(line, "RssAnon:", 8))
			kib = strtol(line + 8, NULL, 10);
	fclose(file);
	return kib;
}

enum { MANY = 300000, MANY_PER_PACK = 2000, MANY_LIMIT_KIB = 48 * 1024 };

static void many_ids_take_little_memory(void **state)
{
	struct fix *f = *state;
	struct ark_err err;
	long peak = 0, start = rss_anon_kib();
	struct arkv_dedup *d = session_open(f, 0, 0);
	for (uint64_t from = 0; from < MANY; from += MANY_PER_PACK) {
		fill(f, d, from, from + MANY_PER_PACK, MANY_PER_PACK);
		if (rss_anon_kib() > peak)
			peak = rss_anon_kib();
	}
	print_message("# filling: %ld KiB above %ld\n", peak - start, start);
	commit(d);
	if (rss_anon_kib() > peak)
		peak = rss_anon_kib();
	arkv_dedup_freep(&d);
	assert_int_equal(scratch_count(f->store, "places/"), 2);
	char path[200];
	snprintf(path, sizeof path, "%s/chunks.mdb", f->cache);
	assert_ok(arkv_mdb_remove(path, &err), err);
	d = session_open(f, 0, 0);
	if (rss_anon_kib() > peak)
		peak = rss_anon_kib();
	assert_int_equal(found_of(d, 0, MANY), MANY);
	assert_int_equal(arkv_dedup_pack_count(d), MANY / MANY_PER_PACK);
	arkv_dedup_freep(&d);
	print_message("# peak: %ld KiB above %ld\n", peak - start, start);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
	assert_true(peak - start < MANY_LIMIT_KIB);
#endif
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_id_is_promised_once_and_found_from_then_on),
		T(a_frame_that_was_not_claimed_cannot_be_placed),
		T(of_many_threads_one_is_promised_each_id),
		T(what_one_session_stores_the_next_one_finds),
		T(a_fragment_is_fetched_once_by_a_host),
		T(a_lost_chunks_mdb_is_rebuilt_from_the_store),
		T(frames_without_a_fragment_are_absent_and_leave_nothing),
		T(fragments_of_a_session_that_never_committed_are_found),
		T(ids_of_a_fragment_that_is_gone_are_absent),
		T(what_gone_fragments_have_left_is_swept_out),
		T(own_scope_finds_only_what_its_lineage_has_stored),
		T(a_fragment_of_another_lineage_is_fetched_once_for_its_name),
		T(many_ids_take_little_memory),
	};
	return cmocka_run_group_tests_name("dedup", tests, NULL, NULL);
}
