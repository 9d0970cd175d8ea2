/* archive_ref.c - from a reference on the command line to an open archive. */
#include "cli/archive_ref.h"

#include "cli/repo_open.h"
#include "cli/say.h"
#include "libarchive-kv/source.h"

#include <stdio.h>

static const struct argp_option options[] = {
	{ "source", 's', "NAME", 0, "Archives of this source alone", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli_source_opt *opt = state->input;

	if (key != 's')
		return ARGP_ERR_UNKNOWN;
	opt->name = arg;
	return 0;
}

const struct argp cli_source_argp = { .options = options, .parser = parse };

void cli_archive_release(struct cli_archive *a)
{
	arkv_archive_freep(&a->archive);
	arkv_archives_release(&a->list);
	arkv_repo_freep(&a->repo);
}

int cli_archives_open(struct cli_archive *out, struct cli *cli, const char *source)
{
	struct ark_err err = { .rc = ARK_OK };
	struct arkv_archives_options options_ = { .source = source };
	int code = cli_repo_open(&out->repo, cli);

	if (code)
		return code;
	if (arkv_archives_list(&out->list, out->repo, &options_, &err))
		return cli_report(cli, CLI_AT_ARCHIVE, &err);
	for (size_t i = 0; i < out->list.count; i++)
		if (out->list.items[i].is_damaged)
			cli_warn(cli, "archive %s is damaged: %s",
				 cli_short_id(&out->list.items[i].uid).s,
				 out->list.items[i].problem);
	return CLI_OK;
}

int cli_archive_pick(struct cli_archive *a, struct cli *cli, const char *ref, const char *source)
{
	struct ark_err err = { .rc = ARK_OK };

	arkv_archive_freep(&a->archive);
	a->archive = NULL;
	if (arkv_archives_find(&a->info, &a->list, ref, source, &err) ||
	    arkv_archive_open(&a->archive, a->repo, &a->info->uid, &err))
		return cli_report(cli, CLI_AT_ARCHIVE, &err);
	return CLI_OK;
}

int cli_archive_open(struct cli_archive *out, struct cli *cli, const char *ref, const char *source)
{
	int code = cli_archives_open(out, cli, source);

	return code ? code : cli_archive_pick(out, cli, ref, source);
}

struct cli_short_id cli_short_id(const struct ark_uid *uid)
{
	struct cli_short_id id;

	snprintf(id.s, sizeof id.s, "%.8s", ark_hex_prefix(uid->b, 8).s);
	return id;
}

const char *cli_consistency_name(uint8_t consistency)
{
	switch ((enum arkv_consistency)consistency) {
	case ARKV_CONSISTENCY_POINT: return "pit";
	case ARKV_CONSISTENCY_RECORD: return "record";
	case ARKV_CONSISTENCY_FUZZY: return "fuzzy";
	case ARKV_CONSISTENCY_UNKNOWN: break;
	}
	return "unknown";
}
