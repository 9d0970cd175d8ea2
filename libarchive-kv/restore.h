/*
 * restore.h - records of an archive into a target: restore, export, and the drill of either.
 */
#pragma once

#include "libarchive-kv/archive.h"
#include "libarchive-kv/job.h"
#include "libarchive-kv/target.h"

struct arkv_filter; /* filter.h */

struct arkv_restore_options {
	const struct arkv_filter *filter; /* NULL: everything */
	struct arkv_target_options target;
};

struct arkv_restore_result {
	uint64_t records; /* that were wanted */
	uint64_t created;
	uint64_t replaced;
	uint64_t skipped;
	uint64_t same;
	uint64_t refused; /* by the target; each named through the job's warn */
	uint64_t
		unreadable; /* damaged in the repository: never handed over, or their value broke */
	uint64_t bytes;	    /* of values handed over */
	bool incomplete;    /* refused or unreadable is not 0 */
	bool digest_checked; /* all of the archive was read, and equals its content digests */
};

/* Reads archive into target (not opened yet; it stays the caller's). result is filled as far as
 * things went, also on failure. A record that cannot be read, or that the target refuses, does not
 * end the restore: it is counted and named. For that, values above 8 MiB are read twice. A dry run
 * reads no values.
 * EXISTS: a key is there already, policy fail. CORRUPT at the end: everything was handed over,
 * and its content is not what the manifest says. */
enum ark_rc arkv_restore(struct arkv_archive *archive, struct arkv_target *target,
			 const struct arkv_restore_options *options, const struct arkv_job *job,
			 struct arkv_restore_result *result, struct ark_err *err) ARK_CHECK;
