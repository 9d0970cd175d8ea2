/*
 * archive_ref.h - from a reference on the command line ("latest~1") to an open archive.
 */
#pragma once

#include "cli/cli.h"
#include "libarchive-kv/archive.h"

/* -s, --source: the input of the argp. Starts as zeros. */
struct cli_source_opt {
	const char *name; /* NULL: of any source */
};
extern const struct argp cli_source_argp;
#define CLI_SOURCE_CHILD                     \
	{                                    \
		&cli_source_argp, 0, NULL, 0 \
	}

/* All that hangs on an open archive. Starts as zeros. */
struct cli_archive {
	struct arkv_repo *repo;
	struct arkv_archives list;
	const struct arkv_archive_info *info;
	struct arkv_archive *archive;
};
void cli_archive_release(struct cli_archive *a);

/* Opens the repository and lists its archives; warns of damaged ones. CLI_OK, or what was
 * reported. */
int cli_archives_open(struct cli_archive *out, struct cli *cli, const char *source) ARK_CHECK;
/* Then, of the list, the one that ref means. */
int cli_archive_pick(struct cli_archive *a, struct cli *cli, const char *ref, const char *source)
	ARK_CHECK;
/* Both. */
int cli_archive_open(struct cli_archive *out, struct cli *cli, const char *ref, const char *source)
	ARK_CHECK;

/* "5f0c9a1e": as much of an id as people are shown. */
struct cli_short_id {
	char s[9];
};
struct cli_short_id cli_short_id(const struct ark_uid *uid);
/* "unknown", "pit" ...: short names of enum arkv_consistency. */
const char *cli_consistency_name(uint8_t consistency);
