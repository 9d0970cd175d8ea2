/* datakey.c - see datakey.h. */
#include "format/datakey.h"

uint32_t arkf_datakey_len(const struct arkf_datakey *key)
{
	return ARKF_DATAKEY_LEN_MIN + (key->has_sealed ? ARKF_DATAKEY_SEALED_LEN : 0);
}

void arkf_datakey_encode(struct ark_wr *wr, const struct arkf_datakey *key)
{
	ark_wr_bytes(wr, ark_span(key->id.b, sizeof key->id.b));
	ark_wr_u32(wr, key->ring);
	ark_wr_u16(wr, key->has_sealed ? ARKF_DATAKEY_SEALED_LEN : 0);
	if (key->has_sealed)
		ark_wr_bytes(wr, ark_span(key->sealed, sizeof key->sealed));
}

void arkf_datakey_decode(struct ark_rd *rd, struct arkf_datakey *out)
{
	ark_rd_copy(rd, out->id.b, sizeof out->id.b);
	out->ring = ark_rd_u32(rd);
	unsigned len = ark_rd_u16(rd);
	out->has_sealed = len != 0;
	if (len && len != sizeof out->sealed)
		ark_rd_fail(rd);
	if (len)
		ark_rd_copy(rd, out->sealed, sizeof out->sealed);
	else
		memset(out->sealed, 0, sizeof out->sealed);
}
