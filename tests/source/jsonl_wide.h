/*
 * jsonl_wide.h - writes a record as JSONL in any of the ways that a reader must understand: members
 * in any order, any escapes, white space, text or base64. The opposite of canonical, for tests.
 */
#pragma once

#include "backends/net/base64.h"
#include "backends/net/json_scan.h"
#include "backends/net/json_text.h"
#include "tests/source/collect.h"

static inline void wide_space(struct arkv_rand *rand, struct ark_buf *out)
{
	while (pick(rand, 4) == 0)
		ark_wr_u8(&out->wr, (uint8_t) " \t\r"[pick(rand, 3)]);
}

static inline void wide_put(struct ark_buf *out, const char *text)
{
	ark_wr_bytes(&out->wr, ark_span_str(text));
}

static inline void wide_unicode(struct ark_buf *out, unsigned c, bool upper)
{
	char text[8];
	snprintf(text, sizeof text, upper ? "\\u%04X" : "\\u%04x", c & 0xffff);
	wide_put(out, text);
}

/* The character at p as \u; gives how many bytes it has. */
static inline size_t wide_escape(struct arkv_rand *rand, struct ark_buf *out, const uint8_t *p,
				 size_t left)
{
	bool upper = pick(rand, 2);
	unsigned len = *p < 0x80 ? 1 : arkv_utf8_seq(p, left);
	unsigned c = len == 1 ? *p : len == 2 ? *p & 31u : len == 3 ? *p & 15u : *p & 7u;
	for (unsigned i = 1; i < len; i++)
		c = c << 6 | (p[i] & 63u);
	if (c >= 0x10000) {
		wide_unicode(out, 0xd800 + ((c - 0x10000) >> 10), upper);
		c = 0xdc00 + (c & 0x3ff);
	}
	wide_unicode(out, c, upper);
	return len;
}

/* s is valid UTF-8. */
static inline void wide_string(struct arkv_rand *rand, struct ark_buf *out, struct ark_span s)
{
	static const char plain[] = "\"\\/\b\f\n\r\t", letters[] = "\"\\/bfnrt";
	size_t rate = 1 + pick(rand, 50); /* one in so many characters is escaped without need */
	ark_wr_u8(&out->wr, '"');
	for (size_t i = 0; i < s.len;) {
		uint8_t c = s.p[i];
		const char *named = c ? strchr(plain, c) : NULL;
		if (named && pick(rand, 2)) {
			ark_wr_u8(&out->wr, '\\');
			ark_wr_u8(&out->wr, (uint8_t)letters[named - plain]);
			i++;
			continue;
		}
		if (c < 0x20 || c == '"' || c == '\\' || pick(rand, rate) == 0) {
			i += wide_escape(rand, out, s.p + i, s.len - i);
			continue;
		}
		do
			ark_wr_u8(&out->wr, s.p[i++]);
		while (i < s.len && (s.p[i] & 0xc0) == 0x80);
	}
	ark_wr_u8(&out->wr, '"');
}

/* name or its twin, a colon, and the bytes. */
static inline void wide_bytes(struct arkv_rand *rand, struct ark_buf *out, const char *name,
			      struct ark_span s)
{
	char twin[16];
	bool text = arkv_utf8_valid(s) && pick(rand, 4);
	struct ark_buf b64;
	ark_buf_init(&b64);
	snprintf(twin, sizeof twin, "%s_b64", name);
	wide_string(rand, out, ark_span_str(text ? name : twin));
	wide_space(rand, out);
	ark_wr_u8(&out->wr, ':');
	wide_space(rand, out);
	if (!text) {
		uint8_t *p = ark_wr_room(&b64.wr, (size_t)arkv_base64_len(s.len));
		if (s.len)
			arkv_base64_encode(p, s);
		s = ark_buf_span(&b64);
	}
	wide_string(rand, out, s);
	ark_buf_release(&b64);
}

static inline void wide_integer(struct ark_buf *out, const char *name, uint64_t v)
{
	char text[64];
	snprintf(text, sizeof text, "\"%s\" : %llu", name, (unsigned long long)v);
	wide_put(out, text);
}

/* Member i of 7, when it is wanted; true when something was written. */
static inline bool wide_member(struct arkv_rand *rand, struct ark_buf *out, unsigned i,
			       const struct ark_record *r, struct ark_span value)
{
	struct ark_span known = ark_span_str(collect_json_meta);
	bool spell_out = pick(rand, 5) == 0; /* defaults may stand there */
	switch (i) {
	case 0: wide_bytes(rand, out, "key", r->key); return true;
	case 1: wide_bytes(rand, out, "value", value); return true;
	case 2:
		if (r->space.len || spell_out)
			wide_bytes(rand, out, "space", r->space);
		return r->space.len || spell_out;
	case 3:
		if (r->type == ARK_TYPE_STRING && !spell_out)
			return false;
		wide_put(out, "\"type\":");
		wide_string(rand, out, ark_span_str(ark_type_name(r->type).s));
		return true;
	case 4:
		if (r->expires_ms != ARK_NO_EXPIRY)
			wide_integer(out, "expire_at", r->expires_ms);
		return r->expires_ms != ARK_NO_EXPIRY;
	case 5:
		if (r->flags || spell_out)
			wide_integer(out, "flags", r->flags);
		return r->flags || spell_out;
	default:
		if (ark_span_eq(r->meta, known))
			wide_put(out, "\"meta\" :{ \"\\u0061\": [1.50 ,\tnull,{\"\" : "
				      "\"\\u00e9\\n\"} ] }");
		else if (r->meta.len) /* the random ones are never JSON */
			wide_put(out, "\"meta_b64\":");
		if (r->meta.len && !ark_span_eq(r->meta, known)) {
			size_t at = out->wr.len + 1;
			ark_wr_u8(&out->wr, '"');
			ark_wr_room(&out->wr, (size_t)arkv_base64_len(r->meta.len));
			arkv_base64_encode(out->wr.p + at, r->meta);
			ark_wr_u8(&out->wr, '"');
		}
		return r->meta.len;
	}
}

/* One line with its end. */
static inline void wide_record(struct arkv_rand *rand, struct ark_buf *out,
			       const struct ark_record *r, struct ark_span value)
{
	unsigned order[7] = { 0, 1, 2, 3, 4, 5, 6 };
	for (unsigned i = 7; i > 1; i--) {
		size_t k = pick(rand, i);
		unsigned t = order[k];
		order[k] = order[i - 1];
		order[i - 1] = t;
	}
	wide_space(rand, out);
	ark_wr_u8(&out->wr, '{');
	bool comma = false;
	for (unsigned i = 0; i < 7; i++) {
		size_t before = out->wr.len;
		wide_space(rand, out);
		if (comma)
			ark_wr_u8(&out->wr, ',');
		wide_space(rand, out);
		if (wide_member(rand, out, order[i], r, value))
			comma = true;
		else
			out->wr.len = before;
	}
	wide_space(rand, out);
	ark_wr_u8(&out->wr, '}');
	wide_space(rand, out);
	wide_put(out, pick(rand, 8) ? "\n" : "\r\n \t\n");
}

static inline void wide_all(struct arkv_rand *rand, struct ark_buf *out, const struct collect *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct ark_span value;
		struct ark_record r = collect_decode(&c->kept[i], &value);
		wide_record(rand, out, &r, value);
	}
}

/* ---- feeding the source from memory ---- */

struct feed {
	struct ark_span left;
	size_t most; /* bytes a read gives; 0: as many as are asked for */
};

static inline enum ark_rc feed_read(void *ctx, uint8_t *p, size_t cap, size_t *len,
				    struct ark_err *err)
{
	struct feed *f = ctx;
	(void)err;
	*len = f->left.len < cap ? f->left.len : cap;
	if (f->most && *len > f->most)
		*len = f->most;
	if (*len)
		memcpy(p, f->left.p, *len);
	f->left.p += *len;
	f->left.len -= *len;
	return ARK_OK;
}
