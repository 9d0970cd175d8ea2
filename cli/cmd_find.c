/* cmd_find.c - arkv find: in which archives a key is, and as what. */
#include "cli/archive_ref.h"
#include "cli/commands.h"
#include "cli/filter_opts.h"
#include "cli/human.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/record_out.h"
#include "cli/say.h"
#include "libarchive-kv/find.h"

#include <errno.h>

struct args {
	struct cli *cli;
	const char *pattern;
	const char *archive; /* NULL: all */
	struct cli_source_opt source;
	struct cli_filter filter;
	const struct arkv_archive_info *now; /* the archive that is searched */
	uint64_t found;
	bool is_damaged;
};

static const struct argp_option options[] = {
	{ "archive", 'a', "ARCHIVE", 0, "In this one alone (default: all)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t take_pattern(struct args *a, const char *arg, struct argp_state *state)
{
	struct ark_err err;

	if (a->pattern) {
		argp_error(state, "one pattern, please; further ones with --include %s", arg);
		return EINVAL;
	}
	a->pattern = arg;
	if (!cli_filter_add(&a->filter, ARKV_FILTER_INCLUDE, arg, &err))
		return 0;
	argp_error(state, "%s", err.text);
	return EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->source;
		state->child_inputs[1] = &a->filter;
		state->child_inputs[2] = &a->cli->opts;
		return 0;
	case 'a': a->archive = strcmp(arg, "all") ? arg : NULL; return 0;
	case ARGP_KEY_ARG: return take_pattern(a, arg, state);
	case ARGP_KEY_END:
		if (a->pattern || a->filter.filter || a->filter.list_count)
			return 0;
		argp_error(state, "which keys? find 'user:*'");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	CLI_SOURCE_CHILD, CLI_FILTER_CHILD, CLI_OPTS_CHILD, { NULL, 0, NULL, 0 }
};
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "PATTERN",
	.doc = "Lists the archives that hold keys which match a glob, and what stood there, oldest "
	       "first.\v"
	       "The exit status is 5 when nothing is found.",
	.children = children,
};

static enum ark_rc on_record(void *ctx, struct arkv_cursor *cursor, const struct ark_record *r,
			     struct ark_err *err)
{
	struct args *a = ctx;

	(void)cursor;
	a->found++;
	if (a->cli->opts.json) {
		cli_json_begin(a->cli, "record");
		cli_json_text(a->cli, "archive", ark_uid_hex(&a->now->uid).s);
		cli_json_bytes(a->cli, "source", a->now->head->source_name);
		cli_json_count(a->cli, "time_ms", a->now->time_ms);
		cli_json_record(a->cli, r);
		cli_json_end(a->cli);
		return cli_out_check(a->cli, err);
	}
	cli_out(a->cli, "%s  %s  ", cli_short_id(&a->now->uid).s, human_minute(a->now->time_ms).s);
	cli_out_safe(a->cli, a->now->head->source_name);
	cli_out(a->cli, "  ");
	cli_out_long(a->cli, r);
	cli_out_key(a->cli, r->key);
	cli_out(a->cli, "\n");
	return cli_out_check(a->cli, err);
}

static int search(struct args *a, struct cli_archive *open)
{
	struct arkv_find_result result = { .seen = 0 };
	struct ark_err err = { .rc = ARK_OK };
	enum ark_rc rc = arkv_find(open->archive, a->filter.filter, on_record, a, &a->cli->job,
				   &result, &err);

	if (result.lost.places)
		a->is_damaged = true;
	return rc ? cli_report(a->cli, CLI_AT_ARCHIVE, &err) : CLI_OK;
}

/* One damaged archive does not end the search in the others. */
static int search_all(struct args *a, struct cli_archive *open)
{
	for (size_t i = 0; i < open->list.count; i++) {
		struct ark_err err = { .rc = ARK_OK };

		a->now = &open->list.items[i];
		if (a->now->is_damaged) {
			a->is_damaged = true;
			continue;
		}
		arkv_archive_freep(&open->archive);
		open->archive = NULL;
		enum ark_rc rc = arkv_archive_open(&open->archive, open->repo, &a->now->uid, &err);
		int code = rc ? cli_report(a->cli, CLI_AT_ARCHIVE, &err) : search(a, open);
		if (code != CLI_OK && code != CLI_DAMAGED)
			return code;
		a->is_damaged = a->is_damaged || code == CLI_DAMAGED;
	}
	return CLI_OK;
}

static int find(struct args *a)
{
	ARK_AUTO(cli_archive_release) struct cli_archive open = { .repo = NULL };
	int code = a->archive ? cli_archive_open(&open, a->cli, a->archive, a->source.name)
			      : cli_archives_open(&open, a->cli, a->source.name);

	if (code)
		return code;
	a->now = open.info;
	cli_progress_start(a->cli, "find");
	code = a->archive ? search(a, &open) : search_all(a, &open);
	cli_progress_stop(a->cli);
	if (code)
		return code;
	if (a->is_damaged)
		return CLI_DAMAGED;
	if (!a->found)
		return cli_error(a->cli, CLI_NOT_FOUND, NULL, "find: no archive holds such a key");
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct args a = { .cli = cli };
	int code = cli_parse(cli, &argp, argc, argv, &a);

	if (!code)
		code = cli_filter_finish(&a.filter, cli);
	if (!code)
		code = find(&a);
	cli_filter_release(&a.filter);
	return code;
}

const struct cli_command cmd_find = {
	.name = "find",
	.group = "look",
	.summary = "find keys in all archives",
	.argp = &argp,
	.run = run,
};
