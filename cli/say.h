/*
 * say.h - what the tool says on stderr, in the log, and, with --json, as error lines on stdout.
 *
 * Every message is one line "arkv: <what>: <why>", and may be followed by one that says what to
 * do. All of these may be called from any thread.
 */
#pragma once

#include "cli/cli.h"

/* Prints err and what can be done about it; returns the exit code. Says nothing when the cause is
 * a closed pipe on stdout, or a signal that was told already. */
int cli_report(struct cli *cli, enum cli_place place, const struct ark_err *err) ARK_CHECK;
/* The same for a cause that is no struct ark_err. hint may be NULL. */
int cli_error(struct cli *cli, int code, const char *hint, const char *format, ...)
	ARK_PRINTF(4, 5);
/* "arkv: warning: ...". The first 20 are shown (all with -v), then only counted; cli_warnings_end
 * says how many were not. */
void cli_warn(struct cli *cli, const char *format, ...) ARK_PRINTF(2, 3);
void cli_warnings_end(struct cli *cli);
/* For people who watch: not with -q or --json. */
void cli_note(struct cli *cli, const char *format, ...) ARK_PRINTF(2, 3);
/* The same, with -v (level 1) or -vv (level 2) alone. */
void cli_verbose(struct cli *cli, unsigned level, const char *format, ...) ARK_PRINTF(3, 4);
/* A line as it is, to stderr and the log. */
void cli_trace(struct cli *cli, const char *line);
