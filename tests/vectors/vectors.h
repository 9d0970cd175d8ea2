/*
 * vectors.h - what a structure gives to the runner of spec/vectors: one line in the table of
 * handlers.c, and the functions that line names.
 */
#pragma once

#include "format/dump.h"
#include "format/err.h"

struct vector_handler {
	const char *structure; /* the folder's name under spec/vectors */
	/* Decodes in; when that is OK, encodes the result to out, which has room for more than in.
	 * Lists are walked to their ends, so that all of in has been looked at. */
	enum ark_rc (*reencode)(struct ark_wr *out, struct ark_span in, struct ark_err *err);
	void (*dump)(struct arkf_dump *d);
};

extern const struct vector_handler vector_handlers[];
extern const size_t vector_handler_count;
