/* transfer.c - records of an archive into a target. */
#include "cli/transfer.h"

#include "cli/human.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "libarchive-kv/registry.h"

#include <errno.h>
#include <string.h>

enum { KEY_ON_CONFLICT = 0x3100 };

static const struct argp_option options[] = {
	{ "on-conflict", KEY_ON_CONFLICT, "POLICY", 0,
	  "When the target has a key already: fail (the default), skip, replace, newer", 0 },
	{ "dry-run", 'n', NULL, 0, "Say what would be done, write nothing", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_policy(enum arkv_conflict *out, const char *arg, struct argp_state *state)
{
	static const char *const names[] = { "fail", "skip", "replace", "newer" };

	for (int i = 0; i < 4; i++)
		if (!strcmp(arg, names[i])) {
			*out = (enum arkv_conflict)i;
			return 0;
		}
	argp_error(state, "--on-conflict: \"%s\": write fail, skip, replace or newer", arg);
	return EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli_transfer *t = state->input;

	if (key == KEY_ON_CONFLICT)
		return parse_policy(&t->options.conflict, arg, state);
	if (key != 'n')
		return ARGP_ERR_UNKNOWN;
	t->options.dry_run = true;
	return 0;
}

const struct argp cli_transfer_argp = { .options = options, .parser = parse };

static void say_json(const struct cli_transfer *t, const struct arkv_restore_result *r)
{
	struct cli *cli = t->cli;

	cli_json_begin(cli, "summary");
	cli_json_bool(cli, "dry_run", t->options.dry_run);
	cli_json_count(cli, "keys", r->records);
	cli_json_count(cli, "created", r->created);
	cli_json_count(cli, "replaced", r->replaced);
	cli_json_count(cli, "skipped", r->skipped);
	cli_json_count(cli, "same", r->same);
	cli_json_count(cli, "refused", r->refused);
	cli_json_count(cli, "unreadable", r->unreadable);
	cli_json_count(cli, "bytes", r->bytes);
	cli_json_bool(cli, "digest_checked", r->digest_checked);
	cli_json_end(cli);
}

static void add(char *line, size_t size, uint64_t n, const char *what)
{
	size_t len = strlen(line);

	if (n)
		snprintf(line + len, size - len, "%s%s %s", len ? ", " : "", human_count(n).s,
			 what);
}

/* "3 keys: 2 replaced, 1 created", on stderr: stdout may be the target. */
static void say(const struct cli_transfer *t, const struct arkv_restore_result *r)
{
	char line[400] = "";
	bool dry = t->options.dry_run;

	if (t->cli->opts.json) {
		say_json(t, r);
		return;
	}
	add(line, sizeof line, r->created, dry ? "to create" : "created");
	add(line, sizeof line, r->replaced, dry ? "to replace" : "replaced");
	add(line, sizeof line, r->same, "the same already");
	add(line, sizeof line, r->skipped, "skipped");
	add(line, sizeof line, r->refused, "refused by the target");
	add(line, sizeof line, r->unreadable, "unreadable");
	cli_note(t->cli, "%s%s%s%s%s%s", dry ? "would write: " : "",
		 human_items(r->records, "key").s, *line ? ": " : "", line, r->bytes ? ", " : "",
		 r->bytes ? human_bytes(r->bytes).s : "");
	if (r->digest_checked)
		cli_verbose(t->cli, 1, "all of the archive was read, and its digests agree");
}

static enum cli_place place_of(const struct ark_err *err)
{
	return err->rc == ARK_EXISTS ? CLI_AT_TARGET
				     : cli_place_of(err, CLI_AT_TARGET, CLI_AT_ARCHIVE);
}

static int transfer(struct cli_transfer *t, struct arkv_archive *archive,
		    struct arkv_target *target)
{
	struct arkv_restore_options restore = { .filter = t->filter.filter, .target = t->options };
	struct arkv_restore_result result = { .records = 0 };
	struct ark_err err = { .rc = ARK_OK };

	cli_progress_start(t->cli, t->verb);
	enum ark_rc rc = arkv_restore(archive, target, &restore, &t->cli->job, &result, &err);
	cli_progress_stop(t->cli);
	if (rc && err.sys == EPIPE) /* as any command whose output nobody wants any more: quietly */
		t->cli->out_errno = EPIPE;
	if (t->cli->out_errno == EPIPE)
		return CLI_FAILED;
	if (!rc || result.records)
		say(t, &result);
	if (rc)
		return cli_report(t->cli, place_of(&err), &err);
	if (result.unreadable)
		return cli_error(t->cli, CLI_INCOMPLETE, "arkv verify says what is touched",
				 "%s: %s could not be read", t->verb,
				 human_items(result.unreadable, "record").s);
	return result.incomplete ? CLI_INCOMPLETE : CLI_OK;
}

int cli_transfer_run(struct cli_transfer *t)
{
	ARK_AUTO(cli_archive_release) struct cli_archive open = { .repo = NULL };
	ARK_AUTO(arkv_target_freep) struct arkv_target *target = NULL;
	struct ark_err err = { .rc = ARK_OK };
	size_t len = strlen(t->target);

	if (t->cli->opts.json && len > 2 && !strcmp(t->target + len - 2, ":-"))
		return cli_error(t->cli, CLI_USAGE, "write the records to a file",
				 "%s: records and --json lines cannot both go to standard output",
				 t->verb);
	if (arkv_target_from_url(&target, t->target, &err))
		return cli_report(t->cli, CLI_AT_TARGET, &err);
	int code = cli_filter_finish(&t->filter, t->cli);
	if (!code)
		code = cli_archive_open(&open, t->cli, t->archive, t->source.name);
	return code ? code : transfer(t, open.archive, target);
}
