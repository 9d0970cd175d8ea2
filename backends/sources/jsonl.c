/*
 * jsonl.c - the source jsonl:FILE and jsonl:- (spec/20-jsonl.md).
 *
 * Memory is two windows of 1 MiB and one key, whatever the size of a value. The first malformed
 * line ends the scan with its position: a reader that went on could pass off half an archive as a
 * whole one.
 */
#include "backends/sources/jsonl.h"

#include "backends/net/base64.h"
#include "backends/net/local_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "jsonl:"

enum { TYPE_NAME_MAX = 16, MEMBER_NAME_MAX = 16 };

struct jsonl {
	struct arkv_source base;
	struct arkv_json_scan scan;
	struct arkv_sink *sink; /* during a scan */
	bool sink_failed;	/* the failure is not about our input */
	arkv_json_read_fn *read;
	void *ctx;
	char *path; /* NULL without a file of our own */
	int fd;
	bool scanned;
	bool regular;
	struct stat before;
	enum arkv_consistency consistency;
	uint64_t read_bytes;
	uint8_t type; /* of the record before, and its name: most records have the same */
	size_t type_len;
	uint8_t type_name[TYPE_NAME_MAX];
	/* where strings of a cut line are put together */
	uint8_t name[MEMBER_NAME_MAX];
	uint8_t type_store[TYPE_NAME_MAX];
	uint8_t space[ARK_SPACE_MAX];
	uint8_t key[ARK_KEY_MAX];
	uint8_t meta[ARK_META_MAX];
};

enum member { M_KEY, M_VALUE, M_SPACE, M_TYPE, M_EXPIRE_AT, M_FLAGS, M_META };

static const struct name {
	const char *text;
	enum member member;
	bool base64;
} names[] = {
	{ "key", M_KEY, false },      { "value", M_VALUE, false },
	{ "key_b64", M_KEY, true },   { "value_b64", M_VALUE, true },
	{ "space", M_SPACE, false },  { "space_b64", M_SPACE, true },
	{ "type", M_TYPE, false },    { "expire_at", M_EXPIRE_AT, false },
	{ "flags", M_FLAGS, false },  { "meta", M_META, false },
	{ "meta_b64", M_META, true },
};

/* The record that the current line builds up. */
struct line {
	struct ark_record r;
	struct ark_span value; /* whole lines only */
	unsigned seen;	       /* 1 << enum member */
	const char *over;      /* what passes its limit: the record is refused */
	bool in_pieces;	       /* the sink has pieces of the value */
};

/* ---- strings ---- */

/* The next part of a string, decoded. b64 is NULL for text. */
static enum ark_rc next_part(struct jsonl *j, struct arkv_base64 *b64, struct arkv_json_part *part,
			     struct ark_err *err)
{
	uint64_t at = arkv_json_offset(&j->scan);
	enum ark_rc rc = arkv_json_string(&j->scan, part, err);
	if (rc || !b64)
		return rc;
	uint8_t *to = part->p - b64->count;
	size_t len;
	if (!arkv_base64_decode(b64, to, &len, part->p, part->len) ||
	    (part->last && !arkv_base64_done(b64)))
		return arkv_json_fail_at(&j->scan, at, err,
					 "expected base64 (standard alphabet, padded with "
					 "'=', no white space)");
	part->p = to;
	part->len = len;
	return ARK_OK;
}

struct store {
	uint8_t *mem;
	size_t cap;
	bool base64;
};

/* A string as one span: in place, or of a cut line in store. *over: it is longer than store.cap. */
static enum ark_rc read_short(struct jsonl *j, struct store store, struct ark_span *out, bool *over,
			      struct ark_err *err)
{
	struct arkv_base64 b64 = { .count = 0 };
	struct arkv_json_part part = { .last = false };
	size_t len = 0;
	*over = false;
	enum ark_rc rc = arkv_json_expect(&j->scan, '"', "a string", err);
	while (!rc && !part.last) {
		rc = next_part(j, store.base64 ? &b64 : NULL, &part, err);
		if (rc)
			break;
		*over |= part.len > store.cap - len;
		if (!*over && j->scan.cut) {
			memcpy(store.mem + len, part.p, part.len);
			len += part.len;
		}
	}
	if (!rc)
		*out = j->scan.cut ? ark_span(store.mem, len) : ark_span(part.p, part.len);
	return rc;
}

static enum ark_rc sink_said(struct jsonl *j, enum ark_rc rc)
{
	j->sink_failed |= rc != ARK_OK;
	return rc;
}

static enum ark_rc read_value(struct jsonl *j, struct line *line, bool base64, struct ark_err *err)
{
	struct arkv_base64 b64 = { .count = 0 };
	struct arkv_json_part part = { .last = false };
	enum ark_rc rc = arkv_json_expect(&j->scan, '"', "a string", err);
	while (!rc && !part.last) {
		rc = next_part(j, base64 ? &b64 : NULL, &part, err);
		if (rc)
			break;
		line->r.value_len += part.len;
		if (line->r.value_len > ARK_VALUE_MAX)
			line->over = "value is longer than 2^40-1 bytes";
		if (!j->scan.cut) {
			line->value = ark_span(part.p, part.len);
		} else if (!line->over && part.len) {
			line->in_pieces = true;
			rc = sink_said(j, j->sink->piece(j->sink, ark_span(part.p, part.len), err));
		}
	}
	return rc;
}

/* ---- members ---- */

static enum ark_rc read_type(struct jsonl *j, struct line *line, struct ark_err *err)
{
	struct ark_span name;
	bool over;
	struct store store = { .mem = j->type_store, .cap = sizeof j->type_store };
	uint8_t c;
	enum ark_rc rc = arkv_json_peek(&j->scan, &c, err);
	uint64_t at = arkv_json_offset(&j->scan);
	if (!rc)
		rc = read_short(j, store, &name, &over, err);
	if (rc)
		return rc;
	if (over || !ark_span_eq(name, ark_span(j->type_name, j->type_len))) {
		uint8_t type = over ? 0 : ark_type_from_name(name);
		if (!type)
			return arkv_json_fail_at(
				&j->scan, at, err,
				"expected a type: string, hash, list, set, zset, "
				"stream, module, function, jsvalue, bins, table or type-N");
		j->type = type;
		j->type_len = name.len;
		memcpy(j->type_name, name.p, name.len);
	}
	line->r.type = j->type;
	return ARK_OK;
}

static enum ark_rc read_meta(struct jsonl *j, struct line *line, bool base64, struct ark_err *err)
{
	struct store store = { .mem = j->meta, .cap = sizeof j->meta, .base64 = base64 };
	struct ark_wr out = ark_wr(j->meta, sizeof j->meta);
	bool over;
	enum ark_rc rc = base64 ? read_short(j, store, &line->r.meta, &over, err)
				: arkv_json_value(&j->scan, &out, err);
	if (rc)
		return rc;
	if (!base64) {
		over = out.full;
		line->r.meta = ark_wr_span(&out);
	}
	if (over)
		line->over = "meta is longer than 16,384 bytes";
	return ARK_OK;
}

static enum ark_rc read_member(struct jsonl *j, struct line *line, const struct name *name,
			       struct ark_err *err)
{
	struct store key = { .mem = j->key, .cap = sizeof j->key, .base64 = name->base64 };
	struct store space = { .mem = j->space, .cap = sizeof j->space, .base64 = name->base64 };
	bool over = false;
	uint64_t flags;
	enum ark_rc rc = ARK_OK;
	switch (name->member) {
	case M_KEY:
		rc = read_short(j, key, &line->r.key, &over, err);
		if (!rc && over) {
			line->over = "key is longer than 65,535 bytes";
			line->r.key = ark_span(NULL, 0);
		}
		return rc;
	case M_SPACE:
		rc = read_short(j, space, &line->r.space, &over, err);
		if (!rc && over)
			line->over = "space is longer than 1,024 bytes";
		return rc;
	case M_VALUE: return read_value(j, line, name->base64, err);
	case M_TYPE: return read_type(j, line, err);
	case M_META: return read_meta(j, line, name->base64, err);
	case M_EXPIRE_AT:
		return arkv_json_integer(&j->scan, ARK_NO_EXPIRY - 1, &line->r.expires_ms, err);
	case M_FLAGS:
		rc = arkv_json_integer(&j->scan, UINT32_MAX, &flags, err);
		if (!rc)
			line->r.flags = (uint32_t)flags;
		return rc;
	}
	return rc;
}

/* ---- lines ---- */

static const struct name *find_name(struct ark_span text)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (ark_span_eq(text, ark_span_str(names[i].text)))
			return &names[i];
	return NULL;
}

static enum ark_rc read_name(struct jsonl *j, struct line *line, const struct name **out,
			     struct ark_err *err)
{
	struct store store = { .mem = j->name, .cap = sizeof j->name };
	struct ark_span text;
	bool over;
	uint8_t c;
	enum ark_rc rc = arkv_json_peek(&j->scan, &c, err);
	uint64_t at = arkv_json_offset(&j->scan);
	if (!rc && c != '"')
		return arkv_json_unexpected(&j->scan, "a member name in quotes", err);
	if (!rc)
		rc = read_short(j, store, &text, &over, err);
	if (rc)
		return rc;
	const struct name *name = over ? NULL : find_name(text);
	if (!name)
		return arkv_json_fail_at(&j->scan, at, err,
					 "unknown member \"%.*s\": expected space, key, type, "
					 "expire_at, flags, meta, value, or a _b64 twin",
					 (int)(text.len < 32 ? text.len : 32),
					 (const char *)text.p);
	if (line->seen & 1u << name->member)
		return arkv_json_fail_at(&j->scan, at, err,
					 "a second \"%s\" (or its _b64 twin) in one record",
					 name->text);
	line->seen |= 1u << name->member;
	*out = name;
	return arkv_json_expect(&j->scan, ':', "':' after the member name", err);
}

static enum ark_rc read_members(struct jsonl *j, struct line *line, struct ark_err *err)
{
	uint8_t c;
	enum ark_rc rc = arkv_json_expect(&j->scan, '{', "'{', the start of a record", err);
	if (!rc)
		rc = arkv_json_peek(&j->scan, &c, err);
	if (rc)
		return rc;
	while (c != '}') {
		const struct name *name = NULL;
		rc = read_name(j, line, &name, err);
		if (!rc)
			rc = read_member(j, line, name, err);
		if (!rc)
			rc = arkv_json_peek(&j->scan, &c, err);
		if (rc)
			return rc;
		if (c != ',' && c != '}')
			return arkv_json_unexpected(&j->scan, "',' or '}'", err);
		if (c == ',')
			j->scan.p++;
	}
	return arkv_json_expect(&j->scan, '}', "'}'", err);
}

static enum ark_rc deliver(struct jsonl *j, const struct line *line, struct ark_err *err)
{
	struct arkv_sink *sink = j->sink;
	if (line->over) {
		char why[128];
		snprintf(why, sizeof why, "line %llu: %s", (unsigned long long)j->scan.line,
			 line->over);
		if (line->in_pieces)
			sink->drop(sink);
		return sink_said(j, sink->refused(sink, line->r.key, why, err));
	}
	if (j->scan.cut)
		return sink_said(j, sink->record_end(sink, &line->r, err));
	return sink_said(j, sink->record(sink, &line->r, line->value, err));
}

static enum ark_rc scan_line(struct jsonl *j, struct ark_err *err)
{
	struct line line = { .r = { .type = ARK_TYPE_STRING, .expires_ms = ARK_NO_EXPIRY } };
	enum ark_rc rc = read_members(j, &line, err);
	if (rc)
		return rc;
	uint64_t at = arkv_json_offset(&j->scan);
	if (!(line.seen & 1u << M_KEY) || !(line.seen & 1u << M_VALUE))
		return arkv_json_fail_at(&j->scan, at, err,
					 "expected a member \"%s\" before the end of the record",
					 line.seen & 1u << M_KEY ? "value" : "key");
	uint8_t c;
	rc = arkv_json_peek(&j->scan, &c, err);
	if (!rc && c != '\n')
		return arkv_json_unexpected(&j->scan, "the end of the line after the record", err);
	if (!rc && !j->scan.cut)
		line.r.value_len = line.value.len;
	return rc ? rc : deliver(j, &line, err);
}

/* ---- the source ---- */

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
	return ARK_OK;
}

static enum ark_rc read_and_tick(void *ctx, uint8_t *p, size_t cap, size_t *len,
				 struct ark_err *err)
{
	struct jsonl *j = ctx;
	enum ark_rc rc = j->read(j->ctx, p, cap, len, err);
	if (rc || !*len)
		return rc;
	j->read_bytes += *len;
	return sink_said(j, j->sink->tick(j->sink, j->read_bytes, err));
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
	arkv_json_start(&j->scan, read_and_tick, j);
	return ARK_OK;
}

static enum ark_rc scan(struct arkv_source *base, struct arkv_sink *sink, struct ark_err *err)
{
	struct jsonl *j = (struct jsonl *)base;
	j->sink = sink;
	j->sink_failed = false;
	bool more = true;
	enum ark_rc rc = rewind_input(j, err);
	while (!rc && more) {
		rc = arkv_json_line(&j->scan, &more, err);
		if (!rc && more)
			rc = scan_line(j, err);
	}
	if (j->regular && has_changed(j))
		j->consistency = ARKV_CONSISTENCY_UNKNOWN;
	if (rc && !j->sink_failed && j->path && err)
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
	arkv_json_release(&j->scan);
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
	enum ark_rc rc = arkv_json_init(&j->scan, window, err);
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
