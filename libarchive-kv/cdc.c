/* cdc.c - see cdc.h. */
#include "libarchive-kv/cdc.h"

#include <sodium.h>

/* Normalised chunking, level 2: four times rarer before the average, four times denser after it. */
enum { NORMAL_LEVEL = 2 };

static uint64_t top_bits(unsigned bits)
{
	return bits ? UINT64_MAX << (64 - bits) : 0;
}

void arkv_cdc_init(struct arkv_cdc *cdc, const uint8_t *k_cut, const struct arkf_chunker *sizes)
{
	for (unsigned i = 0; i < 32; i++) {
		uint8_t label[10] = "arkv-gear";
		label[9] = (uint8_t)i;
		uint8_t row[64];
		(void)crypto_generichash(row, sizeof row, label, sizeof label, k_cut, 32);
		for (unsigned j = 0; j < 8; j++)
			cdc->gear[8 * i + j] = ark_le64(row + 8 * j);
	}
	unsigned bits = 0;
	while (bits < 31 && UINT32_C(2) << bits <= sizes->cdc_avg)
		bits++;
	cdc->mask_small = top_bits(bits + NORMAL_LEVEL);
	cdc->mask_large = top_bits(bits > NORMAL_LEVEL ? bits - NORMAL_LEVEL : 0);
	cdc->sizes = *sizes;
}

size_t arkv_cdc_cut(const struct arkv_cdc *cdc, struct ark_span bytes)
{
	size_t end = bytes.len < cdc->sizes.cdc_max ? bytes.len : cdc->sizes.cdc_max;
	size_t middle = end < cdc->sizes.cdc_avg ? end : cdc->sizes.cdc_avg;
	size_t i = cdc->sizes.cdc_min;
	if (end <= i)
		return end;
	uint64_t hash = 0;
	for (; i < middle; i++) {
		hash = (hash << 1) + cdc->gear[bytes.p[i]];
		if (!(hash & cdc->mask_small))
			return i + 1;
	}
	for (; i < end; i++) {
		hash = (hash << 1) + cdc->gear[bytes.p[i]];
		if (!(hash & cdc->mask_large))
			return i + 1;
	}
	return end;
}
