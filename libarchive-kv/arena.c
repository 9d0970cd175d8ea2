/* arena.c - see arena.h. */
#include "libarchive-kv/arena.h"

#include <stdlib.h>

enum { PIECE_LEN_MIN = 4096, PIECE_LEN_MAX = 1 << 20 };

struct arkv_arena_piece {
	struct arkv_arena_piece *before;
	size_t used;
	size_t cap;
	max_align_t bytes[];
};

static struct arkv_arena_piece *piece_new(struct arkv_arena *arena, size_t len)
{
	size_t cap = arena->last ? arena->last->cap : PIECE_LEN_MIN / 2;
	cap = cap < PIECE_LEN_MAX / 2 ? 2 * cap : PIECE_LEN_MAX;
	cap = cap < len ? len : cap;
	size_t all;
	if (!ark_add(&all, cap, sizeof(struct arkv_arena_piece)))
		return NULL;
	struct arkv_arena_piece *piece = malloc(all);
	if (!piece)
		return NULL;
	*piece = (struct arkv_arena_piece){ .before = arena->last, .cap = cap };
	arena->last = piece;
	arena->bytes += all;
	return piece;
}

void *arkv_arena_room(struct arkv_arena *arena, size_t len)
{
	size_t rounded;
	if (!ark_add(&rounded, len, sizeof(max_align_t) - 1))
		return NULL;
	rounded -= rounded % sizeof(max_align_t);
	struct arkv_arena_piece *piece = arena->last;
	if (!piece || rounded > piece->cap - piece->used)
		piece = piece_new(arena, rounded);
	if (!piece)
		return NULL;
	void *p = (uint8_t *)piece->bytes + piece->used;
	piece->used += rounded;
	return p;
}

enum ark_rc arkv_arena_copy(struct arkv_arena *arena, struct ark_span s, struct ark_span *out,
			    struct ark_err *err)
{
	if (s.len == 0) {
		*out = ark_span(NULL, 0);
		return ARK_OK;
	}
	uint8_t *p = arkv_arena_room(arena, s.len);
	if (!p)
		return ark_fail(err, ARK_NOMEM, "out of memory: %zu bytes", s.len);
	memcpy(p, s.p, s.len);
	*out = ark_span(p, s.len);
	return ARK_OK;
}

enum ark_rc arkv_arena_copy_key(struct arkv_arena *arena, const struct arkf_key *key,
				struct arkf_key *out, struct ark_err *err)
{
	struct arkf_key copy;
	enum ark_rc rc = ARK_OK;
	if (!ark_span_eq(arena->space, key->space))
		rc = arkv_arena_copy(arena, key->space, &arena->space, err);
	copy.space = arena->space;
	if (!rc)
		rc = arkv_arena_copy(arena, key->key, &copy.key, err);
	if (!rc)
		*out = copy;
	return rc;
}

void arkv_arena_release(struct arkv_arena *arena)
{
	if (!arena)
		return;
	struct arkv_arena_piece *piece = arena->last;
	while (piece) {
		struct arkv_arena_piece *before = piece->before;
		free(piece);
		piece = before;
	}
	*arena = (struct arkv_arena){ 0 };
}
