/* cmd_restore.c - arkv restore: records of an archive back into a store. */
#include "cli/commands.h"
#include "cli/opts.h"
#include "cli/transfer.h"

#include <errno.h>

static const struct argp_option options[] = {
	{ "to", 't', "TARGET", 0, "Where to: jsonl:FILE, dir:FOLDER", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

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
	case 't': t->target = arg; return 0;
	case ARGP_KEY_ARG:
		if (t->archive) {
			argp_error(state, "one archive, please; the target goes behind --to: %s",
				   arg);
			return EINVAL;
		}
		t->archive = arg;
		return 0;
	case ARGP_KEY_END:
		if (t->archive && t->target)
			return 0;
		argp_error(state, "name an archive and a target: restore latest --to dir:FOLDER");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	CLI_TRANSFER_CHILD, CLI_SOURCE_CHILD, CLI_FILTER_CHILD, CLI_OPTS_CHILD, { NULL, 0, NULL, 0 }
};
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "ARCHIVE --to TARGET",
	.doc = "Writes the records of an archive into a target, and counts what became of them.\v"
	       "The exit status is 3 when some were not restored, 23 when a key was there and the "
	       "policy is fail.",
	.children = children,
};

static int run(struct cli *cli, int argc, char **argv)
{
	struct cli_transfer t = { .cli = cli, .verb = "restore" };
	int code = cli_parse(cli, &argp, argc, argv, &t);

	if (!code)
		code = cli_transfer_run(&t);
	cli_filter_release(&t.filter);
	return code;
}

const struct cli_command cmd_restore = {
	.name = "restore",
	.aliases = "extract",
	.group = "recover",
	.summary = "write records into a store",
	.argp = &argp,
	.run = run,
};
