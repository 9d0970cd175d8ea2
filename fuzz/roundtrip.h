/* roundtrip.h - what most targets assert: what a decoder takes, the encoder writes again byte for
 * byte, and the dump of any bytes ends. */
#pragma once

#include "format/dump.h"
#include "format/err.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>

/* Decodes in; when that is OK, encodes the result to out, which has room for all of in. */
typedef enum ark_rc fuzz_reencode_fn(struct ark_wr *out, struct ark_span in, struct ark_err *err);

static inline void fuzz_emit(void *ctx, size_t offset, size_t size, const char *name,
			     const char *text)
{
	size_t *next = ctx;
	assert(offset == *next && name[0] && text);
	*next = offset + size;
}

static inline void fuzz_roundtrip(struct ark_span in, fuzz_reencode_fn *reencode,
				  void (*dump)(struct arkf_dump *d))
{
	uint8_t *mem = malloc(in.len + 64);
	if (!mem)
		return;
	struct ark_wr out = ark_wr(mem, in.len + 64);
	struct ark_err err = { .text = "" };
	enum ark_rc rc = reencode(&out, in, &err);
	assert(rc ? err.rc == rc && err.text[0] : ark_span_eq(ark_wr_span(&out), in));
	size_t next = 0;
	struct arkf_dump d;
	arkf_dump_init(&d, in, fuzz_emit, &next);
	dump(&d);
	assert(rc || (!d.stopped && next == in.len));
	free(mem);
}
