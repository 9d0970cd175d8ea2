/*
 * gen_out.h - sinks for values: as they are, as the text of a JSON string, as base64.
 *
 * All write to one stdio stream; whether it took everything is asked of the stream at the end.
 */
#pragma once

#include "tests/bench/gen_value.h"

#include <stdio.h>

struct gen_out {
	struct gen_sink sink; /* first: a sink's take() is given its address */
	FILE *file;
	uint8_t rest[3]; /* base64: bytes that wait for their group of three */
	size_t rest_count;
};

void gen_out_plain(struct gen_out *out, FILE *file);
/* The value must be UTF-8 without control characters other than line feeds. */
void gen_out_string(struct gen_out *out, FILE *file);
/* base64 is ended by gen_out_end, which does nothing to the others. */
void gen_out_base64(struct gen_out *out, FILE *file);
void gen_out_end(struct gen_out *out);
