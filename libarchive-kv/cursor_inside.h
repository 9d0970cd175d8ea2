/*
 * cursor_inside.h - what cursor.c and value_read.c share. See cursor.h.
 */
#pragma once

#include "libarchive-kv/slice.h"

struct arkv_cursor {
	struct arkv_slice_env env;
	struct arkv_frames *own_frames; /* NULL: borrowed ones */
	/* next */
	size_t segment_no;
	bool segment_open;
	struct arkv_own_key start; /* where seek was told to begin */
	struct arkv_slice *slices; /* of the segment's stack, newest first */
	size_t slice_count;
	size_t slice_cap;
	/* get */
	struct arkv_slice probe;
	struct ark_buf probe_meta; /* a touch's */
	/* the record given last */
	const struct arkv_slice *put; /* where its put stands; NULL: there is none */
	uint64_t value_n;
	uint64_t attr_n;
	/* chunks read in a row */
	struct ark_id chunks_of; /* the block */
	size_t next_ref_no;
};
