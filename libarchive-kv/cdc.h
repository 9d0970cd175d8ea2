/*
 * cdc.h - where large values are cut: FastCDC with a gear table made from K_cut (spec/19-cdc.md).
 *
 * Readers need none of this; writers of one repository must agree, or equal values are stored
 * twice.
 */
#pragma once

#include "format/chunker.h"

struct arkv_cdc {
	uint64_t gear[256];
	uint64_t mask_small; /* while a chunk is shorter than the average */
	uint64_t mask_large;
	struct arkf_chunker sizes;
};

void arkv_cdc_init(struct arkv_cdc *cdc, const uint8_t *k_cut, const struct arkf_chunker *sizes);
/* How long the first chunk of bytes is. bytes: at least cdc_max of them, or all that is left. */
size_t arkv_cdc_cut(const struct arkv_cdc *cdc, struct ark_span bytes);
