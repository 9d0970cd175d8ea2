/*
 * sort_merge.h - reads many spills as one, in order. For sort.c alone.
 *
 * Where spills hold the same key, the record with the highest sequence number wins and the others
 * are counted as dropped.
 */
#pragma once

#include "libarchive-kv/spillfile.h"

struct arkv_merge;

/* fds: count open spills; taken over, also on failure. */
enum ark_rc arkv_merge_new(struct arkv_merge **out, const struct arkv_spill_ctx *ctx,
			   const int *fds, size_t count, struct ark_err *err) ARK_CHECK;
void arkv_merge_freep(struct arkv_merge **m);
/* Good until the next call. NOTFOUND after the last. */
enum ark_rc arkv_merge_next(struct arkv_merge *m, struct arkf_spill_rec *out, struct ark_err *err)
	ARK_CHECK;
uint64_t arkv_merge_dropped(const struct arkv_merge *m);
/* The key of the record that was dropped last; good until the next call. */
struct ark_span arkv_merge_dropped_key(const struct arkv_merge *m);
