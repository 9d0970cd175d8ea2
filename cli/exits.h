/*
 * exits.h - exit codes, and which error at which place means which of them.
 *
 * The codes are part of what users build upon (arkv(1), EXIT STATUS): none ever changes its
 * meaning. A code that is not known to a script means failure.
 */
#pragma once

#include "format/err.h"

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_INCOMPLETE = 3, /* it is done, but not for every record */
	CLI_DIFFERENT = 4,
	CLI_NOT_FOUND = 5, /* no such archive or key */
	CLI_NO_REPOSITORY = 10,
	CLI_BUSY = 11, /* another backup of this source runs here */
	CLI_AUTH = 12, /* wrong password or key */
	CLI_DAMAGED = 13,
	CLI_UNREACHABLE = 20, /* source or target */
	CLI_INCONSISTENT = 21,
	CLI_DENIED = 22, /* by source or target */
	CLI_CONFLICT = 23,
	CLI_SIGNAL = 128, /* plus its number: 130 SIGINT, 143 SIGTERM */
};

/* Where an error came up. */
enum cli_place {
	CLI_AT_COMMAND,	   /* the command itself: arguments, files of this host */
	CLI_AT_REPOSITORY, /* finding and opening it */
	CLI_AT_INIT,
	CLI_AT_KEYS,	/* key management */
	CLI_AT_ARCHIVE, /* finding and reading archives and keys */
	CLI_AT_BACKUP,
	CLI_AT_SOURCE,
	CLI_AT_TARGET,
};

/* The exit code of an error, and in *hint what the user can do (static; NULL: the text says it).
 * CANCELLED is not for here: it is the signal that counts. */
int cli_exit_of(enum cli_place place, const struct ark_err *err, const char **hint);
/* The place of an error of a call that runs a repository and a source (or target): outside when a
 * backend that is no store has raised it, else inside. */
enum cli_place cli_place_of(const struct ark_err *err, enum cli_place outside,
			    enum cli_place inside);
/* "ok", "incomplete" ...: the reason in the last JSON line, and the words of arkv(1). */
const char *cli_exit_name(int code);
