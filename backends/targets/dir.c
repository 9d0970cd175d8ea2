/*
 * dir.c - the target dir:FOLDER (spec/21-dir.md): a record becomes a file whose path is its key.
 *
 * Everything below the folder is reached component by component through open descriptors that
 * follow no link, so that no key leads outside. A file is written under another name and renamed;
 * finish flushes all at once. How the names come about: backends/net/dir_name.h. Where a record
 * stands: dir_place.c.
 */
#include "backends/net/jsonl_out.h"
#include "backends/targets/dir_place.h"
#include "libarchive-kv/buf.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "dir:"

enum { COMPARE_LEN = 64 << 10 };

struct dir {
	struct arkv_target base;
	struct dir_tree tree;
	enum arkv_conflict conflict;
	bool dry_run;
	struct arkv_rand rand;
	struct arkv_json_scan scan;
	struct ark_buf sidecar; /* of the record at hand; empty when it needs none */
	enum arkv_outcome outcome;
	/* the file being written */
	struct dir_place place;
	struct arkv_dir_name temp_name; /* "" when there is none */
	int temp;
	int old; /* what is there, while it is the same as what comes; -1 */
	bool must_be_same;
	uint8_t compare[COMPARE_LEN];
};

static enum ark_rc fail_at(const struct dir *d, int sys, const char *what, struct ark_err *err)
{
	return ark_fail_sys(err, ark_rc_of_errno(sys), sys, PREFIX "%s: %s", d->tree.path, what);
}

/* ---- files ---- */

static enum ark_rc open_temp(struct dir *d, struct ark_err *err)
{
	snprintf(d->temp_name.s, sizeof d->temp_name.s, "%%!%016llx",
		 (unsigned long long)arkv_rand_below(&d->rand, UINT64_MAX));
	d->temp = openat(d->place.fd, d->temp_name.s,
			 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (d->temp >= 0)
		return ARK_OK;
	int sys = errno;
	d->temp_name.s[0] = '\0';
	return fail_at(d, sys, "a file cannot be made in it", err);
}

static enum ark_rc write_temp(struct dir *d, struct ark_span s, struct ark_err *err)
{
	while (s.len) {
		ssize_t n = write(d->temp, s.p, s.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_at(d, errno, "a file cannot be written", err);
		s.p += n;
		s.len -= (size_t)n;
	}
	return ARK_OK;
}

static void drop_temp(struct dir *d)
{
	if (d->temp >= 0)
		close(d->temp);
	if (d->temp_name.s[0])
		unlinkat(d->place.fd, d->temp_name.s, 0);
	d->temp = -1;
	d->temp_name.s[0] = '\0';
}

/* flags: RENAME_NOREPLACE where nothing was, so that what came there meanwhile stays. */
static enum ark_rc move_temp(struct dir *d, const char *name, unsigned flags, struct ark_err *err)
{
	int sys = close(d->temp) ? errno : 0;
	d->temp = -1;
	if (!sys && renameat2(d->place.fd, d->temp_name.s, d->place.fd, name, flags))
		sys = errno;
	if (flags && (sys == EINVAL || sys == ENOSYS)) /* a file system that knows no flags */
		sys = renameat(d->place.fd, d->temp_name.s, d->place.fd, name) ? errno : 0;
	if (sys)
		return fail_at(d, sys, "a file cannot be put in its place", err);
	d->temp_name.s[0] = '\0';
	return ARK_OK;
}

static void close_old(struct dir *d)
{
	if (d->old >= 0)
		close(d->old);
	d->old = -1;
}

/* Reads as many bytes of the old file as came of the new; once they differ, the old one is closed.
 * */
static void compare_old(struct dir *d, struct ark_span s)
{
	while (s.len && d->old >= 0) {
		size_t want = s.len < COMPARE_LEN ? s.len : COMPARE_LEN;
		ssize_t n = read(d->old, d->compare, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || memcmp(d->compare, s.p, (size_t)n) != 0) {
			close_old(d);
			return;
		}
		s.p += n;
		s.len -= (size_t)n;
	}
}

/* ---- sidecars ---- */

static bool has_attributes(const struct ark_record *r)
{
	return r->type != ARK_TYPE_STRING || r->expires_ms != ARK_NO_EXPIRY || r->flags ||
	       r->meta.len;
}

/* The text of the sidecar that r needs at place. */
static enum ark_rc spell_sidecar(struct dir *d, const struct ark_record *r, struct ark_err *err)
{
	ark_buf_clear(&d->sidecar);
	if (!has_attributes(r) && !d->place.hashed)
		return ARK_OK;
	arkv_jsonl_put_attributes(&d->sidecar.wr, r,
				  d->place.hashed ? ARKV_JSONL_NAMED : ARKV_JSONL_UNNAMED,
				  &d->scan);
	ark_wr_bytes(&d->sidecar.wr, ark_span("}\n", 2));
	return ark_buf_check(&d->sidecar, "dir", err);
}

/* Whether the sidecar that is there says what d->sidecar says. */
static bool sidecar_is_same(struct dir *d)
{
	if (!d->tree.marked)
		return d->sidecar.wr.len == 0;
	int fd = openat(d->place.fd, arkv_dir_sidecar_name(d->place.name.s).s,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return d->sidecar.wr.len == 0 && errno == ENOENT;
	int keep = d->old;
	d->old = fd;
	compare_old(d, ark_buf_span(&d->sidecar));
	uint8_t more;
	bool same = d->old >= 0 && d->sidecar.wr.len && read(d->old, &more, 1) == 0;
	close_old(d);
	d->old = keep;
	return same;
}

/* Before the file itself, so that a crash leaves no record that lost its expiry. */
static enum ark_rc write_sidecar(struct dir *d, struct ark_err *err)
{
	int value = d->temp;
	struct arkv_dir_name value_name = d->temp_name;
	enum ark_rc rc = open_temp(d, err);
	if (!rc)
		rc = write_temp(d, ark_buf_span(&d->sidecar), err);
	if (!rc)
		rc = move_temp(d, arkv_dir_sidecar_name(d->place.name.s).s, 0, err);
	drop_temp(d);
	d->temp = value;
	d->temp_name = value_name;
	return rc;
}

static enum ark_rc remove_sidecar(struct dir *d, struct ark_err *err)
{
	if (!d->tree.marked ||
	    !unlinkat(d->place.fd, arkv_dir_sidecar_name(d->place.name.s).s, 0) || errno == ENOENT)
		return ARK_OK;
	return fail_at(d, errno, "a sidecar cannot be removed", err);
}

/* ---- records ---- */

/* The file is there: decides by the policy. */
static enum ark_rc decide_existing(struct dir *d, const struct ark_record *r, struct ark_err *err)
{
	if (d->conflict == ARKV_CONFLICT_SKIP) {
		d->outcome = ARKV_OUTCOME_SKIPPED;
		return ARK_OK;
	}
	d->outcome = ARKV_OUTCOME_REPLACED;
	bool may_be_same = d->place.size == r->value_len && sidecar_is_same(d);
	d->must_be_same = d->conflict == ARKV_CONFLICT_FAIL;
	if (may_be_same && !d->dry_run)
		d->old = openat(d->place.fd, d->place.name.s,
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (d->must_be_same && d->old < 0)
		return ark_fail(err, ARK_EXISTS, PREFIX "%s: %s is there already", d->tree.path,
				d->place.name.s);
	return ARK_OK;
}

static enum ark_rc begin(struct arkv_target *base, const struct ark_record *r,
			 enum arkv_outcome *outcome, char *why, struct ark_err *err)
{
	struct dir *d = (struct dir *)base;
	d->must_be_same = false;
	d->outcome = ARKV_OUTCOME_CREATED;
	enum ark_rc rc =
		arkv_dir_find(&d->tree, r->space, r->key, has_attributes(r), &d->place, err);
	if (rc)
		return rc;
	if (d->place.state == DIR_PLACE_REFUSED) {
		snprintf(why, 256, "%s", d->tree.why);
		*outcome = ARKV_OUTCOME_REFUSED;
		return ARK_OK;
	}
	rc = spell_sidecar(d, r, err);
	if (!rc && d->place.state == DIR_PLACE_TAKEN)
		rc = decide_existing(d, r, err);
	if (!rc && !d->dry_run && d->outcome != ARKV_OUTCOME_SKIPPED && !d->must_be_same)
		rc = open_temp(d, err);
	if (!rc)
		*outcome = d->outcome;
	return rc;
}

static enum ark_rc not_the_same(const struct dir *d, struct ark_err *err)
{
	return ark_fail(err, ARK_EXISTS, PREFIX "%s: %s is there already, with other content",
			d->tree.path, d->place.name.s);
}

static enum ark_rc piece(struct arkv_target *base, struct ark_span bytes, struct ark_err *err)
{
	struct dir *d = (struct dir *)base;
	compare_old(d, bytes);
	if (d->must_be_same)
		return d->old >= 0 ? ARK_OK : not_the_same(d, err);
	return write_temp(d, bytes, err);
}

static enum ark_rc end(struct arkv_target *base, struct ark_err *err)
{
	struct dir *d = (struct dir *)base;
	bool same = d->old >= 0;
	close_old(d);
	if (same) {
		d->outcome = ARKV_OUTCOME_SAME;
		drop_temp(d);
		return ARK_OK;
	}
	if (d->must_be_same)
		return not_the_same(d, err);
	enum ark_rc rc = d->sidecar.wr.len ? write_sidecar(d, err) : ARK_OK;
	if (!rc)
		rc = move_temp(d, d->place.name.s,
			       d->outcome == ARKV_OUTCOME_CREATED ? RENAME_NOREPLACE : 0, err);
	if (!rc && !d->sidecar.wr.len && d->outcome == ARKV_OUTCOME_REPLACED)
		rc = remove_sidecar(d, err);
	return rc;
}

static enum arkv_outcome outcome(const struct arkv_target *base)
{
	return ((const struct dir *)base)->outcome;
}

/* ---- the target ---- */

static enum ark_rc open_target(struct arkv_target *base, const struct arkv_target_options *options,
			       struct ark_err *err)
{
	struct dir *d = (struct dir *)base;
	if (options->conflict == ARKV_CONFLICT_NEWER)
		return ark_fail(err, ARK_UNSUPPORTED,
				PREFIX "%s: an archive knows no ages of files: choose fail, "
				       "skip or replace",
				d->tree.path);
	d->conflict = options->conflict;
	d->dry_run = options->dry_run;
	return arkv_dir_open(&d->tree, options->dry_run, err);
}

static enum ark_rc finish(struct arkv_target *base, struct ark_err *err)
{
	struct dir *d = (struct dir *)base;
	return d->dry_run ? ARK_OK : arkv_dir_flush(&d->tree, err);
}

static void free_target(struct arkv_target *base)
{
	struct dir *d = (struct dir *)base;
	close_old(d);
	drop_temp(d);
	arkv_dir_close(&d->tree);
	ark_buf_release(&d->sidecar);
	arkv_json_release(&d->scan);
	free(d);
}

static const struct arkv_target_ops ops = {
	.kind = "dir",
	.open = open_target,
	.begin = begin,
	.piece = piece,
	.end = end,
	.finish = finish,
	.free = free_target,
	.outcome = outcome,
};

static enum ark_rc make(struct arkv_target **out, const char *url, struct ark_err *err)
{
	const char *path = url + strlen(PREFIX);
	if (!*path)
		return ark_fail(err, ARK_USAGE, "%s: expected dir:FOLDER", url);
	struct dir *d = calloc(1, sizeof *d);
	if (!d)
		return ark_fail(err, ARK_NOMEM, "dir: out of memory");
	ARK_AUTO(arkv_target_freep) struct arkv_target *t = &d->base;
	d->base.ops = &ops;
	d->temp = d->old = -1;
	d->rand = arkv_rand_system();
	ark_buf_init(&d->sidecar);
	enum ark_rc rc = arkv_dir_init(&d->tree, path, err);
	if (!rc)
		rc = arkv_json_init(&d->scan, ARKV_JSON_SPELL_MAX, err);
	if (rc)
		return rc;
	*out = t;
	t = NULL; /* the caller owns it now */
	return ARK_OK;
}

const struct arkv_target_kind arkv_target_dir = {
	.prefix = PREFIX,
	.form = "dir:FOLDER",
	.make = make,
};
