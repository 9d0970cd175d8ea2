/* opts.c - the options that all commands share. */
#include "cli/opts.h"

#include "cli/files.h"
#include "cli/say.h"
#include "libarchive-kv/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_PASSWORD_FILE = CLI_KEYS_COMMON,
	KEY_PASSWORD_COMMAND,
	KEY_PASSWORD_FD,
	KEY_KEY_FILE,
	KEY_JSON,
	KEY_NO_COLOR,
	KEY_PROGRESS,
	KEY_CACHE_DIR,
	KEY_LIMIT_UPLOAD,
	KEY_LIMIT_DOWNLOAD,
	KEY_LOG_FILE,
	KEY_PERMISSIONS,
	KEY_USAGE,
};

static const struct argp_option options[] = {
	{ "repo", 'r', "LOCATION", 0, "Where the repository is (ARKV_REPO, ARKV_REPO_FILE)", 0 },
	{ "password-file", KEY_PASSWORD_FILE, "FILE", 0,
	  "Its first line is the password (ARKV_PASSWORD_FILE; ARKV_PASSWORD is the password "
	  "itself)",
	  0 },
	{ "password-command", KEY_PASSWORD_COMMAND, "COMMAND", 0,
	  "Prints the password (ARKV_PASSWORD_COMMAND)", 0 },
	{ "password-fd", KEY_PASSWORD_FD, "N", 0,
	  "Reads the password from this descriptor (ARKV_PASSWORD_FD)", 0 },
	{ "key-file", KEY_KEY_FILE, "FILE", 0, "A key file instead of a password (ARKV_KEY_FILE)",
	  0 },
	{ "quiet", 'q', NULL, 0, "Say nothing but errors and warnings", 1 },
	{ "verbose", 'v', NULL, 0, "Say more; twice: still more", 1 },
	{ "json", KEY_JSON, NULL, 0,
	  "JSON lines on standard output; the last one has the exit code", 1 },
	{ "no-color", KEY_NO_COLOR, NULL, 0, "No colors on the terminal (NO_COLOR)", 1 },
	{ "progress", KEY_PROGRESS, "WHEN", 0,
	  "auto (on a terminal), always (elsewhere a line each 30 s) or never", 1 },
	{ "log-file", KEY_LOG_FILE, "FILE", 0, "Append all messages to this file, too", 1 },
	{ "cache-dir", KEY_CACHE_DIR, "FOLDER", 0,
	  "Where indexes and states are kept (ARKV_CACHE_DIR, else XDG_CACHE_HOME/arkv)", 2 },
	{ "limit-upload", KEY_LIMIT_UPLOAD, "SIZE", 0,
	  "At most so many bytes a second to the store", 2 },
	{ "limit-download", KEY_LIMIT_DOWNLOAD, "SIZE", 0,
	  "At most so many bytes a second from the store", 2 },
	{ "permissions", KEY_PERMISSIONS, "ROLE", 0,
	  "Allow this run only what a role may do to the store: all, no-delete, write-only, "
	  "read-only (ARKV_PERMISSIONS)",
	  2 },
	{ "help", 'h', NULL, 0, "Show this help", -1 },
	{ "usage", KEY_USAGE, NULL, 0, "Show the options in brief", -1 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_number(int *out, const char *arg, struct argp_state *state)
{
	char *end;
	errno = 0;
	long n = strtol(arg, &end, 10);

	if (errno || !*arg || *end || n < 0 || n > 1 << 20)
		argp_error(state, "--password-fd: \"%s\" is no descriptor", arg);
	else
		*out = (int)n;
	return 0;
}

static error_t parse_when(enum cli_when *out, const char *arg, struct argp_state *state)
{
	static const char *const names[] = { "auto", "always", "never" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(arg, names[i])) {
			*out = (enum cli_when)i;
			return 0;
		}
	argp_error(state, "--progress: \"%s\": write auto, always or never", arg);
	return EINVAL;
}

static error_t parse_limit(uint64_t *out, const char *arg, const char *what,
			   struct argp_state *state)
{
	struct ark_err err;

	if (!arkv_size_parse(out, arg, what, &err))
		return 0;
	argp_error(state, "%s", err.text);
	return EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli_opts *opts = state->input;

	switch (key) {
	case 'r': opts->repo = arg; return 0;
	case KEY_PASSWORD_FILE: opts->password_file = arg; return 0;
	case KEY_PASSWORD_COMMAND: opts->password_command = arg; return 0;
	case KEY_PASSWORD_FD: return parse_number(&opts->password_fd, arg, state);
	case KEY_KEY_FILE: opts->key_file = arg; return 0;
	case 'q': opts->quiet = true; return 0;
	case 'v': opts->verbose++; return 0;
	case KEY_JSON: opts->json = true; return 0;
	case KEY_NO_COLOR: opts->no_color = true; return 0;
	case KEY_PROGRESS: return parse_when(&opts->progress, arg, state);
	case KEY_LOG_FILE: opts->log_file = arg; return 0;
	case KEY_CACHE_DIR: opts->cache_dir = arg; return 0;
	case KEY_LIMIT_UPLOAD:
		return parse_limit(&opts->limit_upload, arg, "--limit-upload", state);
	case KEY_LIMIT_DOWNLOAD:
		return parse_limit(&opts->limit_download, arg, "--limit-download", state);
	case KEY_PERMISSIONS: opts->permissions = arg; return 0;
	case 'h':
	case KEY_USAGE:
		argp_state_help(state, stdout, key == 'h' ? ARGP_HELP_STD_HELP : ARGP_HELP_USAGE);
		exit(fflush(stdout) ? CLI_FAILED : CLI_OK);
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cli_opts_argp = { .options = options, .parser = parse };

/* ---- before the command ---- */

struct front {
	struct cli *cli;
	int next;
};

static error_t parse_front(int key, char *arg, struct argp_state *state)
{
	struct front *front = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &front->cli->opts; return 0;
	case ARGP_KEY_ARG:
		front->next = state->next - 1;
		state->next = state->argc; /* the rest is the command's */
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

int cli_parse_front(struct cli *cli, int argc, char **argv, int *next)
{
	static const struct argp_child children[] = { CLI_OPTS_CHILD, { NULL, 0, NULL, 0 } };
	static const struct argp argp = {
		.parser = parse_front,
		.args_doc = "COMMAND ...",
		.doc = "Keeps the history of key/value stores.\v"
		       "`arkv help' lists the commands, `arkv help COMMAND' explains one.",
		.children = children,
	};
	struct front front = { .cli = cli, .next = argc };

	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_EXIT | ARGP_NO_HELP, NULL,
		       &front))
		return CLI_USAGE;
	*next = front.next;
	return CLI_OK;
}

int cli_parse(struct cli *cli, const struct argp *argp, int argc, char **argv, void *input)
{
	if (argp_parse(argp, argc, argv, ARGP_NO_EXIT | ARGP_NO_HELP, NULL, input))
		return CLI_USAGE;
	return cli_opts_environment(cli);
}

/* ---- the environment ---- */

static void text_from(const char **out, const char *name)
{
	const char *value = getenv(name);

	if (!*out && value && *value)
		*out = value;
}

static int repo_from_file(struct cli *cli, const char *path)
{
	ARK_AUTO(cli_closep) FILE *file = fopen(path, "re");
	size_t cap = 0;

	if (!file || getline(&cli->repo_line, &cap, file) <= 0)
		return cli_error(cli, CLI_USAGE,
				 "its first line is to be the repository's location",
				 "ARKV_REPO_FILE: %s: %s", path,
				 errno ? strerror(errno) : "the file is empty");
	cli->repo_line[strcspn(cli->repo_line, "\r\n")] = 0;
	cli->opts.repo = cli->repo_line;
	return CLI_OK;
}

static bool password_option(const struct cli_opts *opts)
{
	return opts->password_file || opts->password_command || opts->password_fd >= 0;
}

int cli_opts_environment(struct cli *cli)
{
	struct cli_opts *opts = &cli->opts;
	const char *repo_file = NULL, *no_color = NULL;

	text_from(&opts->repo, "ARKV_REPO");
	text_from(&repo_file, "ARKV_REPO_FILE");
	text_from(&opts->cache_dir, "ARKV_CACHE_DIR");
	text_from(&opts->permissions, "ARKV_PERMISSIONS");
	text_from(&no_color, "NO_COLOR");
	opts->password_from_environment = !password_option(opts);
	if (opts->password_from_environment) /* else that option is stronger */
		text_from(&opts->key_file, "ARKV_KEY_FILE");
	if (no_color)
		opts->no_color = true;
	if (opts->log_file && !cli->log && !(cli->log = fopen(opts->log_file, "ae")))
		return cli_error(cli, CLI_USAGE, NULL, "--log-file: %s: %s", opts->log_file,
				 strerror(errno));
	errno = 0;
	return opts->repo || !repo_file ? CLI_OK : repo_from_file(cli, repo_file);
}
