/* fuzz_bytes.c - a walk over any bytes with the readers of format/bytes.h; what they read, the
 * writers write again byte for byte. The first byte of each step says which reader comes next. */
#include "fuzz/fuzz.h"

#include "format/bytes.h"

#include <stdlib.h>

enum { LENBYTES_MAX = 300 };

static void step(struct ark_rd *rd, struct ark_wr *wr)
{
	uint8_t kind = ark_rd_u8(rd);
	if (!rd->bad)
		ark_wr_u8(wr, kind);
	struct ark_rd before = *rd;
	size_t len_before = wr->len;
	uint8_t raw[24];
	switch (kind % 7) {
	case 0: ark_wr_u16(wr, ark_rd_u16(rd)); break;
	case 1: ark_wr_u32(wr, ark_rd_u32(rd)); break;
	case 2: ark_wr_u64(wr, ark_rd_u64(rd)); break;
	case 3: ark_wr_varint(wr, ark_rd_varint(rd)); break;
	case 4: ark_wr_lenbytes(wr, ark_rd_lenbytes(rd, LENBYTES_MAX)); break;
	case 5:
		ark_rd_copy(rd, raw, kind % sizeof raw);
		ark_wr_bytes(wr, ark_span(raw, kind % sizeof raw));
		break;
	default: {
		struct ark_rd sub = ark_rd_sub(rd, kind % 16);
		while (ark_rd_left(&sub))
			ark_wr_u8(wr, ark_rd_u8(&sub));
		assert(rd->bad || (sub.p == sub.end && sub.end == rd->p));
	}
	}
	if (rd->bad) {
		assert(rd->p == rd->end);
		wr->len = len_before; /* what a bad reader gives is no value */
		return;
	}
	/* In step: as many bytes written as read, and the same ones. */
	size_t took = (size_t)(rd->p - before.p);
	assert(!wr->full && wr->len - len_before == took);
	assert(!took || memcmp(wr->p + len_before, before.p, took) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A bad reader may have been written as zeros: room for the longest such step. */
	size_t room = size + 512;
	uint8_t *mem = malloc(room);
	if (!mem)
		return 0;
	struct ark_rd rd = ark_rd(ark_span(data, size));
	struct ark_wr wr = ark_wr(mem, room);
	while (!rd.bad && ark_rd_left(&rd))
		step(&rd, &wr);
	assert(rd.bad || wr.len == size);
	free(mem);
	return 0;
}
