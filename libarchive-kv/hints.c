/* hints.c - see hints.h. */
#include "libarchive-kv/hints.h"

#include "libarchive-kv/placetable.h"

#include <stdlib.h>

void arkv_hints_release(struct arkv_hints *h)
{
	free(h->places);
	*h = (struct arkv_hints){ 0 };
}

void arkv_hints_clear(struct arkv_hints *h)
{
	h->count = 0;
}

enum ark_rc arkv_hints_add(struct arkv_hints *h, const struct arkv_where *where,
			   struct ark_err *err)
{
	if (h->count == h->cap) {
		size_t cap = h->cap ? 2 * h->cap : 64;
		struct arkv_where *places = realloc(h->places, cap * sizeof *places);
		if (!places)
			return ark_fail(err, ARK_NOMEM, "hints: out of memory");
		h->places = places;
		h->cap = cap;
	}
	h->places[h->count++] = *where;
	return ARK_OK;
}

enum ark_rc arkv_hints_encode(const struct arkv_hints *h, const struct arkv_dedup *dedup,
			      struct ark_buf *out, struct ark_err *err)
{
	if (h->count == 0)
		return ARK_OK;
	ARK_AUTO(arkv_placetable_release) struct arkv_placetable table;
	ARK_AUTO(ark_buf_release) struct ark_buf hints;
	arkv_placetable_init(&table, dedup);
	ark_buf_init(&hints);
	for (size_t i = 0; i < h->count; i++) {
		const struct arkv_where *where = &h->places[i];
		if (!arkv_dedup_pack(dedup, where->pack_no)->closed) {
			arkf_hint_encode(&hints.wr, NULL);
			continue;
		}
		struct arkf_place place;
		enum ark_rc rc = arkv_placetable_add(&table, where, &place, err);
		if (rc)
			return rc;
		arkf_hint_encode(&hints.wr, &place);
	}
	enum ark_rc rc = arkv_placetable_encode(&table, out, err);
	ark_wr_bytes(&out->wr, ark_buf_span(&hints));
	return rc ? rc : ark_buf_check(out, "hints", err);
}
