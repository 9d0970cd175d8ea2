/* cmd_ls.c - arkv ls: the keys of an archive. */
#include "cli/archive_ref.h"
#include "cli/commands.h"
#include "cli/filter_opts.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/record_out.h"
#include "cli/say.h"
#include "libarchive-kv/find.h"

struct args {
	struct cli *cli;
	const char *archive;
	struct cli_source_opt source;
	struct cli_filter filter;
	bool is_long;
};

static const struct argp_option options[] = {
	{ "long", 'l', NULL, 0, "Type, size, expiry and space in front of each key", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->source;
		state->child_inputs[1] = &a->filter;
		state->child_inputs[2] = &a->cli->opts;
		return 0;
	case 'l': a->is_long = true; return 0;
	case ARGP_KEY_ARG:
		if (a->archive) {
			argp_error(state, "one archive, please; for keys: --include %s", arg);
			return EINVAL;
		}
		a->archive = arg;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	CLI_SOURCE_CHILD, CLI_FILTER_CHILD, CLI_OPTS_CHILD, { NULL, 0, NULL, 0 }
};
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[ARCHIVE]",
	.doc = "Lists the keys of an archive (latest when none is named), in order of space and "
	       "key.\v"
	       "On a terminal, bytes that are not text are shown as \\xHH, and a backslash as two. "
	       "Elsewhere keys are written as they are, each with a newline, or a NUL byte with "
	       "-0.",
	.children = children,
};

static enum ark_rc on_record(void *ctx, struct arkv_cursor *cursor, const struct ark_record *r,
			     struct ark_err *err)
{
	struct args *a = ctx;

	(void)cursor;
	if (a->cli->opts.json) {
		cli_json_begin(a->cli, "record");
		cli_json_record(a->cli, r);
		cli_json_end(a->cli);
		return cli_out_check(a->cli, err);
	}
	if (a->is_long)
		cli_out_long(a->cli, r);
	if (a->filter.nul_separated) {
		cli_out_bytes(a->cli, r->key);
		cli_out_bytes(a->cli, ark_span("", 1));
	} else {
		cli_out_key(a->cli, r->key);
		cli_out_bytes(a->cli, ark_span("\n", 1));
	}
	return cli_out_check(a->cli, err);
}

static int run(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(cli_archive_release) struct cli_archive open = { .repo = NULL };
	struct args a = { .cli = cli };
	struct arkv_find_result result = { .seen = 0 };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_parse(cli, &argp, argc, argv, &a);

	if (!code)
		code = cli_filter_finish(&a.filter, cli);
	if (!code)
		code = cli_archive_open(&open, cli, a.archive ? a.archive : "latest",
					a.source.name);
	if (!code) {
		cli_progress_start(cli, "ls");
		if (arkv_find(open.archive, a.filter.filter, on_record, &a, &cli->job, &result,
			      &err))
			code = cli_report(cli, CLI_AT_ARCHIVE, &err);
		cli_progress_stop(cli);
	}
	cli_filter_release(&a.filter);
	return !code && result.lost.places ? CLI_DAMAGED : code;
}

const struct cli_command cmd_ls = {
	.name = "ls",
	.group = "look",
	.summary = "list the keys of an archive",
	.argp = &argp,
	.run = run,
};
