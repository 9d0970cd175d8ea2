/* out.c - stdout: exact bytes, text, JSON lines. */
#include "cli/out.h"

#include "backends/net/base64.h"
#include "backends/net/json_text.h"
#include "cli/human.h"
#include "cli/say.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static void wrote(struct cli *cli, bool well)
{
	if (!well && !cli->out_errno)
		cli->out_errno = errno ? errno : EIO;
}

void cli_out_bytes(struct cli *cli, struct ark_span bytes)
{
	if (!cli->out_errno && bytes.len)
		wrote(cli, fwrite(bytes.p, 1, bytes.len, stdout) == bytes.len);
}

void cli_out(struct cli *cli, const char *format, ...)
{
	va_list ap;

	if (cli->out_errno)
		return;
	va_start(ap, format);
	wrote(cli, vfprintf(stdout, format, ap) >= 0);
	va_end(ap);
}

void cli_out_safe(struct cli *cli, struct ark_span text)
{
	ARK_AUTO(ark_buf_release) struct ark_buf safe;

	ark_buf_init(&safe);
	human_text(&safe.wr, text);
	if (safe.wr.full) {
		errno = ENOMEM;
		wrote(cli, false);
	}
	cli_out_bytes(cli, ark_buf_span(&safe));
}

void cli_out_key(struct cli *cli, struct ark_span key)
{
	if (cli->out_is_tty)
		cli_out_safe(cli, key);
	else
		cli_out_bytes(cli, key);
}

enum ark_rc cli_out_check(const struct cli *cli, struct ark_err *err)
{
	if (cli->out_errno)
		return ark_fail_sys(err, ARK_IO, cli->out_errno, "standard output");
	return ARK_OK;
}

int cli_out_finish(struct cli *cli, int code)
{
	errno = 0;
	if (!cli->out_errno)
		wrote(cli, fflush(stdout) == 0 && fclose(stdout) == 0);
	if (!cli->out_errno)
		return code;
	cli->opts.json = false;
	if (cli->out_errno != EPIPE)
		cli_error(cli, CLI_FAILED, "look at the disk or program that takes the output",
			  "standard output: %s", strerror(cli->out_errno));
	return code ? code : CLI_FAILED;
}

/* ---- JSON ---- */

static void json_string(struct cli *cli, struct ark_span text)
{
	ARK_AUTO(ark_buf_release) struct ark_buf form;

	ark_buf_init(&form);
	ark_wr_u8(&form.wr, '"');
	arkv_json_put_text(&form.wr, text);
	ark_wr_u8(&form.wr, '"');
	if (form.wr.full) {
		errno = ENOMEM;
		wrote(cli, false);
	}
	cli_out_bytes(cli, ark_buf_span(&form));
}

static void member(struct cli *cli, const char *name, const char *suffix)
{
	cli_out(cli, "%s", cli->in_json_line ? "," : "");
	cli->in_json_line = true;
	if (name)
		cli_out(cli, "\"%s%s\":", name, suffix);
}

void cli_json_begin(struct cli *cli, const char *message_type)
{
	cli_out(cli, "{");
	cli->in_json_line = false;
	cli_json_text(cli, "message_type", message_type);
}

void cli_json_end(struct cli *cli)
{
	cli_out(cli, "}\n");
	cli->in_json_line = false;
}

static void json_b64(struct cli *cli, struct ark_span bytes)
{
	uint8_t text[1024];

	for (size_t at = 0; at < bytes.len;) {
		size_t len = bytes.len - at < 768 ? bytes.len - at : 768;
		struct ark_span part = ark_span(bytes.p + at, len);

		arkv_base64_encode(text, part);
		cli_out_bytes(cli, ark_span(text, (size_t)arkv_base64_len(len)));
		at += len;
	}
}

void cli_json_text(struct cli *cli, const char *name, const char *text)
{
	cli_json_bytes(cli, name, ark_span_str(text));
}

void cli_json_bytes(struct cli *cli, const char *name, struct ark_span bytes)
{
	if (arkv_utf8_valid(bytes)) {
		member(cli, name, "");
		json_string(cli, bytes);
		return;
	}
	member(cli, name, "_b64");
	cli_out(cli, "\"");
	json_b64(cli, bytes);
	cli_out(cli, "\"");
}

void cli_json_count(struct cli *cli, const char *name, uint64_t n)
{
	member(cli, name, "");
	cli_out(cli, "%llu", (unsigned long long)n);
}

void cli_json_bool(struct cli *cli, const char *name, bool value)
{
	member(cli, name, "");
	cli_out(cli, "%s", value ? "true" : "false");
}

static void open_group(struct cli *cli, const char *name, const char *bracket)
{
	member(cli, name, "");
	cli_out(cli, "%s", bracket);
	cli->in_json_line = false;
}

static void close_group(struct cli *cli, const char *bracket)
{
	cli_out(cli, "%s", bracket);
	cli->in_json_line = true;
}

void cli_json_list(struct cli *cli, const char *name)
{
	open_group(cli, name, "[");
}

void cli_json_list_end(struct cli *cli)
{
	close_group(cli, "]");
}

void cli_json_object(struct cli *cli, const char *name)
{
	open_group(cli, name, "{");
}

void cli_json_object_end(struct cli *cli)
{
	close_group(cli, "}");
}

void cli_json_b64_begin(struct cli *cli, struct cli_json_b64 *b, const char *name)
{
	b->rest_len = 0;
	member(cli, name, "_b64");
	cli_out(cli, "\"");
}

void cli_json_b64_piece(struct cli *cli, struct cli_json_b64 *b, struct ark_span piece)
{
	while (b->rest_len && b->rest_len < 3 && piece.len) {
		b->rest[b->rest_len++] = *piece.p;
		piece = ark_span(piece.p + 1, piece.len - 1);
	}
	if (b->rest_len == 3) {
		json_b64(cli, ark_span(b->rest, 3));
		b->rest_len = 0;
	}
	size_t whole = piece.len - piece.len % 3;
	json_b64(cli, ark_span(piece.p, whole));
	for (; whole < piece.len; whole++)
		b->rest[b->rest_len++] = piece.p[whole];
}

void cli_json_b64_end(struct cli *cli, struct cli_json_b64 *b)
{
	json_b64(cli, ark_span(b->rest, b->rest_len));
	cli_out(cli, "\"");
}
