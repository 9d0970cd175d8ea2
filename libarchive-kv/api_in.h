/*
 * api_in.h - what the parts of the public interface (arkv.h) share. For api*.c alone.
 */
#pragma once

#include "libarchive-kv/archive.h"
#include "libarchive-kv/arkv.h"
#include "libarchive-kv/job.h"

struct arkv {
	struct arkv_repo *repo;
};

/* Copies err to the caller's error, if there is one, and returns rc as a status. */
int arkv_api_result(struct arkv_error *error, enum ark_rc rc, const struct ark_err *err);
/* The archive that reference means, opened. */
enum ark_rc arkv_api_archive(struct arkv_archive **out, struct arkv *a, const char *reference,
			     const char *source, struct ark_err *err) ARK_CHECK;
void arkv_api_summary(struct arkv_summary *out, const struct ark_uid *uid,
		      const struct arkf_head *head);
void arkv_api_item(struct arkv_item *out, const struct ark_record *r);

/* The caller's callbacks as a job. */
struct arkv_api_job {
	struct arkv_job job; /* give &job on */
	const struct arkv_callbacks *callbacks;
	atomic_bool cancel;
};

void arkv_api_job_init(struct arkv_api_job *j, const struct arkv_callbacks *callbacks);
