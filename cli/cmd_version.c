/* cmd_version.c - arkv version: of the tool, and of what it is built on. */
#include "cli/commands.h"
#include "cli/opts.h"
#include "cli/out.h"

#include <errno.h>
#include <lmdb.h>
#include <sodium.h>
#include <zstd.h>

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;

	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = &cli->opts;
		return 0;
	}
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	argp_error(state, "too many arguments: %s", arg);
	return EINVAL;
}

static const struct argp_child children[] = { CLI_OPTS_CHILD, { NULL, 0, NULL, 0 } };
static const struct argp argp = {
	.parser = parse,
	.doc = "Shows the version of arkv, and of the libraries that it runs with.",
	.children = children,
};

static int run(struct cli *cli, int argc, char **argv)
{
	int code = cli_parse(cli, &argp, argc, argv, cli), major, minor, patch;

	if (code)
		return code;
	mdb_version(&major, &minor, &patch);
	if (cli->opts.json) {
		cli_json_begin(cli, "version");
		cli_json_text(cli, "arkv", ARKV_VERSION);
		cli_json_text(cli, "zstd", ZSTD_versionString());
		cli_json_text(cli, "libsodium", sodium_version_string());
		cli_json_end(cli);
		return CLI_OK;
	}
	cli_out(cli, "arkv %s\n", ARKV_VERSION);
	if (cli->opts.verbose)
		cli_out(cli, "zstd %s, libsodium %s, lmdb %d.%d.%d\n", ZSTD_versionString(),
			sodium_version_string(), major, minor, patch);
	return CLI_OK;
}

const struct cli_command cmd_version = {
	.name = "version",
	.group = "help",
	.summary = "show the version",
	.argp = &argp,
	.run = run,
};
