/*
 * jsonl.c - the source jsonl:FILE and jsonl:- (spec/20-jsonl.md).
 *
 * Memory is two windows of 1 MiB and one key, whatever the size of a value. The first malformed
 * line ends the scan with its position: a reader that went on could pass off half an archive as a
 * whole one. The lines themselves: backends/net/jsonl_in.c.
 */
#include "backends/sources/jsonl.h"

#include "backends/net/jsonl_in.h"
#include "backends/net/local_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "jsonl:"

struct jsonl {
	struct arkv_source base;
	struct arkv_jsonl_in *in;
	arkv_json_read_fn *read;
	void *ctx;
	char *path; /* NULL without a file of our own */
	int fd;
	bool scanned;
	bool regular;
	uint64_t read_bytes;
	struct stat before;
	enum arkv_consistency consistency;
};

static enum ark_rc read_fd(void *ctx, uint8_t *p, size_t cap, size_t *len, struct ark_err *err)
{
	struct jsonl *j = ctx;
	ssize_t n;
	do
		n = read(j->fd, p, cap);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return ark_fail_sys(err, ARK_IO, errno, "cannot be read at byte %llu",
				    (unsigned long long)j->read_bytes);
	*len = (size_t)n;
	j->read_bytes += *len;
	return ARK_OK;
}

static bool has_changed(const struct jsonl *j)
{
	struct stat now;
	return fstat(j->fd, &now) || now.st_size != j->before.st_size ||
	       now.st_mtim.tv_sec != j->before.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != j->before.st_mtim.tv_nsec;
}

static enum ark_rc rewind_input(struct jsonl *j, struct ark_err *err)
{
	if (j->scanned && (!j->regular || lseek(j->fd, 0, SEEK_SET)))
		return ark_fail(err, ARK_UNSUPPORTED, "a pipe cannot be read a second time");
	j->scanned = true;
	j->read_bytes = 0;
	return ARK_OK;
}

static enum ark_rc scan(struct arkv_source *base, struct arkv_sink *sink, struct ark_err *err)
{
	struct jsonl *j = (struct jsonl *)base;
	bool sink_failed = false;
	enum ark_rc rc = rewind_input(j, err);
	if (!rc)
		rc = arkv_jsonl_in_scan(j->in, j->read, j->ctx, sink, &sink_failed, err);
	if (j->regular && has_changed(j))
		j->consistency = ARKV_CONSISTENCY_UNKNOWN;
	if (rc && !sink_failed && j->path && err)
		return ark_err_prefix(err, PREFIX "%s", j->path);
	return rc;
}

static enum ark_rc open_file(struct jsonl *j, struct ark_err *err)
{
	if (!strcmp(j->path, "-")) {
		j->fd = STDIN_FILENO;
		return ARK_OK;
	}
	j->fd = open(j->path, O_RDONLY | O_CLOEXEC);
	if (j->fd < 0)
		return ark_fail_sys(err, ark_rc_of_errno(errno), errno,
				    PREFIX "%s cannot be opened", j->path);
	return ARK_OK;
}

static enum ark_rc open_source(struct arkv_source *base, struct arkv_source_info *info,
			       struct ark_err *err)
{
	struct jsonl *j = (struct jsonl *)base;
	struct arkv_source_info found = { .identity = PREFIX "-" };
	enum ark_rc rc = j->path ? open_file(j, err) : ARK_OK;
	if (!rc && j->path && strcmp(j->path, "-"))
		rc = arkv_local_identity(found.identity, sizeof found.identity, PREFIX, j->path,
					 err);
	if (rc)
		return rc;
	if (j->path && fstat(j->fd, &j->before))
		return ark_fail_sys(err, ARK_IO, errno, PREFIX "%s", j->path);
	if (j->path && S_ISDIR(j->before.st_mode))
		return ark_fail(err, ARK_USAGE, PREFIX "%s is a folder: dir:%s reads a folder",
				j->path, j->path);
	j->regular = j->path && S_ISREG(j->before.st_mode);
	if (j->regular) {
		found.size_hint = (uint64_t)j->before.st_size;
		found.caps = ARKV_SOURCE_POINT;
		found.consistency = j->consistency = ARKV_CONSISTENCY_POINT;
	}
	*info = found;
	return ARK_OK;
}

static enum arkv_consistency consistency(const struct arkv_source *base)
{
	return ((const struct jsonl *)base)->consistency;
}

static void free_source(struct arkv_source *base)
{
	struct jsonl *j = (struct jsonl *)base;
	if (j->fd > STDIN_FILENO)
		close(j->fd);
	arkv_jsonl_in_free(j->in);
	free(j->path);
	free(j);
}

static const struct arkv_source_ops ops = {
	.kind = "jsonl",
	.open = open_source,
	.scan = scan,
	.free = free_source,
	.consistency = consistency,
};

enum ark_rc arkv_jsonl_source_new(struct arkv_source **out, arkv_json_read_fn *read, void *ctx,
				  size_t window, struct ark_err *err)
{
	struct jsonl *j = calloc(1, sizeof *j);
	if (!j)
		return ark_fail(err, ARK_NOMEM, "jsonl: out of memory");
	j->base.ops = &ops;
	j->read = read;
	j->ctx = ctx;
	j->fd = -1;
	enum ark_rc rc = arkv_jsonl_in_new(&j->in, window, err);
	if (rc) {
		free(j);
		return rc;
	}
	*out = &j->base;
	return ARK_OK;
}

static enum ark_rc make(struct arkv_source **out, const char *url, struct ark_err *err)
{
	const char *path = url + strlen(PREFIX);
	if (!*path)
		return ark_fail(err, ARK_USAGE,
				"%s: expected jsonl:FILE, or jsonl:- for the standard input", url);
	ARK_AUTO(arkv_source_freep) struct arkv_source *s = NULL;
	enum ark_rc rc = arkv_jsonl_source_new(&s, read_fd, NULL, ARKV_JSONL_WINDOW, err);
	if (rc)
		return rc;
	struct jsonl *j = (struct jsonl *)s;
	j->ctx = j;
	j->path = strdup(path);
	if (!j->path)
		return ark_fail(err, ARK_NOMEM, "jsonl: out of memory");
	*out = s;
	s = NULL; /* the caller owns it now */
	return ARK_OK;
}

const struct arkv_source_kind arkv_source_jsonl = {
	.prefix = PREFIX,
	.form = "jsonl:FILE|-",
	.make = make,
};
