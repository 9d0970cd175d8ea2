/*
 * store_count.h - wrapper: counts calls, bytes and round trips; cost tests hold their limits with
 * it.
 *
 * Round trips are the longest chain of calls each of which began after the one before had ended:
 * calls that overlap cost one trip together. This is what a reader far from its bucket waits for.
 */
#pragma once

#include "libarchive-kv/store_wrap.h"

struct arkv_op_counts {
	uint64_t calls;
	uint64_t failures; /* of these calls, NOTFOUND included */
	uint64_t bytes;	   /* put: given, get: appended; failed calls add none */
};

struct arkv_counts {
	struct arkv_op_counts op[ARKV_OP_COUNT];
	uint64_t calls;	 /* the sum over all operations */
	uint64_t listed; /* objects that lists have named */
	uint64_t trips;
	unsigned peak_parallel; /* calls that ran at one moment */
};

struct arkv_counter;

/* Wraps *s; *counter reads the figures and lives as long as the store. NOMEM. */
enum ark_rc arkv_store_count(struct arkv_store **s, struct arkv_counter **counter,
			     struct ark_err *err) ARK_CHECK;

/* The figures since the start or the last reset. Any thread. Calls that still run are counted in
 * calls and trips only when they have ended. */
struct arkv_counts arkv_counter_read(struct arkv_counter *counter);
/* All to zero; calls that run at this moment are counted when they end. */
void arkv_counter_reset(struct arkv_counter *counter);
