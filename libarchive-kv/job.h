/*
 * job.h - what every long job shares: progress for people, and a way to stop.
 */
#pragma once

#include "format/err.h"

#include <stdatomic.h>

struct arkv_progress {
	const char *phase; /* "scan", "write", "read" ...; static storage */
	uint64_t records;
	uint64_t bytes;	      /* raw bytes of keys and values so far */
	uint64_t bytes_total; /* 0 when unknown */
	uint64_t stored_bytes;
};

/* How a job talks to whoever started it. All members may be NULL; NULL for the whole is fine too.
 */
struct arkv_job {
	/* Called often (every few thousand records or 50 ms of work), on the thread that runs the
	 * job. */
	void (*progress)(void *ctx, const struct arkv_progress *p);
	/* A line that people should see although the job goes on; key may be empty. Counted by the
	 * job. */
	void (*warn)(void *ctx, const char *text);
	void *ctx;
	const atomic_bool
		*cancel; /* set by a signal handler or another thread: the job ends soon */
};

/* OK, or CANCELLED when the job was asked to stop. */
enum ark_rc arkv_job_check(const struct arkv_job *job, struct ark_err *err) ARK_CHECK;
void arkv_job_progress(const struct arkv_job *job, const struct arkv_progress *p);
void arkv_job_warn(const struct arkv_job *job, const char *format, ...) ARK_PRINTF(2, 3);
