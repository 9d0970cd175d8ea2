/* job.c - see job.h. */
#include "libarchive-kv/job.h"

#include <stdarg.h>
#include <stdio.h>

enum ark_rc arkv_job_check(const struct arkv_job *job, struct ark_err *err)
{
	if (job && job->cancel && atomic_load_explicit(job->cancel, memory_order_relaxed))
		return ark_fail(err, ARK_CANCELLED, "stopped as asked");
	return ARK_OK;
}

void arkv_job_progress(const struct arkv_job *job, const struct arkv_progress *p)
{
	if (job && job->progress)
		job->progress(job->ctx, p);
}

void arkv_job_warn(const struct arkv_job *job, const char *format, ...)
{
	if (!job || !job->warn)
		return;
	char text[1024];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	job->warn(job->ctx, text);
}
