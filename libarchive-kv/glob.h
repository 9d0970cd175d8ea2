/*
 * glob.h - patterns over bytes, as Redis has them: for filters on keys.
 *
 *	*	any bytes, none too; '/' and ':' are bytes like all others
 *	?	one byte
 *	[a-z]	one byte of a set; [^a-z] or [!a-z] one that is not in it; a first "]" is itself
 *	\c	c itself; \xHH (two hex digits) the byte of that number
 *
 * Everything else means itself. A match costs at most (bytes of the key) x (items of the pattern)
 * steps, whatever the pattern. Immutable once made: any thread.
 */
#pragma once

#include "format/bytes.h"
#include "format/err.h"

enum { ARKV_GLOB_MAX = 4096 }; /* bytes of a pattern */

struct arkv_glob;

/* USAGE: '[' without its ']', or '\' at the end; LIMIT: longer than ARKV_GLOB_MAX; NOMEM. */
enum ark_rc arkv_glob_new(struct arkv_glob **out, struct ark_span pattern, struct ark_err *err)
	ARK_CHECK;
void arkv_glob_free(struct arkv_glob *glob);
void arkv_glob_freep(struct arkv_glob **glob);

/* True when the pattern covers all of bytes. */
bool arkv_glob_match(const struct arkv_glob *glob, struct ark_span bytes);
/* What every match begins with; lives in glob; may be empty. */
struct ark_span arkv_glob_prefix(const struct arkv_glob *glob);
/* True when the prefix is the one thing that matches: the pattern has no wildcard. */
bool arkv_glob_literal(const struct arkv_glob *glob);
