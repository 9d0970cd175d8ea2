/* cmd_export.c - arkv export: an archive, or a part of it, as a file. */
#include "cli/commands.h"
#include "cli/opts.h"
#include "cli/transfer.h"

#include <errno.h>

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli_transfer *t = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = t;
		state->child_inputs[1] = &t->source;
		state->child_inputs[2] = &t->filter;
		state->child_inputs[3] = &t->cli->opts;
		return 0;
	case ARGP_KEY_ARG:
		if (t->target) {
			argp_error(state, "too many arguments: %s", arg);
			return EINVAL;
		}
		*(t->archive ? &t->target : &t->archive) = arg;
		return 0;
	case ARGP_KEY_END:
		if (t->target)
			return 0;
		argp_error(state, "name an archive and a file: export latest jsonl:-");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	CLI_TRANSFER_CHILD, CLI_SOURCE_CHILD, CLI_FILTER_CHILD, CLI_OPTS_CHILD, { NULL, 0, NULL, 0 }
};
static const struct argp argp = {
	.parser = parse,
	.args_doc = "ARCHIVE FORMAT:PATH",
	.doc = "Writes the records of an archive as a file (jsonl:FILE, jsonl:- for standard "
	       "output) or a folder (dir:FOLDER), sorted by space and key.",
	.children = children,
};

static int run(struct cli *cli, int argc, char **argv)
{
	struct cli_transfer t = { .cli = cli, .verb = "export" };
	int code = cli_parse(cli, &argp, argc, argv, &t);

	if (!code)
		code = cli_transfer_run(&t);
	cli_filter_release(&t.filter);
	return code;
}

const struct cli_command cmd_export = {
	.name = "export",
	.group = "recover",
	.summary = "write an archive as a file",
	.argp = &argp,
	.run = run,
};
