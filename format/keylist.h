/*
 * keylist.h - a sorted, front-coded list of (space, key) pairs (spec/06-block.md).
 *
 * Blocks, index pages, run roots and segment bounds hold one.
 */
#pragma once

#include "format/err.h"
#include "format/record.h"

struct arkf_key {
	struct ark_span space;
	struct ark_span key;
};

/* Hands out the keys in order, i from 0: the encoder passes over the list several times. */
typedef struct arkf_key arkf_key_at_fn(const void *ctx, size_t i);

/* The n keys must be ascending; the list is written as the spec says, with no count in front. */
void arkf_keylist_encode(struct ark_wr *wr, arkf_key_at_fn *at, const void *ctx, size_t n);

struct arkf_keylist_rd {
	struct ark_rd groups;
	struct ark_rd shared;
	struct ark_rd suffix_lens;
	struct ark_rd suffixes;
	struct ark_span space; /* of the present group */
	uint64_t groups_left;
	uint64_t group_keys_left;
	uint64_t keys_left;
	size_t key_len;
	bool group_first;
	bool any_space;
	uint8_t key[ARK_KEY_MAX]; /* the present key, rebuilt */
};

/* Reads the list of n keys from rd, which ends up behind it. CORRUPT; what names the structure. */
enum ark_rc arkf_keylist_decode(struct arkf_keylist_rd *it, struct ark_rd *rd, uint64_t n,
				const char *what, struct ark_err *err) ARK_CHECK;
/* The next key. Its space borrows the input, its key borrows it->key until the next call.
 * NOTFOUND after the last, CORRUPT when out of order or not in its one spelling. */
enum ark_rc arkf_keylist_next(struct arkf_keylist_rd *it, struct arkf_key *out, struct ark_err *err)
	ARK_CHECK;

struct arkf_dump;
/* A list of n keys, column by column (dump.h); what follows is left. */
void arkf_keylist_dump(struct arkf_dump *d, uint64_t n);
