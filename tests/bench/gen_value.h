/*
 * gen_value.h - the values of a set: made whole, or in pieces where they are large.
 */
#pragma once

#include "tests/bench/gen_set.h"

enum { GEN_VALUE_MAX = 1 << 20, GEN_BLOCK = 65536 };

/* Takes the next bytes of a value. */
struct gen_sink {
	void (*take)(struct gen_sink *sink, struct ark_span piece);
};

/* Memory to make values in; zeroed once, then kept from value to value. */
struct gen_scratch {
	uint8_t value[GEN_VALUE_MAX];
	uint8_t block[4 * GEN_BLOCK];
	uint8_t inserted[32768];
};

/* True when the value is UTF-8 text, by its kind. */
bool gen_is_text(const struct gen_set *set, struct gen_entity e);
/* The value of an entity in a version (gen_version), in scratch->value; not GEN_LARGE. */
struct ark_span gen_value(struct gen_scratch *scratch, const struct gen_set *set,
			  struct gen_entity e, int version);
/* GEN_LARGE: the length of the value on set->night, and the value, in order. */
uint64_t gen_large_len(const struct gen_set *set, struct gen_entity e);
void gen_large(struct gen_sink *sink, struct gen_scratch *scratch, const struct gen_set *set,
	       struct gen_entity e);
