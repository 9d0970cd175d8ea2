/*
 * rand.h - the only door to chance.
 *
 * The system's generator is libsodium's randombytes_buf (cryptographic; any number of threads may
 * share one struct). The seeded one gives the same bytes for the same seed, on every machine: for
 * tests and fault scripts, never for keys, nonces or names; one thread at a time.
 */
#pragma once

#include "format/macros.h"

struct arkv_rand {
	bool seeded;
	uint64_t seed;
	uint64_t calls; /* seeded: how many times bytes were drawn */
};

/* Starts libsodium when nobody has yet. Aborts when the system has no randomness to give. */
struct arkv_rand arkv_rand_system(void);
struct arkv_rand arkv_rand_seeded(uint64_t seed);

void arkv_rand_bytes(struct arkv_rand *rand, void *out, size_t len);
/* Uniform in [0, limit); 0 when limit is 0 or 1. */
uint64_t arkv_rand_below(struct arkv_rand *rand, uint64_t limit);
