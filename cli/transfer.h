/*
 * transfer.h - what restore and export share: records of an archive into a target, and the account
 * of it.
 */
#pragma once

#include "cli/archive_ref.h"
#include "cli/filter_opts.h"
#include "libarchive-kv/restore.h"

struct cli_transfer {
	struct cli *cli;
	const char *verb;    /* "restore": for messages */
	const char *archive; /* reference */
	const char *target;  /* URL */
	struct cli_source_opt source;
	struct cli_filter filter;
	struct arkv_target_options options;
};

/* Options -n and --on-conflict; the input is a struct cli_transfer. */
extern const struct argp cli_transfer_argp;
#define CLI_TRANSFER_CHILD                     \
	{                                      \
		&cli_transfer_argp, 0, NULL, 0 \
	}

/* Runs it; the exit code. Everything has been said. */
int cli_transfer_run(struct cli_transfer *t) ARK_CHECK;
