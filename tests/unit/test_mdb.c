/* test_mdb.c - LMDB files that grow, that refuse and replace damage (libarchive-kv/mdb.h). */
#include "libarchive-kv/mdb.h"
#include "libarchive-kv/rand.h"
#include "tests/store/scratch.h"

#include <signal.h>
#include <sys/wait.h>

static const uint8_t key_local[32] = "a key of this host alone";
static const char *const dbs[] = { "one", "two", NULL };
static const struct arkv_mdb_options plain = { .layout = "test 1", .dbs = dbs };
static const struct arkv_mdb_options rebuildable = { .layout = "test 1",
						     .dbs = dbs,
						     .rebuildable = true };

static const char *path_of(const struct scratch *s)
{
	static char path[96];
	snprintf(path, sizeof path, "%s/t.mdb", s->path);
	return path;
}

static struct arkv_mdb *opened(const char *path, const struct arkv_mdb_options *options)
{
	struct arkv_mdb *mdb = NULL;
	struct ark_err err;
	assert_ok(arkv_mdb_open(&mdb, path, options, &err), err);
	return mdb;
}

/* Records [from, from + count) of value_len bytes in db; to be written or compared. */
struct batch {
	struct arkv_mdb *mdb;
	size_t db;
	uint32_t from;
	uint32_t count;
	size_t value_len;
	uint32_t found; /* of read_records */
};

static struct ark_span value_of(uint8_t *room, uint32_t i, size_t len)
{
	for (size_t k = 0; k < len; k++)
		room[k] = (uint8_t)(i + k * 7);
	return ark_span(room, len);
}

static uint8_t room[1 << 20];

static enum ark_rc write_records(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct batch *b = ctx;
	struct arkv_rec_db db = { txn, arkv_mdb_db(b->mdb, b->db), key_local };
	enum ark_rc rc = ARK_OK;
	for (uint32_t i = b->from; i < b->from + b->count && !rc; i++) {
		uint8_t key[4];
		ark_put_le32(key, i * 2654435761u);
		rc = arkv_rec_put(&db, ark_span(key, 4), value_of(room, i, b->value_len), 0, err);
	}
	return rc;
}

/* Counts those that are there; one that is there must be right. */
static enum ark_rc read_records(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	struct batch *b = ctx;
	struct arkv_rec_db db = { txn, arkv_mdb_db(b->mdb, b->db), key_local };
	b->found = 0;
	for (uint32_t i = b->from; i < b->from + b->count; i++) {
		uint8_t key[4];
		struct ark_span value;
		ark_put_le32(key, i * 2654435761u);
		if (arkv_rec_get(&db, ark_span(key, 4), &value, err))
			continue;
		assert_true(ark_span_eq(value, value_of(room, i, b->value_len)));
		b->found++;
	}
	return ARK_OK;
}

static enum ark_rc delete_records(void *ctx, MDB_txn *txn, struct ark_err *err)
{
	const struct batch *b = ctx;
	for (uint32_t i = b->from; i < b->from + b->count; i += 2) {
		uint8_t key[4];
		ark_put_le32(key, i * 2654435761u);
		MDB_val k = arkv_mdb_val(ark_span(key, 4));
		int sys = mdb_del(txn, arkv_mdb_db(b->mdb, b->db), &k, NULL);
		if (sys && sys != MDB_NOTFOUND)
			return arkv_mdb_rc(sys, "deleting", err);
	}
	return ARK_OK;
}

static void what_is_written_is_there_after_the_file_is_opened_again(void **state)
{
	const char *path = path_of(*state);
	struct ark_err err;
	struct batch b = { .count = 1000, .value_len = 30 };
	b.mdb = opened(path, &plain);
	assert_ok(arkv_mdb_write(b.mdb, write_records, &b, &err), err);
	arkv_mdb_freep(&b.mdb);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	b.mdb = opened(path, &(struct arkv_mdb_options){
				     .layout = "test 1", .dbs = dbs, .read_only = true });
	assert_ok(arkv_mdb_read(b.mdb, read_records, &b, &err), err);
	assert_int_equal(b.found, 1000);
	arkv_mdb_freep(&b.mdb);
}

static void a_file_grows_beyond_its_first_map(void **state)
{
	const char *path = path_of(*state);
	struct ark_err err;
	struct batch b = { .count = 60, .value_len = sizeof room };
	b.mdb = opened(path, &plain);
	assert_ok(arkv_mdb_write(b.mdb, write_records, &b, &err), err);
	assert_ok(arkv_mdb_read(b.mdb, read_records, &b, &err), err);
	assert_int_equal(b.found, 60);
	arkv_mdb_freep(&b.mdb);
}

static void what_another_process_has_let_grow_is_read(void **state)
{
	const char *path = path_of(*state);
	struct ark_err err;
	struct batch b = { .count = 60, .value_len = sizeof room };
	int to_child[2];
	assert_int_equal(pipe(to_child), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char c;
		struct batch child = b;
		bool ok = read(to_child[0], &c, 1) == 1 &&
			  !arkv_mdb_open(&child.mdb, path, &plain, NULL) &&
			  !arkv_mdb_write(child.mdb, write_records, &child, NULL);
		_exit(!ok);
	}
	b.mdb = opened(path, &plain);
	assert_int_equal(write(to_child[1], "x", 1), 1);
	int status = 1;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_ok(arkv_mdb_read(b.mdb, read_records, &b, &err), err);
	assert_int_equal(b.found, 60);
	b.from = 100;
	assert_ok(arkv_mdb_write(b.mdb, write_records, &b, &err), err);
	arkv_mdb_freep(&b.mdb);
	close(to_child[0]);
	close(to_child[1]);
}

static void a_process_opens_a_file_once(void **state)
{
	const char *path = path_of(*state);
	struct arkv_mdb *first = opened(path, &rebuildable), *second = NULL;
	struct ark_err err;
	assert_int_equal(arkv_mdb_open(&second, path, &rebuildable, &err), ARK_EXISTS);
	assert_ok(arkv_mdb_remove_stale(path, &err), err);
	assert_int_equal(access(path, F_OK), 0);
	arkv_mdb_freep(&first);
	second = opened(path, &rebuildable);
	arkv_mdb_freep(&second);
	assert_ok(arkv_mdb_remove_stale(path, &err), err);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void an_absent_file_is_not_found_by_a_reader(void **state)
{
	const char *path = path_of(*state);
	struct arkv_mdb *mdb = NULL;
	const struct arkv_mdb_options options = { .layout = "test 1", .read_only = true };
	assert_int_equal(arkv_mdb_open(&mdb, path, &options, NULL), ARK_NOTFOUND);
}

static void a_file_of_another_layout_is_refused_or_replaced(void **state)
{
	const char *path = path_of(*state);
	struct ark_err err;
	struct batch b = { .count = 10, .value_len = 10 };
	const struct arkv_mdb_options later = { .layout = "test 2", .dbs = dbs };
	struct arkv_mdb *mdb = NULL;
	b.mdb = opened(path, &plain);
	assert_ok(arkv_mdb_write(b.mdb, write_records, &b, &err), err);
	arkv_mdb_freep(&b.mdb);
	assert_int_equal(arkv_mdb_open(&mdb, path, &later, &err), ARK_CORRUPT);
	assert_non_null(strstr(err.text, "test 2"));
	struct arkv_mdb_options again = later;
	again.rebuildable = true;
	b.mdb = opened(path, &again);
	assert_ok(arkv_mdb_read(b.mdb, read_records, &b, &err), err);
	assert_int_equal(b.found, 0);
	arkv_mdb_freep(&b.mdb);
}

/* ---- damage ---- */

static void save(const char *path, struct ark_span bytes)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes.p, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

/* A file with a tree of some depth, long values and a list of free pages. */
static struct ark_buf sample(const char *path)
{
	struct ark_err err;
	struct ark_buf bytes;
	struct batch many = { .count = 400, .value_len = 40 };
	struct batch few = { .db = 1, .count = 6, .value_len = 9000 };
	many.mdb = few.mdb = opened(path, &plain);
	assert_ok(arkv_mdb_write(many.mdb, write_records, &many, &err), err);
	assert_ok(arkv_mdb_write(many.mdb, write_records, &few, &err), err);
	assert_ok(arkv_mdb_write(many.mdb, delete_records, &few, &err), err);
	assert_ok(arkv_mdb_write(many.mdb, delete_records, &many, &err), err);
	arkv_mdb_freep(&many.mdb);
	ark_buf_init(&bytes);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	for (int c = getc(f); c != EOF; c = getc(f))
		ark_wr_u8(&bytes.wr, (uint8_t)c);
	fclose(f);
	return bytes;
}

/* Whatever stands in the file: it is opened or refused, and then read and written. */
static bool survive(const char *path)
{
	struct batch many = { .count = 400, .value_len = 40 };
	struct batch few = { .db = 1, .count = 6, .value_len = 9000 };
	struct arkv_mdb *mdb = NULL;
	enum ark_rc rc = arkv_mdb_open(&mdb, path, &plain, NULL);
	if (rc) {
		assert_int_equal(rc, ARK_CORRUPT);
		return false;
	}
	many.mdb = few.mdb = mdb;
	arkv_mdb_fn *const calls[] = { read_records, delete_records, write_records, read_records };
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		rc = i % 3 ? arkv_mdb_write(mdb, calls[i], &many, NULL)
			   : arkv_mdb_read(mdb, calls[i], &many, NULL);
		if (!rc)
			rc = i % 3 ? arkv_mdb_write(mdb, calls[i], &few, NULL)
				   : arkv_mdb_read(mdb, calls[i], &few, NULL);
		if (rc)
			assert_int_equal(rc, ARK_CORRUPT);
	}
	arkv_mdb_freep(&mdb);
	return true;
}

static uint64_t seed(void)
{
	const char *text = getenv("ARKV_SEED");
	uint64_t value = text ? strtoull(text, NULL, 10) : 1;
	print_message("# ARKV_SEED=%llu\n", (unsigned long long)value);
	return value;
}

static void no_flipped_bit_ends_in_a_crash_or_a_wrong_value(void **state)
{
	const char *path = path_of(*state);
	struct ark_buf bytes = sample(path);
	struct arkv_rand rand = arkv_rand_seeded(seed());
	char lock[112];
	snprintf(lock, sizeof lock, "%s-lock", path);
	unsigned refused = 0;
	for (unsigned i = 0; i < 150; i++) {
		uint64_t bit = arkv_rand_below(&rand, bytes.wr.len * 8);
		if (i % 2) /* heads and pointers of pages matter most */
			bit = bit / 32768 * 32768 + arkv_rand_below(&rand, 64 * 8);
		bytes.wr.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		save(path, ark_buf_span(&bytes));
		unlink(lock);
		refused += !survive(path);
		bytes.wr.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	print_message("# %u of 150 refused\n", refused);
	assert_true(refused > 5);
	ark_buf_release(&bytes);
}

static void no_torn_page_ends_in_a_crash(void **state)
{
	const char *path = path_of(*state);
	struct ark_buf bytes = sample(path);
	struct arkv_rand rand = arkv_rand_seeded(seed());
	uint8_t kept[4096];
	for (size_t at = 0; at + sizeof kept <= bytes.wr.len; at += sizeof kept) {
		memcpy(kept, bytes.wr.p + at, sizeof kept);
		for (int how = 0; how < 3; how++) {
			if (how == 0)
				memset(bytes.wr.p + at, 0, sizeof kept);
			else if (how == 1)
				arkv_rand_bytes(&rand, bytes.wr.p + at, sizeof kept);
			else /* another page of the file in its place */
				memcpy(bytes.wr.p + at,
				       bytes.wr.p +
					       4096 * arkv_rand_below(&rand, bytes.wr.len / 4096),
				       sizeof kept);
			save(path, ark_buf_span(&bytes));
			survive(path);
			memcpy(bytes.wr.p + at, kept, sizeof kept);
		}
	}
	ark_buf_release(&bytes);
}

static void a_file_that_is_cut_off_is_refused(void **state)
{
	const char *path = path_of(*state);
	struct ark_buf bytes = sample(path);
	for (size_t len = 1; len < bytes.wr.len; len += 1013) {
		save(path, ark_span(bytes.wr.p, len));
		survive(path);
	}
	save(path, ark_span(bytes.wr.p, 4096));
	assert_false(survive(path));
	save(path, ark_span_str("no database at all"));
	assert_false(survive(path));
	ark_buf_release(&bytes);
}

static void a_damaged_file_is_made_anew(void **state)
{
	const char *path = path_of(*state);
	struct ark_err err;
	struct batch b = { .count = 10, .value_len = 10 };
	save(path, ark_span_str("no database at all"));
	b.mdb = opened(path, &rebuildable);
	assert_ok(arkv_mdb_write(b.mdb, write_records, &b, &err), err);
	arkv_mdb_freep(&b.mdb);
	b.mdb = opened(path, &plain);
	assert_ok(arkv_mdb_read(b.mdb, read_records, &b, &err), err);
	assert_int_equal(b.found, 10);
	arkv_mdb_freep(&b.mdb);
	struct arkv_mdb_options reader = rebuildable;
	reader.read_only = true;
	save(path, ark_span_str("no database at all"));
	assert_int_equal(arkv_mdb_open(&b.mdb, path, &reader, &err), ARK_NOTFOUND);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void a_process_killed_while_it_writes_leaves_a_sound_file(void **state)
{
	const char *path = path_of(*state);
	struct ark_err err;
	struct batch b = { .count = 200, .value_len = 100 };
	b.mdb = opened(path, &plain);
	assert_ok(arkv_mdb_write(b.mdb, write_records, &b, &err), err);
	arkv_mdb_freep(&b.mdb);
	for (int i = 0; i < 5; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			struct batch child = { .from = 1000, .count = 500, .value_len = 300 };
			if (arkv_mdb_open(&child.mdb, path, &plain, NULL))
				_exit(1);
			for (;; child.from += 500)
				if (arkv_mdb_write(child.mdb, write_records, &child, NULL))
					_exit(1);
		}
		usleep(40000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		b.mdb = opened(path, &plain);
		assert_ok(arkv_mdb_read(b.mdb, read_records, &b, &err), err);
		assert_int_equal(b.found, 200);
		assert_ok(arkv_mdb_write(b.mdb, write_records, &b, &err), err);
		arkv_mdb_freep(&b.mdb);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_written_is_there_after_the_file_is_opened_again),
		T(a_file_grows_beyond_its_first_map),
		T(what_another_process_has_let_grow_is_read),
		T(a_process_opens_a_file_once),
		T(an_absent_file_is_not_found_by_a_reader),
		T(a_file_of_another_layout_is_refused_or_replaced),
		T(no_flipped_bit_ends_in_a_crash_or_a_wrong_value),
		T(no_torn_page_ends_in_a_crash),
		T(a_file_that_is_cut_off_is_refused),
		T(a_damaged_file_is_made_anew),
		T(a_process_killed_while_it_writes_leaves_a_sound_file),
	};
	return cmocka_run_group_tests_name("mdb", tests, NULL, NULL);
}
