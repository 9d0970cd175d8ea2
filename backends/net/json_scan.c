/* json_scan.c - see json_scan.h: the window, lines, strings and integers. Whole values:
 * json_value.c. */
#include "backends/net/json_scan.h"

#include "backends/net/json_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SLACK = 8,  /* words are read and written past the end */
	TOKEN = 12, /* \ud83d\ude00: the longest thing that must be seen at once */
};

/* ---- errors ---- */

enum ark_rc arkv_json_fail_at(const struct arkv_json_scan *s, uint64_t offset, struct ark_err *err,
			      const char *format, ...)
{
	char text[ARK_ERR_TEXT_MAX];
	va_list ap;
	va_start(ap, format);
	if (vsnprintf(text, sizeof text, format, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	return ark_fail(err, ARK_CORRUPT, "line %llu, column %llu: %s", (unsigned long long)s->line,
			(unsigned long long)(offset - s->line_at + 1), text);
}

enum ark_rc arkv_json_unexpected(const struct arkv_json_scan *s, const char *what,
				 struct ark_err *err)
{
	uint64_t at = arkv_json_offset(s);
	if (*s->p == '\n')
		return arkv_json_fail_at(s, at, err, "expected %s, found the end of the line",
					 what);
	if (*s->p > 0x20 && *s->p < 0x7f)
		return arkv_json_fail_at(s, at, err, "expected %s, found '%c'", what, *s->p);
	return arkv_json_fail_at(s, at, err, "expected %s, found byte 0x%02x", what, *s->p);
}

/* ---- the window ---- */

enum ark_rc arkv_json_init(struct arkv_json_scan *s, size_t cap, struct ark_err *err)
{
	*s = (struct arkv_json_scan){ .cap = cap };
	size_t each = ARKV_JSON_BEFORE + cap + SLACK;
	s->memory = calloc(2, each);
	if (!s->memory)
		return ark_fail(err, ARK_NOMEM, "out of memory: 2 buffers of %zu bytes", cap);
	s->buf = s->memory + ARKV_JSON_BEFORE;
	s->scratch = s->buf + each;
	arkv_json_start_text(s, ark_span(NULL, 0));
	return ARK_OK;
}

void arkv_json_release(struct arkv_json_scan *s)
{
	if (!s)
		return;
	free(s->memory);
	s->memory = NULL;
}

static void set_fill(struct arkv_json_scan *s, uint8_t *fill)
{
	s->fill = fill;
	memset(fill, 0, SLACK);
	*fill = '\n';
}

void arkv_json_start(struct arkv_json_scan *s, arkv_json_read_fn *read, void *ctx)
{
	s->p = s->whole = s->buf;
	s->w = s->scratch;
	s->cut = s->eof = false;
	s->base = s->line_at = s->line = 0;
	s->read = read;
	s->ctx = ctx;
	set_fill(s, s->buf);
}

void arkv_json_start_text(struct arkv_json_scan *s, struct ark_span text)
{
	arkv_json_start(s, NULL, NULL);
	if (text.len)
		memcpy(s->buf, text.p, text.len);
	set_fill(s, s->buf + text.len);
	s->eof = true;
	s->line = 1;
}

/* Keeps what was not taken, at the front, and reads once behind it. */
static enum ark_rc slide(struct arkv_json_scan *s, struct ark_err *err)
{
	size_t keep = (size_t)(s->fill - s->p);
	memmove(s->buf, s->p, keep);
	s->base += (uint64_t)(s->p - s->buf);
	s->p = s->buf;
	size_t len = 0;
	set_fill(s, s->buf + keep);
	enum ark_rc rc = s->read(s->ctx, s->buf + keep, s->cap - keep, &len, err);
	if (rc)
		return rc;
	s->eof = len == 0;
	set_fill(s, s->buf + keep + len);
	return ARK_OK;
}

/* Where in [p, fill) the last line ends; p when none does. */
static uint8_t *last_end(const struct arkv_json_scan *s)
{
	uint8_t *last = s->fill > s->p ? memrchr(s->p, '\n', (size_t)(s->fill - s->p)) : NULL;
	return last ? last + 1 : s->p;
}

/* Within a cut line: makes n bytes visible, or all there are. Parts of the line that were returned
 * are gone. */
static inline enum ark_rc need(struct arkv_json_scan *s, size_t n, struct ark_err *err)
{
	while (s->cut && !s->eof && (size_t)(s->fill - s->p) < n) {
		enum ark_rc rc = slide(s, err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

/* Reads until a line ends in the window, the window is full, or the input ends. */
static enum ark_rc load_line(struct arkv_json_scan *s, struct ark_err *err)
{
	while (s->whole <= s->p && !s->eof && (size_t)(s->fill - s->p) < s->cap) {
		enum ark_rc rc = slide(s, err);
		if (rc)
			return rc;
		s->whole = last_end(s);
	}
	if (s->eof)
		s->whole = s->fill;
	s->cut = s->p >= s->whole && !s->eof;
	return ARK_OK;
}

static enum ark_rc skip_mark(struct arkv_json_scan *s, struct ark_err *err)
{
	if (s->line != 0)
		return ARK_OK;
	s->cut = true; /* so that three bytes are seen even from a pipe that gives one */
	enum ark_rc rc = need(s, 3, err);
	s->cut = false;
	if (rc)
		return rc;
	if (s->fill - s->p >= 3 && !memcmp(s->p, "\xef\xbb\xbf", 3))
		s->p += 3;
	s->whole = last_end(s);
	return ARK_OK;
}

/* Takes the '\n' that ended the line before. */
static void leave_line(struct arkv_json_scan *s)
{
	if (s->line && s->p < s->fill)
		s->p++;
	s->line++;
	s->w = s->scratch;
	s->line_at = arkv_json_offset(s);
}

enum ark_rc arkv_json_line(struct arkv_json_scan *s, bool *more, struct ark_err *err)
{
	enum ark_rc rc = skip_mark(s, err);
	uint8_t c = '\n';
	while (!rc && c == '\n') {
		leave_line(s);
		if (s->cut)
			s->whole = last_end(s); /* what was known is about a window that is gone */
		s->cut = false;
		if (s->p >= s->whole)
			rc = load_line(s, err);
		if (!rc && s->p == s->fill && s->eof) {
			*more = false;
			return ARK_OK;
		}
		if (!rc)
			rc = arkv_json_peek(s, &c, err);
	}
	*more = true;
	return rc;
}

/* ---- tokens ---- */

enum ark_rc arkv_json_peek(struct arkv_json_scan *s, uint8_t *c, struct ark_err *err)
{
	for (;;) {
		while (*s->p == ' ' || *s->p == '\t' || *s->p == '\r')
			s->p++;
		*c = *s->p;
		if (*c != '\n' || s->p != s->fill || !s->cut || s->eof)
			return ARK_OK;
		enum ark_rc rc = slide(s, err);
		if (rc)
			return rc;
	}
}

enum ark_rc arkv_json_look(struct arkv_json_scan *s, uint8_t *c, struct ark_err *err)
{
	enum ark_rc rc = need(s, 1, err);
	*c = *s->p;
	return rc;
}

enum ark_rc arkv_json_expect(struct arkv_json_scan *s, uint8_t c, const char *what,
			     struct ark_err *err)
{
	uint8_t found;
	enum ark_rc rc = arkv_json_peek(s, &found, err);
	if (rc)
		return rc;
	if (found != c)
		return arkv_json_unexpected(s, what, err);
	s->p++;
	return ARK_OK;
}

static bool read_hex4(const uint8_t *p, uint32_t *out)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		uint8_t lower = p[i] | 0x20;
		if (p[i] >= '0' && p[i] <= '9')
			v = v << 4 | (uint32_t)(p[i] - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v << 4 | (uint32_t)(lower - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

static uint8_t *put_utf8(uint8_t *w, uint32_t c)
{
	if (c < 0x80) {
		*w++ = (uint8_t)c;
		return w;
	}
	if (c < 0x800) {
		*w++ = (uint8_t)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*w++ = (uint8_t)(0xe0 | c >> 12);
		} else {
			*w++ = (uint8_t)(0xf0 | c >> 18);
			*w++ = (uint8_t)(0x80 | (c >> 12 & 63));
		}
		*w++ = (uint8_t)(0x80 | (c >> 6 & 63));
	}
	*w++ = (uint8_t)(0x80 | (c & 63));
	return w;
}

/* At "\u": the window ends in a '\n', so that a look ahead stops there by itself. */
static enum ark_rc take_unicode(struct arkv_json_scan *s, uint8_t **w, struct ark_err *err)
{
	uint64_t at = arkv_json_offset(s);
	size_t left = (size_t)(s->fill - s->p);
	uint32_t c, low;
	if (left < 6 || !read_hex4(s->p + 2, &c))
		return arkv_json_fail_at(s, at, err, "expected four hexadecimal digits after \\u");
	size_t len = 6;
	if (c >= 0xd800 && c < 0xdc00 && left >= 12 && s->p[6] == '\\' && s->p[7] == 'u' &&
	    read_hex4(s->p + 8, &low) && low >= 0xdc00 && low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
		len = 12;
	}
	if (c >= 0xd800 && c < 0xe000)
		return arkv_json_fail_at(s, at, err,
					 "a surrogate without its other half is no text: "
					 "give the bytes as base64 in the _b64 member");
	*w = put_utf8(*w, c);
	s->p += len;
	return ARK_OK;
}

/* The escapes of one letter. */
static const uint8_t escapes[256] = {
	['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
	['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* An escape that copy_plain did not take. */
static enum ark_rc take_escape(struct arkv_json_scan *s, uint8_t **w, struct ark_err *err)
{
	if (s->p[1] == 'u')
		return take_unicode(s, w, err);
	s->p++;
	return arkv_json_unexpected(s, "one of \" \\ / b f n r t u after a backslash", err);
}

static enum ark_rc bad_byte(const struct arkv_json_scan *s, struct ark_err *err)
{
	uint64_t at = arkv_json_offset(s);
	if (*s->p == '\n')
		return arkv_json_fail_at(s, at, err, "the line ends inside a string");
	if (*s->p < 0x20)
		return arkv_json_fail_at(s, at, err,
					 "byte 0x%02x inside a string: it must be written \\u%04x",
					 *s->p, *s->p);
	return arkv_json_fail_at(s, at, err,
				 "byte 0x%02x is not UTF-8 here: give the bytes as base64 in the "
				 "_b64 member",
				 *s->p);
}

/* The end of plain text (no quote, backslash, control byte or bad UTF-8) that begins at p. Stops at
 * fill. */
static uint8_t *plain_end(const struct arkv_json_scan *s, uint8_t *p)
{
	for (;;) {
		uint64_t x = ark_le64(p);
		uint64_t m = arkv_json_stops(x) | (x & UINT64_C(0x8080808080808080));
		if (!m) {
			p += 8;
			continue;
		}
		p += arkv_json_first(m);
		if (*p < 0x80)
			return p;
		unsigned n = arkv_utf8_seq(p, (size_t)(s->fill - p));
		if (!n)
			return p;
		p += n;
	}
}

/* Copies text from s->p to w, both moved on, as long as it is plain or an escape of one letter. */
static uint8_t *copy_plain(struct arkv_json_scan *s, uint8_t *w)
{
	uint8_t *p = s->p;
	for (;;) {
		uint64_t x = ark_le64(p);
		uint64_t m = arkv_json_stops(x) | (x & UINT64_C(0x8080808080808080));
		ark_put_le64(w, x);
		if (!m) {
			p += 8;
			w += 8;
			continue;
		}
		unsigned n = arkv_json_first(m);
		p += n;
		w += n;
		if (*p == '\\' && escapes[p[1]]) { /* at the window's end p[1] is a line feed */
			*w++ = escapes[p[1]];
			p += 2;
			continue;
		}
		unsigned seq = *p < 0x80 ? 0 : arkv_utf8_seq(p, (size_t)(s->fill - p));
		if (!seq)
			break;
		memcpy(w, p, 4);
		w += seq;
		p += seq;
	}
	s->p = p;
	return w;
}

/* The string goes on at s->p, and *w with what was copied of it: to the quote, or to the window's
 * end. */
static enum ark_rc copy_string(struct arkv_json_scan *s, uint8_t **w, bool *last,
			       struct ark_err *err)
{
	*last = false;
	for (;;) {
		*w = copy_plain(s, *w);
		if (*s->p == '"') {
			s->p++;
			*last = true;
			return ARK_OK;
		}
		if (s->cut && !s->eof && s->fill - s->p < TOKEN)
			return ARK_OK;
		if (*s->p != '\\')
			return bad_byte(s, err);
		enum ark_rc rc = take_escape(s, w, err);
		if (rc)
			return rc;
	}
}

enum ark_rc arkv_json_string(struct arkv_json_scan *s, struct arkv_json_part *part,
			     struct ark_err *err)
{
	uint8_t *from = s->p;
	s->p = plain_end(s, from);
	if (*s->p == '"') {
		*part = (struct arkv_json_part){ .p = from,
						 .len = (size_t)(s->p - from),
						 .last = true };
		s->p++;
		return ARK_OK;
	}
	uint8_t *to = s->cut ? s->scratch : s->w;
	uint8_t *w = to + (s->p - from);
	memcpy(to, from, (size_t)(s->p - from));
	bool last;
	enum ark_rc rc = copy_string(s, &w, &last, err);
	while (!rc && !last && w == to) {
		rc = need(s, TOKEN, err);
		if (!rc)
			rc = copy_string(s, &w, &last, err);
	}
	if (rc)
		return rc;
	if (!s->cut)
		s->w = w;
	*part = (struct arkv_json_part){ .p = to, .len = (size_t)(w - to), .last = last };
	return ARK_OK;
}

enum ark_rc arkv_json_integer(struct arkv_json_scan *s, uint64_t max, uint64_t *out,
			      struct ark_err *err)
{
	uint8_t c;
	enum ark_rc rc = arkv_json_peek(s, &c, err);
	if (!rc)
		rc = need(s, 24, err); /* more digits than any 64-bit number has */
	if (rc)
		return rc;
	uint64_t at = arkv_json_offset(s);
	uint8_t *p = s->p;
	if (*p < '0' || *p > '9')
		return arkv_json_unexpected(s, "a whole number without sign", err);
	uint64_t v = 0;
	bool over = *p == '0' && p[1] >= '0' && p[1] <= '9';
	for (; !over && *p >= '0' && *p <= '9'; p++)
		over = __builtin_mul_overflow(v, UINT64_C(10), &v) ||
		       __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v);
	if (over || v > max || *p == '.' || (*p | 0x20) == 'e')
		return arkv_json_fail_at(s, at, err,
					 "expected a whole number of 0 to %llu, without fraction, "
					 "exponent or leading zeros",
					 (unsigned long long)max);
	s->p = p;
	*out = v;
	return ARK_OK;
}
