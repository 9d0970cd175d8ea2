/*
 * test_store_posix_calls.c - the posix store when system calls fail, one after the other, and on
 * file systems that lack some: what is left behind, and in which order things reach the disk.
 *
 * The linker's --wrap puts the functions below between the store and libc, under the names that
 * libc has for them with 64-bit file offsets.
 */
#include "tests/store/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

int __real_openat64(int fd, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __real_fsync(int fd);
int __real_fstat64(int fd, struct stat *st);
int __real_mkdirat(int fd, const char *path, mode_t mode);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __real_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_openat64(int fd, const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __wrap_fsync(int fd);
int __wrap_fstat64(int fd, struct stat *st);
int __wrap_mkdirat(int fd, const char *path, mode_t mode);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);

enum { LOG_MAX = 512 };

/* What the wrapped calls do, and what they saw. Of one thread: the test's. */
static struct {
	unsigned calls;
	unsigned fail_at; /* this call fails; 0: none */
	int fail_with;	  /* errno */
	int no_renameat2; /* errno it always fails with; 0: works */
	int no_linkat;
	size_t write_most;	/* a write takes no more than this; 0: all */
	bool write_interrupted; /* every second write is EINTR */
	unsigned writes;
	char log[LOG_MAX]; /* "mkdir packs, flush ., ..." */
} world;

static void note(const char *what, const char *path)
{
	size_t len = strlen(world.log);
	snprintf(world.log + len, LOG_MAX - len, "%s%s %s", len ? ", " : "", what, path);
}

static bool fails(void)
{
	if (++world.calls != world.fail_at)
		return false;
	errno = world.fail_with;
	return true;
}

int __wrap_openat64(int fd, const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return fails() ? -1 : __real_openat64(fd, path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	if (fails())
		return -1;
	if (world.write_interrupted && world.writes++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return __real_write(fd, bytes,
			    world.write_most && len > world.write_most ? world.write_most : len);
}

int __wrap_fsync(int fd)
{
	struct stat st;
	char link[64], path[256] = "?";
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof path - 1);
	if (len > 0)
		path[len] = '\0';
	const char *last = strrchr(path, '/');
	bool is_dir = !__real_fstat64(fd, &st) && S_ISDIR(st.st_mode);
	note("flush", is_dir && last ? last + 1 : "file");
	return fails() ? -1 : __real_fsync(fd);
}

int __wrap_fstat64(int fd, struct stat *st)
{
	return fails() ? -1 : __real_fstat64(fd, st);
}

int __wrap_mkdirat(int fd, const char *path, mode_t mode)
{
	note("mkdir", path);
	return fails() ? -1 : __real_mkdirat(fd, path, mode);
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (world.no_renameat2) {
		errno = world.no_renameat2;
		return -1;
	}
	note("publish", to);
	return fails() ? -1 : __real_renameat2(from_fd, from, to_fd, to, flags);
}

int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	if (world.no_linkat) {
		errno = world.no_linkat;
		return -1;
	}
	note("link", to);
	return fails() ? -1 : __real_linkat(from_fd, from, to_fd, to, flags);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	note("rename", to);
	return fails() ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

static int calls_setup(void **state)
{
	memset(&world, 0, sizeof world);
	return scratch_setup(state);
}

static size_t temps_in(const struct scratch *s)
{
	char command[200];
	size_t count = 0;
	snprintf(command, sizeof command, "find '%s' -name '*.tmp' | wc -l", s->path);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%zu", &count), 1);
	pclose(f);
	return count;
}

static void everything_is_flushed_before_what_relies_on_it(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	world.log[0] = '\0';
	assert_ok(scratch_put(s->store, "packs/ab/abcd", "x", &err), err);
	assert_string_equal(world.log,
			    "mkdir packs, flush r, mkdir packs/ab, flush packs, flush file, "
			    "publish packs/ab/abcd, flush ab");
	world.log[0] = '\0';
	assert_ok(scratch_put(s->store, "packs/ab/abce", "x", &err), err);
	assert_string_equal(world.log, "flush file, publish packs/ab/abce, flush ab");
	world.log[0] = '\0';
	assert_ok(scratch_put(s->store, "packs/ab/abce", "x", &err), err); /* there already */
	assert_string_equal(world.log, "flush file, flush ab");
	world.log[0] = '\0';
	assert_ok(arkv_store_remove(s->store, "packs/ab/abce", &err), err);
	assert_string_equal(world.log, "flush ab");
}

/* Lets every call of a put fail in turn, with sys. After each the object is absent or whole, no
 * temporary file is left, and the same put works. */
static void fail_each_call(struct scratch *s, int sys, enum ark_rc want)
{
	unsigned refused = 0;
	for (unsigned at = 1;; at++) {
		char name[40];
		struct ark_err err;
		snprintf(name, sizeof name, "packs/%u-%u/object", (unsigned)sys, at);
		world.calls = 0;
		world.fail_at = at;
		world.fail_with = sys;
		enum ark_rc rc = scratch_put(s->store, name, "content", &err);
		bool all_done = world.calls < at;
		world.fail_at = 0;
		if (rc) {
			refused++;
			assert_int_equal(rc, want);
			assert_non_null(strstr(err.text, s->path));
			enum ark_rc there = scratch_stat(s->store, name);
			if (there != ARK_NOTFOUND) {
				assert_true(err.in_doubt);
				scratch_holds(s->store, name, "content");
			}
		}
		assert_int_equal(temps_in(s), 0);
		assert_ok(scratch_put(s->store, name, "content", &err), err);
		scratch_holds(s->store, name, "content");
		if (all_done)
			break;
	}
	assert_in_range(refused, 8, 30);
}

static void whatever_call_fails_a_put_leaves_nothing_or_all(void **state)
{
	struct scratch *s = *state;
	fail_each_call(s, EIO, ARK_IO);
	fail_each_call(s, ENOSPC, ARK_NOSPACE);
	fail_each_call(s, EACCES, ARK_DENIED);
}

static void without_renameat2_an_object_is_linked(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	world.no_renameat2 = EINVAL;
	assert_ok(scratch_put(s->store, "packs/a", "x", &err), err);
	assert_non_null(strstr(world.log, "link packs/a"));
	assert_int_equal(scratch_put(s->store, "packs/a", "y", &err), ARK_EXISTS);
	scratch_holds(s->store, "packs/a", "x");
	assert_int_equal(temps_in(s), 0);
	fail_each_call(s, EIO, ARK_IO);
}

static void without_links_too_an_object_is_renamed_and_still_none_is_replaced(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	world.no_renameat2 = ENOSYS;
	world.no_linkat = EPERM;
	assert_ok(scratch_put(s->store, "packs/a", "x", &err), err);
	assert_non_null(strstr(world.log, "rename packs/a"));
	assert_int_equal(scratch_put(s->store, "packs/a", "y", &err), ARK_EXISTS);
	scratch_holds(s->store, "packs/a", "x");
	assert_int_equal(temps_in(s), 0);
	fail_each_call(s, EIO, ARK_IO);
}

static void short_and_interrupted_writes_go_on(void **state)
{
	struct scratch *s = *state;
	struct ark_err err;
	world.write_most = 3;
	world.write_interrupted = true;
	assert_ok(scratch_put(s->store, "packs/a", "longer than three bytes", &err), err);
	scratch_holds(s->store, "packs/a", "longer than three bytes");
	assert_true(world.writes >= 16);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, calls_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(everything_is_flushed_before_what_relies_on_it),
		in_scratch(whatever_call_fails_a_put_leaves_nothing_or_all),
		in_scratch(without_renameat2_an_object_is_linked),
		in_scratch(without_links_too_an_object_is_renamed_and_still_none_is_replaced),
		in_scratch(short_and_interrupted_writes_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
