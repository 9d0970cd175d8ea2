/*
 * store_retry.h - wrapper: tries again what failed with AGAIN.
 *
 * The wait before the second try is first_wait_ms, doubled for each further one up to wait_max_ms,
 * and of each a random half is taken off, so that many writers do not come back at the same moment.
 * All calls may be tried again: a put of the same bytes and a delete are repeatable, what a failed
 * get had appended is taken back, a list goes on with the names that its caller has not seen. A
 * delete that finds nothing has done its work. When the last try fails, err->in_doubt is set if any
 * try was in doubt. Errors other than AGAIN come back at once, those of a list's callback too.
 */
#pragma once

#include "libarchive-kv/clock.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/store.h"

/* One failed try, for the user's eyes. All is borrowed for the call. */
struct arkv_retry_event {
	const char *op; /* "put" */
	const char *name;
	unsigned tries;	 /* so far */
	int64_t wait_ms; /* before the next one */
	const struct ark_err *err;
};

struct arkv_retry_options {
	unsigned tries_max;   /* at least 1 */
	int64_t total_ms_max; /* no wait goes beyond this time since the first try */
	int64_t first_wait_ms;
	int64_t wait_max_ms;
	/* Both may be NULL; they run on the thread of the call, so on several at once. */
	void (*notify)(void *ctx, const struct arkv_retry_event *event);
	bool (*cancelled)(void *ctx); /* asked before and, ten times a second, during waits */
	void *ctx;
};

/* 10 tries in 10 minutes at most, waits of 0.25 to 30 s. */
struct arkv_retry_options arkv_retry_defaults(void);

/* Wraps *s. clock is borrowed for the store's life. rand is copied. NOMEM; USAGE for no tries. */
enum ark_rc arkv_store_retry(struct arkv_store **s, const struct arkv_retry_options *options,
			     const struct arkv_clock *clock, struct arkv_rand rand,
			     struct ark_err *err) ARK_CHECK;
