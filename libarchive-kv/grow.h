/*
 * grow.h - arrays that grow by doubling.
 */
#pragma once

#include "format/err.h"

#include <stdlib.h>

/*
 * The array at p, of cap items of size bytes each, with room for item number count: p itself, or
 * moved. NULL without memory; then p and *cap stay as they are. Use:
 *	struct thing *more = arkv_grow(things, &cap, count, sizeof *more);
 *	if (!more)
 *		return ark_fail(err, ARK_NOMEM, "...: out of memory");
 *	things = more;
 */
static inline void *arkv_grow(void *p, size_t *cap, size_t count, size_t size)
{
	if (count < *cap)
		return p;
	size_t more = *cap ? 2 * *cap : 64;
	void *grown = reallocarray(p, more, size);
	if (grown)
		*cap = more;
	return grown;
}
