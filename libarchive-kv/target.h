/*
 * target.h - where records go to on restore and export: the mirror of source.h.
 *
 * The caller hands over records in (space, key) order, each value whole or in pieces. A target
 * decides each record by the conflict policy and says what it did. A target is used by one thread.
 */
#pragma once

#include "format/err.h"
#include "format/record.h"

enum arkv_conflict {
	ARKV_CONFLICT_FAIL = 0, /* a key that is there already ends the restore (EXISTS) */
	ARKV_CONFLICT_SKIP,
	ARKV_CONFLICT_REPLACE,
	ARKV_CONFLICT_NEWER, /* UNSUPPORTED where the target has no notion of age */
};

/* What became of a record. */
enum arkv_outcome {
	ARKV_OUTCOME_CREATED = 0,
	ARKV_OUTCOME_REPLACED,
	ARKV_OUTCOME_SKIPPED,
	ARKV_OUTCOME_REFUSED, /* the target cannot hold it; why says so; goes on with the next */
	ARKV_OUTCOME_SAME,    /* it was there with this very content */
};

struct arkv_target_options {
	enum arkv_conflict conflict;
	bool dry_run; /* decide and count, write nothing */
	/* Where large values wait on disk, when a target must see all of one before it can write
	 * it; borrowed until free. NULL: beside what is written, or /var/tmp. */
	const char *spool_dir;
};

struct arkv_target;

struct arkv_target_ops {
	const char *kind;
	enum ark_rc (*open)(struct arkv_target *t, const struct arkv_target_options *options,
			    struct ark_err *err);
	/* Decides about r. For CREATED and REPLACED the value follows (unless dry_run): piece calls
	 * that sum up to r->value_len, then end. For all others nothing follows. why has room for
	 * 256 bytes. */
	enum ark_rc (*begin)(struct arkv_target *t, const struct ark_record *r,
			     enum arkv_outcome *outcome, char *why, struct ark_err *err);
	enum ark_rc (*piece)(struct arkv_target *t, struct ark_span bytes, struct ark_err *err);
	enum ark_rc (*end)(struct arkv_target *t, struct ark_err *err);
	/* Everything is handed over: flush, make durable. Not called after a failure. */
	enum ark_rc (*finish)(struct arkv_target *t, struct ark_err *err);
	void (*free)(struct arkv_target *t);
	/* Optional (NULL: as begin said). What became of the last record, once end has returned:
	 * one that was to be replaced may turn out SAME. Read it through arkv_target_outcome. */
	enum arkv_outcome (*outcome)(const struct arkv_target *t);
};

struct arkv_target {
	const struct arkv_target_ops *ops;
};

/* What is to be counted for a record after end; begun is what begin gave. */
enum arkv_outcome arkv_target_outcome(const struct arkv_target *t, enum arkv_outcome begun);
void arkv_target_free(struct arkv_target *t);
void arkv_target_freep(struct arkv_target **t);

struct arkv_target_kind {
	const char *prefix;
	const char *form;
	enum ark_rc (*make)(struct arkv_target **out, const char *url, struct ark_err *err);
};
