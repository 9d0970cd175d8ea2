/*
 * dir.c - the source dir:FOLDER (spec/21-dir.md): a file is a record, its path the key.
 *
 * Folders are walked in order through open descriptors, so that nothing renamed meanwhile leads
 * outside; links are not followed. Memory: one buffer of 1 MiB, and the names of the folders on the
 * way down.
 */
#include "backends/net/dir_name.h"
#include "backends/net/jsonl_in.h"
#include "backends/net/local_path.h"
#include "libarchive-kv/buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "dir:"

enum {
	BUF_LEN = 1 << 20,
	DEPTH_MAX = 200,	    /* folders in folders: one descriptor each */
	SIDECAR_WINDOW = 512 << 10, /* the longest key and meta, escaped */
};

struct dir {
	struct arkv_source base;
	char *path;
	int root;
	bool marked;  /* arkv wrote it: names and sidecars have a meaning */
	bool changed; /* a file, while it was read */
	struct arkv_sink *sink;
	struct arkv_jsonl_in *in; /* for sidecars */
	struct ark_buf key;	  /* of the folder or file at hand */
	struct ark_buf space;
	uint64_t bytes;
	uint8_t *buf;
	uint8_t *sidecar;
};

/* ---- what is refused ---- */

static enum ark_rc refuse(struct dir *d, const char *why, int sys, struct ark_err *err)
{
	char text[ARK_ERR_TEXT_MAX + 128];
	snprintf(text, sizeof text, "%s%s%s", why, sys ? ": " : "", sys ? strerror(sys) : "");
	return d->sink->refused(d->sink, ark_buf_span(&d->key), text, err);
}

static const char *why_not(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK: return "a symbolic link: links are not followed";
	case S_IFSOCK: return "a socket";
	case S_IFIFO: return "a pipe";
	case S_IFCHR:
	case S_IFBLK: return "a device";
	default: return "neither file nor folder";
	}
}

/* ---- listing ---- */

/* The entries of a folder: a byte 'd' for folders, 'f' for files, 'o' for others, then the name
 * with its NUL. */
struct listing {
	struct ark_buf text;
	struct ark_buf order; /* const char * each, sorted */
	size_t count;
};

static void listing_release(struct listing *l)
{
	ark_buf_release(&l->text);
	ark_buf_release(&l->order);
}

/* Byte order of the keys: a folder's name counts with the slash behind it. */
static int compare(const void *left, const void *right)
{
	const char *a = *(const char *const *)left, *b = *(const char *const *)right;
	size_t a_len = strlen(a + 1), b_len = strlen(b + 1);
	size_t n = a_len < b_len ? a_len : b_len;
	int c = memcmp(a + 1, b + 1, n);
	if (c)
		return c;
	int a_next = a_len > n ? (uint8_t)a[1 + n] : *a == 'd' ? '/' : -1;
	int b_next = b_len > n ? (uint8_t)b[1 + n] : *b == 'd' ? '/' : -1;
	return a_next - b_next;
}

static char kind_of(int fd, const struct dirent *e)
{
	struct stat st;
	if (e->d_type == DT_DIR)
		return 'd';
	if (e->d_type == DT_REG)
		return 'f';
	if (e->d_type != DT_UNKNOWN || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
		return 'o';
	return S_ISDIR(st.st_mode) ? 'd' : S_ISREG(st.st_mode) ? 'f' : 'o';
}

static enum ark_rc sort_listing(struct listing *l, struct ark_err *err)
{
	const char *p = (const char *)l->text.wr.p;
	for (size_t i = 0; i < l->count; i++) {
		ark_wr_bytes(&l->order.wr, ark_span(&p, sizeof p));
		p += strlen(p) + 1;
	}
	if (l->text.wr.full || l->order.wr.full)
		return ark_fail(err, ARK_NOMEM, "out of memory for the names of a folder");
	if (l->count)
		qsort(l->order.wr.p, l->count, sizeof(char *), compare);
	return ARK_OK;
}

/* *sys gets errno when the folder cannot be listed. */
static enum ark_rc list(struct listing *l, int fd, int *sys, struct ark_err *err)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = again < 0 ? NULL : fdopendir(again);
	*sys = errno;
	if (!stream) {
		if (again >= 0)
			close(again);
		return ARK_OK;
	}
	struct dirent *e;
	while ((errno = 0, e = readdir(stream))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		ark_wr_u8(&l->text.wr, (uint8_t)kind_of(fd, e));
		ark_wr_bytes(&l->text.wr, ark_span(e->d_name, strlen(e->d_name) + 1));
		l->count++;
	}
	*sys = errno;
	closedir(stream);
	return *sys ? ARK_OK : sort_listing(l, err);
}

/* ---- files ---- */

/* Reads up to len bytes, fewer only at the end; -1 with errno. */
static ssize_t read_full(int fd, uint8_t *p, size_t len)
{
	size_t have = 0;
	while (have < len) {
		ssize_t n = read(fd, p + have, len - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static enum ark_rc read_in_pieces(struct dir *d, int fd, struct ark_record *r, struct ark_err *err)
{
	ssize_t n = BUF_LEN;
	while (n > 0) {
		r->value_len += (uint64_t)n;
		d->bytes += (uint64_t)n;
		enum ark_rc rc = d->sink->piece(d->sink, ark_span(d->buf, (size_t)n), err);
		if (!rc)
			rc = d->sink->tick(d->sink, d->bytes, err);
		if (rc)
			return rc;
		n = r->value_len > ARK_VALUE_MAX ? -1 : read_full(fd, d->buf, BUF_LEN);
	}
	if (n == 0)
		return d->sink->record_end(d->sink, r, err);
	int sys = r->value_len > ARK_VALUE_MAX ? EFBIG : errno;
	d->sink->drop(d->sink);
	return refuse(d, "cannot be read", sys, err);
}

static enum ark_rc read_value(struct dir *d, int fd, struct ark_record *r, struct ark_err *err)
{
	ssize_t n = read_full(fd, d->buf, BUF_LEN);
	if (n < 0)
		return refuse(d, "cannot be read", errno, err);
	if (n == BUF_LEN)
		return read_in_pieces(d, fd, r, err);
	r->value_len = (uint64_t)n;
	d->bytes += (uint64_t)n;
	return d->sink->record(d->sink, r, ark_span(d->buf, (size_t)n), err);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int open_file(int at, const char *name, struct stat *st)
{
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, st)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Opens the sidecar of name: *fd is -1 when there is none. *why says what is wrong with it. */
static void open_sidecar(int at, const char *name, int *fd, const char **why)
{
	struct stat st;
	bool hashed = arkv_dir_form_of(name) == ARKV_DIR_HASH;
	*fd = -1;
	*fd = open_file(at, arkv_dir_sidecar_name(name).s, &st);
	if (*fd < 0 && (hashed || errno != ENOENT))
		*why = hashed ? "its sidecar, which has its key, cannot be opened"
			      : "its sidecar cannot be opened";
	else if (*fd >= 0 && !S_ISREG(st.st_mode))
		*why = "its sidecar is no regular file";
}

/* Fills r from the sidecar of name, if there is one. *usable is false when the record was refused.
 * */
static enum ark_rc read_sidecar(struct dir *d, int at, const char *name, struct ark_record *r,
				bool *usable, struct ark_err *err)
{
	bool hashed = arkv_dir_form_of(name) == ARKV_DIR_HASH;
	bool has_key = hashed;
	const char *why = NULL;
	struct ark_record found = *r;
	struct ark_err said = { .text = "" };
	char text[ARK_ERR_TEXT_MAX + 32];
	int fd;
	open_sidecar(at, name, &fd, &why);
	ssize_t n = fd < 0 || why ? 0 : read_full(fd, d->sidecar, SIDECAR_WINDOW);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		why = "its sidecar cannot be read";
	if (!why && fd >= 0 &&
	    arkv_jsonl_in_attributes(d->in, ark_span(d->sidecar, (size_t)n), &found, &has_key,
				     &said)) {
		snprintf(text, sizeof text, "its sidecar: %s", said.text);
		why = text;
	}
	if (!why && has_key != hashed)
		why = hashed ? "its sidecar lacks the key" : "its sidecar has a key of its own";
	*usable = why == NULL;
	if (why)
		return refuse(d, why, 0, err);
	if (!hashed) {
		found.space = r->space;
		found.key = r->key;
	}
	*r = found;
	return ARK_OK;
}

static enum ark_rc read_open_file(struct dir *d, int at, int fd, const char *name,
				  const struct stat *before, struct ark_err *err)
{
	struct ark_record r = { .space = ark_buf_span(&d->space),
				.key = ark_buf_span(&d->key),
				.type = ARK_TYPE_STRING,
				.expires_ms = ARK_NO_EXPIRY };
	struct stat after;
	bool usable = true;
	enum ark_rc rc = d->marked ? read_sidecar(d, at, name, &r, &usable, err) : ARK_OK;
	if (rc || !usable)
		return rc;
	rc = read_value(d, fd, &r, err);
	d->changed |= fstat(fd, &after) || !same_file(before, &after);
	return rc;
}

static enum ark_rc take_file(struct dir *d, int at, const char *name, struct ark_err *err)
{
	struct stat st;
	int fd = open_file(at, name, &st);
	if (fd < 0 && errno == ENOENT)
		return ARK_OK; /* removed since it was listed */
	if (fd < 0)
		return errno == ELOOP ? refuse(d, why_not(S_IFLNK), 0, err)
				      : refuse(d, "cannot be opened", errno, err);
	enum ark_rc rc;
	if (!S_ISREG(st.st_mode))
		rc = refuse(d, why_not(st.st_mode), 0, err);
	else if (d->key.wr.len > ARK_KEY_MAX)
		rc = refuse(d, "its path is longer than 65,535 bytes", 0, err);
	else
		rc = read_open_file(d, at, fd, name, &st, err);
	close(fd);
	return rc;
}

static enum ark_rc take_other(struct dir *d, int at, const char *name, struct ark_err *err)
{
	struct stat st;
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? ARK_OK : refuse(d, "cannot be looked at", errno, err);
	return refuse(d, why_not(st.st_mode), 0, err);
}

/* ---- the walk ---- */

/* A folder on the way: how much of d->key is its own path. */
struct spot {
	int fd;
	size_t key_len;
	unsigned depth;
	bool first; /* no component of the key stands above: none of its slashes either */
};

static enum ark_rc walk(struct dir *d, struct spot spot, struct ark_err *err);

static enum ark_rc take_folder(struct dir *d, struct spot above, const char *name, bool first,
			       struct ark_err *err)
{
	if (above.depth == DEPTH_MAX)
		return refuse(d, "nested deeper than 200 folders", 0, err);
	int fd = openat(above.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return ARK_OK;
	if (fd < 0)
		return refuse(d, "a folder that cannot be opened", errno, err);
	struct spot spot = {
		.fd = fd, .key_len = d->key.wr.len, .depth = above.depth + 1, .first = first
	};
	enum ark_rc rc = walk(d, spot, err);
	close(fd);
	return rc;
}

static enum ark_rc take_space(struct dir *d, struct spot spot, const char *name,
			      struct ark_err *err)
{
	enum ark_rc rc;
	ark_buf_clear(&d->key);
	if (arkv_dir_unescape(&d->space.wr, name) && d->space.wr.len <= ARK_SPACE_MAX) {
		rc = take_folder(d, spot, name, true, err);
	} else {
		ark_wr_bytes(&d->key.wr, ark_span_str(name));
		rc = refuse(d, "its name is no space as arkv writes them", 0, err);
	}
	ark_buf_clear(&d->space);
	return rc;
}

static enum ark_rc take_sidecar(struct dir *d, int at, const char *name, struct ark_err *err)
{
	struct stat st;
	if (arkv_dir_form_of(name + 2) == ARKV_DIR_SIDECAR ||
	    !fstatat(at, name + 2, &st, AT_SYMLINK_NOFOLLOW))
		return ARK_OK; /* its file takes care of it */
	return refuse(d, "a sidecar whose file is missing", 0, err);
}

/* The component that name stands for, at the end of d->key; false when it is none. */
static bool add_component(struct dir *d, struct spot spot, enum arkv_dir_form form,
			  const char *name)
{
	d->key.wr.len = spot.key_len;
	if (!spot.first)
		ark_wr_u8(&d->key.wr, '/');
	size_t from = d->key.wr.len;
	if ((form == ARKV_DIR_COMPONENT || form == ARKV_DIR_OTHER) &&
	    arkv_dir_unescape(&d->key.wr, name))
		return true;
	d->key.wr.len = from;
	ark_wr_bytes(&d->key.wr, ark_span_str(name)); /* also to name what is refused */
	return form == ARKV_DIR_PLAIN || form == ARKV_DIR_HASH || form == ARKV_DIR_SIDECAR;
}

static enum ark_rc take_entry(struct dir *d, struct spot spot, const char *entry,
			      struct ark_err *err)
{
	const char *name = entry + 1;
	bool top = spot.depth == 0;
	enum arkv_dir_form form = d->marked ? arkv_dir_form_of(name) : ARKV_DIR_PLAIN;
	if (form == ARKV_DIR_TEMP || (d->marked && top && !strcmp(name, ARKV_DIR_MARKER)))
		return ARK_OK;
	if (form == ARKV_DIR_SPACE && top && *entry == 'd')
		return take_space(d, spot, name, err);
	bool good = add_component(d, spot, form, name);
	if (d->key.wr.full)
		return ark_fail(err, ARK_NOMEM, "out of memory");
	if (!good || (form == ARKV_DIR_HASH && (!top || *entry != 'f')))
		return refuse(d, "its name is none that arkv writes", 0, err);
	if (form == ARKV_DIR_SIDECAR)
		return take_sidecar(d, spot.fd, name, err);
	if (*entry == 'd')
		return take_folder(d, spot, name, false, err);
	return *entry == 'f' ? take_file(d, spot.fd, name, err) : take_other(d, spot.fd, name, err);
}

static enum ark_rc walk(struct dir *d, struct spot spot, struct ark_err *err)
{
	ARK_AUTO(listing_release) struct listing l = { .count = 0 };
	int sys = 0;
	ark_buf_init(&l.text);
	ark_buf_init(&l.order);
	enum ark_rc rc = list(&l, spot.fd, &sys, err);
	if (!rc && sys)
		return refuse(d, "a folder that cannot be listed", sys, err);
	if (!rc)
		rc = d->sink->tick(d->sink, d->bytes, err);
	for (size_t i = 0; i < l.count && !rc; i++) {
		const char *entry;
		memcpy(&entry, l.order.wr.p + i * sizeof entry, sizeof entry);
		rc = take_entry(d, spot, entry, err);
	}
	return rc;
}

/* ---- the source ---- */

static enum ark_rc scan(struct arkv_source *base, struct arkv_sink *sink, struct ark_err *err)
{
	struct dir *d = (struct dir *)base;
	d->sink = sink;
	d->bytes = 0;
	d->changed = false;
	ark_buf_clear(&d->key);
	ark_buf_clear(&d->space);
	return walk(d, (struct spot){ .fd = d->root, .first = true }, err);
}

/* Whether a marker of ours is there. */
static enum ark_rc read_marker(struct dir *d, struct ark_err *err)
{
	char text[64] = "";
	struct stat st;
	int fd = open_file(d->root, ARKV_DIR_MARKER, &st);
	ssize_t n = fd < 0 || !S_ISREG(st.st_mode)
			    ? 0
			    : read_full(fd, (uint8_t *)text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	d->marked = n > 0 && !strcmp(text, ARKV_DIR_MARKER_TEXT);
	if (d->marked || n <= 0 ||
	    strncmp(text, ARKV_DIR_MARKER_ANY, strlen(ARKV_DIR_MARKER_ANY)) != 0)
		return ARK_OK;
	return ark_fail(err, ARK_UNSUPPORTED,
			PREFIX "%s: its file " ARKV_DIR_MARKER " is of a later version: "
			       "upgrade",
			d->path);
}

static enum ark_rc get_memory(struct dir *d, struct ark_err *err)
{
	free(d->buf);
	d->buf = malloc(BUF_LEN);
	if (!d->buf || (d->marked && !(d->sidecar = malloc(SIDECAR_WINDOW))))
		return ark_fail(err, ARK_NOMEM, PREFIX "%s: out of memory", d->path);
	return d->marked ? arkv_jsonl_in_new(&d->in, SIDECAR_WINDOW, err) : ARK_OK;
}

static enum ark_rc open_source(struct arkv_source *base, struct arkv_source_info *info,
			       struct ark_err *err)
{
	struct dir *d = (struct dir *)base;
	struct arkv_source_info found = { .consistency = ARKV_CONSISTENCY_RECORD };
	d->root = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->root < 0)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
				    PREFIX "%s cannot be opened", d->path);
	enum ark_rc rc = read_marker(d, err);
	if (!rc)
		rc = get_memory(d, err);
	if (!rc)
		rc = arkv_local_identity(found.identity, sizeof found.identity, PREFIX, d->path,
					 err);
	if (rc)
		return rc;
	found.caps = d->marked ? 0 : ARKV_SOURCE_ORDERED;
	*info = found;
	return ARK_OK;
}

static enum arkv_consistency consistency(const struct arkv_source *base)
{
	return ((const struct dir *)base)->changed ? ARKV_CONSISTENCY_FUZZY
						   : ARKV_CONSISTENCY_RECORD;
}

static void free_source(struct arkv_source *base)
{
	struct dir *d = (struct dir *)base;
	if (d->root >= 0)
		close(d->root);
	arkv_jsonl_in_free(d->in);
	ark_buf_release(&d->key);
	ark_buf_release(&d->space);
	free(d->sidecar);
	free(d->buf);
	free(d->path);
	free(d);
}

static const struct arkv_source_ops ops = {
	.kind = "dir",
	.open = open_source,
	.scan = scan,
	.free = free_source,
	.consistency = consistency,
};

static enum ark_rc make(struct arkv_source **out, const char *url, struct ark_err *err)
{
	const char *path = url + strlen(PREFIX);
	if (!*path)
		return ark_fail(err, ARK_USAGE, "%s: expected dir:FOLDER", url);
	struct dir *d = calloc(1, sizeof *d);
	char *copy = strdup(path);
	if (!d || !copy) {
		free(d);
		free(copy);
		return ark_fail(err, ARK_NOMEM, "dir: out of memory");
	}
	d->base.ops = &ops;
	d->root = -1;
	d->path = copy;
	ark_buf_init(&d->key);
	ark_buf_init(&d->space);
	*out = &d->base;
	return ARK_OK;
}

const struct arkv_source_kind arkv_source_dir = {
	.prefix = PREFIX,
	.form = "dir:FOLDER",
	.make = make,
};
