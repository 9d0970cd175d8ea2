/* cmd_archives.c - arkv archives: which archives there are. */
#include "cli/archive_ref.h"
#include "cli/commands.h"
#include "cli/human.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/table.h"

#include <stdlib.h>

struct args {
	struct cli *cli;
	struct cli_source_opt source;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->source;
		state->child_inputs[1] = &a->cli->opts;
		return 0;
	case ARGP_KEY_ARG: argp_error(state, "too many arguments: %s", arg); return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { CLI_SOURCE_CHILD,
					      CLI_OPTS_CHILD,
					      { NULL, 0, NULL, 0 } };
static const struct argp argp = {
	.parser = parse,
	.doc = "Lists archives, the newest first.\v"
	       "SIZE is what keys and values measure, STORED what the archive added to the "
	       "repository.",
	.children = children,
};

static int newest_first(const void *left, const void *right)
{
	const struct arkv_archive_info *a = *(const struct arkv_archive_info *const *)left;
	const struct arkv_archive_info *b = *(const struct arkv_archive_info *const *)right;

	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms ? 1 : -1;
	if (a->head && b->head && a->head->n != b->head->n)
		return a->head->n < b->head->n ? 1 : -1;
	return memcmp(b->uid.b, a->uid.b, sizeof a->uid.b);
}

static void add_tags(struct ark_buf *out, const struct arkf_head *head)
{
	for (size_t i = 0; i < head->tag_count; i++) {
		if (i)
			ark_wr_bytes(&out->wr, ark_span_str(","));
		ark_wr_bytes(&out->wr, head->tags[i]);
	}
	if (head->marks & ARKF_MARK_INCOMPLETE)
		ark_wr_bytes(&out->wr,
			     ark_span_str(out->wr.len ? " (incomplete)" : "(incomplete)"));
}

static void add_row(struct cli_table *table, const struct arkv_archive_info *info)
{
	ARK_AUTO(ark_buf_release) struct ark_buf tags;
	const struct arkf_head *head = info->head;

	ark_buf_init(&tags);
	cli_table_cell(table, cli_short_id(&info->uid).s);
	if (info->is_damaged) {
		for (int i = 0; i < 6; i++)
			cli_table_cell(table, "?");
		cli_table_cell(table, "(damaged)");
		return;
	}
	add_tags(&tags, head);
	cli_table_cell(table, human_minute(info->time_ms).s);
	cli_table_bytes(table, head->source_name);
	cli_table_cell(table, human_count(head->counts.records).s);
	cli_table_cell(table, human_bytes(head->counts.raw_bytes).s);
	cli_table_cell(table, human_bytes(head->counts.stored_bytes).s);
	cli_table_cell(table, cli_consistency_name(head->consistency));
	cli_table_bytes(table, ark_buf_span(&tags));
}

static void json_counts(struct cli *cli, const struct arkf_counts *c, bool changes_known)
{
	cli_json_count(cli, "keys", c->records);
	cli_json_count(cli, "expiring", c->expiring);
	cli_json_count(cli, "bytes", c->raw_bytes);
	cli_json_count(cli, "stored_bytes", c->stored_bytes);
	cli_json_count(cli, "duplicates", c->duplicates);
	cli_json_count(cli, "refused", c->refused);
	if (!changes_known)
		return;
	cli_json_count(cli, "new", c->added);
	cli_json_count(cli, "changed", c->changed);
	cli_json_count(cli, "deleted", c->deleted);
	cli_json_count(cli, "touched", c->touched);
}

static void json_digests(struct cli *cli, const struct arkf_digests *d)
{
	cli_json_text(cli, "digest_content", ark_hex_prefix(d->content, 64).s);
	cli_json_text(cli, "digest_content_expiring", ark_hex_prefix(d->content_expiring, 64).s);
	cli_json_text(cli, "digest_full", ark_hex_prefix(d->full, 64).s);
	cli_json_text(cli, "digest_full_expiring", ark_hex_prefix(d->full_expiring, 64).s);
}

static void json_line(struct cli *cli, const struct arkv_archive_info *info)
{
	const struct arkf_head *head = info->head;

	cli_json_begin(cli, "archive");
	cli_json_text(cli, "archive", ark_uid_hex(&info->uid).s);
	cli_json_bool(cli, "damaged", info->is_damaged);
	if (info->is_damaged) {
		cli_json_text(cli, "problem", info->problem);
		cli_json_end(cli);
		return;
	}
	cli_json_count(cli, "n", head->n);
	if (!ark_uid_is_zero(&head->parent))
		cli_json_text(cli, "parent", ark_uid_hex(&head->parent).s);
	cli_json_text(cli, "time", human_iso(info->time_ms).s);
	cli_json_count(cli, "time_ms", info->time_ms);
	cli_json_bytes(cli, "source", head->source_name);
	cli_json_bytes(cli, "source_url", head->source_url);
	cli_json_bytes(cli, "host", head->host);
	cli_json_text(cli, "consistency", cli_consistency_name(head->consistency));
	cli_json_bool(cli, "incomplete", head->marks & ARKF_MARK_INCOMPLETE);
	json_counts(cli, &head->counts, head->marks & ARKF_MARK_CHANGES_KNOWN);
	json_digests(cli, &head->digests);
	cli_json_list(cli, "tags");
	for (size_t i = 0; i < head->tag_count; i++)
		cli_json_bytes(cli, NULL, head->tags[i]);
	cli_json_list_end(cli);
	cli_json_bytes(cli, "comment", head->comment);
	cli_json_bytes(cli, "filter", head->filter_text);
	cli_json_end(cli);
}

static int show(struct cli *cli, const struct arkv_archive_info *const *sorted, size_t count,
		const char *source)
{
	static const char *const columns[] = { "ID",	  "TIME (UTC)",	 "SOURCE", ">KEYS", ">SIZE",
					       ">STORED", "CONSISTENCY", "TAGS",   NULL };
	ARK_AUTO(cli_table_freep) struct cli_table *table = cli_table_new(columns);
	struct ark_err err = { .rc = ARK_NOMEM };

	for (size_t i = 0; i < count; i++) {
		if (cli->opts.json)
			json_line(cli, sorted[i]);
		else if (table)
			add_row(table, sorted[i]);
	}
	if (cli->opts.json)
		return CLI_OK;
	if (!count)
		cli_note(cli, "no archives %s%s", source ? "of source " : "yet",
			 source ? source : "");
	if (!table || (count && cli_table_print(table, cli, true, &err)))
		return cli_report(cli, CLI_AT_COMMAND, &err);
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(cli_archive_release) struct cli_archive a = { .repo = NULL };
	struct args args = { .cli = cli };
	int code = cli_parse(cli, &argp, argc, argv, &args);

	if (!code)
		code = cli_archives_open(&a, cli, args.source.name);
	if (code)
		return code;
	const struct arkv_archive_info **sorted = calloc(a.list.count + 1, sizeof *sorted);
	if (!sorted)
		return cli_error(cli, CLI_FAILED, NULL, "archives: out of memory");
	for (size_t i = 0; i < a.list.count; i++)
		sorted[i] = &a.list.items[i];
	qsort(sorted, a.list.count, sizeof *sorted, newest_first);
	code = show(cli, sorted, a.list.count, args.source.name);
	free(sorted);
	return !code && a.list.damaged_count ? CLI_DAMAGED : code;
}

const struct cli_command cmd_archives = {
	.name = "archives",
	.aliases = "snapshots list",
	.group = "look",
	.summary = "list archives",
	.argp = &argp,
	.run = run,
};
