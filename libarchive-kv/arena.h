/*
 * arena.h - bytes that stay where they are until all of them go at once.
 *
 * For lists of keys and the like that are built one by one and never change. One thread.
 */
#pragma once

#include "format/keylist.h"

struct arkv_arena_piece;

struct arkv_arena {
	struct arkv_arena_piece *last;
	struct ark_span space; /* the one copied last: neighbours share theirs */
	size_t bytes;	       /* of memory that it has */
};

/* len bytes, aligned for any type; NULL when out of memory. */
void *arkv_arena_room(struct arkv_arena *arena, size_t len);
/* A copy of s; an empty span stays empty. NOMEM. */
enum ark_rc arkv_arena_copy(struct arkv_arena *arena, struct ark_span s, struct ark_span *out,
			    struct ark_err *err) ARK_CHECK;
/* A copy of both parts; a space equal to that of the call before is shared with it. */
enum ark_rc arkv_arena_copy_key(struct arkv_arena *arena, const struct arkf_key *key,
				struct arkf_key *out, struct ark_err *err) ARK_CHECK;
/* Frees all and leaves an empty arena. A zeroed arena is empty. */
void arkv_arena_release(struct arkv_arena *arena);
