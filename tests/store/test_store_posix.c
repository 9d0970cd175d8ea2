/*
 * test_store_posix.c - what is particular to the posix store: locations, folders, temporary files,
 * and what it says when the file system refuses. The store contract itself:
 * test_store_conformance.c.
 */
#include "tests/store/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

static const char old_temp[] = "arkv-00112233445566778899aabbccddeeff.tmp";
static const char young_temp[] = "arkv-ffeeddccbbaa99887766554433221100.tmp";

/* path = the scratch folder + tail. */
static const char *below(const struct scratch *s, const char *tail, char path[256])
{
	int len = snprintf(path, 256, "%s/%s", s->path, tail);
	assert_in_range(len, 1, 255);
	return path;
}

static void write_file(const char *path, const char *text, time_t age_s)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	struct timespec times[2] = { { .tv_sec = time(NULL) - age_s },
				     { .tv_sec = time(NULL) - age_s } };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static size_t temps_in(const char *dir)
{
	char command[400];
	snprintf(command, sizeof command, "find '%s' -name '*.tmp' | wc -l", dir);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	size_t count = 0;
	assert_int_equal(fscanf(f, "%zu", &count), 1);
	pclose(f);
	return count;
}

static void a_location_is_a_path_or_a_file_url(void **state)
{
	(void)state;
	static const char *const good[] = { "/abs/path", "./rel",    ".",
					    "..",	 "rel/path", "file:///abs/p%20q" };
	static const char *const bad[] = { "file://host/path", "file:rel",
					   "file:///a%0",      "file:///a%00",
					   "file:///a%zz",     "no-slash-here",
					   "host:path/x",      "" };
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
		struct ark_err err;
		assert_ok(arkv_store_from_url(&store, good[i], &err), err);
		assert_string_equal(store->ops->kind, "posix");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct arkv_store *store = NULL;
		struct ark_err err;
		assert_int_equal(arkv_store_from_url(&store, bad[i], &err), ARK_USAGE);
	}
}

static void a_percent_in_a_file_url_is_decoded(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	char url[256], path[256];
	snprintf(url, sizeof url, "file://%s/a%%20b%%2Fc", s->path);
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
	assert_ok(arkv_store_from_url(&store, url, &err), err);
	assert_ok(arkv_store_create(store, &err), err);
	assert_int_equal(access(below(s, "a b/c", path), F_OK), 0);
}

static void create_takes_an_empty_folder_and_names_what_else_it_finds(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	char path[256];
	mkdir(below(s, "empty", path), 0755);
	ARK_AUTO(arkv_store_freep) struct arkv_store *empty = NULL;
	assert_ok(arkv_store_from_url(&empty, path, &err), err);
	assert_ok(arkv_store_create(empty, &err), err);

	write_file(below(s, "empty/letter.txt", path), "x", 0);
	assert_int_equal(arkv_store_create(empty, &err), ARK_EXISTS);
	assert_non_null(strstr(err.text, "letter.txt"));
	assert_int_equal(arkv_store_destroy(empty, &err), ARK_USAGE);

	ARK_AUTO(arkv_store_freep) struct arkv_store *file = NULL;
	assert_ok(arkv_store_from_url(&file, path, &err), err);
	assert_int_equal(arkv_store_create(file, &err), ARK_EXISTS);
	assert_int_equal(arkv_store_open(file, &err), ARK_IO);
}

static void files_are_0600_and_folders_0700(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	struct stat st;
	char path[256];
	assert_ok(scratch_put(s->store, "packs/ab/cd/abcd", "x", &err), err);
	assert_int_equal(stat(below(s, "r/packs/ab/cd/abcd", path), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(below(s, "r/packs/ab", path), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(below(s, "r", path), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void other_bytes_under_a_taken_name_are_refused_and_the_first_stay(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	assert_ok(scratch_put(s->store, "packs/a", "first", &err), err);
	assert_ok(scratch_put(s->store, "packs/a", "first", &err), err);
	assert_int_equal(scratch_put(s->store, "packs/a", "other", &err), ARK_EXISTS);
	assert_int_equal(scratch_put(s->store, "packs/a", "longer one", &err), ARK_EXISTS);
	scratch_holds(s->store, "packs/a", "first");
	assert_int_equal(temps_in(s->path), 0);
}

static void only_old_temporary_files_of_ours_are_swept(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	char old[256], young[256], foreign[256];
	mkdir(below(s, "r/packs", old), 0700);
	snprintf(foreign, sizeof foreign, "r/packs/%s", old_temp);
	write_file(below(s, foreign, old), "left by a crash", 25 * 3600);
	snprintf(foreign, sizeof foreign, "r/packs/%s", young_temp);
	write_file(below(s, foreign, young), "another writer's", 23 * 3600);
	write_file(below(s, "r/packs/notes.tmp", foreign), "not ours", 90 * 24 * 3600);

	assert_int_equal(scratch_count(s->store, ""), 0);
	assert_int_equal(access(old, F_OK), 0);
	assert_ok(scratch_put(s->store, "packs/a", "x", &err), err);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(young, F_OK), 0);
	assert_int_equal(access(foreign, F_OK), 0);
	assert_int_equal(scratch_count(s->store, ""), 1);
}

static void an_absent_root_is_not_found_and_a_lost_one_is_an_error(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	char path[256], away[256];
	ARK_AUTO(arkv_store_freep) struct arkv_store *absent = NULL;
	assert_ok(arkv_store_from_url(&absent, below(s, "nowhere", path), &err), err);
	assert_int_equal(arkv_store_open(absent, &err), ARK_NOTFOUND);

	assert_ok(scratch_put(s->store, "packs/a", "x", &err), err);
	struct arkv_stat st;
	assert_int_equal(arkv_store_stat(s->store, "packs/b", &st, &err), ARK_NOTFOUND);
	assert_int_equal(rename(below(s, "r", path), below(s, "away", away)), 0);
	for (int round = 0; round < 2; round++) {
		size_t count = 0;
		assert_int_equal(arkv_store_stat(s->store, "packs/b", &st, &err), ARK_IO);
		assert_int_equal(arkv_store_remove(s->store, "packs/b", &err), ARK_IO);
		assert_int_equal(
			arkv_store_list(s->store, "runs/", scratch_count_one, &count, &err),
			ARK_IO);
		assert_non_null(strstr(err.text, path));
		assert_int_equal(mkdir(path, 0700), round ? -1 : 0); /* an empty one in its place */
	}
}

static void links_that_lead_nowhere_or_in_circles_are_errors_that_name_the_path(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	struct arkv_stat st;
	char path[256];
	assert_int_equal(symlink("/nonexistent/disk", below(s, "r/packs", path)), 0);
	assert_int_equal(arkv_store_stat(s->store, "packs/a", &st, &err), ARK_IO);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(scratch_put(s->store, "packs/a", "x", &err), ARK_IO);
	assert_non_null(strstr(err.text, "packs"));
	assert_int_equal(symlink("runs", below(s, "r/runs", path)), 0);
	assert_int_equal(arkv_store_stat(s->store, "runs/a", &st, &err), ARK_IO);
	assert_non_null(strstr(err.text, "runs"));
	write_file(below(s, "r/places", path), "a file in the way", 0);
	assert_int_equal(scratch_put(s->store, "places/a", "x", &err), ARK_IO);
	assert_non_null(strstr(err.text, path));
}

static void a_namespace_may_be_a_link_to_a_folder_elsewhere(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	char path[256], disk[256];
	mkdir(below(s, "disk", disk), 0700);
	assert_int_equal(symlink(disk, below(s, "r/packs", path)), 0);
	assert_ok(scratch_put(s->store, "packs/ab/abc", "x", &err), err);
	assert_int_equal(access(below(s, "disk/ab/abc", path), F_OK), 0);
	assert_int_equal(scratch_count(s->store, "packs/"), 1);
}

static void a_folder_deleted_by_others_is_made_again(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	char path[256];
	assert_ok(scratch_put(s->store, "packs/ab/abc", "x", &err), err);
	assert_ok(arkv_store_remove(s->store, "packs/ab/abc", &err), err);
	assert_int_equal(rmdir(below(s, "r/packs/ab", path)), 0);
	assert_int_equal(rmdir(below(s, "r/packs", path)), 0);
	assert_ok(scratch_put(s->store, "packs/ab/abd", "y", &err), err);
	scratch_holds(s->store, "packs/ab/abd", "y");
}

/* Runs fn in a child; the child's exit status is what fn returns, 77 for "cannot be tried here". */
static int in_child(int (*fn)(struct scratch *s), struct scratch *s)
{
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn(s));
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void check_child(int (*fn)(struct scratch *s), struct scratch *s, const char *needs)
{
	int status = in_child(fn, s);
	if (status == 77) {
		print_message("# SKIP: needs %s\n", needs);
		skip();
	}
	assert_int_equal(status, 0);
}

/* In the child: 0 when the condition holds, else the line. */
#define CHECK(condition)                                                        \
	do {                                                                    \
		if (!(condition)) {                                             \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			return 1;                                               \
		}                                                               \
	} while (0)

static int put_without_rights(struct scratch *s)
{
	struct ark_err err;
	char path[256];
	if (geteuid() == 0 && (chmod(s->path, 0755) || chown(below(s, "r", path), 65534, 65534) ||
			       chown(below(s, "r/packs", path), 65534, 65534) || setuid(65534)))
		return 77;
	CHECK(!chmod(below(s, "r/packs", path), 0500));
	CHECK(scratch_put(s->store, "packs/b", "x", &err) == ARK_DENIED);
	CHECK(strstr(err.text, "r/packs"));
	CHECK(arkv_store_remove(s->store, "packs/a", &err) == ARK_DENIED);
	CHECK(!chmod(path, 0000));
	struct arkv_stat st;
	CHECK(arkv_store_stat(s->store, "packs/b", &st, &err) == ARK_DENIED);
	size_t count = 0;
	CHECK(arkv_store_list(s->store, "", scratch_count_one, &count, &err) == ARK_DENIED);
	CHECK(!chmod(path, 0700));
	return 0;
}

static void missing_rights_are_denied_and_name_the_folder(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	assert_ok(scratch_put(s->store, "packs/a", "x", &err), err);
	check_child(put_without_rights, s, "to give up root");
}

/* Mounts over the scratch folder's "m" in a mount namespace of the child's own. */
static bool mount_small(const char *path, unsigned long flags, const char *options)
{
	return !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("tmpfs", path, "tmpfs", flags, options);
}

static int fill_a_small_disk(struct scratch *s)
{
	struct ark_err err;
	char path[256];
	mkdir(below(s, "m", path), 0700);
	if (!mount_small(path, 0, "size=256k,nr_inodes=20"))
		return 77;
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
	CHECK(!arkv_store_from_url(&store, path, &err));
	CHECK(!arkv_store_create(store, &err));
	CHECK(!scratch_put(store, "packs/a", "small", &err));
	static uint8_t large[1 << 20];
	CHECK(arkv_store_put(store, "packs/b", ark_span(large, sizeof large), &err) == ARK_NOSPACE);
	CHECK(temps_in(path) == 0);
	struct arkv_stat st;
	CHECK(arkv_store_stat(store, "packs/b", &st, &err) == ARK_NOTFOUND);
	CHECK(!scratch_put(store, "packs/c", "fits again", &err));
	char name[16];
	enum ark_rc rc = ARK_OK;
	for (int i = 0; i < 40 && !rc; i++) { /* now without inodes */
		snprintf(name, sizeof name, "runs/%d", i);
		rc = scratch_put(store, name, "x", &err);
	}
	CHECK(rc == ARK_NOSPACE);
	CHECK(!mount("tmpfs", path, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
	CHECK(scratch_put(store, "packs/d", "x", &err) == ARK_DENIED);
	CHECK(strstr(err.text, "Read-only"));
	CHECK(arkv_store_remove(store, "packs/a", &err) == ARK_DENIED);
	return 0;
}

static void a_full_disk_is_nospace_and_a_read_only_one_is_denied(void **state)
{
	check_child(fill_a_small_disk, *state, "the right to mount");
}

enum { RACERS = 8, RACE_LEN = 300000 };

struct race {
	struct arkv_store *store;
	int fill;
	enum ark_rc rc;
};

static void *race_put(void *arg)
{
	struct race *race = arg;
	uint8_t *bytes = malloc(RACE_LEN);
	if (!bytes)
		abort();
	memset(bytes, race->fill, RACE_LEN);
	race->rc = arkv_store_put(race->store, "packs/same", ark_span(bytes, RACE_LEN), NULL);
	free(bytes);
	return NULL;
}

/* The object is whole, of one racer. */
static int winner(struct arkv_store *store)
{
	struct ark_err err;
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	assert_ok(arkv_store_get(store, "packs/same", 0, ARKV_TO_END, &buf, &err), err);
	assert_int_equal(buf.wr.len, RACE_LEN);
	for (size_t i = 1; i < buf.wr.len; i++)
		if (buf.wr.p[i] != buf.wr.p[0])
			fail_msg("byte %zu is of another writer", i);
	return buf.wr.p[0];
}

static void of_threads_that_put_other_bytes_under_one_name_one_wins_whole(void **state)
{
	struct scratch *s = *state;
	struct race races[RACERS];
	pthread_t threads[RACERS];
	for (int i = 0; i < RACERS; i++) {
		races[i] = (struct race){ .store = s->store, .fill = i };
		assert_int_equal(pthread_create(&threads[i], NULL, race_put, &races[i]), 0);
	}
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	int won = winner(s->store);
	for (int i = 0; i < RACERS; i++)
		assert_int_equal(races[i].rc, i == won ? ARK_OK : ARK_EXISTS);
	assert_int_equal(temps_in(s->path), 0);
}

static void of_processes_that_put_under_one_name_one_wins_whole(void **state)
{
	struct scratch *s = *state;
	pid_t pids[RACERS];
	fflush(NULL);
	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct race race = { .store = s->store,
					     .fill = i / 2 }; /* pairs put the same */
			race_put(&race);
			_exit((int)race.rc);
		}
	}
	int codes[RACERS];
	for (int i = 0; i < RACERS; i++) {
		int status = 0;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		codes[i] = WEXITSTATUS(status);
	}
	int won = winner(s->store);
	for (int i = 0; i < RACERS; i++)
		assert_int_equal(codes[i], i / 2 == won ? ARK_OK : ARK_EXISTS);
	assert_int_equal(temps_in(s->path), 0);
}

static void a_put_that_is_killed_leaves_the_object_whole_or_absent(void **state)
{
	struct scratch *s = *state;
	enum { LEN = 8 << 20, ROUNDS = 12 };
	uint8_t *bytes = malloc(LEN);
	assert_non_null(bytes);
	memset(bytes, 7, LEN);
	int absent = 0;
	for (int round = 0; round < ROUNDS; round++) {
		char name[32];
		struct ark_err err;
		struct arkv_stat st;
		snprintf(name, sizeof name, "packs/%d", round);
		fflush(NULL);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit((int)arkv_store_put(s->store, name, ark_span(bytes, LEN), NULL));
		struct timespec wait = { .tv_nsec = 1500000L * round };
		nanosleep(&wait, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		enum ark_rc rc = arkv_store_stat(s->store, name, &st, &err);
		if (rc == ARK_NOTFOUND) {
			absent++;
			assert_ok(arkv_store_put(s->store, name, ark_span(bytes, LEN), &err), err);
		} else {
			assert_ok(rc, err);
		}
		assert_ok(arkv_store_stat(s->store, name, &st, &err), err);
		assert_int_equal(st.size, LEN);
	}
	free(bytes);
	assert_int_equal(scratch_count(s->store, ""), ROUNDS);
	assert_true(absent > 0); /* at least the first was killed in time */
}

static void destroy_removes_what_is_ours_and_refuses_the_rest(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	char path[256], temp[256];
	assert_ok(scratch_put(s->store, "packs/ab/cd/abcd", "x", &err), err);
	snprintf(temp, sizeof temp, "r/packs/%s", old_temp);
	write_file(below(s, temp, path), "x", 0);
	write_file(below(s, "r/packs/Letter.txt", path), "x", 0);
	assert_int_equal(arkv_store_destroy(s->store, &err), ARK_IO);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
	assert_ok(arkv_store_destroy(s->store, &err), err);
	assert_int_equal(access(below(s, "r", path), F_OK), -1);
}

static void a_store_that_was_not_opened_says_so(void **state)
{
	(void)state;
	struct ark_err err;
	struct arkv_stat st;
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
	assert_ok(arkv_store_from_url(&store, "/tmp", &err), err);
	assert_int_equal(arkv_store_stat(store, "config", &st, &err), ARK_USAGE);
	assert_int_equal(scratch_put(store, "config", "x", &err), ARK_USAGE);
	assert_int_equal(arkv_store_destroy(store, &err), ARK_USAGE);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_location_is_a_path_or_a_file_url),
		in_scratch(a_percent_in_a_file_url_is_decoded),
		in_scratch(create_takes_an_empty_folder_and_names_what_else_it_finds),
		in_scratch(files_are_0600_and_folders_0700),
		in_scratch(other_bytes_under_a_taken_name_are_refused_and_the_first_stay),
		in_scratch(only_old_temporary_files_of_ours_are_swept),
		in_scratch(an_absent_root_is_not_found_and_a_lost_one_is_an_error),
		in_scratch(links_that_lead_nowhere_or_in_circles_are_errors_that_name_the_path),
		in_scratch(a_namespace_may_be_a_link_to_a_folder_elsewhere),
		in_scratch(a_folder_deleted_by_others_is_made_again),
		in_scratch(missing_rights_are_denied_and_name_the_folder),
		in_scratch(a_full_disk_is_nospace_and_a_read_only_one_is_denied),
		in_scratch(of_threads_that_put_other_bytes_under_one_name_one_wins_whole),
		in_scratch(of_processes_that_put_under_one_name_one_wins_whole),
		in_scratch(a_put_that_is_killed_leaves_the_object_whole_or_absent),
		in_scratch(destroy_removes_what_is_ours_and_refuses_the_rest),
		cmocka_unit_test(a_store_that_was_not_opened_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
