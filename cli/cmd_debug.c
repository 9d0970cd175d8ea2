/* cmd_debug.c - arkv debug: what stands in the store, object by object. */
#include "cli/commands.h"
#include "cli/debug.h"
#include "cli/human.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/repo_open.h"
#include "cli/say.h"
#include "libarchive-kv/store_check.h"

#include <errno.h>
#include <string.h>

struct args {
	struct cli *cli;
	const char *name;
	bool optional; /* the argument may be left out */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->cli->opts; return 0;
	case ARGP_KEY_ARG:
		if (a->name) {
			argp_error(state, "one argument, please: %s", arg);
			return EINVAL;
		}
		a->name = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->name || a->optional)
			return 0;
		argp_error(state, "an argument is missing");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { CLI_OPTS_CHILD, { NULL, 0, NULL, 0 } };

/* ---- list ---- */

static enum ark_rc on_object(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct cli *cli = ctx;

	if (cli->opts.json) {
		cli_json_begin(cli, "object");
		cli_json_text(cli, "name", name);
		cli_json_count(cli, "bytes", size);
		cli_json_end(cli);
	} else {
		cli_out(cli, "%12llu  %s\n", (unsigned long long)size, name);
	}
	return cli_out_check(cli, err);
}

static int run_list(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(arkv_repo_freep) struct arkv_repo *repo = NULL;
	struct args a = { .cli = cli, .optional = true };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_parse(cli, cmd_debug_list.argp, argc, argv, &a);

	if (!code)
		code = cli_repo_open(&repo, cli);
	if (code)
		return code;
	if (arkv_store_list(arkv_repo_store(repo), a.name ? a.name : "", on_object, cli, &err))
		return cli_report(cli, CLI_AT_REPOSITORY, &err);
	return CLI_OK;
}

const struct cli_command cmd_debug_list = {
	.name = "list",
	.summary = "list objects and their sizes",
	.argp =
		&(const struct argp){
			.parser = parse,
			.args_doc = "[PREFIX]",
			.doc = "Lists the objects of the repository (packs/, archives/ ...) and "
			       "their "
			       "sizes.",
			.children = children,
		},
	.run = run_list,
};

/* ---- cat-object ---- */

static int run_cat_object(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(arkv_repo_freep) struct arkv_repo *repo = NULL;
	ARK_AUTO(ark_buf_release) struct ark_buf bytes;
	struct args a = { .cli = cli };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_parse(cli, cmd_debug_cat_object.argp, argc, argv, &a);

	ark_buf_init(&bytes);
	if (!code)
		code = cli_repo_open(&repo, cli);
	if (code)
		return code;
	if (arkv_store_get(arkv_repo_store(repo), a.name, 0, ARKV_TO_END, &bytes, &err))
		return cli_report(cli, CLI_AT_ARCHIVE, &err);
	cli_out_bytes(cli, ark_buf_span(&bytes));
	return CLI_OK;
}

const struct cli_command cmd_debug_cat_object = {
	.name = "cat-object",
	.summary = "write the bytes of an object",
	.argp =
		&(const struct argp){
			.parser = parse,
			.args_doc = "NAME",
			.doc = "Writes an object of the store as it is, sealed.",
			.children = children,
		},
	.run = run_cat_object,
};

/* ---- check-store ---- */

static void on_check(void *ctx, const struct arkv_store_check_result *result)
{
	struct cli *cli = ctx;

	if (cli->opts.json) {
		cli_json_begin(cli, "check");
		cli_json_text(cli, "name", result->name);
		cli_json_bool(cli, "passed", result->passed);
		cli_json_text(cli, "why", result->why);
		cli_json_count(cli, "took_us", (uint64_t)result->took_us);
		cli_json_end(cli);
		return;
	}
	cli_out(cli, "%-6s  %s (%s)\n", result->passed ? "ok" : "FAILED", result->name,
		human_duration((uint64_t)result->took_us / 1000).s);
	if (!result->passed)
		cli_out(cli, "        %s\n", result->why);
	fflush(stdout);
}

static int run_check_store(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
	struct args a = { .cli = cli };
	struct arkv_store_check_options options = { .seed = 4711 };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_parse(cli, cmd_debug_check_store.argp, argc, argv, &a);

	if (code)
		return code;
	if (cli_store_at(&store, cli, a.name, &err))
		return cli_report(cli, CLI_AT_COMMAND, &err);
	if (arkv_store_check(store, &options, on_check, cli, &err))
		return cli_report(cli, CLI_AT_INIT, &err);
	return CLI_OK;
}

const struct cli_command cmd_debug_check_store = {
	.name = "check-store",
	.summary = "try all promises of a store in an empty place",
	.argp =
		&(const struct argp){
			.parser = parse,
			.args_doc = "LOCATION",
			.doc = "Tries whether a store keeps what the contract of stores says, in a "
			       "place "
			       "that does not exist yet or is empty, and removes it again.",
			.children = children,
		},
	.run = run_check_store,
};

/* ---- options ---- */

static int run_options(struct cli *cli, int argc, char **argv)
{
	struct args a = { .cli = cli, .optional = true };
	int code = cli_parse(cli, cmd_debug_options.argp, argc, argv, &a);

	if (!code)
		cli_debug_options(cli, cli_commands, "");
	return code;
}

const struct cli_command cmd_debug_options = {
	.name = "options",
	.summary = "list commands and options for programs",
	.argp =
		&(const struct argp){
			.parser = parse,
			.doc = "Prints a line for each command (its words, then = and its aliases) "
			       "and "
			       "for each of its options (words, long and short name, argument).",
			.children = children,
		},
	.run = run_options,
};

static const struct cli_command *const subs[] = {
	&cmd_debug_dump,	&cmd_debug_list,    &cmd_debug_cat_object,
	&cmd_debug_check_store, &cmd_debug_options, NULL,
};

const struct cli_command cmd_debug = {
	.name = "debug",
	.group = "maintain",
	.summary = "look at objects and stores",
	.subs = subs,
};
