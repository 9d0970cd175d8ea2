/*
 * progress.h - how far a job is: a line on the terminal that is drawn at most ten times a second
 * and wiped at the end; with --progress always and no terminal, a line each 30 s; with --json, a
 * status line a second; after SIGUSR1, a line at once. Else nothing.
 */
#pragma once

#include "cli/cli.h"

/* From now on cli->job reports under label (static or longer-lived text). */
void cli_progress_start(struct cli *cli, const char *label);
/* Wipes the line. */
void cli_progress_stop(struct cli *cli);
/* Wipes the line until it is drawn next; the caller holds cli->lock. */
void cli_progress_hide(struct cli *cli);
