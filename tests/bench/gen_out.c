/* gen_out.c - how values are written. */
#include "tests/bench/gen_out.h"

static struct gen_out *out_of(struct gen_sink *sink)
{
	return (struct gen_out *)sink;
}

static void take_plain(struct gen_sink *sink, struct ark_span piece)
{
	fwrite(piece.p, 1, piece.len, out_of(sink)->file);
}

static void take_string(struct gen_sink *sink, struct ark_span piece)
{
	FILE *file = out_of(sink)->file;
	size_t from = 0;

	for (size_t i = 0; i < piece.len; i++) {
		uint8_t c = piece.p[i];

		if (c != '"' && c != '\\' && c != '\n')
			continue;
		fwrite(piece.p + from, 1, i - from, file);
		fputc('\\', file);
		fputc(c == '\n' ? 'n' : c, file);
		from = i + 1;
	}
	fwrite(piece.p + from, 1, piece.len - from, file);
}

static void put_group(struct gen_out *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = out->rest;
	uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
	char text[4];

	for (size_t i = 0; i < 4; i++)
		text[i] = i <= out->rest_count ? digits[bits >> (18 - 6 * i) & 63] : '=';
	fwrite(text, 1, sizeof text, out->file);
	out->rest_count = 0;
	memset(out->rest, 0, sizeof out->rest);
}

static void take_base64(struct gen_sink *sink, struct ark_span piece)
{
	struct gen_out *out = out_of(sink);

	for (size_t i = 0; i < piece.len; i++) {
		out->rest[out->rest_count++] = piece.p[i];
		if (out->rest_count == sizeof out->rest)
			put_group(out);
	}
}

void gen_out_plain(struct gen_out *out, FILE *file)
{
	*out = (struct gen_out){ .sink = { take_plain }, .file = file };
}

void gen_out_string(struct gen_out *out, FILE *file)
{
	*out = (struct gen_out){ .sink = { take_string }, .file = file };
}

void gen_out_base64(struct gen_out *out, FILE *file)
{
	*out = (struct gen_out){ .sink = { take_base64 }, .file = file };
}

void gen_out_end(struct gen_out *out)
{
	if (out->rest_count)
		put_group(out);
}
