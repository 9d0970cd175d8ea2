/* reencode.c - what the functions of reencode.h share. */
#include "tests/vectors/reencode.h"

#include "format/object.h"

enum ark_rc reencode_walked(enum ark_rc rc)
{
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

void reencode_ext(struct ark_wr *out, struct ark_span in)
{
	if (out->full || out->len == 0 || out->len > in.len || out->p[out->len - 1] != 0)
		return;
	size_t len = out->len - 1;
	struct ark_span rest = ark_span(in.p + len, in.len - len);
	struct ark_rd rd = ark_rd(rest);
	if (memcmp(out->p, in.p, len) != 0 || arkf_ext_decode(&rd, "input", NULL) ||
	    !ark_rd_done(&rd))
		return;
	out->len = len;
	ark_wr_bytes(out, rest);
}

enum ark_rc reencode_packtable(struct arkf_packtable_rd *it, struct ark_wr *out,
			       struct ark_err *err)
{
	struct arkf_datakey key;
	struct ark_id name;
	uint16_t in_pack;
	uint32_t in_table;
	enum ark_rc rc;
	arkf_packtable_encode_datakeys(out, it->datakey_count);
	while (!(rc = arkf_packtable_datakey_next(it, &key, err)))
		arkf_datakey_encode(out, &key);
	if (rc != ARK_NOTFOUND)
		return rc;
	arkf_packtable_encode_packs(out, it->pack_count);
	while (!(rc = arkf_packtable_pack_next(it, &name, err))) {
		arkf_packtable_encode_pack(out, &name, it->pairs_left);
		while (!(rc = arkf_packtable_pair_next(it, &in_pack, &in_table, err))) {
			assert(in_table < it->datakey_count);
			arkf_packtable_encode_pair(out, in_pack, in_table);
		}
		if (rc != ARK_NOTFOUND)
			return rc;
	}
	return reencode_walked(rc);
}

void key_bag_release(struct key_bag *bag)
{
	free(bag->p);
}

enum ark_rc key_bag_keep(struct key_bag *bag, struct ark_span *key, struct ark_err *err)
{
	if (!bag->p)
		bag->p = need_items(KEY_BAG_MAX, 1);
	if (key->len > KEY_BAG_MAX - bag->len)
		return ark_fail(err, ARK_LIMIT, "test: keys of more than %d bytes", KEY_BAG_MAX);
	uint8_t *copy = bag->p + bag->len;
	if (key->len)
		memcpy(copy, key->p, key->len);
	*key = ark_span(copy, key->len);
	bag->len += key->len;
	return ARK_OK;
}

void *need_items(uint64_t count, size_t size)
{
	void *items = calloc((size_t)count + 1, size);
	if (!items)
		abort();
	return items;
}

void release_items(void *items_at)
{
	void **items = items_at;
	free(*items);
}
