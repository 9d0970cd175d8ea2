/* cmd_help.c - arkv help: the commands, or one of them. */
#include "cli/commands.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/say.h"

#include <stdlib.h>
#include <string.h>

struct args {
	struct cli *cli;
	char **words;
	int word_count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	(void)arg;
	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = &a->cli->opts;
		return 0;
	}
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	a->words = &state->argv[state->next - 1];
	a->word_count = state->argc - state->next + 1;
	state->next = state->argc;
	return 0;
}

static const struct argp_child children[] = { CLI_OPTS_CHILD, { NULL, 0, NULL, 0 } };
static const struct argp argp = {
	.parser = parse,
	.args_doc = "[COMMAND]",
	.doc = "Lists the commands, or explains one.",
	.children = children,
};

static void overview(struct cli *cli)
{
	static const char *const groups[] = { "setup",	 "protect",  "look",
					      "recover", "maintain", "help" };

	cli_out(cli, "usage: arkv [OPTION...] COMMAND ...\n\n"
		     "Keeps the history of key/value stores.\n");
	for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
		cli_out(cli, "\n%s\n", groups[g]);
		for (size_t i = 0; cli_commands[i]; i++)
			if (!strcmp(cli_commands[i]->group, groups[g]))
				cli_out(cli, "  %-9s %s%s%s\n", cli_commands[i]->name,
					cli_commands[i]->summary,
					cli_commands[i]->aliases ? "; also: " : "",
					cli_commands[i]->aliases ? cli_commands[i]->aliases : "");
	}
	cli_out(cli,
		"\nA repository is named by -r or ARKV_REPO. An ARCHIVE is latest, latest~2,\n"
		"latest:TAG, @2026-11-19T03:00 (the newest not after it), or the start of an id.\n"
		"arkv help COMMAND explains a command, arkv(1) everything.\n");
}

static void subs(struct cli *cli, const struct cli_command *command, const char *path)
{
	cli_out(cli, "usage: %s COMMAND ...\n\n%s\n\n", path, command->summary);
	for (size_t i = 0; command->subs[i]; i++)
		cli_out(cli, "  %-12s %s\n", command->subs[i]->name, command->subs[i]->summary);
	cli_out(cli, "\n%s COMMAND --help explains one.\n", path);
}

static int explain(struct cli *cli, char **words, int count)
{
	static char path[128] = "arkv";
	const struct cli_command *command = NULL;
	const struct cli_command *const *commands = cli_commands;

	for (int i = 0; i < count; i++) {
		command = commands ? cli_command_find(commands, words[i]) : NULL;
		if (!command)
			return cli_error(cli, CLI_USAGE, "arkv help lists the commands",
					 "no such command:%s %s", path + strlen("arkv"), words[i]);
		size_t len = strlen(path);
		snprintf(path + len, sizeof path - len, " %s", command->name);
		commands = command->subs;
	}
	if (command && command->subs) {
		subs(cli, command, path);
		return CLI_OK;
	}
	if (command)
		argp_help(command->argp, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK,
			  path);
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct args a = { .cli = cli };
	int code = cli_parse(cli, &argp, argc, argv, &a);

	if (code || a.word_count)
		return code ? code : explain(cli, a.words, a.word_count);
	overview(cli);
	return CLI_OK;
}

const struct cli_command cmd_help = {
	.name = "help",
	.group = "help",
	.summary = "list the commands, or explain one",
	.argp = &argp,
	.run = run,
};
