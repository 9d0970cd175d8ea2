/* test_lock.c - one backup of a source at a time on a host (libarchive-kv/lock.h). */
#include "libarchive-kv/lock.h"
#include "tests/store/scratch.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

static size_t file_count(const char *path)
{
	size_t count = 0;
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		count += e->d_type == DT_REG;
	closedir(dir);
	return count;
}

static void the_second_backup_of_a_source_is_told_the_first_ones_pid(void **state)
{
	const struct scratch *s = *state;
	ARK_AUTO(arkv_lock_freep) struct arkv_lock *first = NULL;
	struct arkv_lock *second = NULL;
	struct ark_err err;
	char pid[32];
	assert_ok(arkv_lock_take(&first, s->path, "redis://h/0", &err), err);
	assert_int_equal(arkv_lock_take(&second, s->path, "redis://h/0", &err), ARK_EXISTS);
	snprintf(pid, sizeof pid, "process %ld:", (long)getpid());
	assert_non_null(strstr(err.text, pid));
	assert_non_null(strstr(err.text, "redis://h/0"));
}

static void two_sources_do_not_hinder_each_other(void **state)
{
	const struct scratch *s = *state;
	ARK_AUTO(arkv_lock_freep) struct arkv_lock *a = NULL;
	ARK_AUTO(arkv_lock_freep) struct arkv_lock *b = NULL;
	struct ark_err err;
	assert_ok(arkv_lock_take(&a, s->path, "a/../b", &err), err);
	assert_ok(arkv_lock_take(&b, s->path, "", &err), err);
}

static void a_lock_given_back_is_free_and_leaves_no_file(void **state)
{
	const struct scratch *s = *state;
	struct ark_err err;
	for (int i = 0; i < 3; i++) {
		struct arkv_lock *lock = NULL;
		assert_ok(arkv_lock_take(&lock, s->path, "x", &err), err);
		arkv_lock_freep(&lock);
		assert_null(lock);
	}
	assert_int_equal(file_count(s->path), 0);
}

/* Forks a child that takes the lock and waits; returns its pid once it holds it. */
static pid_t holder(const char *dir)
{
	int to_parent[2];
	assert_int_equal(pipe(to_parent), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct arkv_lock *lock = NULL;
		char rc = (char)arkv_lock_take(&lock, dir, "x", NULL);
		if (write(to_parent[1], &rc, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	char rc = 1;
	assert_int_equal(read(to_parent[0], &rc, 1), 1);
	assert_int_equal(rc, ARK_OK);
	close(to_parent[0]);
	close(to_parent[1]);
	return pid;
}

static void the_lock_of_a_killed_process_is_free(void **state)
{
	const struct scratch *s = *state;
	ARK_AUTO(arkv_lock_freep) struct arkv_lock *lock = NULL;
	struct ark_err err;
	pid_t pid = holder(s->path);
	enum ark_rc rc = arkv_lock_take(&lock, s->path, "x", &err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(rc, ARK_EXISTS);
	char text[32];
	snprintf(text, sizeof text, "process %ld:", (long)pid);
	assert_non_null(strstr(err.text, text));
	assert_ok(arkv_lock_take(&lock, s->path, "x", &err), err);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	const struct scratch *s = *state;
	struct arkv_lock *lock = NULL;
	struct ark_err err;
	char dir[96];
	snprintf(dir, sizeof dir, "%s/none", s->path);
	assert_int_equal(arkv_lock_take(&lock, dir, "x", &err), ARK_NOTFOUND);
	assert_non_null(strstr(err.text, dir));
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_second_backup_of_a_source_is_told_the_first_ones_pid),
		T(two_sources_do_not_hinder_each_other),
		T(a_lock_given_back_is_free_and_leaves_no_file),
		T(the_lock_of_a_killed_process_is_free),
		T(a_folder_that_is_not_there_is_named),
	};
	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
