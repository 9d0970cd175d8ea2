/* cmd_debug_dump.c - arkv debug dump: one object or file, field by field. */
#include "cli/archive_ref.h"
#include "cli/debug.h"
#include "cli/files.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/repo_open.h"
#include "cli/say.h"
#include "format/config.h"
#include "format/keyfile.h"
#include "format/ring.h"
#include "format/slot.h"

#include <errno.h>
#include <unistd.h>

enum { FILE_MAX = 256 << 20 };

static const struct outer {
	const char *kind;
	void (*dump)(struct arkf_dump *d);
} outers[] = {
	{ ARKF_KIND_CONFIG, arkf_config_dump },
	{ ARKF_KIND_SLOT, arkf_slot_dump },
	{ ARKF_KIND_RING, arkf_ring_dump },
};

struct args {
	struct cli *cli;
	const char *name;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->cli->opts; return 0;
	case ARGP_KEY_ARG:
		if (a->name) {
			argp_error(state, "one file or object, please: %s", arg);
			return EINVAL;
		}
		a->name = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->name)
			return 0;
		argp_error(state, "name a file, or an object: config, archives/...");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void on_field(void *ctx, size_t offset, size_t size, const char *name, const char *text)
{
	struct cli *cli = ctx;

	if (cli->opts.json) {
		cli_json_begin(cli, "field");
		cli_json_count(cli, "offset", offset);
		cli_json_count(cli, "size", size);
		cli_json_text(cli, "name", name);
		cli_json_text(cli, "value", text);
		cli_json_end(cli);
		return;
	}
	cli_out(cli, "%8zu %6zu  %-28s  %s\n", offset, size, name, text);
}

/* True when the dump reached the end. */
static int dump(struct cli *cli, struct ark_span bytes)
{
	const char *kind = arkf_kind_of(bytes);

	if (!kind)
		return cli_error(cli, CLI_FAILED, NULL, "dump: these bytes are no object of arkv");
	for (size_t i = 0; i < sizeof outers / sizeof *outers; i++) {
		struct arkf_dump d;

		if (memcmp(kind, outers[i].kind, 4))
			continue;
		arkf_dump_init(&d, bytes, on_field, cli);
		outers[i].dump(&d);
		if (d.stopped)
			return cli_error(cli, CLI_DAMAGED, NULL, "dump: at %zu, %s: %s",
					 d.stopped_off, d.stopped, d.why);
		return CLI_OK;
	}
	return cli_error(cli, CLI_FAILED, "a later version may", "dump: cannot show %.4s", kind);
}

static int run(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(arkv_repo_freep) struct arkv_repo *repo = NULL;
	ARK_AUTO(ark_buf_release) struct ark_buf bytes;
	struct args a = { .cli = cli };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_parse(cli, cmd_debug_dump.argp, argc, argv, &a);

	ark_buf_init(&bytes);
	if (code)
		return code;
	if (!access(a.name, R_OK)) {
		if (cli_file_read(&bytes, a.name, "dump", FILE_MAX, &err))
			return cli_report(cli, CLI_AT_COMMAND, &err);
		return dump(cli, ark_buf_span(&bytes));
	}
	code = cli_repo_open(&repo, cli);
	if (code)
		return code;
	if (arkv_store_get(arkv_repo_store(repo), a.name, 0, ARKV_TO_END, &bytes, &err))
		return cli_report(cli, CLI_AT_ARCHIVE, &err);
	return dump(cli, ark_buf_span(&bytes));
}

static const struct argp_child children[] = { CLI_OPTS_CHILD, { NULL, 0, NULL, 0 } };

const struct cli_command cmd_debug_dump = {
	.name = "dump",
	.summary = "show an object field by field",
	.argp =
		&(const struct argp){
			.parser = parse,
			.args_doc = "FILE|NAME",
			.doc = "Shows a file, or an object of the repository, field by field: "
			       "offset, size, name, value. On damage it shows all up to it, and "
			       "says which field is wrong.",
			.children = children },
	.run = run,
};
