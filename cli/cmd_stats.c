/* cmd_stats.c - arkv stats: what a repository holds, or one archive. */
#include "cli/archive_ref.h"
#include "cli/commands.h"
#include "cli/human.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/repo_open.h"
#include "cli/say.h"
#include "libarchive-kv/stats.h"

#include <errno.h>

struct args {
	struct cli *cli;
	const char *archive;
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
	case ARGP_KEY_ARG:
		if (a->archive) {
			argp_error(state, "one archive, please: %s", arg);
			return EINVAL;
		}
		a->archive = arg;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { CLI_SOURCE_CHILD,
					      CLI_OPTS_CHILD,
					      { NULL, 0, NULL, 0 } };
static const struct argp argp = {
	.parser = parse,
	.args_doc = "[ARCHIVE]",
	.doc = "Sums up the repository, or one archive.",
	.children = children,
};

static void repo_json(struct cli *cli, const struct arkv_stats *s)
{
	cli_json_begin(cli, "stats");
	cli_json_count(cli, "archives", s->archives);
	cli_json_count(cli, "damaged_archives", s->damaged_archives);
	cli_json_count(cli, "forgotten_archives", s->forgotten_archives);
	cli_json_count(cli, "records", s->records);
	cli_json_count(cli, "raw_bytes", s->raw_bytes);
	cli_json_count(cli, "stored_objects", s->all.count);
	cli_json_count(cli, "stored_bytes", s->all.bytes);
	cli_json_count(cli, "frames", s->frames);
	cli_json_count(cli, "unneeded_packs", s->unneeded_packs);
	cli_json_count(cli, "unneeded_bytes", s->unneeded_bytes);
	cli_json_count(cli, "unneeded_frames", s->unneeded_frames);
	cli_json_object(cli, "objects");
	for (int i = 0; i < ARKV_OBJECT_KINDS; i++) {
		cli_json_object(cli, arkv_object_kind_name((enum arkv_object_kind)i));
		cli_json_count(cli, "count", s->objects[i].count);
		cli_json_count(cli, "bytes", s->objects[i].bytes);
		cli_json_object_end(cli);
	}
	cli_json_object_end(cli);
	cli_json_object(cli, "types");
	for (unsigned i = 1; i < 256; i++) {
		if (!s->types_records[i])
			continue;
		cli_json_object(cli, ark_type_name((uint8_t)i).s);
		cli_json_count(cli, "records", s->types_records[i]);
		cli_json_count(cli, "bytes", s->types_bytes[i]);
		cli_json_object_end(cli);
	}
	cli_json_object_end(cli);
	cli_json_end(cli);
}

static void repo_text(struct cli *cli, const struct arkv_stats *s)
{
	cli_out(cli, "archives  %s", human_count(s->archives).s);
	if (s->damaged_archives)
		cli_out(cli, ", and %s damaged", human_count(s->damaged_archives).s);
	if (s->forgotten_archives)
		cli_out(cli, ", and %s forgotten", human_count(s->forgotten_archives).s);
	cli_out(cli, "\nrecords   %s of %s, summed over archives\n", human_count(s->records).s,
		human_bytes(s->raw_bytes).s);
	cli_out(cli, "stored    %s in %s objects (%s of the records)\n",
		human_bytes(s->all.bytes).s, human_count(s->all.count).s,
		human_percent(s->all.bytes, s->raw_bytes).s);
	for (int i = 0; i < ARKV_OBJECT_KINDS; i++)
		if (s->objects[i].count)
			cli_out(cli, "  %-10s %10s  %10s\n",
				arkv_object_kind_name((enum arkv_object_kind)i),
				human_count(s->objects[i].count).s,
				human_bytes(s->objects[i].bytes).s);
	if (s->unneeded_bytes || s->unneeded_frames)
		cli_out(cli, "unneeded  %s in %s packs and their runs, %s frames in others\n",
			human_bytes(s->unneeded_bytes).s, human_count(s->unneeded_packs).s,
			human_count(s->unneeded_frames).s);
	cli_out(cli, "types\n");
	for (unsigned i = 1; i < 256; i++)
		if (s->types_records[i])
			cli_out(cli, "  %-10s %10s  %10s\n", ark_type_name((uint8_t)i).s,
				human_count(s->types_records[i]).s,
				human_bytes(s->types_bytes[i]).s);
}

static int of_repository(struct cli *cli)
{
	ARK_AUTO(arkv_repo_freep) struct arkv_repo *repo = NULL;
	static struct arkv_stats stats; /* large; a command runs once */
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_repo_open(&repo, cli);

	if (code)
		return code;
	cli_progress_start(cli, "stats");
	enum ark_rc rc = arkv_stats_repo(&stats, repo, &cli->job, &err);
	cli_progress_stop(cli);
	if (rc)
		return cli_report(cli, CLI_AT_ARCHIVE, &err);
	if (cli->opts.json)
		repo_json(cli, &stats);
	else
		repo_text(cli, &stats);
	return stats.damaged_archives ? CLI_DAMAGED : CLI_OK;
}

static void archive_json(struct cli *cli, const struct arkv_archive *archive,
			 const struct arkv_archive_stats *s)
{
	cli_json_begin(cli, "stats");
	cli_json_text(cli, "archive", ark_uid_hex(&archive->uid).s);
	cli_json_count(cli, "records", archive->head.counts.records);
	cli_json_count(cli, "raw_bytes", archive->head.counts.raw_bytes);
	cli_json_count(cli, "runs", s->runs);
	cli_json_count(cli, "run_bytes", s->run_bytes);
	cli_json_count(cli, "segments", s->segments);
	cli_json_count(cli, "depth_max", s->depth_max);
	cli_json_count(cli, "entries", s->entries);
	cli_json_count(cli, "packs", s->packs);
	cli_json_count(cli, "frames", s->frames);
	cli_json_count(cli, "pages", s->pages);
	cli_json_count(cli, "blocks", s->blocks);
	cli_json_end(cli);
}

static void archive_text(struct cli *cli, const struct arkv_archive *archive,
			 const struct arkv_archive_stats *s)
{
	cli_out(cli, "records   %s of %s\n", human_count(archive->head.counts.records).s,
		human_bytes(archive->head.counts.raw_bytes).s);
	cli_out(cli, "entries   %s in %s of %s\n", human_count(s->entries).s,
		human_items(s->runs, "run").s, human_bytes(s->run_bytes).s);
	cli_out(cli, "segments  %s; the deepest stack has %s\n", human_count(s->segments).s,
		human_items(s->depth_max, "slice").s);
	cli_out(cli, "needs     %s in %s\n", human_items(s->frames, "frame").s,
		human_items(s->packs, "pack").s);
	if (s->pages)
		cli_out(cli, "index     %s, %s\n", human_items(s->pages, "page").s,
			human_items(s->blocks, "block").s);
}

static int of_archive(struct args *a)
{
	ARK_AUTO(cli_archive_release) struct cli_archive open = { .repo = NULL };
	struct arkv_archive_stats stats = { .runs = 0 };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_archive_open(&open, a->cli, a->archive, a->source.name);

	if (code)
		return code;
	if (arkv_stats_archive(&stats, open.archive, &err))
		return cli_report(a->cli, CLI_AT_ARCHIVE, &err);
	if (a->cli->opts.json)
		archive_json(a->cli, open.archive, &stats);
	else
		archive_text(a->cli, open.archive, &stats);
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct args a = { .cli = cli };
	int code = cli_parse(cli, &argp, argc, argv, &a);

	if (code)
		return code;
	return a.archive ? of_archive(&a) : of_repository(cli);
}

const struct cli_command cmd_stats = {
	.name = "stats",
	.group = "look",
	.summary = "sum up the repository or an archive",
	.argp = &argp,
	.run = run,
};
