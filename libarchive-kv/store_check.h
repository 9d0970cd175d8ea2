/*
 * store_check.h - the promises of store.h, checked on a real store: `arkv debug check-store URL`,
 * and the conformance suite of the tests.
 *
 * The store is created, filled, emptied and destroyed by the checks. A place that holds anything is
 * left alone: create refuses it. About 40 MB are moved each way, and some 1,300 objects.
 */
#pragma once

#include "libarchive-kv/rand.h"
#include "libarchive-kv/store.h"

struct arkv_store_check_options {
	size_t large_len;  /* size of the large object; 0: 33 MiB */
	size_t many_count; /* objects in one namespace; 0: 1,100, more than a page of any store */
	uint64_t seed;	   /* of the contents */
};

/* The outcome of one check. */
struct arkv_store_check_result {
	const char *name; /* a sentence: "a ranged read gives exactly its bytes" */
	bool passed;
	const char *why; /* when it failed, else ""; borrowed for the call */
	int64_t took_us;
};

typedef void arkv_store_check_fn(void *ctx, const struct arkv_store_check_result *result);

/* Runs all checks on s, which was made and neither created nor opened; reports each on the caller's
 * thread. Uses up to s->max_parallel threads. OK when all passed; IO "n of m checks failed"
 * otherwise; what create or destroy says when the place cannot be used (EXISTS: it is not empty).
 */
enum ark_rc arkv_store_check(struct arkv_store *s, const struct arkv_store_check_options *options,
			     arkv_store_check_fn *report, void *ctx, struct ark_err *err) ARK_CHECK;
