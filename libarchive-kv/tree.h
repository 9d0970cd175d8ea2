/*
 * tree.h - how many records and bytes stand under each prefix of the keys.
 *
 * Keys come sorted, so a stack of the open prefixes is all that is kept.
 */
#pragma once

#include "libarchive-kv/find.h"

enum { ARKV_TREE_DEPTH_MAX = 64, ARKV_DELIMITER_MAX = 16 };

struct arkv_tree_options {
	struct ark_span delimiter; /* 1 to ARKV_DELIMITER_MAX bytes (":") */
	unsigned depth; /* prefixes with more delimiters are not told apart; 1 to the maximum */
	const struct arkv_filter *filter; /* NULL: all */
};

struct arkv_tree_node {
	struct ark_span space;
	struct ark_span prefix; /* ends with the delimiter; empty for a whole space (depth 0) */
	unsigned depth;		/* how many delimiters it has */
	uint64_t records;
	uint64_t key_bytes;
	uint64_t value_bytes;
};

/* A prefix and all below it is summed up: children come before their parent, prefixes in order
 * otherwise. Spans are borrowed for the call. */
typedef enum ark_rc arkv_tree_fn(void *ctx, const struct arkv_tree_node *node, struct ark_err *err);

enum ark_rc arkv_tree(struct arkv_archive *archive, const struct arkv_tree_options *options,
		      arkv_tree_fn *fn, void *ctx, const struct arkv_job *job,
		      struct arkv_find_result *result, struct ark_err *err) ARK_CHECK;
