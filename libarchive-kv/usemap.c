/* usemap.c - see usemap.h. */
#include "libarchive-kv/usemap.h"

#include <stdlib.h>

void arkv_usemap_release(struct arkv_usemap *map)
{
	for (size_t i = 0; i < map->pack_count; i++)
		free(map->packs[i].bits);
	free(map->packs);
	*map = (struct arkv_usemap){ 0 };
}

static bool reserve(void **p, size_t *count, size_t need, size_t size)
{
	size_t cap = *count + *count / 2 < need ? need : *count + *count / 2;
	uint8_t *more = realloc(*p, cap * size);
	if (!more)
		return false;
	memset(more + *count * size, 0, (cap - *count) * size);
	*p = more;
	*count = cap;
	return true;
}

enum ark_rc arkv_usemap_add(struct arkv_usemap *map, const struct arkv_where *where,
			    struct ark_err *err)
{
	void *packs = map->packs;
	if (where->pack_no >= map->pack_count &&
	    !reserve(&packs, &map->pack_count, (size_t)where->pack_no + 1, sizeof *map->packs))
		return ark_fail(err, ARK_NOMEM, "frames in use: out of memory");
	map->packs = packs;
	struct arkv_usemap_pack *pack = &map->packs[where->pack_no];
	size_t byte = where->frame_no / 8;
	void *bits = pack->bits;
	if (byte >= pack->len && !reserve(&bits, &pack->len, byte + 1, 1))
		return ark_fail(err, ARK_NOMEM, "frames in use: out of memory");
	pack->bits = bits;
	pack->bits[byte] |= (uint8_t)(1 << where->frame_no % 8);
	return ARK_OK;
}

struct named {
	uint32_t pack_no;
	struct ark_id name;
};

static int named_cmp(const void *a, const void *b)
{
	const struct named *x = a;
	const struct named *y = b;
	return ark_id_cmp(&x->name, &y->name);
}

/* The packs in use, by name: the order that refs want. */
static size_t sorted_packs(const struct arkv_usemap *map, const struct arkv_dedup *dedup,
			   struct named *out)
{
	size_t count = 0;
	for (size_t i = 0; i < map->pack_count; i++)
		if (map->packs[i].len)
			out[count++] = (struct named){
				.pack_no = (uint32_t)i,
				.name = arkv_dedup_pack(dedup, (uint32_t)i)->name,
			};
	qsort(out, count, sizeof *out, named_cmp);
	return count;
}

/* The bitmap at the length that the pack's frame count asks for. */
static void encode_bitmap(struct ark_wr *wr, const struct arkv_usemap_pack *pack,
			  uint64_t frame_count, uint32_t table_no)
{
	size_t want = (size_t)arkf_bitmap_len(frame_count);
	struct arkf_slice_use use = {
		.pack_no = table_no,
		.bitmap = ark_span(pack->bits, pack->len < want ? pack->len : want),
	};
	arkf_runrefs_encode_use(wr, &use);
	for (size_t i = use.bitmap.len; i < want; i++)
		ark_wr_u8(wr, 0);
}

enum ark_rc arkv_usemap_encode(const struct arkv_usemap *map, const struct arkv_dedup *dedup,
			       const struct arkf_slice *slice, struct ark_buf *out,
			       struct ark_err *err)
{
	struct named *packs = calloc(map->pack_count + 1, sizeof *packs);
	if (!packs)
		return ark_fail(err, ARK_NOMEM, "frames in use: out of memory");
	size_t count = sorted_packs(map, dedup, packs);
	arkf_runrefs_encode_packs(&out->wr, count);
	for (size_t i = 0; i < count; i++) {
		struct arkf_runrefs_pack pack = {
			.name = packs[i].name,
			.frame_count = arkv_dedup_pack(dedup, packs[i].pack_no)->frame_count,
		};
		arkf_runrefs_encode_pack(&out->wr, &pack);
	}
	struct arkf_slice counted = *slice;
	counted.use_count = count;
	arkf_runrefs_encode_slices(&out->wr, 1);
	arkf_runrefs_encode_slice(&out->wr, &counted);
	for (size_t i = 0; i < count; i++)
		encode_bitmap(&out->wr, &map->packs[packs[i].pack_no],
			      arkv_dedup_pack(dedup, packs[i].pack_no)->frame_count, (uint32_t)i);
	arkf_runrefs_encode_end(&out->wr);
	free(packs);
	return ark_buf_check(out, "run refs", err);
}
