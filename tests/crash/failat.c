/*
 * failat.c - preloaded into the tool: the n-th call that changes a file fails, or kills the
 * process.
 *
 * ARKV_FAIL_COUNT=FILE   writes the number of such calls there when the process ends
 * ARKV_FAIL_AT=N         the N-th call and all later ones fail with ENOSPC
 * ARKV_FAIL_ERRNO=E      with this errno instead
 * ARKV_FAIL_ONCE=1       only the N-th call fails
 * ARKV_FAIL_KILL=1       the process is killed (SIGKILL) just before the N-th call
 *
 * Counted: open for writing, write, pwrite, writev, pwritev, fsync, fdatasync, rename, renameat2,
 * link, unlink, ftruncate and mkdir, as the tool and its libraries call them.
 */
/* Both widths of offsets are wrapped, under their own names. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static long fail_at = -1;
static int fail_errno = ENOSPC;
static int fail_once;
static int fail_kill;

__attribute__((constructor)) static void read_environment(void)
{
	const char *at = getenv("ARKV_FAIL_AT");
	const char *with = getenv("ARKV_FAIL_ERRNO");
	if (at)
		fail_at = strtol(at, NULL, 10);
	if (with)
		fail_errno = (int)strtol(with, NULL, 10);
	fail_once = getenv("ARKV_FAIL_ONCE") != NULL;
	fail_kill = getenv("ARKV_FAIL_KILL") != NULL;
}

__attribute__((destructor)) static void write_count(void)
{
	const char *path = getenv("ARKV_FAIL_COUNT");
	FILE *f = path ? fopen(path, "w") : NULL;
	if (!f)
		return;
	fprintf(f, "%ld\n", atomic_load(&calls));
	fclose(f);
}

/* True when this call is to fail; errno says how. */
static int hit(void)
{
	long n = atomic_fetch_add(&calls, 1) + 1;
	if (fail_at < 0 || n < fail_at || (n > fail_at && fail_once))
		return 0;
	if (fail_kill)
		kill(getpid(), SIGKILL);
	errno = fail_errno;
	return 1;
}

/* The function that this file stands in front of. */
static void *next(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);
	if (!f)
		_exit(99);
	return f;
}

#define FRONT(type, name, params, args)                \
	type name params;                              \
	type name params                               \
	{                                              \
		static type(*real) params;             \
		if (!real)                             \
			*(void **)&real = next(#name); \
		if (hit())                             \
			return -1;                     \
		return real args;                      \
	}

FRONT(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n))
FRONT(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o))
FRONT(ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o))
FRONT(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
FRONT(ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t o), (fd, v, n, o))
FRONT(ssize_t, pwritev64, (int fd, const struct iovec *v, int n, off64_t o), (fd, v, n, o))
FRONT(int, fsync, (int fd), (fd))
FRONT(int, fdatasync, (int fd), (fd))
FRONT(int, rename, (const char *a, const char *b), (a, b))
FRONT(int, renameat, (int x, const char *a, int y, const char *b), (x, a, y, b))
FRONT(int, renameat2, (int x, const char *a, int y, const char *b, unsigned f), (x, a, y, b, f))
FRONT(int, link, (const char *a, const char *b), (a, b))
FRONT(int, linkat, (int x, const char *a, int y, const char *b, int f), (x, a, y, b, f))
FRONT(int, unlink, (const char *a), (a))
FRONT(int, unlinkat, (int x, const char *a, int f), (x, a, f))
FRONT(int, ftruncate, (int fd, off_t n), (fd, n))
FRONT(int, ftruncate64, (int fd, off64_t n), (fd, n))
FRONT(int, mkdir, (const char *a, mode_t m), (a, m))
FRONT(int, mkdirat, (int x, const char *a, mode_t m), (x, a, m))
