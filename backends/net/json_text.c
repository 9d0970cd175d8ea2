/* json_text.c - see json_text.h. */
#include "backends/net/json_text.h"

enum {
	SLICE = 1024,
	ESCAPE_MAX = 6, /* \u001f */
	SLACK = 8,	/* whole words are stored */
};

bool arkv_utf8_valid(struct ark_span s)
{
	const uint8_t *p = s.p;
	const uint8_t *end = p ? p + s.len : p;
	while (p < end) {
		while (end - p >= 8 && !(ark_le64(p) & UINT64_C(0x8080808080808080)))
			p += 8;
		for (; p < end && *p >= 0x80;) {
			unsigned n = arkv_utf8_seq(p, (size_t)(end - p));
			if (!n)
				return false;
			p += n;
		}
		if (p < end)
			p++;
	}
	return true;
}

/* How many bytes the sequence has that c begins, as far as c tells; 1 when it begins none. */
static unsigned claimed_len(uint8_t c)
{
	return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Ends the sequence of the part before; gives how many bytes of part that took. */
static size_t feed_tail(struct arkv_utf8 *u, struct ark_span part)
{
	size_t taken = 0;
	unsigned want = claimed_len(u->tail[0]);
	while (u->tail_len < want && taken < part.len)
		u->tail[u->tail_len++] = part.p[taken++];
	if (u->tail_len == want) {
		u->bad |= !arkv_utf8_seq(u->tail, want);
		u->tail_len = 0;
	}
	return taken;
}

void arkv_utf8_feed(struct arkv_utf8 *u, struct ark_span part)
{
	size_t from = u->tail_len ? feed_tail(u, part) : 0;
	if (u->bad || from == part.len)
		return;
	size_t end = part.len;
	while (end > from && part.len - end < 3 && (part.p[end - 1] & 0xc0) == 0x80)
		end--;
	if (end > from && claimed_len(part.p[end - 1]) > part.len - end + 1)
		end--; /* here a sequence begins that goes on in the next part */
	else
		end = part.len;
	u->bad = !arkv_utf8_valid(ark_span(part.p + from, end - from));
	u->tail_len = (unsigned)(part.len - end);
	memcpy(u->tail, part.p + end, u->tail_len);
}

static uint8_t *put_escape(uint8_t *w, uint8_t c)
{
	static const char letters[0x20] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};
	static const char digits[] = "0123456789abcdef";
	*w++ = '\\';
	if (c >= 0x20) {
		*w++ = c;
	} else if (letters[c]) {
		*w++ = (uint8_t)letters[c];
	} else {
		memcpy(w, "u00", 3);
		w[3] = (uint8_t)digits[c >> 4];
		w[4] = (uint8_t)digits[c & 15];
		w += 5;
	}
	return w;
}

/* w has room for ESCAPE_MAX bytes for each of text, and SLACK. */
static uint8_t *escape(uint8_t *w, struct ark_span text)
{
	const uint8_t *p = text.p;
	const uint8_t *end = p + text.len;
	while (end - p >= 8) {
		uint64_t x = ark_le64(p);
		uint64_t m = arkv_json_stops(x);
		unsigned n = m ? arkv_json_first(m) : 8;
		ark_put_le64(w, x);
		w += n;
		p += n;
		if (m)
			w = put_escape(w, *p++);
	}
	for (; p < end; p++) {
		if (*p < 0x20 || *p == '"' || *p == '\\')
			w = put_escape(w, *p);
		else
			*w++ = *p;
	}
	return w;
}

void arkv_json_put_text(struct ark_wr *wr, struct ark_span text)
{
	for (size_t at = 0; at < text.len; at += SLICE) {
		struct ark_span slice =
			ark_span(text.p + at, text.len - at < SLICE ? text.len - at : SLICE);
		uint8_t mem[ESCAPE_MAX * SLICE + SLACK];
		bool fits = !wr->full && wr->cap - wr->len >= ESCAPE_MAX * slice.len + SLACK;
		uint8_t *from = fits ? wr->p + wr->len : mem;
		size_t len = (size_t)(escape(from, slice) - from);
		if (fits)
			wr->len += len;
		else
			ark_wr_bytes(wr, ark_span(mem, len));
	}
}
