/*
 * signals.h - Ctrl-C and its kin. The first SIGINT, SIGTERM or SIGHUP asks the running job to
 * stop, and says so; the second ends the program at once. SIGUSR1 asks for a line of progress.
 * SIGPIPE is ignored: a closed pipe is an error of writing (out.h).
 */
#pragma once

#include "format/macros.h"

#include <stdatomic.h>

/* Once, before anything else. Also makes sure that descriptors 0 to 2 are taken. */
void cli_signals_start(void);
/* Set by the first signal: for struct arkv_job. */
const atomic_bool *cli_signals_cancel(void);
/* The signal that asked to stop, or 0. */
int cli_signals_got(void);
/* True once after each SIGUSR1. */
bool cli_signals_status_asked(void);
