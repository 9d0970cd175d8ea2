/*
 * gen_set.h - which keys a set has on a night, and which of them changed.
 *
 * An entity is (bucket, slot): slot 0 is the key that its bucket has from night 1 on, slot n (2 or
 * more) the key that night n added to it. Keys are built so that the order of entities is the order
 * of their bytes: sets are made in order, one key after the other, in constant memory.
 */
#pragma once

#include "tests/bench/gen_text.h"

enum gen_workload {
	GEN_SMALL,  /* JSON text of 50 to 500 bytes, 227 on average */
	GEN_MEDIUM, /* 1 to 64 KiB: JSON, log text, a quarter binary */
	GEN_LARGE,  /* 64 to 256 MiB; each night inserts a few KB at four places */
	GEN_DUP,    /* 1 to 16 KiB; each value stands under some 40 keys */
	GEN_RANDOM, /* 1 to 16 KiB that nothing compresses */
	GEN_WORKLOADS,
};

enum { GEN_GROUPS = 5, GEN_NIGHT_MAX = 40, GEN_KEY_MAX = 64 };

struct gen_set {
	enum gen_workload workload;
	uint64_t count; /* keys of night 1 */
	uint64_t seed;
	int night;			/* 1 to GEN_NIGHT_MAX */
	double changed, added, deleted; /* per night, as fractions of the keys */
	uint64_t large_min, large_max;	/* lengths of GEN_LARGE, in bytes */
	uint64_t start[GEN_GROUPS + 1]; /* first bucket of each group of keys */
	struct gen_words words;
};

struct gen_entity {
	uint64_t bucket;
	int slot;
};

/* What is not in the options: words, and start. */
void gen_set_init(struct gen_set *set);
/* A number that depends on the seed, on what it is for, and on a and b. */
uint64_t gen_hash(const struct gen_set *set, uint64_t purpose, uint64_t a, uint64_t b);
/* cart, order, product, session, user: 0 to 4. */
int gen_group(const struct gen_set *set, uint64_t bucket);
/* Appends the key: at most GEN_KEY_MAX bytes. */
void gen_key(struct ark_wr *wr, const struct gen_set *set, struct gen_entity e);
/* How often the entity changed up to a night; -1 when it is not there. */
int gen_version(const struct gen_set *set, struct gen_entity e, int night);
/* True when that night gave the entity another value. */
bool gen_changes(const struct gen_set *set, struct gen_entity e, int night);
