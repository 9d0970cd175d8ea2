/*
 * store_check_in.h - what the files of store_check share. Not for others.
 *
 * store_check.c       runs the checks, and the tools they use
 * store_check_one.c   checks on single objects
 * store_check_many.c  checks on lists and on threads
 */
#pragma once

#include "libarchive-kv/pipeline.h"
#include "libarchive-kv/store_check.h"

struct store_checker {
	struct arkv_store *s;
	struct arkv_store_check_options options;
	struct arkv_pool *pool;
	unsigned threads; /* calls at once */
};

/* OK when the promise is kept; otherwise err says what was seen. A check may leave objects behind.
 */
typedef enum ark_rc store_check_fn(struct store_checker *c, struct ark_err *err);

struct store_check_entry {
	const char *name;
	store_check_fn *fn;
};

/* Both end with an entry without a name. */
extern const struct store_check_entry arkv_store_checks_one[];
extern const struct store_check_entry arkv_store_checks_many[];

/* Sets out to len bytes that follow from the seed and salt. */
enum ark_rc arkv_store_check_fill(const struct store_checker *c, struct ark_buf *out, uint64_t salt,
				  size_t len, struct ark_err *err) ARK_CHECK;
/* Puts len bytes of that kind. */
enum ark_rc arkv_store_check_put(struct store_checker *c, const char *name, uint64_t salt,
				 size_t len, struct ark_err *err) ARK_CHECK;
/* OK when name holds exactly what arkv_store_check_put(name, salt, len) put. */
enum ark_rc arkv_store_check_holds(struct store_checker *c, const char *name, uint64_t salt,
				   size_t len, struct ark_err *err) ARK_CHECK;
/* OK when got is want; else CORRUPT "doing: expected not found, got ok". got_err is what the call
 * said. */
enum ark_rc arkv_store_check_rc(enum ark_rc got, enum ark_rc want, const char *doing,
				const struct ark_err *got_err, struct ark_err *err) ARK_CHECK;

/* Calls fn for every index below count, on all the threads the store allows; the first error ends
 * it. */
typedef enum ark_rc store_check_job_fn(struct store_checker *c, void *ctx, size_t index,
				       struct ark_err *err);
enum ark_rc arkv_store_check_parallel(struct store_checker *c, store_check_job_fn *fn, void *ctx,
				      size_t count, struct ark_err *err) ARK_CHECK;

/* The names that a list gave, NUL-terminated one after the other, and the sum of the sizes. */
struct store_check_names {
	struct ark_buf text;
	size_t count;
	uint64_t size_sum;
};

void arkv_store_check_names_release(struct store_check_names *names);
/* Fills names, which is released and made anew. */
enum ark_rc arkv_store_check_list(struct store_checker *c, const char *prefix,
				  struct store_check_names *names, struct ark_err *err) ARK_CHECK;
/* How often name is among them. */
size_t arkv_store_check_names_has(const struct store_check_names *names, const char *name);
