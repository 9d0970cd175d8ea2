/* where.c - see where.h. */
#include "libarchive-kv/where.h"

void arkv_where_encode(uint8_t out[ARKV_WHERE_LEN], const struct arkv_where *where)
{
	struct ark_wr wr = ark_wr(out, ARKV_WHERE_LEN);
	ark_wr_u32(&wr, where->pack_no);
	ark_wr_u32(&wr, where->frame_no);
	ark_wr_u32(&wr, where->offset);
	ark_wr_u32(&wr, where->clen);
	ark_wr_u32(&wr, where->raw_len);
	ark_wr_u16(&wr, where->datakey_no);
}

bool arkv_where_decode(struct arkv_where *out, struct ark_span bytes)
{
	struct ark_rd rd = ark_rd(bytes);
	struct arkv_where where = { .pack_no = ark_rd_u32(&rd) };
	where.frame_no = ark_rd_u32(&rd);
	where.offset = ark_rd_u32(&rd);
	where.clen = ark_rd_u32(&rd);
	where.raw_len = ark_rd_u32(&rd);
	where.datakey_no = ark_rd_u16(&rd);
	if (!ark_rd_done(&rd))
		return false;
	*out = where;
	return true;
}
