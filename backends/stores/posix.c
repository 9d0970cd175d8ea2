/*
 * posix.c - a repository in a folder: /abs/path, ./rel, rel/path, file:///abs/path.
 *
 * Objects are plain files, mode 0600, at root/name; folders are 0700. The root is held open from
 * open or create on, so a root that is renamed, unmounted or deleted under us is an error and never
 * "not found". A folder that stands directly below the root may be a symbolic link (packs on
 * another disk). put: posix_put.c; list and destroy: posix_list.c.
 */
#include "backends/stores/posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum ark_rc arkv_posix_fail(const struct posix_store *p, int sys, const char *doing,
			    const char *rel, struct ark_err *err)
{
	enum ark_rc rc = ark_rc_of_errno(sys);
	if (rc == ARK_NOTFOUND || rc == ARK_EXISTS)
		rc = ARK_IO;
	return ark_fail_sys(err, rc, sys, "%s%s%s: %s", p->root, *rel ? "/" : "", rel, doing);
}

enum ark_rc arkv_posix_root_there(const struct posix_store *p, struct ark_err *err)
{
	struct stat held, named;
	if (fstat(p->root_fd, &held))
		return arkv_posix_fail(p, errno, "cannot look at the repository's folder", "", err);
	if (stat(p->root_abs, &named))
		return arkv_posix_fail(
			p, errno, "the repository's folder is gone since it was opened", "", err);
	if (held.st_dev == named.st_dev && held.st_ino == named.st_ino && held.st_nlink > 0)
		return ARK_OK;
	return ark_fail(err, ARK_IO,
			"%s: another folder has taken the place of the repository's since it "
			"was opened",
			p->root);
}

/* OK unless rel is a symbolic link that leads nowhere. */
static enum ark_rc check_link(const struct posix_store *p, const char *rel, struct ark_err *err)
{
	struct stat st;
	if (fstatat(p->root_fd, rel, &st, AT_SYMLINK_NOFOLLOW) || !S_ISLNK(st.st_mode) ||
	    !fstatat(p->root_fd, rel, &st, 0))
		return ARK_OK;
	return arkv_posix_fail(p, errno, "a symbolic link that leads nowhere", rel, err);
}

enum ark_rc arkv_posix_vouch(const struct posix_store *p, const char *rel, struct ark_err *err)
{
	char first[POSIX_REL_MAX + 1];
	size_t len = strcspn(rel, "/");
	memcpy(first, rel, len);
	first[len] = '\0';
	enum ark_rc rc = arkv_posix_root_there(p, err);
	if (!rc && len)
		rc = check_link(p, first, err);
	return rc ? rc : check_link(p, rel, err);
}

/* ---- create, open ---- */

static void root_close(struct posix_store *p)
{
	posix_closep(&p->root_fd);
	p->root_fd = -1;
	free(p->root_abs);
	p->root_abs = NULL;
	arkv_posix_dir_forget_all(p);
}

static enum ark_rc root_open(struct posix_store *p, struct ark_err *err)
{
	root_close(p);
	char *abs = realpath(p->root, NULL);
	int fd = abs ? open(abs, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0) {
		int sys = errno;
		free(abs);
		if (sys == ENOENT)
			return ark_fail(err, ARK_NOTFOUND, "%s: no such folder", p->root);
		return arkv_posix_fail(p, sys, "cannot open the repository's folder", "", err);
	}
	p->root_fd = fd;
	p->root_abs = abs;
	return ARK_OK;
}

/* "lost+found" is what mkfs leaves in an empty file system. */
static bool counts_as_empty(const char *entry)
{
	return !strcmp(entry, ".") || !strcmp(entry, "..") || !strcmp(entry, "lost+found");
}

static enum ark_rc check_empty(const struct posix_store *p, struct ark_err *err)
{
	int fd = openat(p->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int sys = errno;
		posix_closep(&fd);
		return arkv_posix_fail(p, sys, "cannot list the folder", "", err);
	}
	enum ark_rc rc = ARK_OK;
	errno = 0;
	for (struct dirent *e = readdir(dir); e && !rc; e = readdir(dir))
		if (!counts_as_empty(e->d_name))
			rc = ark_fail(err, ARK_EXISTS,
				      "%s: the folder is not empty, \"%s\" is there; "
				      "choose a new or empty folder",
				      p->root, e->d_name);
	if (!rc && errno)
		rc = arkv_posix_fail(p, errno, "cannot list the folder", "", err);
	closedir(dir);
	return rc;
}

static enum ark_rc posix_create(struct arkv_store *s, struct ark_err *err)
{
	struct posix_store *p = (struct posix_store *)s;
	struct stat st;
	if (!stat(p->root, &st) && !S_ISDIR(st.st_mode))
		return ark_fail(err, ARK_EXISTS,
				"%s: a file is there; choose a new or empty folder", p->root);
	enum ark_rc rc = arkv_posix_dir_make_root(p, err);
	if (!rc)
		rc = root_open(p, err);
	if (!rc)
		rc = check_empty(p, err);
	if (rc)
		root_close(p); /* what is not ours cannot be destroyed through this handle */
	return rc;
}

static enum ark_rc posix_open(struct arkv_store *s, struct ark_err *err)
{
	return root_open((struct posix_store *)s, err);
}

/* ---- get, stat, remove ---- */

/* Why name could not be reached: NOTFOUND only when the root vouches for it. */
static enum ark_rc absent_or_fail(const struct posix_store *p, int sys, const char *doing,
				  const char *name, struct ark_err *err)
{
	if (sys != ENOENT)
		return arkv_posix_fail(p, sys, doing, name, err);
	enum ark_rc rc = arkv_posix_vouch(p, name, err);
	return rc ? rc : ark_fail(err, ARK_NOTFOUND, "%s/%s: no such object", p->root, name);
}

static enum ark_rc check_opened(const struct posix_store *p, struct ark_err *err)
{
	if (p->root_fd >= 0)
		return ARK_OK;
	return ark_fail(err, ARK_USAGE, "%s: the store was not opened", p->root);
}

/* Reads exactly len bytes at off to the end of out, which has the room. */
static enum ark_rc read_all(const struct posix_store *p, int fd, const char *name, uint64_t off,
			    size_t len, struct ark_buf *out, struct ark_err *err)
{
	while (len > 0) {
		ssize_t n = pread(fd, out->wr.p + out->wr.len, len, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return arkv_posix_fail(p, errno, "cannot read", name, err);
		if (n == 0)
			return ark_fail(err, ARK_CORRUPT, "%s/%s: became shorter while it was read",
					p->root, name);
		out->wr.len += (size_t)n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return ARK_OK;
}

/* How many bytes [off, off+len) are of an object of size bytes. */
static enum ark_rc range_of(const struct posix_store *p, const char *name, uint64_t size,
			    uint64_t off, uint64_t *len, struct ark_err *err)
{
	uint64_t rest = off <= size ? size - off : 0;
	if (off > size || (*len != ARKV_TO_END && *len > rest))
		return ark_fail(err, ARK_CORRUPT,
				"%s/%s: has %llu bytes, too few for the %llu at %llu", p->root,
				name, (unsigned long long)size,
				(unsigned long long)(*len == ARKV_TO_END ? 0 : *len),
				(unsigned long long)off);
	if (*len == ARKV_TO_END)
		*len = rest;
	return ARK_OK;
}

static enum ark_rc posix_get(struct arkv_store *s, const char *name, uint64_t off, uint64_t len,
			     struct ark_buf *out, struct ark_err *err)
{
	const struct posix_store *p = (const struct posix_store *)s;
	enum ark_rc rc = check_opened(p, err);
	if (rc)
		return rc;
	/* O_NONBLOCK: a named pipe in an object's place must not hang us. */
	ARK_AUTO(posix_closep) int fd = openat(p->root_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return absent_or_fail(p, errno, "cannot open", name, err);
	struct stat st;
	if (fstat(fd, &st))
		return arkv_posix_fail(p, errno, "cannot look at", name, err);
	if (!S_ISREG(st.st_mode))
		return ark_fail(err, ARK_IO, "%s/%s: not a plain file", p->root, name);
	rc = range_of(p, name, (uint64_t)st.st_size, off, &len, err);
	size_t need;
	if (!rc && (len > SIZE_MAX || !ark_add(&need, out->wr.len, (size_t)len)))
		rc = ark_fail(err, ARK_NOMEM, "%s/%s: does not fit into memory", p->root, name);
	if (!rc)
		rc = ark_buf_reserve(out, need, err);
	return rc ? rc : read_all(p, fd, name, off, (size_t)len, out, err);
}

static enum ark_rc posix_stat(struct arkv_store *s, const char *name, struct arkv_stat *out,
			      struct ark_err *err)
{
	const struct posix_store *p = (const struct posix_store *)s;
	enum ark_rc rc = check_opened(p, err);
	if (rc)
		return rc;
	struct stat st;
	if (fstatat(p->root_fd, name, &st, 0))
		return absent_or_fail(p, errno, "cannot look at", name, err);
	if (!S_ISREG(st.st_mode))
		return ark_fail(err, ARK_IO, "%s/%s: not a plain file", p->root, name);
	*out = (struct arkv_stat){
		.size = (uint64_t)st.st_size,
		.mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000,
	};
	return ARK_OK;
}

/* The folder is flushed, so that deletes reach the disk in the order they were asked for. */
static enum ark_rc posix_remove(struct arkv_store *s, const char *name, struct ark_err *err)
{
	const struct posix_store *p = (const struct posix_store *)s;
	enum ark_rc rc = check_opened(p, err);
	if (rc)
		return rc;
	if (unlinkat(p->root_fd, name, 0)) {
		rc = absent_or_fail(p, errno, "cannot delete", name, err);
		return rc == ARK_NOTFOUND ? ARK_OK : rc;
	}
	char dir[POSIX_REL_MAX + 1];
	arkv_posix_dir_of(name, dir);
	rc = arkv_posix_dir_flush(p, dir, err);
	if (rc && err)
		err->in_doubt = true;
	return rc;
}

static enum ark_rc posix_put_opened(struct arkv_store *s, const char *name, struct ark_span bytes,
				    struct ark_err *err)
{
	enum ark_rc rc = check_opened((const struct posix_store *)s, err);
	return rc ? rc : arkv_posix_put(s, name, bytes, err);
}

static enum ark_rc posix_list_opened(struct arkv_store *s, const char *prefix, arkv_list_fn *fn,
				     void *ctx, struct ark_err *err)
{
	enum ark_rc rc = check_opened((const struct posix_store *)s, err);
	return rc ? rc : arkv_posix_list(s, prefix, fn, ctx, err);
}

static enum ark_rc posix_destroy_opened(struct arkv_store *s, struct ark_err *err)
{
	struct posix_store *p = (struct posix_store *)s;
	enum ark_rc rc = check_opened(p, err);
	if (!rc)
		rc = arkv_posix_destroy(s, err);
	if (!rc)
		root_close(p);
	return rc;
}

static void posix_free(struct arkv_store *s)
{
	struct posix_store *p = (struct posix_store *)s;
	root_close(p);
	pthread_mutex_destroy(&p->lock);
	free(p->root);
	free(p);
}

static const struct arkv_store_ops posix_ops = {
	.kind = "posix",
	.create = posix_create,
	.open = posix_open,
	.put = posix_put_opened,
	.get = posix_get,
	.stat = posix_stat,
	.list = posix_list_opened,
	.remove = posix_remove,
	.destroy = posix_destroy_opened,
	.free = posix_free,
};

/* ---- the kind ---- */

static enum ark_rc posix_make(struct arkv_store **out, const char *url, struct ark_err *err)
{
	char *root = NULL;
	enum ark_rc rc = arkv_posix_root_of_url(&root, url, err);
	if (rc)
		return rc;
	struct posix_store *p = calloc(1, sizeof *p);
	if (!p || pthread_mutex_init(&p->lock, NULL)) {
		free(p);
		free(root);
		return ark_fail(err, ARK_NOMEM, "posix store: out of memory");
	}
	p->base.ops = &posix_ops;
	p->base.caps = ARKV_STORE_LOCAL | ARKV_STORE_NO_REPLACE;
	p->base.max_parallel = 8;
	p->root = root;
	p->root_fd = -1;
	p->rand = arkv_rand_system();
	*out = &p->base;
	return ARK_OK;
}

extern const struct arkv_store_kind arkv_store_posix;
const struct arkv_store_kind arkv_store_posix = {
	.kind = "posix",
	.accepts = arkv_posix_accepts,
	.make = posix_make,
};
