/* dump.c - see dump.h. */
#include "format/dump.h"

#include "format/object.h"

#include <inttypes.h>
#include <stdio.h>

static const char cut_off[] = "cut off, or not in its one spelling";

void arkf_dump_init(struct arkf_dump *d, struct ark_span bytes, arkf_dump_fn *emit, void *ctx)
{
	*d = (struct arkf_dump){ .emit = emit, .ctx = ctx, .bytes = bytes, .rd = ark_rd(bytes) };
}

static size_t offset_of(const struct arkf_dump *d, const uint8_t *p)
{
	return d->bytes.p ? (size_t)(p - d->bytes.p) : 0;
}

static void full_name(char *out, const struct arkf_dump *d, const char *name)
{
	struct ark_wr wr = ark_wr(out, ARKF_DUMP_NAME_MAX - 1);
	ark_wr_bytes(&wr, ark_span_str(d->prefix));
	ark_wr_bytes(&wr, ark_span_str(name));
	out[wr.len] = '\0';
}

static void stop_at(struct arkf_dump *d, const uint8_t *at, const char *name, const char *why)
{
	if (d->stopped)
		return;
	full_name(d->stopped_at, d, name);
	d->stopped = d->stopped_at;
	d->why = why;
	d->stopped_off = offset_of(d, at);
	ark_rd_fail(&d->rd);
}

void arkf_dump_stop(struct arkf_dump *d, const char *name, const char *why)
{
	stop_at(d, d->rd.p, name, why);
}

void arkf_dump_end(struct arkf_dump *d)
{
	if (arkf_dump_left(d))
		arkf_dump_stop(d, "end", "bytes are left over");
}

/* Emits what lies between at and the reader, unless the reader went bad: true when it did not. */
static bool field(struct arkf_dump *d, const uint8_t *at, const char *name, const char *text)
{
	if (d->rd.bad)
		stop_at(d, at, name, cut_off);
	if (d->stopped)
		return false;
	char full[ARKF_DUMP_NAME_MAX];
	full_name(full, d, name);
	d->emit(d->ctx, offset_of(d, at), (size_t)(d->rd.p - at), full, text);
	return true;
}

static uint64_t number(struct arkf_dump *d, const uint8_t *at, const char *name, uint64_t v)
{
	char text[24];
	snprintf(text, sizeof text, "%" PRIu64, v);
	return field(d, at, name, text) ? v : 0;
}

uint64_t arkf_dump_u8(struct arkf_dump *d, const char *name)
{
	const uint8_t *at = d->rd.p;
	return number(d, at, name, ark_rd_u8(&d->rd));
}

uint64_t arkf_dump_u16(struct arkf_dump *d, const char *name)
{
	const uint8_t *at = d->rd.p;
	return number(d, at, name, ark_rd_u16(&d->rd));
}

uint64_t arkf_dump_u32(struct arkf_dump *d, const char *name)
{
	const uint8_t *at = d->rd.p;
	return number(d, at, name, ark_rd_u32(&d->rd));
}

uint64_t arkf_dump_u64(struct arkf_dump *d, const char *name)
{
	const uint8_t *at = d->rd.p;
	return number(d, at, name, ark_rd_u64(&d->rd));
}

uint64_t arkf_dump_varint(struct arkf_dump *d, const char *name)
{
	const uint8_t *at = d->rd.p;
	return number(d, at, name, ark_rd_varint(&d->rd));
}

int64_t arkf_dump_zigzag(struct arkf_dump *d, const char *name)
{
	const uint8_t *at = d->rd.p;
	int64_t v = ark_unzigzag(ark_rd_varint(&d->rd));
	char text[24];
	snprintf(text, sizeof text, "%" PRId64, v);
	return field(d, at, name, text) ? v : 0;
}

uint64_t arkf_dump_count(struct arkf_dump *d, const char *name, uint64_t max)
{
	const uint8_t *at = d->rd.p;
	uint64_t v = ark_rd_varint(&d->rd);
	if (!d->rd.bad && v > max)
		stop_at(d, at, name, "above its maximum");
	return number(d, at, name, v);
}

static void write_hex(struct ark_wr *wr, struct ark_span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		struct ark_hex hex = ark_hex_prefix(bytes.p + i, 2);
		ark_wr_bytes(wr, ark_span(hex.s, 2));
	}
}

static void write_text(struct ark_wr *wr, struct ark_span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.p[i];
		if (c >= 0x20 && c < 0x7f && c != '\\') {
			ark_wr_u8(wr, c);
			continue;
		}
		ark_wr_bytes(wr, ark_span_str("\\x"));
		write_hex(wr, ark_span(bytes.p + i, 1));
	}
}

typedef void show_fn(struct ark_wr *wr, struct ark_span bytes);

static struct ark_span shown(struct arkf_dump *d, const char *name, uint64_t len, show_fn *show)
{
	const uint8_t *at = d->rd.p;
	struct ark_span bytes = ark_rd_bytes(&d->rd, len);
	size_t n = bytes.len > ARKF_DUMP_SHOWN_MAX ? ARKF_DUMP_SHOWN_MAX / 2 : bytes.len;
	char text[ARKF_DUMP_TEXT_MAX];
	struct ark_wr wr = ark_wr(text, sizeof text - 1);
	show(&wr, ark_span(bytes.p, n));
	if (n < bytes.len)
		ark_wr_bytes(&wr, ark_span_str("..."));
	text[wr.len] = '\0';
	return field(d, at, name, text) ? bytes : ark_span(NULL, 0);
}

struct ark_span arkf_dump_hex(struct arkf_dump *d, const char *name, uint64_t len)
{
	return shown(d, name, len, write_hex);
}

struct ark_span arkf_dump_text(struct arkf_dump *d, const char *name, uint64_t len)
{
	return shown(d, name, len, write_text);
}

static uint64_t length(struct arkf_dump *d, const char *name, uint64_t max)
{
	char with_length[ARKF_DUMP_NAME_MAX];
	snprintf(with_length, sizeof with_length, "%s.length", name);
	return arkf_dump_count(d, with_length, max);
}

struct ark_span arkf_dump_lenhex(struct arkf_dump *d, const char *name, uint64_t max)
{
	return arkf_dump_hex(d, name, length(d, name, max));
}

struct ark_span arkf_dump_lentext(struct arkf_dump *d, const char *name, uint64_t max)
{
	return arkf_dump_text(d, name, length(d, name, max));
}

static void expect(struct arkf_dump *d, const char *name, const char *letters, const char *why)
{
	struct ark_span next = ark_span(d->rd.p, ark_rd_left(&d->rd));
	if (!d->rd.bad && next.len >= 4 && memcmp(next.p, letters, 4) != 0)
		arkf_dump_stop(d, name, why);
	arkf_dump_text(d, name, 4);
}

uint64_t arkf_dump_header(struct arkf_dump *d, const char *kind)
{
	expect(d, "magic", "ARKV", "is not ARKV");
	expect(d, "kind", kind, "is another kind of object");
	uint64_t version = arkf_dump_u16(d, "version");
	if (version > ARKF_VERSION)
		arkf_dump_stop(d, "suite", "the version before it is later than this build knows");
	uint64_t suite = arkf_dump_u8(d, "suite");
	arkf_dump_u8(d, "flags");
	return suite;
}

void arkf_dump_ext(struct arkf_dump *d)
{
	uint64_t count = arkf_dump_count(d, "extension_count", ARKF_EXT_COUNT_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++) {
		arkf_dump_item(d, "extension", i);
		arkf_dump_varint(d, "tag");
		arkf_dump_lenhex(d, "value", ARKF_EXT_LEN_MAX);
		arkf_dump_item_end(d);
	}
}

void arkf_dump_item(struct arkf_dump *d, const char *name, uint64_t index)
{
	size_t have = strlen(d->prefix);
	char more[ARKF_DUMP_NAME_MAX];
	int len = snprintf(more, sizeof more, "%s[%" PRIu64 "].", name, index);
	if (len > 0 && have + (size_t)len < sizeof d->prefix)
		memcpy(d->prefix + have, more, (size_t)len + 1);
	else
		arkf_dump_stop(d, name, "too many levels of items");
}

void arkf_dump_item_end(struct arkf_dump *d)
{
	size_t len = strlen(d->prefix);
	while (len > 1 && d->prefix[len - 2] != '.') /* the dot of the item around this one */
		len--;
	d->prefix[len > 1 ? len - 1 : 0] = '\0';
}
