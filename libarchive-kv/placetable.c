/* placetable.c - see placetable.h. Tables are small (a page touches a few packs): lists are
 * searched. */
#include "libarchive-kv/placetable.h"

#include <stdlib.h>

void arkv_placetable_init(struct arkv_placetable *t, const struct arkv_dedup *dedup)
{
	*t = (struct arkv_placetable){ .dedup = dedup };
}

void arkv_placetable_release(struct arkv_placetable *t)
{
	for (size_t i = 0; i < t->pack_count; i++)
		free(t->packs[i].datakey_nos);
	free(t->packs);
	t->packs = NULL;
	t->pack_count = 0;
}

static struct arkv_placetable_pack *pack_find_or_add(struct arkv_placetable *t, uint32_t pack_no)
{
	/* the last one first: places come in runs */
	for (size_t i = t->pack_count; i-- > 0;)
		if (t->packs[i].pack_no == pack_no)
			return &t->packs[i];
	struct arkv_placetable_pack *packs = realloc(t->packs, (t->pack_count + 1) * sizeof *packs);
	if (!packs)
		return NULL;
	t->packs = packs;
	packs[t->pack_count] = (struct arkv_placetable_pack){ .pack_no = pack_no };
	return &packs[t->pack_count++];
}

static bool datakey_add(struct arkv_placetable_pack *pack, uint16_t no)
{
	size_t at = pack->datakey_count;
	while (at > 0 && pack->datakey_nos[at - 1] > no)
		at--;
	if (at > 0 && pack->datakey_nos[at - 1] == no)
		return true;
	uint16_t *nos = realloc(pack->datakey_nos, (pack->datakey_count + 1) * sizeof *nos);
	if (!nos)
		return false;
	memmove(nos + at + 1, nos + at, (pack->datakey_count - at) * sizeof *nos);
	nos[at] = no;
	pack->datakey_nos = nos;
	pack->datakey_count++;
	return true;
}

enum ark_rc arkv_placetable_add(struct arkv_placetable *t, const struct arkv_where *where,
				struct arkf_place *place, struct ark_err *err)
{
	struct arkv_placetable_pack *pack = pack_find_or_add(t, where->pack_no);
	if (!pack || !datakey_add(pack, where->datakey_no))
		return ark_fail(err, ARK_NOMEM, "pack table: out of memory");
	*place = (struct arkf_place){
		.pack_no = (uint32_t)(pack - t->packs),
		.frame_no = where->frame_no,
		.offset = where->offset,
		.clen = where->clen,
	};
	return ARK_OK;
}

/* The distinct data keys of all packs, in the order they are met. */
struct datakeys {
	const struct arkf_datakey **keys;
	size_t count;
};

static size_t datakey_no(const struct datakeys *all, const struct arkf_datakey *key)
{
	size_t i = 0;
	while (i < all->count && !ark_uid_eq(&all->keys[i]->id, &key->id))
		i++;
	return i;
}

static const struct arkf_datakey *datakey_of(const struct arkv_placetable *t, size_t pack, size_t i)
{
	const struct arkv_placetable_pack *p = &t->packs[pack];
	return &arkv_dedup_pack(t->dedup, p->pack_no)->datakeys[p->datakey_nos[i]];
}

static enum ark_rc datakeys_collect(struct datakeys *all, const struct arkv_placetable *t,
				    struct ark_err *err)
{
	size_t most = 1;
	for (size_t i = 0; i < t->pack_count; i++)
		most += t->packs[i].datakey_count;
	all->keys = calloc(most, sizeof *all->keys);
	all->count = 0;
	if (!all->keys)
		return ark_fail(err, ARK_NOMEM, "pack table: out of memory");
	for (size_t i = 0; i < t->pack_count; i++)
		for (size_t j = 0; j < t->packs[i].datakey_count; j++) {
			const struct arkf_datakey *key = datakey_of(t, i, j);
			if (datakey_no(all, key) == all->count)
				all->keys[all->count++] = key;
		}
	return ARK_OK;
}

enum ark_rc arkv_placetable_encode(const struct arkv_placetable *t, struct ark_buf *out,
				   struct ark_err *err)
{
	struct datakeys all;
	enum ark_rc rc = datakeys_collect(&all, t, err);
	if (rc)
		return rc;
	arkf_packtable_encode_datakeys(&out->wr, all.count);
	for (size_t i = 0; i < all.count; i++)
		arkf_datakey_encode(&out->wr, all.keys[i]);
	arkf_packtable_encode_packs(&out->wr, t->pack_count);
	for (size_t i = 0; i < t->pack_count; i++) {
		const struct arkv_placetable_pack *p = &t->packs[i];
		arkf_packtable_encode_pack(&out->wr, &arkv_dedup_pack(t->dedup, p->pack_no)->name,
					   p->datakey_count);
		for (size_t j = 0; j < p->datakey_count; j++)
			arkf_packtable_encode_pair(&out->wr, p->datakey_nos[j],
						   datakey_no(&all, datakey_of(t, i, j)));
	}
	free(all.keys);
	return ark_buf_check(out, "pack table", err);
}
