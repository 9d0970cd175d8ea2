/* keys_inside.h - what keys.c (how keys come to be) and dk.c (what they seal) share. */
#pragma once

#include "libarchive-kv/dkcache.h"
#include "libarchive-kv/keyset.h"

/* 32 bytes each, at these indices of arkv_keys.mem; the first five as in enum arkf_ring_key. */
enum {
	ARKV_KEYS_LOCAL = ARKF_RING_KEY_COUNT,
	ARKV_KEYS_DATA, /* suite none: the one data key */
	ARKV_KEYS_COUNT,
};

struct arkv_keys {
	struct ark_uid repo;
	enum ark_suite suite;
	bool can_read;
	struct arkf_chunker chunker;
	struct ark_secret mem;
	struct ark_secret body;	      /* of the keyring; empty without one */
	struct arkf_ring_body ring;   /* body decoded: borrows from it */
	uint32_t reader_ring;	      /* the newest reader pair's number */
	uint8_t reader[ARKV_KEY_LEN]; /* its public key */
	struct arkv_dkcache *opened;
};

static inline const uint8_t *arkv_keys_at(const struct arkv_keys *keys, unsigned which)
{
	return keys->mem.p + (size_t)which * ARKV_KEY_LEN;
}

/* The id of a data key. */
void arkv_dk_id(struct ark_uid *out, const uint8_t *key);
