/*
 * chunker.h - the sizes that all writers of a repository agree on (spec/04-keys.md, chunker sizes).
 */
#pragma once

#include "format/dump.h"
#include "format/err.h"

enum {
	ARKF_CHUNKER_LEN = 16,
	ARKF_CHUNKER_INLINE_MAX = 16384,
	ARKF_CHUNKER_CDC_MIN = 4096,
	ARKF_CHUNKER_CDC_MAX = 1048576,
};

struct arkf_chunker {
	uint32_t inline_max; /* values up to this stay in their block: 1,024 */
	uint32_t cdc_min;    /* 65,536 */
	uint32_t cdc_avg;    /* 262,144 */
	uint32_t cdc_max;    /* 1,048,576; values up to this are one chunk */
};

/* The values in the comments above. */
struct arkf_chunker arkf_chunker_default(void);
/* LIMIT: a size above its maximum or below its minimum. CORRUPT: not cdc_min <= cdc_avg <= cdc_max,
 * or inline_max above cdc_max. what names the structure in the message. */
enum ark_rc arkf_chunker_check(const struct arkf_chunker *sizes, const char *what,
			       struct ark_err *err) ARK_CHECK;
void arkf_chunker_encode(struct ark_wr *wr, const struct arkf_chunker *sizes);
/* Reads the 16 bytes; the caller checks rd->bad, then arkf_chunker_check. */
void arkf_chunker_decode(struct ark_rd *rd, struct arkf_chunker *out);
void arkf_chunker_dump(struct arkf_dump *d);
