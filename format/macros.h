/*
 * macros.h - the four GNU extensions the project uses, each behind one name.
 *
 * ARK_AUTO(fn)      the variable is handed (by address) to fn when it goes out of scope
 * ARK_PRINTF(f, a)  printf-style checking: format is argument f, the values start at a
 * ARK_CHECK         the result must be looked at
 * ark_add, ark_mul  sums and products of sizes; false when the result does not fit
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARK_AUTO(fn) __attribute__((cleanup(fn)))
#define ARK_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define ARK_CHECK __attribute__((warn_unused_result))

static inline bool ark_add(size_t *sum, size_t a, size_t b)
{
	return !__builtin_add_overflow(a, b, sum);
}

static inline bool ark_mul(size_t *product, size_t a, size_t b)
{
	return !__builtin_mul_overflow(a, b, product);
}
