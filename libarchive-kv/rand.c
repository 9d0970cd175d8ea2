/* rand.c - see rand.h. */
#include "libarchive-kv/rand.h"

#include "format/bytes.h"

#include <sodium.h>
#include <stdlib.h>

struct arkv_rand arkv_rand_system(void)
{
	if (sodium_init() < 0)
		abort();
	return (struct arkv_rand){ .seeded = false };
}

struct arkv_rand arkv_rand_seeded(uint64_t seed)
{
	return (struct arkv_rand){ .seeded = true, .seed = seed };
}

/* The stream of one call: ChaCha20 keyed with (seed, number of the call). */
static void seeded_bytes(struct arkv_rand *rand, void *out, size_t len)
{
	uint8_t key[randombytes_SEEDBYTES] = { 0 };
	ark_put_le64(key, rand->seed);
	ark_put_le64(key + 8, rand->calls++);
	randombytes_buf_deterministic(out, len, key);
}

void arkv_rand_bytes(struct arkv_rand *rand, void *out, size_t len)
{
	if (rand->seeded)
		seeded_bytes(rand, out, len);
	else
		randombytes_buf(out, len);
}

uint64_t arkv_rand_below(struct arkv_rand *rand, uint64_t limit)
{
	if (limit < 2)
		return 0;
	uint64_t fair =
		UINT64_MAX - UINT64_MAX % limit; /* a multiple of limit: no value is favoured */
	uint8_t raw[8];
	uint64_t v;
	do {
		arkv_rand_bytes(rand, raw, sizeof raw);
		v = ark_le64(raw);
	} while (v >= fair);
	return v % limit;
}
