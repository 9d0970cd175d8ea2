/*
 * json_scan.h - a pull reader for JSON lines in constant memory.
 *
 * A window of cap bytes slides over the input. A line that fits into it is scanned in place:
 * nothing is copied but strings with escapes, and what was returned stays valid until the next
 * line. A longer line is "cut": the window slides on while it is scanned, and a string comes in
 * parts, each valid until the next call. The caller asks for one token after the other; the grammar
 * of a record is its own. What is accepted as JSON: RFC 8259, UTF-8 checked, no line feed between
 * tokens. One thread.
 *
 * Errors: CORRUPT with "line L, column C: what was expected, what was found" (columns are bytes,
 * from 1), and whatever the read callback returns.
 */
#pragma once

#include "format/bytes.h"
#include "format/err.h"

enum {
	ARKV_JSON_CAP_MIN = 32,
	ARKV_JSON_DEPTH_MAX = 128,
	ARKV_JSON_SPELL_MAX = 16384, /* for arkv_json_is_canonical */
	ARKV_JSON_BEFORE = 8,	     /* so many bytes before a part may be written to as well */
};

/* Fills up to cap bytes at p, at least one; *len is 0 at the end of the input only. */
typedef enum ark_rc arkv_json_read_fn(void *ctx, uint8_t *p, size_t cap, size_t *len,
				      struct ark_err *err);

struct arkv_json_scan {
	uint8_t *p;    /* the next byte */
	uint8_t *fill; /* end of the window; a '\n' stands there */
	bool cut;      /* the line is longer than the window */
	bool eof;
	uint8_t *whole;	 /* lines that begin before this end in the window */
	uint8_t *memory; /* holds buf and scratch */
	uint8_t *buf;	 /* cap bytes and slack */
	size_t cap;
	uint8_t *scratch; /* the same again: strings without their escapes */
	uint8_t *w;	  /* the free part of scratch */
	uint64_t base;	  /* where in the input buf[0] stands */
	uint64_t line_at; /* where the line begins */
	uint64_t line;	  /* counted from 1 */
	arkv_json_read_fn *read;
	void *ctx;
};

/* A string, or a part of it: without quotes and escapes. The caller may write to these bytes, and
 * to the ARKV_JSON_BEFORE bytes before them when the line is cut. */
struct arkv_json_part {
	uint8_t *p;
	size_t len;
	bool last;
};

/* Allocates 2 * cap bytes; cap is at least ARKV_JSON_CAP_MIN. NOMEM. */
enum ark_rc arkv_json_init(struct arkv_json_scan *s, size_t cap, struct ark_err *err) ARK_CHECK;
void arkv_json_release(struct arkv_json_scan *s);
/* Starts at the beginning of an input. */
void arkv_json_start(struct arkv_json_scan *s, arkv_json_read_fn *read, void *ctx);
/* Starts on text, at most cap bytes, as one line. */
void arkv_json_start_text(struct arkv_json_scan *s, struct ark_span text);

/* Goes to the first character of the next line that is not blank; *more is false at the end of the
 * input. */
enum ark_rc arkv_json_line(struct arkv_json_scan *s, bool *more, struct ark_err *err) ARK_CHECK;
/* Skips white space and shows the next character without taking it; '\n' at the end of the line. */
enum ark_rc arkv_json_peek(struct arkv_json_scan *s, uint8_t *c, struct ark_err *err) ARK_CHECK;
/* Shows the next byte, white space too, without taking it; '\n' at the end of the line. */
enum ark_rc arkv_json_look(struct arkv_json_scan *s, uint8_t *c, struct ark_err *err) ARK_CHECK;
/* Takes c, white space before it skipped. what says what was expected, for the message. */
enum ark_rc arkv_json_expect(struct arkv_json_scan *s, uint8_t c, const char *what,
			     struct ark_err *err) ARK_CHECK;
/* After the opening quote was taken: the next part, part->last when the closing quote was taken
 * too. Outside of a cut line there is one part. */
enum ark_rc arkv_json_string(struct arkv_json_scan *s, struct arkv_json_part *part,
			     struct ark_err *err) ARK_CHECK;
/* A whole number of 0 to max, in its one decimal spelling; white space before it is skipped. */
enum ark_rc arkv_json_integer(struct arkv_json_scan *s, uint64_t max, uint64_t *out,
			      struct ark_err *err) ARK_CHECK;
/* Takes a whole value and appends its one spelling (spec/20-jsonl.md section 3). What does not fit
 * sets out->full; the value is read to its end all the same. CORRUPT below ARKV_JSON_DEPTH_MAX
 * levels. */
enum ark_rc arkv_json_value(struct arkv_json_scan *s, struct ark_wr *out, struct ark_err *err)
	ARK_CHECK;
/* True when text is one JSON value in its one spelling, and at most ARKV_JSON_SPELL_MAX and s->cap
 * bytes long. Restarts s. */
bool arkv_json_is_canonical(struct arkv_json_scan *s, struct ark_span text);

/* How much of the input was taken so far. */
static inline uint64_t arkv_json_offset(const struct arkv_json_scan *s)
{
	return s->base + (uint64_t)(s->p - s->buf);
}
/* CORRUPT at an offset that arkv_json_offset gave on this line: "line 3, column 7: ..." */
enum ark_rc arkv_json_fail_at(const struct arkv_json_scan *s, uint64_t offset, struct ark_err *err,
			      const char *format, ...) ARK_PRINTF(4, 5);
/* CORRUPT at the next byte: "line 3, column 7: expected <what>, found 'x'". */
enum ark_rc arkv_json_unexpected(const struct arkv_json_scan *s, const char *what,
				 struct ark_err *err);
