/* files.c - small files of this host. */
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void cli_closep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static void close_fdp(int *fd)
{
	if (*fd > STDERR_FILENO)
		close(*fd);
}

static enum ark_rc failed(const char *what, const char *path, struct ark_err *err)
{
	int sys = errno;

	return ark_fail_sys(err, ark_rc_of_errno(sys), sys, "%s: %s", what, path);
}

static int open_for_reading(const char *path)
{
	return strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
}

/* Reads up to len bytes; fewer at the end alone. -1: errno. A signal that asks to stop ends it. */
static ssize_t read_all(int fd, uint8_t *p, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, p + have, len - have);
		if (n < 0)
			return -1;
		if (!n)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

enum ark_rc cli_file_read(struct ark_buf *out, const char *path, const char *what, size_t max,
			  struct ark_err *err)
{
	ARK_AUTO(close_fdp) int fd = open_for_reading(path);

	if (fd < 0)
		return failed(what, path, err);
	while (out->wr.len <= max) {
		size_t want = 65536;
		enum ark_rc rc = ark_buf_reserve(out, out->wr.len + want, err);
		if (rc)
			return rc;
		ssize_t n = read_all(fd, out->wr.p + out->wr.len, want);
		if (n < 0)
			return failed(what, path, err);
		out->wr.len += (size_t)n;
		if ((size_t)n < want && out->wr.len <= max)
			return ARK_OK;
	}
	return ark_fail(err, ARK_LIMIT, "%s: %s: more than %zu bytes", what, path, max);
}

enum ark_rc cli_secret_read_fd(struct ark_secret *out, int fd, const char *what, size_t max,
			       struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret room = { .p = NULL };
	enum ark_rc rc = ark_secret_new(&room, max + 1, err);

	if (rc)
		return rc;
	ssize_t n = read_all(fd, room.p, max + 1);
	if (n < 0)
		return failed(what, "reading it", err);
	if ((size_t)n > max)
		return ark_fail(err, ARK_LIMIT, "%s: more than %zu bytes", what, max);
	return ark_secret_copy(out, ark_span(room.p, (size_t)n), err);
}

enum ark_rc cli_secret_read(struct ark_secret *out, const char *path, const char *what, size_t max,
			    struct ark_err *err)
{
	ARK_AUTO(close_fdp) int fd = open_for_reading(path);

	if (fd < 0)
		return failed(what, path, err);
	return cli_secret_read_fd(out, fd, what, max, err);
}

static enum ark_rc write_all(int fd, struct ark_span bytes, const char *path, struct ark_err *err)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.p, bytes.len);
		if (n < 0)
			return failed("writing the key", path, err);
		bytes = ark_span(bytes.p + n, bytes.len - (size_t)n);
	}
	return ARK_OK;
}

enum ark_rc cli_secret_reserve(const char *path, struct ark_err *err)
{
	ARK_AUTO(close_fdp)
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? failed("making the key file", path, err) : ARK_OK;
}

void cli_secret_drop(const char *path)
{
	unlink(path);
}

enum ark_rc cli_secret_write(const char *path, struct ark_span bytes, struct ark_err *err)
{
	if (!strcmp(path, "-"))
		return write_all(STDOUT_FILENO, bytes, "standard output", err);
	ARK_AUTO(close_fdp) int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return failed("writing the key", path, err);
	enum ark_rc rc = write_all(fd, bytes, path, err);
	if (!rc && fsync(fd))
		rc = failed("writing the key", path, err);
	return rc;
}

bool cli_file_is_open_to_others(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH));
}
