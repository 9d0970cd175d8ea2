/*
 * store_limit.h - wrapper: keeps uploads and downloads below so many bytes a second.
 *
 * All threads of the store share the two budgets. A put waits until its bytes are paid for, then
 * runs; a get runs, then waits: so no stretch of time sees more than the limit, plus the largest
 * get. A store that was idle may send a tenth of a second's bytes at once.
 */
#pragma once

#include "libarchive-kv/clock.h"
#include "libarchive-kv/store.h"

struct arkv_limits {
	uint64_t upload_bytes_per_s;   /* 0: no limit */
	uint64_t download_bytes_per_s; /* 0: no limit */
};

/* Wraps *s. clock is borrowed for the store's life. NOMEM. */
enum ark_rc arkv_store_limit(struct arkv_store **s, struct arkv_limits limits,
			     const struct arkv_clock *clock, struct ark_err *err) ARK_CHECK;
