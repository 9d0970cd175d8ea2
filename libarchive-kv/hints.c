/* hints.c - see hints.h. */
#include "libarchive-kv/hints.h"

#include "libarchive-kv/grow.h"
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

enum ark_rc arkv_hints_find(struct arkv_hints *h, struct arkv_dedup *dedup, const struct ark_id *id,
			    struct ark_err *err)
{
	struct arkv_where where;
	enum ark_rc rc = arkv_dedup_find(dedup, id, &where, err);
	if (rc == ARK_NOTFOUND || rc == ARK_AGAIN)
		return ark_fail(err, ARK_CORRUPT,
				"chunk %s was stored, and its place is not known any more: the "
				"cache folder was changed meanwhile; run the backup again",
				ark_id_hex(id).s);
	if (rc)
		return rc;
	struct arkv_where *places = arkv_grow(h->places, &h->cap, h->count, sizeof *places);
	if (!places)
		return ark_fail(err, ARK_NOMEM, "hints: out of memory");
	h->places = places;
	h->places[h->count++] = where;
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
	size_t start = out->wr.len;
	enum ark_rc rc = arkv_placetable_encode(&table, out, err);
	if (!rc)
		rc = ark_buf_check(&hints, "hints", err);
	ark_wr_bytes(&out->wr, ark_buf_span(&hints));
	if (!rc)
		rc = ark_buf_check(out, "hints", err);
	if (!rc && out->wr.len - start > ARKF_TRAILER_MAX)
		out->wr.len = start;
	return rc;
}
