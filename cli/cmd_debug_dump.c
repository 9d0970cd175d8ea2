/* cmd_debug_dump.c - arkv debug dump: one object or file, field by field. */
#include "cli/debug.h"
#include "cli/dump.h"
#include "cli/files.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/repo_open.h"
#include "cli/say.h"
#include "format/config.h"
#include "format/manifest.h"
#include "format/pack.h"
#include "format/ring.h"
#include "format/run.h"
#include "format/sealed.h"
#include "format/slot.h"
#include "format/spill.h"
#include "format/state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 256 << 20 };

static const struct outer {
	const char *kind;
	void (*dump)(struct arkf_dump *d);
} outers[] = {
	{ ARKF_KIND_CONFIG, arkf_config_dump },	   { ARKF_KIND_SLOT, arkf_slot_dump },
	{ ARKF_KIND_RING, arkf_ring_dump },	   { ARKF_KIND_PACK, arkf_pack_dump },
	{ ARKF_KIND_RUN, arkf_run_dump },	   { ARKF_KIND_MANIFEST, arkf_manifest_dump },
	{ ARKF_KIND_PLACES, arkf_sealed_dump },	   { ARKF_KIND_REMAP, arkf_sealed_dump },
	{ ARKF_KIND_SESSION, arkf_sealed_dump },   { ARKF_KIND_BEAT, arkf_sealed_dump },
	{ ARKF_KIND_GC, arkf_sealed_dump },	   { ARKF_KIND_REAPED, arkf_sealed_dump },
	{ ARKF_KIND_MARK, arkf_sealed_dump },	   { ARKF_KIND_STATE, arkf_state_file_dump },
	{ ARKF_KIND_SPILL, arkf_spill_file_dump },
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

int cli_dump(struct cli *cli, const char *heading, void (*dump)(struct arkf_dump *d),
	     struct ark_span bytes)
{
	struct arkf_dump d;

	if (heading && cli->opts.json) {
		cli_json_begin(cli, "box");
		cli_json_text(cli, "name", heading);
		cli_json_count(cli, "bytes", bytes.len);
		cli_json_end(cli);
	} else if (heading) {
		cli_out(cli, "\n%s, opened: %zu bytes\n", heading, bytes.len);
	}
	arkf_dump_init(&d, bytes, on_field, cli);
	dump(&d);
	if (d.stopped)
		return cli_error(cli, CLI_DAMAGED, NULL, "dump: %s%sat %zu, %s: %s",
				 heading ? heading : "", heading ? ": " : "", d.stopped_off,
				 d.stopped, d.why);
	return CLI_OK;
}

/* The dump of the whole object, its boxes closed. */
static int dump_outer(struct cli *cli, const char *kind, struct ark_span bytes)
{
	for (size_t i = 0; i < sizeof outers / sizeof *outers; i++)
		if (!memcmp(kind, outers[i].kind, 4))
			return cli_dump(cli, NULL, outers[i].dump, bytes);
	return cli_error(cli, CLI_FAILED, "a later version may", "dump: cannot show %.4s", kind);
}

/* A file that is there comes first: then nothing is opened but the file. */
static int dump_file(struct cli *cli, const char *path)
{
	ARK_AUTO(ark_buf_release) struct ark_buf bytes;
	struct ark_err err = { .rc = ARK_OK };

	ark_buf_init(&bytes);
	if (cli_file_read(&bytes, path, "dump", FILE_MAX, &err))
		return cli_report(cli, CLI_AT_COMMAND, &err);
	const char *kind = arkf_kind_of(ark_buf_span(&bytes));
	if (!kind)
		return cli_error(cli, CLI_FAILED, NULL, "dump: %s is no object of arkv", path);
	return dump_outer(cli, kind, ark_buf_span(&bytes));
}

/* The one object whose name is, or ends with, an id that begins with these digits. */
struct match {
	const char *digits;
	char name[ARKV_NAME_MAX + 1];
	unsigned count;
};

static enum ark_rc on_name(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct match *m = ctx;
	const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
	size_t len = strlen(m->digits);

	(void)size;
	(void)err;
	if (strcmp(name, m->digits) && (len < 4 || strncmp(last, m->digits, len)))
		return ARK_OK;
	if (!strcmp(name, m->digits))
		m->count = 0; /* the very name is never ambiguous */
	m->count++;
	snprintf(m->name, sizeof m->name, "%s", name);
	return strcmp(name, m->digits) ? ARK_OK : ARK_EXISTS;
}

static int object_name(struct match *m, struct cli *cli, struct arkv_repo *repo)
{
	struct ark_err err = { .rc = ARK_OK };
	enum ark_rc rc = arkv_store_list(arkv_repo_store(repo), "", on_name, m, &err);

	if (rc && rc != ARK_EXISTS)
		return cli_report(cli, CLI_AT_REPOSITORY, &err);
	if (m->count == 1)
		return CLI_OK;
	return cli_error(cli, m->count ? CLI_USAGE : CLI_NOT_FOUND,
			 "arkv debug list shows the objects", "dump: %s: %s", m->digits,
			 m->count ? "several objects begin so" : "no such file or object");
}

static int dump_object(struct cli *cli, const char *name)
{
	ARK_AUTO(arkv_repo_freep) struct arkv_repo *repo = NULL;
	ARK_AUTO(ark_buf_release) struct ark_buf bytes;
	struct match m = { .digits = name };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_repo_open(&repo, cli);

	ark_buf_init(&bytes);
	if (!code)
		code = object_name(&m, cli, repo);
	if (code)
		return code;
	if (arkv_store_get(arkv_repo_store(repo), m.name, 0, ARKV_TO_END, &bytes, &err))
		return cli_report(cli, CLI_AT_ARCHIVE, &err);
	const char *kind = arkf_kind_of(ark_buf_span(&bytes));
	if (!kind)
		return cli_error(cli, CLI_DAMAGED, NULL,
				 "dump: %s does not begin as an object of arkv", m.name);
	code = dump_outer(cli, kind, ark_buf_span(&bytes));
	return code ? code : cli_dump_boxes(cli, arkv_repo_keys(repo), kind, ark_buf_span(&bytes));
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct args a = { .cli = cli };
	int code = cli_parse(cli, cmd_debug_dump.argp, argc, argv, &a);

	if (code)
		return code;
	return access(a.name, R_OK) ? dump_object(cli, a.name) : dump_file(cli, a.name);
}

static const struct argp_child children[] = { CLI_OPTS_CHILD, { NULL, 0, NULL, 0 } };

const struct cli_command cmd_debug_dump = {
	.name = "dump",
	.summary = "show an object field by field",
	.argp =
		&(const struct argp){
			.parser = parse,
			.args_doc = "FILE|NAME",
			.doc = "Shows a file, or an object of the repository (its name, or the "
			       "start of its "
			       "id), field by field: "
			       "offset, size, name, value. On damage it shows all up to it, and "
			       "says which field is wrong.",
			.children = children },
	.run = run,
};
