/* json_value.c - any JSON value to its one spelling (json_scan.h: arkv_json_value). */
#include "backends/net/json_scan.h"
#include "backends/net/json_text.h"

/* The open arrays and objects, and what may come next. */
struct nest {
	uint8_t close[ARKV_JSON_DEPTH_MAX]; /* the bracket that ends each */
	unsigned depth;
};

static enum ark_rc copy_text(struct arkv_json_scan *s, struct ark_wr *out, struct ark_err *err)
{
	struct arkv_json_part part = { .last = false };
	ark_wr_u8(out, '"');
	while (!part.last) {
		enum ark_rc rc = arkv_json_string(s, &part, err);
		if (rc)
			return rc;
		arkv_json_put_text(out, ark_span(part.p, part.len));
	}
	ark_wr_u8(out, '"');
	return ARK_OK;
}

static enum ark_rc copy_digits(struct arkv_json_scan *s, struct ark_wr *out, struct ark_err *err)
{
	uint8_t c;
	enum ark_rc rc = arkv_json_look(s, &c, err);
	if (!rc && (c < '0' || c > '9'))
		return arkv_json_unexpected(s, "a digit", err);
	while (!rc && c >= '0' && c <= '9') {
		ark_wr_u8(out, c);
		s->p++;
		rc = arkv_json_look(s, &c, err);
	}
	return rc;
}

/* Copies the next byte when it is one of the two (or three). */
static enum ark_rc copy_if(struct arkv_json_scan *s, struct ark_wr *out, const char *set,
			   bool *found, struct ark_err *err)
{
	uint8_t c;
	enum ark_rc rc = arkv_json_look(s, &c, err);
	*found = !rc && c && strchr(set, c);
	if (*found) {
		ark_wr_u8(out, c);
		s->p++;
	}
	return rc;
}

static enum ark_rc copy_number(struct arkv_json_scan *s, struct ark_wr *out, struct ark_err *err)
{
	bool found;
	enum ark_rc rc = copy_if(s, out, "-", &found, err);
	if (!rc)
		rc = copy_if(s, out, "0", &found, err);
	if (!rc && !found)
		rc = copy_digits(s, out, err);
	if (!rc)
		rc = copy_if(s, out, ".", &found, err);
	if (!rc && found)
		rc = copy_digits(s, out, err);
	if (!rc)
		rc = copy_if(s, out, "eE", &found, err);
	if (rc || !found)
		return rc;
	rc = copy_if(s, out, "+-", &found, err);
	return rc ? rc : copy_digits(s, out, err);
}

static enum ark_rc copy_word(struct arkv_json_scan *s, struct ark_wr *out, const char *word,
			     struct ark_err *err)
{
	for (const char *p = word; *p; p++) {
		uint8_t c;
		enum ark_rc rc = arkv_json_look(s, &c, err);
		if (rc)
			return rc;
		if (c != (uint8_t)*p)
			return arkv_json_unexpected(
				s, "a JSON value (true, false and null in lower case)", err);
		ark_wr_u8(out, c);
		s->p++;
	}
	return ARK_OK;
}

static enum ark_rc open_level(struct arkv_json_scan *s, struct ark_wr *out, struct nest *nest,
			      uint8_t c, struct ark_err *err)
{
	if (nest->depth == ARKV_JSON_DEPTH_MAX)
		return arkv_json_fail_at(s, arkv_json_offset(s), err,
					 "nested deeper than %d levels", ARKV_JSON_DEPTH_MAX);
	nest->close[nest->depth++] = c == '{' ? '}' : ']';
	ark_wr_u8(out, c);
	s->p++;
	return ARK_OK;
}

/* One scalar, or the opening bracket of what is none. */
static enum ark_rc copy_start(struct arkv_json_scan *s, struct ark_wr *out, struct nest *nest,
			      bool *opened, struct ark_err *err)
{
	uint8_t c;
	enum ark_rc rc = arkv_json_peek(s, &c, err);
	if (rc)
		return rc;
	*opened = c == '{' || c == '[';
	if (*opened)
		return open_level(s, out, nest, c, err);
	if (c == '"') {
		s->p++;
		return copy_text(s, out, err);
	}
	if (c == '-' || (c >= '0' && c <= '9'))
		return copy_number(s, out, err);
	return copy_word(s, out, c == 't' ? "true" : c == 'f' ? "false" : "null", err);
}

static enum ark_rc copy_name(struct arkv_json_scan *s, struct ark_wr *out, struct ark_err *err)
{
	enum ark_rc rc = arkv_json_expect(s, '"', "a member name in quotes", err);
	if (!rc)
		rc = copy_text(s, out, err);
	if (!rc)
		rc = arkv_json_expect(s, ':', "':' after the member name", err);
	ark_wr_u8(out, ':');
	return rc;
}

/* After a value or an opening bracket: closes what ends here, and stops before the next value. */
static enum ark_rc copy_between(struct arkv_json_scan *s, struct ark_wr *out, struct nest *nest,
				bool opened, struct ark_err *err)
{
	while (nest->depth) {
		uint8_t close = nest->close[nest->depth - 1];
		uint8_t c;
		enum ark_rc rc = arkv_json_peek(s, &c, err);
		if (rc)
			return rc;
		if (c == close) {
			ark_wr_u8(out, c);
			s->p++;
			nest->depth--;
			opened = false;
			continue;
		}
		if (!opened) {
			rc = arkv_json_expect(s, ',', close == '}' ? "',' or '}'" : "',' or ']'",
					      err);
			ark_wr_u8(out, ',');
		}
		if (!rc && close == '}')
			rc = copy_name(s, out, err);
		return rc;
	}
	return ARK_OK;
}

enum ark_rc arkv_json_value(struct arkv_json_scan *s, struct ark_wr *out, struct ark_err *err)
{
	struct nest nest = { .depth = 0 };
	do {
		bool opened;
		enum ark_rc rc = copy_start(s, out, &nest, &opened, err);
		if (!rc)
			rc = copy_between(s, out, &nest, opened, err);
		if (rc)
			return rc;
	} while (nest.depth);
	return ARK_OK;
}

bool arkv_json_is_canonical(struct arkv_json_scan *s, struct ark_span text)
{
	uint8_t mem[ARKV_JSON_SPELL_MAX];
	struct ark_wr out = ark_wr(mem, sizeof mem);
	if (text.len > sizeof mem || text.len > s->cap)
		return false;
	arkv_json_start_text(s, text);
	if (arkv_json_value(s, &out, NULL))
		return false;
	return s->p == s->fill && !out.full && ark_span_eq(ark_wr_span(&out), text);
}
