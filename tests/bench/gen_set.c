/* gen_set.c - keys and their fates. */
#include "tests/bench/gen_set.h"

#include "tests/bench/gen_rand.h"

static const struct {
	const char *prefix;
	double share; /* of all keys */
} groups[GEN_GROUPS] = {
	{ "cart:", 0.10 },    { "order:", 0.25 }, { "product:", 0.10 },
	{ "session:", 0.35 }, { "user:", 0.20 },
};

enum { GROUP_USER = 4 };

/* What numbers are drawn for. */
enum { FOR_KEY = 11, FOR_BIRTH = 21, FOR_NIGHT = 22 };

void gen_set_init(struct gen_set *set)
{
	double sum = 0;

	gen_words_init(&set->words);
	for (size_t i = 0; i < GEN_GROUPS; i++) {
		set->start[i] = (uint64_t)(sum * (double)set->count + 0.5);
		sum += groups[i].share;
	}
	set->start[GEN_GROUPS] = set->count;
}

uint64_t gen_hash(const struct gen_set *set, uint64_t purpose, uint64_t a, uint64_t b)
{
	uint64_t h = gen_mix(set->seed * 0x1000193 + purpose);

	return gen_mix(gen_mix(h ^ a) ^ (b * GEN_GOLDEN));
}

int gen_group(const struct gen_set *set, uint64_t bucket)
{
	int group = 0;

	while (bucket >= set->start[group + 1])
		group++;
	return group;
}

/* user:000012345678:profile; each bucket owns 100 numbers, the upper half for added keys. */
static void put_user_key(struct ark_wr *wr, uint64_t at, int slot, uint64_t random)
{
	uint64_t number = slot ? 50 + (uint64_t)(slot - 2) % 50 : random % 50;

	gen_put_digits(wr, at * 100 + number, 12);
	gen_put_text(wr, ":profile");
}

/* session:0123456789abcdef01234567; each bucket owns an equal part of the 64-bit numbers. */
static void put_hex_key(struct ark_wr *wr, uint64_t at, uint64_t part, int slot, uint64_t random)
{
	uint64_t night_part = part / 2 / GEN_NIGHT_MAX;
	uint64_t number = slot ? part / 2 + (uint64_t)(slot - 2) * night_part + random % night_part
			       : random % (part / 2);

	gen_put_hex(wr, at * part + number, 16);
	gen_put_hex(wr, gen_mix(random), 8);
}

void gen_key(struct ark_wr *wr, const struct gen_set *set, struct gen_entity e)
{
	int group = gen_group(set, e.bucket);
	uint64_t at = e.bucket - set->start[group];
	uint64_t random = gen_hash(set, FOR_KEY, e.bucket, (uint64_t)e.slot);

	gen_put_text(wr, groups[group].prefix);
	if (group == GROUP_USER)
		put_user_key(wr, at, e.slot, random);
	else
		put_hex_key(wr, at, UINT64_MAX / (set->start[group + 1] - set->start[group]),
			    e.slot, random);
}

/* Where in 0 to 1 the dice of that night fell: deleted, changed, or nothing. */
static double night_unit(const struct gen_set *set, struct gen_entity e, int night)
{
	uint64_t name = e.bucket * 64 + (uint64_t)e.slot;

	return gen_unit(gen_hash(set, FOR_NIGHT, name, (uint64_t)night));
}

bool gen_changes(const struct gen_set *set, struct gen_entity e, int night)
{
	double unit = night_unit(set, e, night);

	return unit >= set->deleted && unit < set->deleted + set->changed;
}

int gen_version(const struct gen_set *set, struct gen_entity e, int night)
{
	int born = e.slot ? e.slot : 1, version = 0;

	if (night < born)
		return -1;
	if (e.slot && gen_unit(gen_hash(set, FOR_BIRTH, e.bucket, (uint64_t)e.slot)) >= set->added)
		return -1;
	for (int n = born + 1; n <= night; n++) {
		double unit = night_unit(set, e, n);

		if (unit < set->deleted)
			return -1;
		if (unit < set->deleted + set->changed)
			version++;
	}
	return version;
}
