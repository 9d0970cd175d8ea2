/* seen.c - see seen.h: open addressing, at most three quarters full. */
#include "libarchive-kv/seen.h"

#include <sodium.h>
#include <stdlib.h>

void arkv_seen_release(struct arkv_seen *seen)
{
	free(seen->slots);
	*seen = (struct arkv_seen){ 0 };
}

static struct ark_uid *slot_of(struct ark_uid *slots, size_t cap, const struct ark_uid *digest)
{
	static const struct ark_uid free_slot = { 0 };
	size_t at = (size_t)ark_le64(digest->b) & (cap - 1);
	while (!ark_uid_eq(&slots[at], &free_slot) && !ark_uid_eq(&slots[at], digest))
		at = (at + 1) & (cap - 1);
	return &slots[at];
}

static enum ark_rc grow(struct arkv_seen *seen, struct ark_err *err)
{
	size_t cap = seen->cap ? seen->cap * 2 : 256;
	struct ark_uid *slots = calloc(cap, sizeof *slots);
	if (!slots)
		return ark_fail(err, ARK_NOMEM, "names of a list: out of memory at %zu",
				seen->count);
	static const struct ark_uid free_slot = { 0 };
	for (size_t i = 0; i < seen->cap; i++)
		if (!ark_uid_eq(&seen->slots[i], &free_slot))
			*slot_of(slots, cap, &seen->slots[i]) = seen->slots[i];
	free(seen->slots);
	seen->slots = slots;
	seen->cap = cap;
	return ARK_OK;
}

enum ark_rc arkv_seen_add(struct arkv_seen *seen, const char *name, bool *is_new,
			  struct ark_err *err)
{
	if (seen->count >= seen->cap / 4 * 3) {
		enum ark_rc rc = grow(seen, err);
		if (rc)
			return rc;
	}
	struct ark_uid digest;
	crypto_generichash(digest.b, sizeof digest.b, (const uint8_t *)name, strlen(name), NULL, 0);
	struct ark_uid *slot = slot_of(seen->slots, seen->cap, &digest);
	*is_new = !ark_uid_eq(slot, &digest);
	if (*is_new) {
		*slot = digest;
		seen->count++;
	}
	return ARK_OK;
}
