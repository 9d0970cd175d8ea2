/*
 * cli.h - what every command gets: the options of all commands, and the ways out to people and
 * programs.
 *
 * A command is a struct cli_command in a file cmd_<verb>.c and a line in the table of main.c. It
 * returns an exit code; what goes wrong it reports through cli_report (say.h).
 */
#pragma once

#include "cli/exits.h"
#include "libarchive-kv/job.h"

#include <argp.h>
#include <pthread.h>
#include <stdio.h>

enum cli_when { CLI_AUTO, CLI_ALWAYS, CLI_NEVER };

/* The options that all commands share, from the command line and the environment. Strings are
 * borrowed from either, or NULL. */
struct cli_opts {
	const char *repo;
	const char *password_file;
	const char *password_command;
	const char *key_file;
	const char *cache_dir;
	const char *log_file;
	const char *permissions;
	int password_fd;		/* -1: none */
	bool password_from_environment; /* no option says where it comes from */
	unsigned verbose;
	bool quiet;
	bool json;
	bool no_color;
	enum cli_when progress;
	uint64_t limit_upload; /* bytes a second, 0: none */
	uint64_t limit_download;
};

/* What the line of progress shows, and when it was shown last. */
struct cli_progress {
	const char *label;
	struct arkv_progress now;
	int64_t start_us;
	int64_t shown_us;
	int64_t job_us;	    /* when the phase began */
	uint64_t job_bytes; /* bytes by then */
	const char *phase;
	bool is_shown; /* a line stands on the terminal */
};

struct cli {
	struct cli_opts opts;
	const char *name;     /* "arkv backup": for usage texts */
	char *repo_line;      /* from ARKV_REPO_FILE; owned */
	FILE *log;	      /* --log-file, or NULL */
	pthread_mutex_t lock; /* over stderr and the log: some messages come from other threads */
	struct cli_progress progress;
	struct arkv_job job; /* for every call of the library that takes one */
	uint64_t warnings;
	int out_errno; /* of the first failed write to stdout */
	bool out_is_tty;
	bool in_json_line; /* a member stands in it: the next needs a comma */
};

struct cli_command {
	const char *name;
	const char *aliases; /* "list snapshots", or NULL */
	const char *group;   /* "look": its heading in the overview; NULL: not shown there */
	const char *summary;
	const struct argp *argp;			    /* NULL: it has subs */
	const struct cli_command *const *subs;		    /* ends with NULL */
	int (*run)(struct cli *cli, int argc, char **argv); /* argv[0] is cli->name */
};

/* All commands, in the order of the overview; ends with NULL. */
extern const struct cli_command *const cli_commands[];
/* By name or alias; NULL: none. */
const struct cli_command *cli_command_find(const struct cli_command *const *commands,
					   const char *name);
