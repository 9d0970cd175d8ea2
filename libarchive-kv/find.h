/*
 * find.h - all records of an archive that a filter wants.
 */
#pragma once

#include "libarchive-kv/cursor.h"
#include "libarchive-kv/job.h"

struct arkv_filter; /* filter.h */

/* A record that is wanted; cursor gives its value. Anything but OK ends the search, which then
 * returns that code. */
typedef enum ark_rc arkv_found_fn(void *ctx, struct arkv_cursor *cursor,
				  const struct ark_record *rec, struct ark_err *err);

struct arkv_find_result {
	uint64_t seen;	/* records read */
	uint64_t found; /* records handed to fn */
	struct arkv_cursor_lost lost;
};

/* Walks the archive in order; a filter that names key ranges or whole keys reads only those.
 * Damage goes to the job's warn and into result->lost, and the walk goes on: OK. filter, job and
 * result may be NULL. CANCELLED. */
enum ark_rc arkv_find(struct arkv_archive *archive, const struct arkv_filter *filter,
		      arkv_found_fn *fn, void *ctx, const struct arkv_job *job,
		      struct arkv_find_result *result, struct ark_err *err) ARK_CHECK;
