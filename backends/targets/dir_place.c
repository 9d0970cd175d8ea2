/* dir_place.c - see dir_place.h. */
#include "backends/targets/dir_place.h"

#include "format/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "dir:"

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static enum ark_rc fail_at(const struct dir_tree *t, int sys, const char *what, struct ark_err *err)
{
	return ark_fail_sys(err, ark_rc_of_errno(sys), sys, PREFIX "%s: %s", t->path, what);
}

static void refuse(struct dir_tree *t, struct dir_place *place, const char *why)
{
	place->state = DIR_PLACE_REFUSED;
	snprintf(t->why, sizeof t->why, "%s", why);
}

/* ---- the folder itself ---- */

enum ark_rc arkv_dir_init(struct dir_tree *t, const char *path, struct ark_err *err)
{
	t->root = -1;
	ark_buf_init(&t->open_space);
	ark_buf_init(&t->open_key);
	t->path = strdup(path);
	return t->path ? ARK_OK : ark_fail(err, ARK_NOMEM, "dir: out of memory");
}

static void close_levels(struct dir_tree *t, size_t keep)
{
	while (t->level_count > keep)
		close(t->levels[--t->level_count].fd);
}

void arkv_dir_close(struct dir_tree *t)
{
	close_levels(t, 0);
	if (t->root >= 0)
		close(t->root);
	ark_buf_release(&t->open_space);
	ark_buf_release(&t->open_key);
	free(t->path);
}

static enum ark_rc read_marker(struct dir_tree *t, struct ark_err *err)
{
	char text[64] = "";
	struct stat st;
	int fd = openat(t->root, ARKV_DIR_MARKER, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)
			    ? 0
			    : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	t->marked = n > 0 && !strcmp(text, ARKV_DIR_MARKER_TEXT);
	if (!t->marked && n > 0 && !strncmp(text, ARKV_DIR_MARKER_ANY, strlen(ARKV_DIR_MARKER_ANY)))
		return ark_fail(err, ARK_UNSUPPORTED,
				PREFIX "%s: its file " ARKV_DIR_MARKER " is of a later "
				       "version: upgrade",
				t->path);
	return ARK_OK;
}

static enum ark_rc look_whether_empty(struct dir_tree *t, struct ark_err *err)
{
	int fd = openat(t->root, ".", FOLDER_FLAGS);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		int sys = errno;
		if (fd >= 0)
			close(fd);
		return fail_at(t, sys, "it cannot be listed", err);
	}
	struct dirent *e;
	t->was_empty = true;
	while (t->was_empty && (e = readdir(stream)))
		t->was_empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	closedir(stream);
	return ARK_OK;
}

enum ark_rc arkv_dir_open(struct dir_tree *t, bool dry_run, struct ark_err *err)
{
	struct stat st;
	t->dry_run = dry_run;
	t->root = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->root < 0 && errno == ENOENT && dry_run) {
		t->was_empty = true;
		return ARK_OK;
	}
	if (t->root < 0 && errno == ENOENT && !mkdir(t->path, 0777))
		t->root = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->root < 0 || fstat(t->root, &st))
		return fail_at(t, errno, "it cannot be opened", err);
	t->device = st.st_dev;
	enum ark_rc rc = read_marker(t, err);
	return rc ? rc : look_whether_empty(t, err);
}

enum ark_rc arkv_dir_flush(struct dir_tree *t, struct ark_err *err)
{
	close_levels(t, 0);
	if (t->many_devices)
		sync();
	if (syncfs(t->root))
		return fail_at(t, errno, "it cannot be flushed", err);
	return ARK_OK;
}

/* Something is about to be written that only the marker gives a meaning to. False: refused. */
static enum ark_rc need_marker(struct dir_tree *t, struct dir_place *place, struct ark_err *err)
{
	static const char text[] = ARKV_DIR_MARKER_TEXT;
	if (t->marked)
		return ARK_OK;
	if (!t->was_empty) {
		refuse(t, place,
		       "its name or attributes need an escaped name or a sidecar, and the folder "
		       "has files that "
		       "arkv did not write: restore into an empty folder");
		return ARK_OK;
	}
	t->marked = true;
	if (t->dry_run)
		return ARK_OK;
	int fd = openat(t->root, ARKV_DIR_MARKER,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	int sys = fd < 0 ? errno : 0;
	ssize_t n = fd < 0 ? 0 : write(fd, text, sizeof text - 1);
	if (fd >= 0 && (close(fd) || n != (ssize_t)sizeof text - 1))
		sys = errno ? errno : EIO;
	return sys ? fail_at(t, sys, "the file " ARKV_DIR_MARKER " cannot be written", err)
		   : ARK_OK;
}

/* ---- the way to a record ---- */

/* What can be wrong with one name alone. */
static bool is_about_the_name(int sys)
{
	return sys == ENAMETOOLONG || sys == EINVAL || sys == EILSEQ;
}

/* The first spelling of a component; false when it is too long. *plain: it stands for itself. */
static bool first_name(struct arkv_dir_name *out, struct ark_span component, bool top, bool *plain)
{
	*plain = arkv_dir_is_plain(component, top);
	if (!*plain)
		return arkv_dir_escape(out, ARKV_DIR_COMPONENT, component);
	memcpy(out->s, component.p, component.len);
	out->s[component.len] = '\0';
	return true;
}

static int current_fd(const struct dir_tree *t)
{
	return t->level_count ? t->levels[t->level_count - 1].fd : t->root;
}

/* What stands under name, or 0: its st_mode. */
static mode_t mode_of(int fd, const char *name, uint64_t *size)
{
	struct stat st;
	if (fd < 0 || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	*size = (uint64_t)st.st_size;
	return st.st_mode;
}

/* Opens the folder name, made if need be, as one more level. */
static enum ark_rc enter(struct dir_tree *t, const char *name, struct dir_place *place,
			 struct ark_err *err)
{
	int above = current_fd(t);
	struct stat st;
	int fd = openat(above, name, FOLDER_FLAGS);
	if (fd < 0 && errno == ENOENT && t->dry_run) {
		place->fd = -1;
		return ARK_OK;
	}
	if (fd < 0 && errno == ENOENT && (!mkdirat(above, name, 0777) || errno == EEXIST))
		fd = openat(above, name, FOLDER_FLAGS);
	if (fd < 0 && is_about_the_name(errno)) {
		refuse(t, place, strerror(errno));
		return ARK_OK;
	}
	if (fd < 0)
		return fail_at(t, errno, "a folder in it cannot be opened", err);
	t->many_devices |= !fstat(fd, &st) && st.st_dev != t->device;
	t->levels[t->level_count].fd = fd;
	t->levels[t->level_count++].end = t->open_key.wr.len;
	place->fd = fd;
	return ARK_OK;
}

/* The spelling under which a component of this kind is there, or can be. */
static enum ark_rc choose_name(struct dir_tree *t, struct ark_span component, bool folder, bool top,
			       struct arkv_dir_name *name, struct dir_place *place,
			       struct ark_err *err)
{
	bool plain;
	struct arkv_dir_name other;
	mode_t wanted = folder ? S_IFDIR : S_IFREG, opposite = folder ? S_IFREG : S_IFDIR;
	if (!first_name(name, component, top, &plain))
		return ark_fail(err, ARK_LIMIT, PREFIX "%s: a name that was measured is too long",
				t->path);
	mode_t first = mode_of(place->fd, name->s, &place->size) & S_IFMT;
	mode_t second = 0;
	bool has_other = arkv_dir_escape(&other, ARKV_DIR_OTHER, component);
	if (first != wanted && has_other && t->marked)
		second = mode_of(place->fd, other.s, &place->size) & S_IFMT;
	if (first == wanted || (first == 0 && second != wanted)) {
		if (!folder)
			place->state = first ? DIR_PLACE_TAKEN : DIR_PLACE_FREE;
		return plain ? ARK_OK : need_marker(t, place, err);
	}
	if ((first != 0 && first != opposite) || (second != 0 && second != wanted)) {
		refuse(t, place,
		       folder ? "something that is no folder is in the way"
			      : "something that is no regular file is in its place");
		return ARK_OK;
	}
	place->hashed = !has_other; /* both names are out of the question */
	if (place->hashed)
		return ARK_OK;
	*name = other;
	if (!folder)
		place->state = second ? DIR_PLACE_TAKEN : DIR_PLACE_FREE;
	return need_marker(t, place, err);
}

static struct ark_span next_component(struct ark_span key, size_t from)
{
	const uint8_t *slash = from < key.len ? memchr(key.p + from, '/', key.len - from) : NULL;
	return ark_span(key.p + from, (slash ? (size_t)(slash - key.p) : key.len) - from);
}

/* True when every name of the path fits. *tight: but one has no second spelling that would. */
static bool fits(struct ark_span space, struct ark_span key, bool *tight)
{
	struct arkv_dir_name name;
	size_t depth = space.len != 0;
	bool top = depth == 0;
	*tight = false;
	if (!top && !arkv_dir_escape(&name, ARKV_DIR_SPACE, space))
		return false;
	for (size_t at = 0; at <= key.len; top = false) {
		bool plain;
		struct ark_span c = next_component(key, at);
		if (++depth > ARKV_DIR_DEPTH_MAX || !first_name(&name, c, top, &plain))
			return false;
		*tight |= !arkv_dir_escape(&name, ARKV_DIR_OTHER, c);
		at += c.len + 1;
	}
	return true;
}

/* Closes the levels that are not on the way to key. Gives where in key the next component begins.
 * */
static size_t keep_common(struct dir_tree *t, struct ark_span space, struct ark_span key)
{
	size_t keep = 0, at = 0;
	struct ark_span open = ark_buf_span(&t->open_key);
	if (ark_span_eq(space, ark_buf_span(&t->open_space))) {
		keep = t->has_space_level && t->level_count ? 1 : 0;
		while (keep < t->level_count) {
			size_t end = t->levels[keep].end;
			if (end >= key.len || key.p[end] != '/' ||
			    memcmp(open.p + at, key.p + at, end - at) != 0)
				break;
			at = end + 1;
			keep++;
		}
	}
	close_levels(t, keep);
	t->open_key.wr.len = at;
	return at;
}

static enum ark_rc enter_space(struct dir_tree *t, struct ark_span space, struct dir_place *place,
			       struct ark_err *err)
{
	struct arkv_dir_name name;
	if (t->level_count)
		return ARK_OK; /* those that were kept include its folder */
	ark_buf_clear(&t->open_space);
	ark_wr_bytes(&t->open_space.wr, space);
	t->has_space_level = space.len != 0;
	enum ark_rc rc = ark_buf_check(&t->open_space, "dir", err);
	if (rc || !space.len)
		return rc;
	rc = need_marker(t, place, err);
	if (rc || place->state == DIR_PLACE_REFUSED)
		return rc;
	if (!arkv_dir_escape(&name, ARKV_DIR_SPACE, space))
		return ark_fail(err, ARK_LIMIT, PREFIX "%s: a name that was measured is too long",
				t->path);
	uint64_t size;
	mode_t mode = mode_of(place->fd, name.s, &size);
	if (mode && !S_ISDIR(mode)) {
		refuse(t, place, "something that is no folder is in the place of its space");
		return ARK_OK;
	}
	return place->fd < 0 ? ARK_OK : enter(t, name.s, place, err);
}

/* Enters the folders of key from its byte at on, then finds the file. */
static enum ark_rc go_down(struct dir_tree *t, struct ark_span key, size_t at,
			   struct dir_place *place, struct ark_err *err)
{
	for (;;) {
		struct ark_span c = next_component(key, at);
		bool folder = at + c.len < key.len;
		struct arkv_dir_name name;
		enum ark_rc rc = choose_name(t, c, folder, at == 0 && !t->has_space_level, &name,
					     place, err);
		if (rc || place->state == DIR_PLACE_REFUSED || place->hashed)
			return rc;
		if (!folder) {
			place->name = name;
			return ARK_OK;
		}
		ark_wr_bytes(&t->open_key.wr, c);
		if (place->fd >= 0) /* else not there, in a dry run */
			rc = enter(t, name.s, place, err);
		ark_wr_u8(&t->open_key.wr, '/');
		if (rc || place->state == DIR_PLACE_REFUSED)
			return rc;
		at += c.len + 1;
	}
}

static void look_at_hashed(struct dir_tree *t, struct ark_span space, struct ark_span key,
			   struct dir_place *place)
{
	*place = (struct dir_place){ .state = DIR_PLACE_FREE, .fd = t->root, .hashed = true };
	place->name = arkv_dir_hash_name(space, key);
	mode_t mode = mode_of(t->root, place->name.s, &place->size) & S_IFMT;
	if (mode == S_IFREG)
		place->state = DIR_PLACE_TAKEN;
	else if (mode)
		refuse(t, place, "something that is no regular file is in its place");
}

static enum ark_rc find_named(struct dir_tree *t, struct ark_span space, struct ark_span key,
			      struct dir_place *place, struct ark_err *err)
{
	size_t at = keep_common(t, space, key);
	place->fd = current_fd(t);
	enum ark_rc rc = enter_space(t, space, place, err);
	if (!rc && place->state != DIR_PLACE_REFUSED)
		rc = go_down(t, key, at, place, err);
	return rc ? rc : ark_buf_check(&t->open_key, "dir", err);
}

enum ark_rc arkv_dir_find(struct dir_tree *t, struct ark_span space, struct ark_span key,
			  bool has_sidecar, struct dir_place *out, struct ark_err *err)
{
	struct dir_place place = { .state = DIR_PLACE_FREE, .fd = -1 }, hashed;
	bool tight;
	bool named = fits(space, key, &tight);
	enum ark_rc rc = has_sidecar ? need_marker(t, &place, err) : ARK_OK;
	if (!rc && place.state != DIR_PLACE_REFUSED && named)
		rc = find_named(t, space, key, &place, err);
	if (!rc && place.state == DIR_PLACE_FREE && (!named || tight)) {
		look_at_hashed(t, space, key, &hashed);
		if (!named || place.hashed || hashed.state == DIR_PLACE_TAKEN)
			place = hashed;
	}
	if (!rc && place.hashed && place.state != DIR_PLACE_REFUSED)
		rc = need_marker(t, &place, err);
	if (!rc)
		*out = place;
	return rc;
}
