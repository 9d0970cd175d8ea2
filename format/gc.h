/*
 * gc.h - gc lists: what a prune has condemned (spec/14-gc.md).
 */
#pragma once

#include "format/sealed.h"

extern const struct arkf_sealed_shape arkf_gc_shape;

enum {
	ARKF_GC_RAW_MAX = 67108864,
	ARKF_GC_CONTEXT_LEN = 8 + ARK_UID_LEN,
};

enum arkf_gc_class {
	ARKF_GC_PACKS = 1,
	ARKF_GC_RUNS = 2,
	ARKF_GC_PLACES = 3,
	ARKF_GC_REMAPS = 4,
	ARKF_GC_ARCHIVES = 5,
	ARKF_GC_SESSIONS = 6,
};

/* 32 for classes 1 to 4, 16 for 5 and 6. */
size_t arkf_gc_name_len(enum arkf_gc_class class_no);

/* n: at least 1. */
void arkf_gc_context_encode(uint8_t out[ARKF_GC_CONTEXT_LEN], uint64_t n,
			    const struct ark_uid *uid);
/* CORRUPT: n is 0, or context is not 24 bytes long. */
enum ark_rc arkf_gc_context_decode(struct ark_span context, uint64_t *n, struct ark_uid *uid,
				   struct ark_err *err) ARK_CHECK;

/* Raw body: head; for each class its head and names, both ascending; end. */
void arkf_gc_encode_head(struct ark_wr *wr, const struct ark_uid *session, unsigned class_count);
void arkf_gc_encode_class(struct ark_wr *wr, enum arkf_gc_class class_no, uint64_t count);
/* name: arkf_gc_name_len bytes. */
void arkf_gc_encode_name(struct ark_wr *wr, struct ark_span name);
void arkf_gc_encode_end(struct ark_wr *wr);

struct arkf_gc_rd {
	struct ark_rd rd;
	struct ark_uid session;
	uint64_t classes_left;
	uint64_t names_left;  /* of the present class */
	struct ark_span last; /* name */
	size_t name_len;
	unsigned class_no; /* the present one, 0 before the first */
};

/* Decoding: begin; class_next and, within each, name_next until NOTFOUND. CORRUPT, UNSUPPORTED. */
enum ark_rc arkf_gc_decode(struct arkf_gc_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
enum ark_rc arkf_gc_class_next(struct arkf_gc_rd *it, enum arkf_gc_class *class_no, uint64_t *count,
			       struct ark_err *err) ARK_CHECK;
/* name borrows raw. */
enum ark_rc arkf_gc_name_next(struct arkf_gc_rd *it, struct ark_span *name, struct ark_err *err)
	ARK_CHECK;

struct arkf_dump;
void arkf_gc_dump(struct arkf_dump *d); /* the raw body (dump.h) */
