/*
 * gen_rand.h - the generator's chance: splitmix64, as a hash and as a sequence.
 *
 * Everything that gen makes follows from its options through these; their results are what makes
 * two machines measure the same bytes, and never change.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#define GEN_GOLDEN UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t gen_mix(uint64_t x)
{
	x += GEN_GOLDEN;
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

struct gen_rand {
	uint64_t state;
};

static inline uint64_t gen_next(struct gen_rand *r)
{
	uint64_t x = gen_mix(r->state);

	r->state += GEN_GOLDEN;
	return x;
}

/* 0 up to, and without, 1. */
static inline double gen_unit(uint64_t x)
{
	return (double)(x >> 11) * (1.0 / 9007199254740992.0);
}

/* len bytes that nothing compresses. */
static inline void gen_fill(uint8_t *p, size_t len, uint64_t seed)
{
	struct gen_rand r = { seed };

	for (size_t i = 0; i < len; i += 8) {
		uint64_t x = gen_next(&r);

		memcpy(p + i, &x, len - i < 8 ? len - i : 8);
	}
}
