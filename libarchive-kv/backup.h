/*
 * backup.h - one backup: everything a source delivers becomes one archive.
 *
 * Order of what is stored: session, packs, places, run, manifest (the commit), session end
 * (design: ARCHITECTURE.md, "the life of a key"). Until the manifest is stored, nothing is visible.
 */
#pragma once

#include "format/manifest.h"
#include "libarchive-kv/job.h"
#include "libarchive-kv/repo.h"
#include "libarchive-kv/source.h"

struct arkv_filter; /* filter.h */

enum { ARKV_MEMORY_DEFAULT = 256 << 20, ARKV_MEMORY_MIN = 64 << 20 };

struct arkv_backup_options {
	const char *name;    /* of the source; NULL: its identity */
	const char *host;    /* shown by `archives`; NULL: empty */
	const char *comment; /* NULL: empty */
	const char *const *tags;
	size_t tag_count;
	const struct arkv_filter *filter; /* NULL: everything */
	size_t memory_bytes;		  /* 0: the default */
	const char *spool_dir;		  /* for spills and open packs; NULL: in the cache folder */
	int zstd_level;			  /* 0: the default, 3 */
	uint32_t segments;		  /* of a first archive; 0: by its size */
	bool fail_on_duplicates;
	bool dry_run; /* scan and compare, store nothing */
};

struct arkv_backup_result {
	struct ark_uid archive;		     /* zeros after a dry run or a failure */
	char name[ARKF_SOURCE_NAME_MAX + 1]; /* of the source */
	uint64_t n;
	struct ark_uid parent; /* zeros: none */
	struct arkf_counts counts;
	uint64_t new_objects;  /* packs, a fragment, the run, the manifest */
	uint64_t reused_bytes; /* raw bytes that were there already */
	uint64_t started_ms;
	uint64_t scan_start_ms;
	uint64_t ended_ms;
	uint64_t spilled_bytes;
	uint8_t consistency;
	bool filter_changed; /* against the parent */
	bool incomplete;     /* records were refused */
	bool unencrypted;
	bool unchanged; /* equal to its parent: only a manifest was, or would be, stored */
};

/* Reads source (not opened yet) into a new archive of repo. result is filled as far as things went,
 * also on failure. EXISTS: another backup of this source runs on this host (its pid is in the
 * text). */
enum ark_rc arkv_backup(struct arkv_repo *repo, struct arkv_source *source,
			const struct arkv_backup_options *options, const struct arkv_job *job,
			struct arkv_backup_result *result, struct ark_err *err) ARK_CHECK;
