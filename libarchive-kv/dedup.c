/* dedup.c - see dedup.h: asking and placing. Opening is in dedup_open.c, packs in dedup_packs.c,
 * fragments in dedup_fragments.c. */
#include "libarchive-kv/dedup.h"

#include "libarchive-kv/dedup_inside.h"

enum { ENTRIES_MAX = 8 }; /* live fragments that have one id: more are not looked at */

/* What earlier sessions have stored. NOTFOUND, NOMEM. */
static enum ark_rc find_old(struct arkv_dedup *d, const struct ark_id *id, struct arkv_where *where,
			    struct ark_err *err)
{
	struct arkv_chunk_entry entries[ENTRIES_MAX];
	size_t count = arkv_chunks_find(d->chunks, id, entries, ENTRIES_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct arkv_chunk_entry *e = &entries[i];
		uint32_t pack_no;
		enum ark_rc rc =
			arkv_dedup_old_pack(d, e->fragment_no, e->where.pack_no, &pack_no, err);
		if (rc)
			return rc;
		if (pack_no == PACK_REFUSED)
			continue;
		*where = e->where;
		where->pack_no = pack_no;
		return ARK_OK;
	}
	return ARK_NOTFOUND;
}

/* With the lock held. */
static enum ark_rc find(struct arkv_dedup *d, const struct ark_id *id, struct arkv_where *where,
			struct ark_err *err)
{
	struct arkv_where found;
	const struct arkv_where *known = arkv_idmap_get(&d->known, id);
	if (known && known->pack_no == PACK_CLAIMED)
		return ARK_AGAIN;
	if (known) {
		*where = *known;
		return ARK_OK;
	}
	enum ark_rc rc = arkv_staging_find(d->staging, id, &found, err);
	if (rc == ARK_NOTFOUND)
		rc = find_old(d, id, &found, err);
	if (!rc)
		*where = found;
	return rc;
}

enum ark_rc arkv_dedup_find(struct arkv_dedup *d, const struct ark_id *id, struct arkv_where *where,
			    struct ark_err *err)
{
	pthread_mutex_lock(d->lock);
	enum ark_rc rc = find(d, id, where, err);
	pthread_mutex_unlock(d->lock);
	return rc;
}

enum ark_rc arkv_dedup_claim(struct arkv_dedup *d, const struct ark_id *id,
			     struct arkv_where *where, struct ark_err *err)
{
	static const struct arkv_where claimed = { .pack_no = PACK_CLAIMED };
	pthread_mutex_lock(d->lock);
	enum ark_rc rc = find(d, id, where, err);
	if (rc == ARK_NOTFOUND && arkv_idmap_put(&d->known, id, &claimed, err))
		rc = ARK_NOMEM;
	pthread_mutex_unlock(d->lock);
	return rc;
}
