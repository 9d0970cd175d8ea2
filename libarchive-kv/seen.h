/*
 * seen.h - a set of names that answers "was this one here before?", 16 bytes a name and a free
 * place.
 *
 * Names are kept as BLAKE2b-128 digests: two names never share one in practice. One thread at a
 * time.
 */
#pragma once

#include "format/err.h"
#include "format/id.h"

struct arkv_seen {
	struct ark_uid *slots; /* all zero: free */
	size_t cap;	       /* a power of two, or 0 */
	size_t count;
};

/* A zeroed struct is an empty set. Releases what it holds and leaves it empty. */
void arkv_seen_release(struct arkv_seen *seen);
/* Adds name; *is_new tells whether it was not there. NOMEM. */
enum ark_rc arkv_seen_add(struct arkv_seen *seen, const char *name, bool *is_new,
			  struct ark_err *err) ARK_CHECK;
