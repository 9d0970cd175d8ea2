/*
 * posix_dir.c - folders of the posix store: made on demand, flushed, remembered.
 *
 * A new folder is safe only when its parent has been flushed. A folder that is there already may
 * have been made a moment ago by another process that has not flushed yet: so the parent is flushed
 * once for each folder that this handle meets, whoever made it. What was seen to is remembered.
 */
#include "backends/stores/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct known_dir {
	const char *rel; /* in the same piece of memory */
	bool swept;
};

static int known_cmp(const void *a, const void *b)
{
	const struct known_dir *x = a;
	const struct known_dir *y = b;
	return strcmp(x->rel, y->rel);
}

void arkv_posix_dir_forget_all(struct posix_store *p)
{
	tdestroy(p->known, free);
	p->known = NULL;
}

/* Call with the lock held. */
static struct known_dir *known_find(struct posix_store *p, const char *rel)
{
	struct known_dir want = { .rel = rel };
	struct known_dir **found = tfind(&want, &p->known, known_cmp);
	return found ? *found : NULL;
}

static bool is_known(struct posix_store *p, const char *rel)
{
	pthread_mutex_lock(&p->lock);
	bool known = known_find(p, rel) != NULL;
	pthread_mutex_unlock(&p->lock);
	return known;
}

static enum ark_rc remember(struct posix_store *p, const char *rel, struct ark_err *err)
{
	size_t size = strlen(rel) + 1;
	struct known_dir *dir = malloc(sizeof *dir + size);
	if (!dir)
		return ark_fail(err, ARK_NOMEM, "posix store: out of memory");
	char *copy = (char *)(dir + 1);
	memcpy(copy, rel, size);
	*dir = (struct known_dir){ .rel = copy };
	pthread_mutex_lock(&p->lock);
	struct known_dir **at = tsearch(dir, &p->known, known_cmp);
	bool kept = at && *at == dir;
	pthread_mutex_unlock(&p->lock);
	if (!kept)
		free(dir);
	return at ? ARK_OK : ark_fail(err, ARK_NOMEM, "posix store: out of memory");
}

bool arkv_posix_dir_sweep_due(struct posix_store *p, const char *rel)
{
	pthread_mutex_lock(&p->lock);
	struct known_dir *dir = known_find(p, rel);
	bool due = dir && !dir->swept;
	if (due)
		dir->swept = true;
	pthread_mutex_unlock(&p->lock);
	return due;
}

void arkv_posix_dir_of(const char *rel, char *dir)
{
	const char *slash = strrchr(rel, '/');
	size_t len = slash ? (size_t)(slash - rel) : 0;
	memcpy(dir, rel, len);
	dir[len] = '\0';
}

static int flush_dir_at(int at_fd, const char *path)
{
	int fd = openat(at_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int sys = fsync(fd) ? errno : 0;
	close(fd);
	return sys == EINVAL || sys == ENOTSUP ? 0 : sys;
}

enum ark_rc arkv_posix_dir_flush(const struct posix_store *p, const char *rel, struct ark_err *err)
{
	int sys = flush_dir_at(p->root_fd, *rel ? rel : ".");
	return sys ? arkv_posix_fail(p, sys, "cannot flush the folder", rel, err) : ARK_OK;
}

static enum ark_rc make_one(struct posix_store *p, const char *rel, struct ark_err *err)
{
	if (mkdirat(p->root_fd, rel, 0700) && errno != EEXIST) {
		int sys = errno;
		enum ark_rc rc = sys == ENOENT ? arkv_posix_root_there(p, err) : ARK_OK;
		return rc ? rc : arkv_posix_fail(p, sys, "cannot make the folder", rel, err);
	}
	char parent[POSIX_REL_MAX + 1];
	arkv_posix_dir_of(rel, parent);
	enum ark_rc rc = arkv_posix_dir_flush(p, parent, err);
	return rc ? rc : remember(p, rel, err);
}

enum ark_rc arkv_posix_dir_make(struct posix_store *p, const char *rel, bool again,
				struct ark_err *err)
{
	if (!again && is_known(p, rel))
		return ARK_OK;
	if (!*rel)
		return remember(p, rel, err);
	char part[POSIX_REL_MAX + 1];
	for (const char *end = strchr(rel, '/');; end = strchr(end + 1, '/')) {
		size_t len = end ? (size_t)(end - rel) : strlen(rel);
		memcpy(part, rel, len);
		part[len] = '\0';
		enum ark_rc rc = again || !is_known(p, part) ? make_one(p, part, err) : ARK_OK;
		if (rc || !end)
			return rc;
	}
}

/* Makes path, whose parent is there, and flushes that parent. */
static int make_root_part(const char *path)
{
	if (mkdir(path, 0700))
		return errno == EEXIST ? 0 : errno;
	const char *slash = strrchr(path, '/');
	if (!slash)
		return flush_dir_at(AT_FDCWD, ".");
	char *parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!parent)
		return ENOMEM;
	int sys = flush_dir_at(AT_FDCWD, parent);
	free(parent);
	return sys;
}

enum ark_rc arkv_posix_dir_make_root(const struct posix_store *p, struct ark_err *err)
{
	char *path = strdup(p->root);
	if (!path)
		return ark_fail(err, ARK_NOMEM, "posix store: out of memory");
	int sys = 0;
	for (char *at = path + 1; !sys && *at; at++) {
		if (*at != '/' || at[-1] == '/')
			continue;
		*at = '\0';
		sys = make_root_part(path);
		*at = '/';
	}
	if (!sys)
		sys = make_root_part(path);
	free(path);
	return sys ? arkv_posix_fail(p, sys, "cannot make the folder", "", err) : ARK_OK;
}
