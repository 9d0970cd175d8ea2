/*
 * posix_put.c - put of the posix store: temporary file, flush, publish, flush of the folder.
 *
 * The temporary file lies in the folder of the object: "arkv-<32 hex>.tmp", a name that no object
 * can have. It is published by the first of these that the file system knows: rename that refuses
 * to replace, link and unlink, rename after a look.
 *
 * A crash leaves the temporary file. The first time a handle puts into a folder it removes there
 * what bears such a name and is more than a day older than the file just written, both by the file
 * system's own clock. One that cannot be removed stays: it costs space and nothing else.
 */
#include "backends/stores/posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEMP_RANDOM_LEN = 16,
	TEMP_NAME_LEN = 5 + 2 * TEMP_RANDOM_LEN + 4, /* arkv- ... .tmp */
	SWEEP_AGE_S = 24 * 3600,
	COMPARE_STEP = 64 * 1024,
};

/* One put on its way. */
struct put {
	struct posix_store *p;
	const char *name;
	struct ark_span bytes;
	char dir[POSIX_REL_MAX + 1];
	char temp[POSIX_REL_MAX + 1];
	int fd;		 /* of temp, or -1 */
	bool temp_there; /* to be removed at the end */
	int64_t temp_mtime_s;
};

bool arkv_posix_is_temp(const char *component)
{
	if (strlen(component) != TEMP_NAME_LEN || strncmp(component, "arkv-", 5) ||
	    strcmp(component + TEMP_NAME_LEN - 4, ".tmp"))
		return false;
	return strspn(component + 5, "0123456789abcdef") == 2 * TEMP_RANDOM_LEN;
}

static void put_end(struct put *put)
{
	posix_closep(&put->fd);
	if (put->temp_there)
		unlinkat(put->p->root_fd, put->temp, 0);
}

/* Compares fd's content with bytes: 1 the same, 0 different, -1 errno. */
static int content_is(int fd, struct ark_span bytes)
{
	uint8_t step[COMPARE_STEP];
	size_t off = 0;
	while (off < bytes.len) {
		size_t want = bytes.len - off < sizeof step ? bytes.len - off : sizeof step;
		ssize_t n = pread(fd, step, want, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0 || memcmp(step, bytes.p + off, (size_t)n))
			return 0;
		off += (size_t)n;
	}
	return 1;
}

/* What stands at name: NOTFOUND nothing; OK the same bytes, now flushed; EXISTS other bytes. */
static enum ark_rc compare_existing(const struct put *put, struct ark_err *err)
{
	const struct posix_store *p = put->p;
	ARK_AUTO(posix_closep)
	int fd = openat(p->root_fd, put->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return ARK_NOTFOUND;
	struct stat st;
	if (fd < 0 || fstat(fd, &st))
		return arkv_posix_fail(p, errno, "cannot look what is there", put->name, err);
	if (!S_ISREG(st.st_mode))
		return ark_fail(err, ARK_IO, "%s/%s: not a plain file", p->root, put->name);
	int same = (uint64_t)st.st_size == put->bytes.len ? content_is(fd, put->bytes) : 0;
	if (same < 0)
		return arkv_posix_fail(p, errno, "cannot look what is there", put->name, err);
	if (!same)
		return ark_fail(err, ARK_EXISTS, "%s/%s: is there already, with other content",
				p->root, put->name);
	if (fsync(fd))
		return arkv_posix_fail(p, errno, "cannot flush", put->name, err);
	return arkv_posix_dir_flush(p, put->dir, err);
}

static void temp_name(struct put *put)
{
	uint8_t raw[TEMP_RANDOM_LEN];
	char hex[2 * TEMP_RANDOM_LEN + 1];
	arkv_rand_bytes(&put->p->rand, raw, sizeof raw);
	for (size_t i = 0; i < sizeof raw; i++)
		snprintf(hex + 2 * i, 3, "%02x", raw[i]);
	snprintf(put->temp, sizeof put->temp, "%.*s%sarkv-%s.tmp", ARKV_NAME_MAX, put->dir,
		 *put->dir ? "/" : "", hex);
}

static enum ark_rc temp_open(struct put *put, struct ark_err *err)
{
	temp_name(put);
	for (int again = 0; again < 2; again++) {
		enum ark_rc rc = arkv_posix_dir_make(put->p, put->dir, again, err);
		if (rc)
			return rc;
		put->fd = openat(put->p->root_fd, put->temp,
				 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		put->temp_there = put->fd >= 0;
		if (put->fd >= 0)
			return ARK_OK;
		if (errno != ENOENT)
			break;
	}
	int sys = errno;
	enum ark_rc rc = sys == ENOENT ? arkv_posix_vouch(put->p, put->dir, err) : ARK_OK;
	return rc ? rc
		  : arkv_posix_fail(put->p, sys, "cannot make a temporary file in the folder",
				    put->dir, err);
}

static enum ark_rc temp_write(struct put *put, struct ark_err *err)
{
	for (size_t off = 0; off < put->bytes.len;) {
		ssize_t n = write(put->fd, put->bytes.p + off, put->bytes.len - off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return arkv_posix_fail(put->p, n < 0 ? errno : EIO, "cannot write",
					       put->name, err);
		off += (size_t)n;
	}
	if (fsync(put->fd))
		return arkv_posix_fail(put->p, errno, "cannot flush", put->name, err);
	struct stat st;
	if (fstat(put->fd, &st))
		return arkv_posix_fail(put->p, errno, "cannot look at the temporary file of",
				       put->name, err);
	put->temp_mtime_s = (int64_t)st.st_mtim.tv_sec;
	int fd = put->fd;
	put->fd = -1;
	if (close(fd))
		return arkv_posix_fail(put->p, errno, "cannot close", put->name, err);
	return ARK_OK;
}

/* Gives temp its name without replacing: 0 or an errno. Sets temp_there. */
static int publish(struct put *put)
{
	int root = put->p->root_fd;
	if (!renameat2(root, put->temp, root, put->name, RENAME_NOREPLACE)) {
		put->temp_there = false;
		return 0;
	}
	if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
		return errno;
	if (!linkat(root, put->temp, root, put->name, 0))
		return 0; /* put_end removes the other name */
	if (errno != EPERM && errno != ENOSYS && errno != ENOTSUP)
		return errno;
	if (!faccessat(root, put->name, F_OK, AT_SYMLINK_NOFOLLOW))
		return EEXIST;
	if (renameat(root, put->temp, root, put->name))
		return errno;
	put->temp_there = false;
	return 0;
}

static void sweep_one(const struct put *put, int dir_fd, const char *entry)
{
	struct stat st;
	if (!arkv_posix_is_temp(entry) || fstatat(dir_fd, entry, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode))
		return;
	if ((int64_t)st.st_mtim.tv_sec < put->temp_mtime_s - SWEEP_AGE_S)
		unlinkat(dir_fd, entry, 0);
}

static void sweep(const struct put *put)
{
	int fd = openat(put->p->root_fd, *put->dir ? put->dir : ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		posix_closep(&fd);
		return;
	}
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		sweep_one(put, dirfd(dir), e->d_name);
	closedir(dir);
}

static enum ark_rc publish_or_compare(struct put *put, struct ark_err *err)
{
	int sys = publish(put);
	if (sys == EEXIST) {
		enum ark_rc rc = compare_existing(put, err);
		if (rc != ARK_NOTFOUND)
			return rc;
		return ark_fail(err, ARK_AGAIN, "%s/%s: was deleted by someone else at this moment",
				put->p->root, put->name);
	}
	if (sys == ENOENT) {
		enum ark_rc rc = arkv_posix_vouch(put->p, put->dir, err);
		return rc ? rc
			  : ark_fail(err, ARK_AGAIN,
				     "%s/%s: the temporary file or its folder was "
				     "deleted by someone else",
				     put->p->root, put->temp);
	}
	enum ark_rc rc = sys ? arkv_posix_fail(put->p, sys, "cannot give the object its name",
					       put->name, err)
			     : arkv_posix_dir_flush(put->p, put->dir, err);
	if (rc && err)
		err->in_doubt = true;
	return rc;
}

enum ark_rc arkv_posix_put(struct arkv_store *s, const char *name, struct ark_span bytes,
			   struct ark_err *err)
{
	ARK_AUTO(put_end)
	struct put put = {
		.p = (struct posix_store *)s,
		.name = name,
		.bytes = bytes,
		.fd = -1,
	};
	arkv_posix_dir_of(name, put.dir);
	enum ark_rc rc = compare_existing(&put, err);
	if (rc != ARK_NOTFOUND)
		return rc;
	rc = temp_open(&put, err);
	if (!rc)
		rc = temp_write(&put, err);
	if (!rc && arkv_posix_dir_sweep_due(put.p, put.dir))
		sweep(&put);
	return rc ? rc : publish_or_compare(&put, err);
}
