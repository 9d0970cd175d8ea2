/*
 * jsonl.c - the target jsonl:FILE and jsonl:- (spec/20-jsonl.md section 4: the canonical form).
 *
 * FILE is written beside its place and renamed at the end: it is there whole or not at all. Whether
 * a value is text must be known before its first byte is written: up to 1 MiB of it waits in
 * memory, what is longer (and begins as text) in an unlinked file. The caller ignores SIGPIPE, if a
 * closed pipe is to be an error.
 */
#include "backends/net/base64.h"
#include "backends/net/json_scan.h"
#include "backends/net/json_text.h"
#include "backends/net/jsonl_out.h"
#include "libarchive-kv/buf.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "jsonl:"

enum {
	OUT_CAP = 256 << 10,
	TEXT_SLICE = 32 << 10,	   /* six times as long at worst, which OUT_CAP holds */
	BASE64_SLICE = 48 << 10,   /* divisible by 3 */
	VALUE_CAP = (1 << 20) - 1, /* divisible by 3 */
};

enum how {
	HOW_BUFFER, /* the value so far is in value[] */
	HOW_SPOOL,  /* it is in the spool file, and value[] has what follows */
	HOW_BASE64, /* it is written, as base64, up to what value[] has */
	HOW_DONE,   /* all of it is written */
};

struct jsonl {
	struct arkv_target base;
	char *path;
	char *temp; /* path of the file being written; NULL: written in place, or renamed already */
	char *spool_dir;
	int fd;	      /* -1 in a dry run */
	bool to_file; /* a file of ours, renamed at the end */
	bool may_replace;
	bool dry_run;
	int spool; /* -1 until a value needs it */
	enum how how;
	uint64_t value_len; /* what begin was told */
	size_t value_have;
	uint64_t spooled;
	struct arkv_utf8 utf8;
	struct ark_buf head;
	struct arkv_json_scan meta; /* to see whether a meta is in its one spelling */
	struct ark_wr out;
	uint8_t out_mem[OUT_CAP];
	uint8_t value[VALUE_CAP];
};

/* ---- output ---- */

static enum ark_rc write_all(struct jsonl *j, int fd, struct ark_span s, const char *what,
			     struct ark_err *err)
{
	while (s.len) {
		ssize_t n = write(fd, s.p, s.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE)
			return ark_fail_sys(err, ARK_IO, EPIPE,
					    PREFIX "%s: whoever read it has gone", j->path);
		if (n < 0)
			return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
					    PREFIX "%s: %s cannot be written", j->path, what);
		s.p += n;
		s.len -= (size_t)n;
	}
	return ARK_OK;
}

static enum ark_rc flush(struct jsonl *j, struct ark_err *err)
{
	enum ark_rc rc = write_all(j, j->fd, ark_wr_span(&j->out), "it", err);
	j->out.len = 0;
	return rc;
}

/* Room for len bytes, at most OUT_CAP. */
static enum ark_rc need(struct jsonl *j, size_t len, struct ark_err *err)
{
	return j->out.cap - j->out.len < len ? flush(j, err) : ARK_OK;
}

static void put(struct jsonl *j, const char *text)
{
	ark_wr_bytes(&j->out, ark_span_str(text));
}

static enum ark_rc put_text(struct jsonl *j, struct ark_span s, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t at = 0; at < s.len && !rc; at += TEXT_SLICE) {
		size_t len = s.len - at < TEXT_SLICE ? s.len - at : TEXT_SLICE;
		rc = need(j, 6 * len + 8, err);
		if (!rc)
			arkv_json_put_text(&j->out, ark_span(s.p + at, len));
	}
	return rc;
}

static enum ark_rc put_base64(struct jsonl *j, struct ark_span s, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t at = 0; at < s.len && !rc; at += BASE64_SLICE) {
		size_t len = s.len - at < BASE64_SLICE ? s.len - at : BASE64_SLICE;
		size_t text_len = (size_t)arkv_base64_len(len);
		rc = need(j, text_len, err);
		if (!rc)
			arkv_base64_encode(ark_wr_room(&j->out, text_len), ark_span(s.p + at, len));
	}
	return rc;
}

/* Everything before the value. */
static enum ark_rc put_head(struct jsonl *j, const struct ark_record *r, struct ark_err *err)
{
	ark_buf_clear(&j->head);
	arkv_jsonl_put_attributes(&j->head.wr, r, ARKV_JSONL_NAMED, &j->meta);
	struct ark_span head = ark_buf_span(&j->head);
	enum ark_rc rc = ark_buf_check(&j->head, "jsonl", err);
	while (head.len && !rc) {
		size_t len = head.len < OUT_CAP ? head.len : OUT_CAP;
		rc = need(j, len, err);
		if (!rc)
			ark_wr_bytes(&j->out, ark_span(head.p, len));
		head.p += len;
		head.len -= len;
	}
	return rc;
}

/* ---- the value ---- */

/* The value's name, which says what it is, and its opening quote. */
static enum ark_rc put_value_name(struct jsonl *j, bool text, struct ark_err *err)
{
	enum ark_rc rc = need(j, 64, err);
	if (!rc)
		put(j, text ? ",\"value\":\"" : ",\"value_b64\":\"");
	return rc;
}

static enum ark_rc open_spool(struct jsonl *j, struct ark_err *err)
{
	char name[4200];
	if (j->spool >= 0) {
		if (lseek(j->spool, 0, SEEK_SET) < 0 || ftruncate(j->spool, 0))
			return ark_fail_sys(err, ARK_IO, errno, "%s: the spool file", j->spool_dir);
		return ARK_OK;
	}
	j->spool = open(j->spool_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (j->spool >= 0)
		return ARK_OK;
	snprintf(name, sizeof name, "%s/.arkv-spool-XXXXXX", j->spool_dir);
	j->spool = mkostemp(name, O_CLOEXEC);
	if (j->spool < 0)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
				    "%s: no spool file for a large value "
				    "can be made there",
				    j->spool_dir);
	unlink(name);
	return ARK_OK;
}

/* value[] is full: decides how the value goes on, and empties value[]. */
static enum ark_rc move_on(struct jsonl *j, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	struct ark_span have = ark_span(j->value, j->value_have);
	if (j->how != HOW_BASE64)
		arkv_utf8_feed(&j->utf8, have);
	if (j->how == HOW_BUFFER && j->utf8.bad) {
		j->how = HOW_BASE64;
		rc = put_value_name(j, false, err);
	} else if (j->how == HOW_BUFFER) {
		j->how = HOW_SPOOL;
		rc = open_spool(j, err);
	}
	if (rc)
		return rc;
	j->value_have = 0;
	if (j->how == HOW_BASE64)
		return put_base64(j, have, err);
	j->spooled += have.len;
	return write_all(j, j->spool, have, "the spool file for a large value", err);
}

static enum ark_rc read_spool(struct jsonl *j, uint64_t at, size_t len, struct ark_err *err)
{
	size_t have = 0;
	while (have < len) {
		ssize_t n = pread(j->spool, j->value + have, len - have, (off_t)(at + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ark_fail_sys(err, ARK_IO, n ? errno : 0,
					    "%s: the spool file cannot be read", j->spool_dir);
		have += (size_t)n;
	}
	return ARK_OK;
}

/* All is in the spool file: writes it out. */
static enum ark_rc unspool(struct jsonl *j, struct ark_err *err)
{
	bool text = arkv_utf8_done(&j->utf8);
	enum ark_rc rc = put_value_name(j, text, err);
	for (uint64_t at = 0; at < j->spooled && !rc; at += VALUE_CAP) {
		size_t len = j->spooled - at < VALUE_CAP ? (size_t)(j->spooled - at) : VALUE_CAP;
		rc = read_spool(j, at, len, err);
		if (!rc)
			rc = text ? put_text(j, ark_span(j->value, len), err)
				  : put_base64(j, ark_span(j->value, len), err);
	}
	return rc;
}

static enum ark_rc put_whole_value(struct jsonl *j, struct ark_span value, struct ark_err *err)
{
	bool text = arkv_utf8_valid(value);
	enum ark_rc rc = put_value_name(j, text, err);
	if (!rc)
		rc = text ? put_text(j, value, err) : put_base64(j, value, err);
	return rc;
}

/* ---- the target's calls ---- */

static enum ark_rc begin(struct arkv_target *base, const struct ark_record *r,
			 enum arkv_outcome *outcome, char *why, struct ark_err *err)
{
	struct jsonl *j = (struct jsonl *)base;
	(void)why;
	j->how = HOW_BUFFER;
	j->value_len = r->value_len;
	j->value_have = 0;
	j->spooled = 0;
	j->utf8 = (struct arkv_utf8){ .bad = false };
	enum ark_rc rc = j->dry_run ? ARK_OK : put_head(j, r, err);
	if (!rc)
		*outcome = ARKV_OUTCOME_CREATED;
	return rc;
}

static enum ark_rc piece(struct arkv_target *base, struct ark_span bytes, struct ark_err *err)
{
	struct jsonl *j = (struct jsonl *)base;
	enum ark_rc rc = ARK_OK;
	if (bytes.len && bytes.len == j->value_len) {
		j->how = HOW_DONE;
		return put_whole_value(j, bytes, err);
	}
	while (bytes.len && !rc) {
		size_t len = VALUE_CAP - j->value_have;
		if (len > bytes.len)
			len = bytes.len;
		memcpy(j->value + j->value_have, bytes.p, len);
		j->value_have += len;
		bytes.p += len;
		bytes.len -= len;
		if (j->value_have == VALUE_CAP)
			rc = move_on(j, err);
	}
	return rc;
}

static enum ark_rc end(struct arkv_target *base, struct ark_err *err)
{
	struct jsonl *j = (struct jsonl *)base;
	struct ark_span have = ark_span(j->value, j->value_have);
	enum ark_rc rc = ARK_OK;
	if (j->how == HOW_BUFFER) {
		rc = put_whole_value(j, have, err);
	} else if (j->how == HOW_BASE64) {
		rc = put_base64(j, have, err);
	} else if (j->how == HOW_SPOOL) {
		rc = move_on(j, err);
		if (!rc)
			rc = unspool(j, err);
	}
	if (!rc)
		rc = need(j, 64, err);
	if (!rc)
		put(j, "\"}\n");
	return rc;
}

/* ---- the file ---- */

/* The folder of path, to be freed; NULL when out of memory. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static enum ark_rc make_temp(struct jsonl *j, mode_t mode, struct ark_err *err)
{
	struct arkv_rand rand = arkv_rand_system();
	if (asprintf(&j->temp, "%s.%08llx.part", j->path,
		     (unsigned long long)arkv_rand_below(&rand, UINT64_C(1) << 32)) < 0) {
		j->temp = NULL;
		return ark_fail(err, ARK_NOMEM, PREFIX "%s: out of memory", j->path);
	}
	j->fd = open(j->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (j->fd >= 0)
		return ARK_OK;
	int sys = errno;
	free(j->temp);
	j->temp = NULL;
	return ark_fail_sys(err, ark_rc_of_errno(sys), sys, PREFIX "%s cannot be made", j->path);
}

static enum ark_rc open_file(struct jsonl *j, enum arkv_conflict conflict, struct ark_err *err)
{
	struct stat st;
	bool there = lstat(j->path, &st) == 0;
	if (!there && errno != ENOENT)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno, PREFIX "%s", j->path);
	if (there && S_ISDIR(st.st_mode))
		return ark_fail(err, ARK_USAGE,
				PREFIX "%s is a folder: dir:%s writes into a folder", j->path,
				j->path);
	j->to_file = !there || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode);
	if (there && j->to_file && conflict != ARKV_CONFLICT_REPLACE)
		return ark_fail(err, ARK_EXISTS,
				PREFIX "%s is there already, and is written whole or not at all: "
				       "choose another name, or let it be replaced",
				j->path);
	j->may_replace = conflict == ARKV_CONFLICT_REPLACE;
	if (j->dry_run)
		return ARK_OK;
	if (j->to_file)
		return make_temp(j, there && S_ISREG(st.st_mode) ? st.st_mode & 0777 : 0666, err);
	j->fd = open(j->path, O_WRONLY | O_CLOEXEC); /* a fifo, a device */
	if (j->fd < 0)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
				    PREFIX "%s cannot be opened", j->path);
	return ARK_OK;
}

static enum ark_rc open_target(struct arkv_target *base, const struct arkv_target_options *options,
			       struct ark_err *err)
{
	struct jsonl *j = (struct jsonl *)base;
	bool standard = !strcmp(j->path, "-");
	j->dry_run = options->dry_run;
	if (options->conflict == ARKV_CONFLICT_NEWER)
		return ark_fail(err, ARK_UNSUPPORTED,
				PREFIX "%s: a file of records has no ages to compare: "
				       "choose fail or replace",
				j->path);
	j->spool_dir = options->spool_dir ? strdup(options->spool_dir)
		       : standard	  ? strdup("/var/tmp")
					  : folder_of(j->path);
	if (!j->spool_dir)
		return ark_fail(err, ARK_NOMEM, PREFIX "%s: out of memory", j->path);
	if (!standard)
		return open_file(j, options->conflict, err);
	j->fd = STDOUT_FILENO;
	return ARK_OK;
}

static enum ark_rc sync_folder(struct jsonl *j, struct ark_err *err)
{
	char *folder = folder_of(j->path);
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int sys = fd < 0 || fsync(fd) ? errno : 0;
	if (fd >= 0)
		close(fd);
	free(folder);
	if (sys)
		return ark_fail_sys(err, ARK_IO, sys, PREFIX "%s: its folder cannot be flushed",
				    j->path);
	return ARK_OK;
}

/* To its place, without replacing what came there meanwhile unless that is allowed. */
static int move_to_place(const struct jsonl *j)
{
	if (!j->may_replace) {
		if (!renameat2(AT_FDCWD, j->temp, AT_FDCWD, j->path, RENAME_NOREPLACE))
			return 0;
		if (errno != EINVAL && errno != ENOSYS)
			return -1;
		if (!access(j->path, F_OK)) {
			errno = EEXIST;
			return -1;
		}
	}
	return rename(j->temp, j->path);
}

static enum ark_rc finish(struct arkv_target *base, struct ark_err *err)
{
	struct jsonl *j = (struct jsonl *)base;
	enum ark_rc rc = j->dry_run ? ARK_OK : flush(j, err);
	if (rc || !j->temp)
		return rc;
	if (fsync(j->fd))
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
				    PREFIX "%s cannot be flushed", j->path);
	int fd = j->fd;
	j->fd = -1;
	if (close(fd) || move_to_place(j))
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno, PREFIX "%s", j->path);
	free(j->temp);
	j->temp = NULL;
	return sync_folder(j, err);
}

static void free_target(struct arkv_target *base)
{
	struct jsonl *j = (struct jsonl *)base;
	if (j->fd > STDOUT_FILENO)
		close(j->fd);
	if (j->spool >= 0)
		close(j->spool);
	if (j->temp)
		unlink(j->temp);
	arkv_json_release(&j->meta);
	ark_buf_release(&j->head);
	free(j->temp);
	free(j->spool_dir);
	free(j->path);
	free(j);
}

static const struct arkv_target_ops ops = {
	.kind = "jsonl",
	.open = open_target,
	.begin = begin,
	.piece = piece,
	.end = end,
	.finish = finish,
	.free = free_target,
};

static enum ark_rc make(struct arkv_target **out, const char *url, struct ark_err *err)
{
	const char *path = url + strlen(PREFIX);
	if (!*path)
		return ark_fail(err, ARK_USAGE,
				"%s: expected jsonl:FILE, or jsonl:- for the standard output", url);
	struct jsonl *j = calloc(1, sizeof *j);
	if (!j)
		return ark_fail(err, ARK_NOMEM, "jsonl: out of memory");
	ARK_AUTO(arkv_target_freep) struct arkv_target *t = &j->base;
	j->base.ops = &ops;
	j->fd = j->spool = -1;
	ark_buf_init(&j->head);
	j->out = ark_wr(j->out_mem, sizeof j->out_mem);
	j->path = strdup(path);
	if (!j->path)
		return ark_fail(err, ARK_NOMEM, "jsonl: out of memory");
	enum ark_rc rc = arkv_json_init(&j->meta, ARKV_JSON_SPELL_MAX, err);
	if (rc)
		return rc;
	*out = t;
	t = NULL; /* the caller owns it now */
	return ARK_OK;
}

const struct arkv_target_kind arkv_target_jsonl = {
	.prefix = PREFIX,
	.form = "jsonl:FILE|-",
	.make = make,
};
