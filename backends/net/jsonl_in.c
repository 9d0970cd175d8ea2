/* jsonl_in.c - see jsonl_in.h: the grammar of a record (spec/20-jsonl.md). */
#include "backends/net/jsonl_in.h"

#include "backends/net/base64.h"

#include <stdio.h>
#include <stdlib.h>

enum { TYPE_NAME_MAX = 16, MEMBER_NAME_MAX = 16 };

struct arkv_jsonl_in {
	struct arkv_json_scan scan;
	struct arkv_sink *sink; /* during a scan */
	bool sink_failed;	/* the failure is not about our input */
	bool attributes_only;
	arkv_json_read_fn *read;
	void *ctx;
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
static enum ark_rc next_part(struct arkv_jsonl_in *j, struct arkv_base64 *b64,
			     struct arkv_json_part *part, struct ark_err *err)
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
static enum ark_rc read_short(struct arkv_jsonl_in *j, struct store store, struct ark_span *out,
			      bool *over, struct ark_err *err)
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

static enum ark_rc sink_said(struct arkv_jsonl_in *j, enum ark_rc rc)
{
	j->sink_failed |= rc != ARK_OK;
	return rc;
}

static enum ark_rc read_value(struct arkv_jsonl_in *j, struct line *line, bool base64,
			      struct ark_err *err)
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

static enum ark_rc read_type(struct arkv_jsonl_in *j, struct line *line, struct ark_err *err)
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

static enum ark_rc read_meta(struct arkv_jsonl_in *j, struct line *line, bool base64,
			     struct ark_err *err)
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

static enum ark_rc read_member(struct arkv_jsonl_in *j, struct line *line, const struct name *name,
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
	case M_VALUE:
		if (j->attributes_only)
			return arkv_json_unexpected(&j->scan, "no value here", err);
		return read_value(j, line, name->base64, err);
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

static enum ark_rc unknown_member(const struct arkv_jsonl_in *j, uint64_t at, struct ark_span text,
				  struct ark_err *err)
{
	size_t shown = 0; /* nothing that a terminal could take for a command */
	while (shown < text.len && shown < 32 && text.p[shown] >= 0x20 && text.p[shown] < 0x7f)
		shown++;
	return arkv_json_fail_at(
		&j->scan, at, err,
		"unknown member \"%.*s%s\": expected space, key, type, expire_at, flags, "
		"meta, value, or a _b64 twin",
		(int)shown, (const char *)text.p, shown < text.len ? "..." : "");
}

static enum ark_rc read_name(struct arkv_jsonl_in *j, struct line *line, const struct name **out,
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
		return unknown_member(j, at, text, err);
	if (line->seen & 1u << name->member)
		return arkv_json_fail_at(&j->scan, at, err,
					 "a second \"%s\" (or its _b64 twin) in one record",
					 name->text);
	line->seen |= 1u << name->member;
	*out = name;
	return arkv_json_expect(&j->scan, ':', "':' after the member name", err);
}

static enum ark_rc read_members(struct arkv_jsonl_in *j, struct line *line, struct ark_err *err)
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

static enum ark_rc deliver(struct arkv_jsonl_in *j, const struct line *line, struct ark_err *err)
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

static enum ark_rc read_line(struct arkv_jsonl_in *j, struct ark_err *err)
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

/* ---- all lines ---- */

static enum ark_rc read_and_tick(void *ctx, uint8_t *p, size_t cap, size_t *len,
				 struct ark_err *err)
{
	struct arkv_jsonl_in *j = ctx;
	enum ark_rc rc = j->read(j->ctx, p, cap, len, err);
	if (rc || !*len)
		return rc;
	j->read_bytes += *len;
	return sink_said(j, j->sink->tick(j->sink, j->read_bytes, err));
}

enum ark_rc arkv_jsonl_in_scan(struct arkv_jsonl_in *j, arkv_json_read_fn *read, void *ctx,
			       struct arkv_sink *sink, bool *sink_failed, struct ark_err *err)
{
	j->sink = sink;
	j->sink_failed = j->attributes_only = false;
	j->read = read;
	j->ctx = ctx;
	j->read_bytes = 0;
	arkv_json_start(&j->scan, read_and_tick, j);
	bool more = true;
	enum ark_rc rc = ARK_OK;
	while (!rc && more) {
		rc = arkv_json_line(&j->scan, &more, err);
		if (!rc && more)
			rc = read_line(j, err);
	}
	*sink_failed = j->sink_failed;
	return rc;
}

enum ark_rc arkv_jsonl_in_attributes(struct arkv_jsonl_in *j, struct ark_span text,
				     struct ark_record *out, bool *has_key, struct ark_err *err)
{
	struct line line = { .r = { .type = ARK_TYPE_STRING, .expires_ms = ARK_NO_EXPIRY } };
	if (text.len > j->scan.cap)
		return ark_fail(err, ARK_LIMIT, "longer than %zu bytes", j->scan.cap);
	arkv_json_start_text(&j->scan, text);
	j->attributes_only = true;
	enum ark_rc rc = read_members(j, &line, err);
	if (rc)
		return rc;
	if (line.over)
		return ark_fail(err, ARK_LIMIT, "%s", line.over);
	uint8_t c;
	rc = arkv_json_peek(&j->scan, &c, err);
	if (!rc && c == '\n' && j->scan.p < j->scan.fill)
		j->scan.p++;
	if (!rc && j->scan.p != j->scan.fill)
		return arkv_json_unexpected(&j->scan, "nothing after the object", err);
	*has_key = line.seen & 1u << M_KEY;
	*out = line.r;
	return rc;
}

enum ark_rc arkv_jsonl_in_new(struct arkv_jsonl_in **out, size_t window, struct ark_err *err)
{
	struct arkv_jsonl_in *j = calloc(1, sizeof *j);
	if (!j)
		return ark_fail(err, ARK_NOMEM, "jsonl: out of memory");
	enum ark_rc rc = arkv_json_init(&j->scan, window, err);
	if (rc) {
		free(j);
		return rc;
	}
	*out = j;
	return ARK_OK;
}

void arkv_jsonl_in_free(struct arkv_jsonl_in *j)
{
	if (!j)
		return;
	arkv_json_release(&j->scan);
	free(j);
}
