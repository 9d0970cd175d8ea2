/*
 * out.h - stdout: exact bytes, text, tables, and JSON lines.
 *
 * Writing never ends the program. The first failure is kept in cli->out_errno; what follows is
 * thrown away. Loops ask cli_out_check, and main says at the end what went wrong (a full disk
 * shows only there). A closed pipe (arkv ls | head) ends a command quietly, with status 1. One
 * thread.
 */
#pragma once

#include "cli/cli.h"
#include "format/bytes.h"

void cli_out_bytes(struct cli *cli, struct ark_span bytes);
void cli_out(struct cli *cli, const char *format, ...) ARK_PRINTF(2, 3);
/* For people: safe text (human.h) when stdout is a terminal, else the very bytes. */
void cli_out_key(struct cli *cli, struct ark_span key);
/* Safe text always: names of sources, tags, comments. */
void cli_out_safe(struct cli *cli, struct ark_span text);
/* IO once writing has failed. */
enum ark_rc cli_out_check(const struct cli *cli, struct ark_err *err) ARK_CHECK;
/* Flushes stdout; the exit code: as given, or 1 with a message when output was lost. */
int cli_out_finish(struct cli *cli, int code);

/* ---- JSON lines: {"message_type":"record","key":"a"} ---- */

void cli_json_begin(struct cli *cli, const char *message_type);
void cli_json_end(struct cli *cli);
void cli_json_text(struct cli *cli, const char *name, const char *text);
/* "name": when the bytes are valid UTF-8, else "name_b64". */
void cli_json_bytes(struct cli *cli, const char *name, struct ark_span bytes);
void cli_json_count(struct cli *cli, const char *name, uint64_t n);
void cli_json_bool(struct cli *cli, const char *name, bool value);
/* Between them, items have the name NULL in a list. */
void cli_json_list(struct cli *cli, const char *name);
void cli_json_list_end(struct cli *cli);
void cli_json_object(struct cli *cli, const char *name);
void cli_json_object_end(struct cli *cli);
/* A long value in pieces, always as "name_b64"; begin, any pieces, end. */
struct cli_json_b64 {
	uint8_t rest[3];
	size_t rest_len;
};
void cli_json_b64_begin(struct cli *cli, struct cli_json_b64 *b, const char *name);
void cli_json_b64_piece(struct cli *cli, struct cli_json_b64 *b, struct ark_span piece);
void cli_json_b64_end(struct cli *cli, struct cli_json_b64 *b);
