/* lock.c - see lock.h. */
#include "libarchive-kv/lock.h"

#include "format/id.h"
#include "libarchive-kv/crypt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_DIGITS = 32, TAKE_TRIES = 100 };

struct arkv_lock {
	int fd;
	char path[];
};

void arkv_lock_freep(struct arkv_lock **lock)
{
	struct arkv_lock *l = *lock;
	if (!l)
		return;
	if (l->fd >= 0) {
		unlink(l->path); /* while it is held: the next one makes a new file */
		close(l->fd);
	}
	free(l);
	*lock = NULL;
}

/* Source names are any bytes; file names are not. */
static struct arkv_lock *lock_new(const char *dir, const char *source)
{
	uint8_t hash[32];
	arkv_hash(hash, ark_span_str(source));
	size_t len = strlen(dir) + sizeof "/source-.lock" + NAME_DIGITS;
	struct arkv_lock *lock = malloc(sizeof *lock + len);
	if (!lock)
		return NULL;
	lock->fd = -1;
	snprintf(lock->path, len, "%s/source-%s.lock", dir, ark_hex_prefix(hash, NAME_DIGITS).s);
	return lock;
}

/* EXISTS, with what the file says about who holds it. */
static enum ark_rc taken(const char *source, int fd, struct ark_err *err)
{
	char text[24];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	long pid = strtol(text, NULL, 10);
	if (pid <= 0) /* between the lock and the number */
		return ark_fail(err, ARK_EXISTS, "%s: is being backed up on this host already",
				source);
	return ark_fail(err, ARK_EXISTS,
			"%s: is being backed up on this host already, by process %ld: "
			"wait for it, or end it",
			source, pid);
}

/* True when path still names what fd is: its holder may have removed it before we got it. */
static bool is_current(const struct arkv_lock *lock)
{
	struct stat at_fd, at_path;
	return !fstat(lock->fd, &at_fd) && !stat(lock->path, &at_path) &&
	       at_fd.st_dev == at_path.st_dev && at_fd.st_ino == at_path.st_ino;
}

/* AGAIN: the file went away under us. */
static enum ark_rc take_once(struct arkv_lock *lock, const char *source, struct ark_err *err)
{
	lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock->fd < 0)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno, "%s: cannot be made",
				    lock->path);
	enum ark_rc rc = ARK_OK;
	if (flock(lock->fd, LOCK_EX | LOCK_NB))
		rc = errno == EWOULDBLOCK
			     ? taken(source, lock->fd, err)
			     : ark_fail_sys(err, ARK_IO, errno, "%s: cannot be locked", lock->path);
	else if (!is_current(lock))
		rc = ark_fail(err, ARK_AGAIN, "%s: is removed and made again all the time",
			      lock->path);
	if (rc) {
		close(lock->fd);
		lock->fd = -1;
	}
	return rc;
}

static enum ark_rc pid_write(const struct arkv_lock *lock, struct ark_err *err)
{
	char text[24];
	int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(lock->fd, 0) || pwrite(lock->fd, text, (size_t)len, 0) != len)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno, "%s: cannot be written",
				    lock->path);
	return ARK_OK;
}

enum ark_rc arkv_lock_take(struct arkv_lock **out, const char *dir, const char *source,
			   struct ark_err *err)
{
	ARK_AUTO(arkv_lock_freep) struct arkv_lock *lock = lock_new(dir, source);
	if (!lock)
		return ark_fail(err, ARK_NOMEM, "lock of %s: out of memory", source);
	enum ark_rc rc = ARK_AGAIN;
	for (int i = 0; i < TAKE_TRIES && rc == ARK_AGAIN; i++)
		rc = take_once(lock, source, err);
	if (!rc)
		rc = pid_write(lock, err);
	if (rc)
		return rc;
	*out = lock;
	lock = NULL;
	return ARK_OK;
}
