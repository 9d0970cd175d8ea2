/* packtable.c - see packtable.h. */
#include "format/packtable.h"

#include "format/pack.h"

void arkf_packtable_encode_datakeys(struct ark_wr *wr, uint64_t count)
{
	ark_wr_varint(wr, count);
}

void arkf_packtable_encode_packs(struct ark_wr *wr, uint64_t count)
{
	ark_wr_varint(wr, count);
}

void arkf_packtable_encode_pack(struct ark_wr *wr, const struct ark_id *name, uint64_t pair_count)
{
	ark_wr_bytes(wr, ark_span(name->b, sizeof name->b));
	ark_wr_varint(wr, pair_count);
}

void arkf_packtable_encode_pair(struct ark_wr *wr, uint16_t no_in_pack, uint64_t no_in_table)
{
	ark_wr_varint(wr, no_in_pack);
	ark_wr_varint(wr, no_in_table);
}

static enum ark_rc corrupt(const char *field, struct ark_err *err)
{
	return ark_fail(err, ARK_CORRUPT, "pack table: %s is cut off or out of range", field);
}

enum ark_rc arkf_packtable_decode(struct arkf_packtable_rd *it, struct ark_rd *rd,
				  struct ark_err *err)
{
	uint64_t count = ark_rd_varint(rd);
	if (count > ARKF_PACKTABLE_DATAKEYS_MAX || !ark_rd_fits(rd, count, 22))
		return corrupt("count of data keys", err);
	*it = (struct arkf_packtable_rd){ .rd = rd,
					  .datakey_count = count,
					  .datakeys_left = count };
	return ARK_OK;
}

/* The count of packs stands behind the data keys, so it is read when the last of those is. */
static enum ark_rc packs_begin(struct arkf_packtable_rd *it, struct ark_err *err)
{
	uint64_t count = ark_rd_varint(it->rd);
	if (count > ARKF_PACKTABLE_PACKS_MAX || !ark_rd_fits(it->rd, count, ARK_ID_LEN + 1))
		return corrupt("count of packs", err);
	it->pack_count = count;
	it->packs_left = count;
	it->in_packs = true;
	return ARK_OK;
}

enum ark_rc arkf_packtable_datakey_next(struct arkf_packtable_rd *it, struct arkf_datakey *out,
					struct ark_err *err)
{
	if (it->datakeys_left == 0) {
		enum ark_rc rc = it->in_packs ? ARK_OK : packs_begin(it, err);
		return rc ? rc : ARK_NOTFOUND;
	}
	it->datakeys_left--;
	arkf_datakey_decode(it->rd, out);
	return it->rd->bad ? corrupt("a data key", err) : ARK_OK;
}

enum ark_rc arkf_packtable_pack_next(struct arkf_packtable_rd *it, struct ark_id *name,
				     struct ark_err *err)
{
	if (it->packs_left == 0)
		return ARK_NOTFOUND;
	it->packs_left--;
	ark_rd_copy(it->rd, name->b, sizeof name->b);
	it->pairs_left = ark_rd_varint(it->rd);
	it->last_no = 0;
	if (it->pairs_left > ARKF_PACK_DATAKEYS_MAX || !ark_rd_fits(it->rd, it->pairs_left, 2))
		return corrupt("a pack", err);
	return ARK_OK;
}

enum ark_rc arkf_packtable_pair_next(struct arkf_packtable_rd *it, uint16_t *no_in_pack,
				     uint32_t *no_in_table, struct ark_err *err)
{
	if (it->pairs_left == 0)
		return ARK_NOTFOUND;
	it->pairs_left--;
	uint64_t in_pack = ark_rd_varint(it->rd);
	uint64_t in_table = ark_rd_varint(it->rd);
	/* last_no is the next number allowed: ascending numbers have one spelling */
	if (it->rd->bad || in_pack < it->last_no || in_pack >= ARKF_PACK_DATAKEYS_MAX ||
	    in_table >= it->datakey_count)
		return corrupt("the data key of a pack", err);
	it->last_no = in_pack + 1;
	*no_in_pack = (uint16_t)in_pack;
	*no_in_table = (uint32_t)in_table;
	return ARK_OK;
}

void arkf_place_encode(struct ark_wr *wr, const struct arkf_place *place)
{
	ark_wr_varint(wr, place->pack_no);
	ark_wr_varint(wr, place->frame_no);
	ark_wr_varint(wr, place->offset);
	ark_wr_varint(wr, place->clen);
}

static void place_rest_decode(struct ark_rd *rd, uint64_t pack_no, uint64_t pack_count,
			      struct arkf_place *out)
{
	uint64_t frame_no = ark_rd_varint(rd);
	uint64_t offset = ark_rd_varint(rd);
	uint64_t clen = ark_rd_varint(rd);
	if (pack_no >= pack_count || frame_no > UINT32_MAX || offset > ARKF_PACK_LEN_MAX ||
	    clen > ARKF_PACK_LEN_MAX - offset)
		ark_rd_fail(rd);
	*out = (struct arkf_place){ 0 };
	if (rd->bad)
		return;
	out->pack_no = (uint32_t)pack_no;
	out->frame_no = (uint32_t)frame_no;
	out->offset = (uint32_t)offset;
	out->clen = (uint32_t)clen;
}

void arkf_place_decode(struct ark_rd *rd, uint64_t pack_count, struct arkf_place *out)
{
	place_rest_decode(rd, ark_rd_varint(rd), pack_count, out);
}

void arkf_hint_encode(struct ark_wr *wr, const struct arkf_place *place_or_null)
{
	if (!place_or_null) {
		ark_wr_varint(wr, 0);
		return;
	}
	ark_wr_varint(wr, (uint64_t)place_or_null->pack_no + 1);
	ark_wr_varint(wr, place_or_null->frame_no);
	ark_wr_varint(wr, place_or_null->offset);
	ark_wr_varint(wr, place_or_null->clen);
}

bool arkf_hint_decode(struct ark_rd *rd, uint64_t pack_count, struct arkf_place *out)
{
	uint64_t no = ark_rd_varint(rd);
	if (no == 0)
		return false;
	place_rest_decode(rd, no - 1, pack_count, out);
	return !rd->bad;
}
