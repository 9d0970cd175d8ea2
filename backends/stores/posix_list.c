/*
 * posix_list.c - list and destroy of the posix store: two walks over its folders.
 *
 * What bears no object's name is passed over: temporary files, lost+found, a file that someone put
 * there. Symbolic links to folders are followed directly below the root only, so that no walk can
 * go in circles; anything else that bears an object's name and is neither file nor folder is an
 * error.
 */
#include "backends/stores/posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Called for each entry that bears a valid name. path is below the root. */
typedef enum ark_rc entry_fn(struct posix_store *p, const char *path, const struct stat *st,
			     void *ctx, struct ark_err *err);

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* path = dir/entry when that can be a name, or a temporary file; else false. */
static bool entry_path(char *path, const char *dir, const char *entry)
{
	size_t dir_len = strlen(dir);
	size_t entry_len = strlen(entry);
	if (entry[0] == '.' || dir_len + 1 + entry_len > POSIX_REL_MAX)
		return false;
	memcpy(path, dir, dir_len);
	if (dir_len)
		path[dir_len++] = '/';
	memcpy(path + dir_len, entry, entry_len + 1);
	return arkv_posix_is_temp(entry) || arkv_store_name_ok(path);
}

/* st of path; a link below the root is followed. NOTFOUND: it has gone meanwhile. */
static enum ark_rc look(const struct posix_store *p, const char *path, struct stat *st,
			struct ark_err *err)
{
	if (fstatat(p->root_fd, path, st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? ARK_NOTFOUND
				       : arkv_posix_fail(p, errno, "cannot look at", path, err);
	if (!S_ISLNK(st->st_mode))
		return ARK_OK;
	if (fstatat(p->root_fd, path, st, 0))
		return arkv_posix_fail(p, errno, "cannot follow the symbolic link", path, err);
	if (S_ISDIR(st->st_mode) && strchr(path, '/'))
		return ark_fail(err, ARK_IO,
				"%s/%s: a symbolic link to a folder can only stand directly in "
				"the repository's folder",
				p->root, path);
	return ARK_OK;
}

/* Calls fn for each entry of the folder rel. A folder that is absent is empty, when the root is
 * there. */
static enum ark_rc each_entry(struct posix_store *p, const char *rel, entry_fn *fn, void *ctx,
			      struct ark_err *err)
{
	int fd = openat(p->root_fd, *rel ? rel : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return arkv_posix_vouch(p, rel, err);
	if (fd < 0)
		return arkv_posix_fail(p, errno, "cannot list the folder", rel, err);
	ARK_AUTO(dir_closep) DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return ark_fail(err, ARK_NOMEM, "%s/%s: cannot list the folder: out of memory",
				p->root, rel);
	}
	for (;;) {
		errno = 0;
		const struct dirent *e = readdir(dir);
		if (!e)
			return errno ? arkv_posix_fail(p, errno, "cannot list the folder", rel, err)
				     : ARK_OK;
		char path[POSIX_REL_MAX + 1];
		struct stat st;
		if (!entry_path(path, rel, e->d_name))
			continue;
		enum ark_rc rc = look(p, path, &st, err);
		if (rc == ARK_NOTFOUND)
			continue;
		if (!rc)
			rc = fn(p, path, &st, ctx, err);
		if (rc)
			return rc;
	}
}

/* ---- list ---- */

struct listing {
	arkv_list_fn *fn;
	void *ctx;
};

static enum ark_rc list_entry(struct posix_store *p, const char *path, const struct stat *st,
			      void *ctx, struct ark_err *err)
{
	const struct listing *l = ctx;
	if (S_ISDIR(st->st_mode))
		return each_entry(p, path, list_entry, ctx, err);
	if (!arkv_store_name_ok(path))
		return ARK_OK;
	if (!S_ISREG(st->st_mode))
		return ark_fail(err, ARK_IO, "%s/%s: neither a file nor a folder", p->root, path);
	return l->fn(l->ctx, path, (uint64_t)st->st_size, err);
}

enum ark_rc arkv_posix_list(struct arkv_store *s, const char *prefix, arkv_list_fn *fn, void *ctx,
			    struct ark_err *err)
{
	struct posix_store *p = (struct posix_store *)s;
	struct listing l = { .fn = fn, .ctx = ctx };
	char rel[POSIX_REL_MAX + 1];
	arkv_posix_dir_of(prefix, rel);
	return each_entry(p, rel, list_entry, &l, err);
}

/* ---- destroy ---- */

static enum ark_rc destroy_entry(struct posix_store *p, const char *path, const struct stat *st,
				 void *ctx, struct ark_err *err)
{
	bool is_dir = S_ISDIR(st->st_mode);
	enum ark_rc rc = is_dir ? each_entry(p, path, destroy_entry, ctx, err) : ARK_OK;
	if (rc)
		return rc;
	/* A folder that is a symbolic link is unlinked as one; its target stays, empty. */
	if (!unlinkat(p->root_fd, path, is_dir ? AT_REMOVEDIR : 0) || errno == ENOENT)
		return ARK_OK;
	if (is_dir && errno == ENOTDIR && !unlinkat(p->root_fd, path, 0))
		return ARK_OK;
	if (is_dir && (errno == ENOTEMPTY || errno == EEXIST))
		return ark_fail(err, ARK_IO,
				"%s/%s: holds something that is not the repository's, and stays",
				p->root, path);
	return arkv_posix_fail(p, errno, "cannot delete", path, err);
}

/* A root that is a mount point stays, empty. */
enum ark_rc arkv_posix_destroy(struct arkv_store *s, struct ark_err *err)
{
	struct posix_store *p = (struct posix_store *)s;
	enum ark_rc rc = arkv_posix_root_there(p, err);
	if (!rc)
		rc = each_entry(p, "", destroy_entry, NULL, err);
	if (rc)
		return rc;
	if (!rmdir(p->root_abs) || errno == EBUSY)
		return ARK_OK;
	if (errno == ENOTEMPTY || errno == EEXIST)
		return ark_fail(err, ARK_IO,
				"%s: holds something that is not the repository's, and stays",
				p->root);
	return arkv_posix_fail(p, errno, "cannot delete the folder", "", err);
}
