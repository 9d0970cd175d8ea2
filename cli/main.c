/*
 * main.c - the tool's entry: options in front of the command, the table of commands, the end.
 */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "libarchive-kv/crypt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct cli_command *const cli_commands[] = {
	&cmd_init,  &cmd_key,	  &cmd_backup, &cmd_archives, &cmd_ls,	   &cmd_tree,
	&cmd_find,  &cmd_cat,	  &cmd_stats,  &cmd_restore,  &cmd_export, &cmd_verify,
	&cmd_debug, &cmd_version, &cmd_help,   NULL,
};

static bool is_named(const struct cli_command *command, const char *name)
{
	size_t len = strlen(name);

	if (!strcmp(command->name, name))
		return true;
	for (const char *at = command->aliases; at && *at;) {
		size_t word = strcspn(at, " ");
		if (word == len && !strncmp(at, name, len))
			return true;
		at += word + strspn(at + word, " ");
	}
	return false;
}

const struct cli_command *cli_command_find(const struct cli_command *const *commands,
					   const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (is_named(commands[i], name))
			return commands[i];
	return NULL;
}

/* Runs argv[at], or what stands below it. path: the command so far. */
static int dispatch(struct cli *cli, const struct cli_command *const *commands, int argc,
		    char **argv, const char *path)
{
	const char *name = argc ? argv[0] : NULL;
	const struct cli_command *command = name ? cli_command_find(commands, name) : NULL;
	char full[64];

	if (!name)
		return cli_error(cli, CLI_USAGE, "arkv help shows what there is",
				 "which command? %s COMMAND", path);
	if (!command)
		return cli_error(cli, CLI_USAGE, "arkv help lists the commands",
				 "no such command:%s %s", path + strlen("arkv"), name);
	snprintf(full, sizeof full, "%s %s", path, command->name);
	if (command->subs)
		return dispatch(cli, command->subs, argc - 1, argv + 1, full);
	cli->name = full;
	argv[0] = full;
	int code = command->run(cli, argc, argv);
	cli->name = "arkv";
	return code;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int next;
	static char arkv[] = "arkv";
	char *overview[] = { arkv, NULL };

	argv[0] = arkv;
	if (argc > 1 && !strcmp(argv[1], "--version"))
		return cmd_version.run(cli, 1, overview);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return cmd_help.run(cli, 1, overview);
	int code = cli_parse_front(cli, argc, argv, &next);
	if (code)
		return code;
	if (next == argc) {
		int shown = cmd_help.run(cli, 1, overview);
		return shown ? shown : cli_error(cli, CLI_USAGE, NULL, "which command?");
	}
	return dispatch(cli, cli_commands, argc - next, argv + next, "arkv");
}

static int finish(struct cli *cli, int code)
{
	cli_progress_stop(cli);
	cli_warnings_end(cli);
	if (cli->opts.json) {
		cli_json_begin(cli, "exit");
		cli_json_count(cli, "code", (uint64_t)code);
		cli_json_text(cli, "reason", cli_exit_name(code));
		cli_json_end(cli);
	}
	code = cli_out_finish(cli, code);
	cli_closep(&cli->log);
	free(cli->repo_line);
	return code;
}

int main(int argc, char **argv)
{
	struct cli cli = { .name = "arkv", .opts.password_fd = -1 };
	struct ark_err err;

	cli_signals_start();
	cli.out_is_tty = isatty(STDOUT_FILENO);
	pthread_mutex_init(&cli.lock, NULL);
	if (argc < 1 || arkv_crypt_init(&err)) /* passwords lie in its guarded memory */
		return CLI_FAILED;
	int code = finish(&cli, run(&cli, argc, argv));
	pthread_mutex_destroy(&cli.lock);
	return code;
}
