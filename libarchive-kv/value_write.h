/*
 * value_write.h - values above the inline limit: cut, hashed, deduplicated, stored as chunks.
 *
 * Chunks go through a lane of slots: the pool makes frames of them while the scan goes on, and they
 * are placed in the order they came. A value's record is handed on when its last chunk is placed.
 */
#pragma once

#include "libarchive-kv/cdc.h"
#include "libarchive-kv/digest.h"
#include "libarchive-kv/pack_write.h"
#include "libarchive-kv/sort.h"
#include "libarchive-kv/usemap.h"

struct arkv_values;

struct arkv_values_options {
	const struct arkv_frame_ctx *ctx;
	struct arkv_packer *packer;
	struct arkv_pool *pool;
	struct arkv_sort *sort;	     /* takes the records */
	struct arkv_usemap *recipes; /* frames below recipes are noted here */
	unsigned lane_len;	     /* slots: 1 to 32 */
};

enum ark_rc arkv_values_new(struct arkv_values **out, const struct arkv_values_options *options,
			    struct ark_err *err) ARK_CHECK;
void arkv_values_freep(struct arkv_values **values);

/* More bytes of the present value. */
enum ark_rc arkv_values_piece(struct arkv_values *v, struct ark_span bytes, struct ark_err *err)
	ARK_CHECK;
/* The present value ends, and this is its record: r->value_len is the sum of its pieces (else
 * USAGE). A value that turns out to be short is inline after all. */
enum ark_rc arkv_values_end(struct arkv_values *v, const struct ark_record *r, struct ark_err *err)
	ARK_CHECK;
/* The present value is not wanted. */
void arkv_values_drop(struct arkv_values *v);
/* Returns when every value that has ended is with the sort. */
enum ark_rc arkv_values_flush(struct arkv_values *v, struct ark_err *err) ARK_CHECK;
