/*
 * sort_buffer.h - a fixed piece of memory full of records, and its sorting. For sort.c alone.
 */
#pragma once

#include "format/spill.h"
#include "libarchive-kv/digest.h"

struct arkv_sort_buffer;

enum ark_rc arkv_sort_buffer_new(struct arkv_sort_buffer **out, size_t memory_bytes,
				 struct ark_err *err) ARK_CHECK;
void arkv_sort_buffer_freep(struct arkv_sort_buffer **buffer);
/* Copies rec; false when it does not fit any more. A record always fits an empty buffer of 1 MiB.
 */
bool arkv_sort_buffer_add(struct arkv_sort_buffer *b, const struct arkf_spill_rec *rec);
size_t arkv_sort_buffer_count(const struct arkv_sort_buffer *b);
/* Sorts by space and key, and leaves of each key only the record with the highest sequence number.
 * Gives digests to inline records that have none. Returns how many were dropped. */
size_t arkv_sort_buffer_sort(struct arkv_sort_buffer *b, const struct arkv_digester *digester);
/* A record that was dropped by the last sorting, or NULL. */
const struct arkf_spill_rec *arkv_sort_buffer_dropped(const struct arkv_sort_buffer *b);
/* Record i, after sorting. */
const struct arkf_spill_rec *arkv_sort_buffer_at(const struct arkv_sort_buffer *b, size_t i);
void arkv_sort_buffer_clear(struct arkv_sort_buffer *b);
