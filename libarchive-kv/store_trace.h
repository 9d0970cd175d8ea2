/*
 * store_trace.h - wrapper: one line of text for each call that ended; names and sizes, never
 *contents.
 *
 *	put packs/ab12: 33554432 B, 41.7 ms, ok
 *	get runs/cd34 [4096,+512): 512 B, 0.3 ms, ok
 *	list archives/: 12 objects, 0.9 ms, ok
 *	stat config: 0.1 ms, not found: /srv/r/config: no such object
 */
#pragma once

#include "libarchive-kv/clock.h"
#include "libarchive-kv/store.h"

/* line ends without a newline and is borrowed for the call, which comes on the thread of the call
 * that is told about, so perhaps on several at once. */
typedef void arkv_trace_fn(void *ctx, const char *line);

/* Wraps *s. clock is borrowed for the store's life. NOMEM. */
enum ark_rc arkv_store_trace(struct arkv_store **s, arkv_trace_fn *fn, void *ctx,
			     const struct arkv_clock *clock, struct ark_err *err) ARK_CHECK;
