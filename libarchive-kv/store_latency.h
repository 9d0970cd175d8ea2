/*
 * store_latency.h - wrapper: makes a near store as slow as a far one. ARKV_LATENCY and
 * ARKV_BANDWIDTH of the tool, the twins of BorgStore's BORGSTORE_LATENCY and BORGSTORE_BANDWIDTH.
 *
 * Each call takes at least latency + bytes moved / bandwidth; what is left of that when the call
 * has ended is slept. Calls on several threads are slowed side by side, as if each had its own
 * line.
 */
#pragma once

#include "libarchive-kv/clock.h"
#include "libarchive-kv/store.h"

struct arkv_latency {
	uint64_t latency_us;
	uint64_t bandwidth_bits_per_s; /* 0: without limit */
};

/* Wraps *s. clock is borrowed for the store's life. NOMEM. */
enum ark_rc arkv_store_latency(struct arkv_store **s, struct arkv_latency latency,
			       const struct arkv_clock *clock, struct ark_err *err) ARK_CHECK;
