/* cmd_backup.c - arkv backup: everything a source has becomes an archive. */
#include "cli/archive_ref.h"
#include "cli/commands.h"
#include "cli/filter_opts.h"
#include "cli/human.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/repo_open.h"
#include "cli/say.h"
#include "libarchive-kv/backup.h"
#include "libarchive-kv/registry.h"
#include "libarchive-kv/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	KEY_TAG = CLI_KEYS_COMMAND,
	KEY_COMMENT,
	KEY_MEMORY,
	KEY_SPOOL,
	KEY_COMPRESSION,
	KEY_DUPLICATES,
	KEY_HOST,
	KEY_SEGMENTS,
};

/* Of less the share that is stored says nothing: a manifest and a run take their bytes. */
enum { PERCENT_MIN_BYTES = 65536 };

struct args {
	struct cli *cli;
	const char *url;
	const char *tags[ARKF_MANIFEST_TAGS_MAX];
	struct cli_filter filter;
	struct arkv_backup_options options;
	char host[ARKF_HOST_MAX + 1];
};

static const struct argp_option options[] = {
	{ "name", 'N', "NAME", 0,
	  "Name of the source, the same every night (default: SOURCE without credentials)", 0 },
	{ "tag", KEY_TAG, "TAG", 0, "A word to find the archive by; may be given again", 0 },
	{ "comment", KEY_COMMENT, "TEXT", 0, "Shown by archives --json", 0 },
	{ "host", KEY_HOST, "NAME", 0, "Instead of this host's name", 0 },
	{ "dry-run", 'n', NULL, 0, "Read the source and compare, store nothing", 0 },
	{ "duplicates", KEY_DUPLICATES, "WHAT", 0,
	  "When a key comes twice: last (the later one is kept, the default) or fail", 0 },
	{ "memory", KEY_MEMORY, "SIZE", 0, "At most so much memory: 64M to 64G (256M)", 1 },
	{ "spool", KEY_SPOOL, "FOLDER", 0,
	  "Where sorted pieces and open packs go, encrypted (the cache folder)", 1 },
	{ "compression", KEY_COMPRESSION, "HOW", 0, "zstd:1 to zstd:19, or auto (the default)", 1 },
	{ "segments", KEY_SEGMENTS, "N", OPTION_HIDDEN, "Of a first archive, for tests", 1 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t complain(struct argp_state *state, const char *text)
{
	argp_error(state, "%s", text);
	return EINVAL;
}

static error_t parse_memory(struct args *a, const char *arg, struct argp_state *state)
{
	uint64_t bytes;
	struct ark_err err;

	if (arkv_size_parse(&bytes, arg, "--memory", &err))
		return complain(state, err.text);
	if (bytes < ARKV_MEMORY_MIN || bytes > UINT64_C(64) << 30)
		return complain(state, "--memory: 64M to 64G");
	a->options.memory_bytes = (size_t)bytes;
	return 0;
}

static error_t parse_compression(struct args *a, const char *arg, struct argp_state *state)
{
	char *end;
	long level = strncmp(arg, "zstd:", 5) ? 0 : strtol(arg + 5, &end, 10);

	if (!strcmp(arg, "auto"))
		a->options.zstd_level = 0;
	else if (level < 1 || level > 19 || *end)
		return complain(state, "--compression: write auto, or zstd:1 to zstd:19");
	else
		a->options.zstd_level = (int)level;
	return 0;
}

static error_t parse_duplicates(struct args *a, const char *arg, struct argp_state *state)
{
	if (strcmp(arg, "fail") && strcmp(arg, "last"))
		return complain(state, "--duplicates: write last or fail");
	a->options.fail_on_duplicates = *arg == 'f';
	return 0;
}

static error_t parse_tag(struct args *a, const char *arg, struct argp_state *state)
{
	if (a->options.tag_count == ARKF_MANIFEST_TAGS_MAX)
		return complain(state, "--tag: at most 16 tags");
	if (!*arg || strlen(arg) > ARKF_TAG_MAX || strchr(arg, ','))
		return complain(state, "--tag: 1 to 64 bytes, no comma");
	a->tags[a->options.tag_count++] = arg;
	return 0;
}

static error_t parse_text(const char **out, const char *arg, size_t max, struct argp_state *state)
{
	if (!*arg || strlen(arg) > max) {
		argp_error(state, "\"%.40s\": 1 to %zu bytes", arg, max);
		return EINVAL;
	}
	*out = arg;
	return 0;
}

static error_t parse_segments(struct args *a, const char *arg, struct argp_state *state)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (*end || n < 1 || n > 256)
		return complain(state, "--segments: 1 to 256");
	a->options.segments = (uint32_t)n;
	return 0;
}

static error_t parse_option(struct args *a, int key, const char *arg, struct argp_state *state)
{
	switch (key) {
	case 'N': return parse_text(&a->options.name, arg, ARKF_SOURCE_NAME_MAX, state);
	case KEY_TAG: return parse_tag(a, arg, state);
	case KEY_COMMENT: return parse_text(&a->options.comment, arg, ARKF_COMMENT_MAX, state);
	case KEY_HOST: return parse_text(&a->options.host, arg, ARKF_HOST_MAX, state);
	case 'n': a->options.dry_run = true; return 0;
	case KEY_DUPLICATES: return parse_duplicates(a, arg, state);
	case KEY_MEMORY: return parse_memory(a, arg, state);
	case KEY_SPOOL: a->options.spool_dir = arg; return 0;
	case KEY_COMPRESSION: return parse_compression(a, arg, state);
	case KEY_SEGMENTS: return parse_segments(a, arg, state);
	default: return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->filter;
		state->child_inputs[1] = &a->cli->opts;
		return 0;
	case ARGP_KEY_ARG:
		if (a->url)
			return complain(state, "one source a backup, please");
		a->url = arg;
		return 0;
	case ARGP_KEY_END: return a->url ? 0 : complain(state, "name a source: backup jsonl:FILE");
	default: return parse_option(a, key, arg, state);
	}
}

static const struct argp_child children[] = { CLI_FILTER_CHILD,
					      CLI_OPTS_CHILD,
					      { NULL, 0, NULL, 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "SOURCE",
	.doc = "Reads a source (jsonl:FILE, jsonl:- for standard input, dir:FOLDER) into a new "
	       "archive.\v"
	       "The exit status is 3 when records were refused: the archive is there, without "
	       "them.",
	.children = children,
};

/* ---- the account ---- */

/* An archive that nobody could compare with its parent has zeros here. */
static bool changes_known(const struct arkv_backup_result *r)
{
	const struct arkf_counts *c = &r->counts;

	return r->unchanged || c->added || c->changed || c->deleted || c->touched;
}

static void say_json(const struct args *a, const struct arkv_backup_result *r)
{
	struct cli *cli = a->cli;

	cli_json_begin(cli, "summary");
	cli_json_bool(cli, "dry_run", a->options.dry_run);
	if (!ark_uid_is_zero(&r->archive))
		cli_json_text(cli, "archive", ark_uid_hex(&r->archive).s);
	if (!ark_uid_is_zero(&r->parent))
		cli_json_text(cli, "parent", ark_uid_hex(&r->parent).s);
	cli_json_count(cli, "n", r->n);
	cli_json_text(cli, "consistency", cli_consistency_name(r->consistency));
	cli_json_count(cli, "keys", r->counts.records);
	cli_json_count(cli, "expiring", r->counts.expiring);
	cli_json_count(cli, "bytes", r->counts.raw_bytes);
	if (changes_known(r)) {
		cli_json_count(cli, "new", r->counts.added);
		cli_json_count(cli, "changed", r->counts.changed);
		cli_json_count(cli, "deleted", r->counts.deleted);
		cli_json_count(cli, "touched", r->counts.touched);
	}
	cli_json_count(cli, "duplicates", r->counts.duplicates);
	cli_json_count(cli, "refused", r->counts.refused);
	cli_json_count(cli, "stored_bytes", r->counts.stored_bytes);
	cli_json_count(cli, "reused_bytes", r->reused_bytes);
	cli_json_count(cli, "new_objects", r->new_objects);
	cli_json_count(cli, "elapsed_ms", r->ended_ms - r->started_ms);
	cli_json_bool(cli, "unchanged", r->unchanged);
	cli_json_bool(cli, "filter_changed", r->filter_changed);
	cli_json_bool(cli, "incomplete", r->incomplete);
	cli_json_bool(cli, "unencrypted", r->unencrypted);
	cli_json_end(cli);
}

/* "  (+31,207 new, 44,910 changed, 29,883 deleted, 612,004 ttl only)" */
static void say_changes(struct cli *cli, const struct arkf_counts *c)
{
	static const char *const words[] = { "new", "changed", "deleted", "ttl only" };
	uint64_t counts[] = { c->added, c->changed, c->deleted, c->touched };
	bool first = true;

	for (int i = 0; i < 4; i++) {
		if (!counts[i])
			continue;
		cli_out(cli, "%s%s%s %s", first ? "  (" : ", ", i ? "" : "+",
			human_count(counts[i]).s, words[i]);
		first = false;
	}
	cli_out(cli, "%s\n", first ? "" : ")");
}

static const char *long_consistency(uint8_t consistency)
{
	switch ((enum arkv_consistency)consistency) {
	case ARKV_CONSISTENCY_POINT: return "  point-in-time";
	case ARKV_CONSISTENCY_RECORD: return "  record by record";
	case ARKV_CONSISTENCY_FUZZY: return "  fuzzy";
	case ARKV_CONSISTENCY_UNKNOWN: break;
	}
	return "";
}

static void say_block(const struct args *a, const struct arkv_source_info *info,
		      const struct arkv_backup_result *r)
{
	struct cli *cli = a->cli;
	const char *name = a->options.name ? a->options.name : info->identity;

	if (a->options.dry_run)
		cli_out(cli, "dry run, nothing is stored");
	else
		cli_out(cli, "archive %s", cli_short_id(&r->archive).s);
	cli_out(cli, "%s", *name ? "  " : "");
	cli_out_safe(cli, ark_span_str(name));
	cli_out(cli, "  %s%s\n", human_time(r->started_ms).s, long_consistency(r->consistency));
	cli_out(cli, "  keys %s", human_count(r->counts.records).s);
	if (r->unchanged)
		cli_out(cli, "  (all as in the archive before)\n");
	else
		say_changes(cli, &r->counts);
	cli_out(cli, "  read %s", human_bytes(r->counts.raw_bytes).s);
	if (!a->options.dry_run)
		cli_out(cli, ", stored %s", human_bytes(r->counts.stored_bytes).s);
	if (!a->options.dry_run && r->counts.raw_bytes >= PERCENT_MIN_BYTES)
		cli_out(cli, " (%s)", human_percent(r->counts.stored_bytes, r->counts.raw_bytes).s);
	cli_out(cli, ", %s\n", human_duration(r->ended_ms - r->started_ms).s);
}

static void warn_of_result(const struct args *a, const struct arkv_backup_result *r)
{
	struct cli *cli = a->cli;

	if (r->counts.duplicates)
		cli_warn(cli,
			 "%s of the records came with a key that had come before: of each key the "
			 "last one is kept",
			 human_count(r->counts.duplicates).s);
	if (r->filter_changed)
		cli_warn(cli, "the filter is not that of the archive before: keys that only the "
			      "old one let in count as deleted");
	if (r->unencrypted)
		cli_warn(cli,
			 "this repository is not encrypted: whoever can read it reads the data");
	if (r->counts.refused)
		cli_warn(cli, "incomplete: %s %s not backed up", human_count(r->counts.refused).s,
			 r->counts.refused == 1 ? "record was" : "records were");
}

static int backup(struct args *a, struct arkv_repo *repo, struct arkv_source *source)
{
	struct arkv_backup_result result = { .n = 0 };
	struct arkv_source_info info = { .identity = "" };
	struct ark_err err = { .rc = ARK_OK };

	snprintf(info.identity, sizeof info.identity, "%s", a->url);
	cli_progress_start(a->cli, a->options.name ? a->options.name : "backup");
	enum ark_rc rc = arkv_backup(repo, source, &a->options, &a->cli->job, &result, &err);
	cli_progress_stop(a->cli);
	if (rc)
		return cli_report(a->cli, cli_place_of(&err, CLI_AT_SOURCE, CLI_AT_BACKUP), &err);
	warn_of_result(a, &result);
	if (a->cli->opts.json)
		say_json(a, &result);
	else if (!a->cli->opts.quiet)
		say_block(a, &info, &result);
	return result.incomplete ? CLI_INCOMPLETE : CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(arkv_repo_freep) struct arkv_repo *repo = NULL;
	ARK_AUTO(arkv_source_freep) struct arkv_source *source = NULL;
	struct args a = { .cli = cli };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_parse(cli, &argp, argc, argv, &a);

	a.options.tags = a.tags;
	a.options.filter = a.filter.filter;
	if (!code)
		code = cli_filter_finish(&a.filter, cli);
	a.options.filter = a.filter.filter;
	if (!a.options.host && !gethostname(a.host, sizeof a.host - 1))
		a.options.host = a.host;
	if (!code && arkv_source_from_url(&source, a.url, &err))
		code = cli_report(cli, CLI_AT_SOURCE, &err);
	if (!code)
		code = cli_repo_open(&repo, cli);
	if (!code)
		code = backup(&a, repo, source);
	cli_filter_release(&a.filter);
	return code;
}

const struct cli_command cmd_backup = {
	.name = "backup",
	.aliases = "create",
	.group = "protect",
	.summary = "read a source into a new archive",
	.argp = &argp,
	.run = run,
};
