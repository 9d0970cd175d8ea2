/*
 * id.h - ids and names: 32 bytes (blocks, chunks, packs, runs, fragments) and 16 bytes (repository,
 * archives, sessions, data keys), and their lower-case hexadecimal text.
 */
#pragma once

#include "format/bytes.h"

enum {
	ARK_ID_LEN = 32,
	ARK_UID_LEN = 16,
};

struct ark_id {
	uint8_t b[ARK_ID_LEN];
};

struct ark_uid {
	uint8_t b[ARK_UID_LEN];
};

/* Big enough for either, so that a call can be used inside a printf argument list. */
struct ark_hex {
	char s[2 * ARK_ID_LEN + 1];
};

struct ark_hex ark_id_hex(const struct ark_id *id);
struct ark_hex ark_uid_hex(const struct ark_uid *uid);
/* The first n digits, n at most 64. */
struct ark_hex ark_hex_prefix(const uint8_t *bytes, size_t n_digits);
/* Exactly 64 (32) lower-case digits, nothing else; false otherwise, and out is left alone. */
bool ark_id_from_hex(struct ark_id *out, struct ark_span text);
bool ark_uid_from_hex(struct ark_uid *out, struct ark_span text);

static inline int ark_id_cmp(const struct ark_id *a, const struct ark_id *b)
{
	return memcmp(a->b, b->b, ARK_ID_LEN);
}

static inline bool ark_id_eq(const struct ark_id *a, const struct ark_id *b)
{
	return memcmp(a->b, b->b, ARK_ID_LEN) == 0;
}

static inline bool ark_uid_eq(const struct ark_uid *a, const struct ark_uid *b)
{
	return memcmp(a->b, b->b, ARK_UID_LEN) == 0;
}

/* Zeros stand for "none" where a structure may name an archive or a session. */
bool ark_uid_is_zero(const struct ark_uid *uid);
