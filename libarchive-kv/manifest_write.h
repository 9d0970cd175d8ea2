/*
 * manifest_write.h - puts a manifest together (spec/09-manifest.md, 10-stacks.md). Pure: the caller
 * stores the bytes.
 */
#pragma once

#include "format/manifest.h"
#include "format/stacks.h"
#include "libarchive-kv/codec.h"
#include "libarchive-kv/keys.h"

struct arkv_manifest_run {
	struct arkf_table_run table;
	struct arkf_manifest_root root;
};

struct arkv_manifest_segment {
	struct arkf_segment info;
	struct arkf_key begin; /* of segment 0: ignored */
	const struct arkf_stack_slice *slices;
};

struct arkv_manifest_parts {
	const struct ark_uid *uid;
	const struct arkv_dk *dk; /* seals the bounds */
	struct arkf_head *head;	  /* its body_hash is set here */
	const struct arkv_manifest_run *runs;
	size_t run_count;
	const struct arkv_manifest_segment *segments;
	size_t segment_count;
};

/* Appends the object's bytes to out. LIMIT: the head passes its 4,096 bytes. */
enum ark_rc arkv_manifest_make(struct ark_buf *out, struct arkv_keys *keys,
			       const struct arkv_manifest_parts *parts, struct ark_err *err)
	ARK_CHECK;
