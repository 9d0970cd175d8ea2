/*
 * record.h - the record: what every source delivers and every target takes (spec/01-record.md).
 *
 * (space, key) -> type, flags, absolute expiry, meta, value. The limits below are part of the
 * format. A record's spans are borrowed; whoever hands it over says for how long.
 */
#pragma once

#include "format/bytes.h"

enum {
	ARK_SPACE_MAX = 1024,
	ARK_KEY_MAX = 65535,
	ARK_META_MAX = 16384,
};
#define ARK_VALUE_MAX ((UINT64_C(1) << 40) - 1)

/* "does not expire"; every other number is milliseconds since 1970-01-01 UTC. */
#define ARK_NO_EXPIRY UINT64_MAX

/* The closed table of types. A number that is not in it is carried as it is and called "type-N". */
enum ark_type {
	ARK_TYPE_STRING = 1, /* plain bytes: what a store without types holds */
	ARK_TYPE_HASH = 2,
	ARK_TYPE_LIST = 3,
	ARK_TYPE_SET = 4,
	ARK_TYPE_ZSET = 5,
	ARK_TYPE_STREAM = 6,
	ARK_TYPE_MODULE = 7,   /* a Redis module's value, opaque */
	ARK_TYPE_FUNCTION = 8, /* a Redis function library */
	ARK_TYPE_JSVALUE = 9,  /* a structured-clone value of a Durable Object */
	ARK_TYPE_BINS = 10,    /* an Aerospike record */
	ARK_TYPE_TABLE = 11,   /* rows of an SQL table of a Durable Object */
};

struct ark_record {
	struct ark_span space;
	struct ark_span key;
	struct ark_span meta;
	uint64_t expires_ms; /* or ARK_NO_EXPIRY */
	uint64_t value_len;
	uint32_t flags;	     /* a source's own 32 bits; 0 when it has none */
	uint8_t type;	     /* enum ark_type, or a later number; never 0 */
};

struct ark_type_text {
	char s[12];
};

/* "string", "hash" ..., or "type-200". */
struct ark_type_text ark_type_name(uint8_t type);
/* The number of a name, "type-N" included; 0 when it is none. */
uint8_t ark_type_from_name(struct ark_span name);
/* Space first, then key; both in byte order. */
int ark_record_cmp(const struct ark_record *a, const struct ark_record *b);
