/*
 * sort.h - puts the records of a scan in order, in bounded memory, whatever their number.
 *
 * Records gather in one of a few buffers; a full one is hashed, sorted and spilled (spillfile.h)
 * by the pool while the next one fills. At the end the spills are merged; where there are more than
 * memory allows to read at once, the smallest ones are merged into one first. So they are while the
 * scan goes on, when there are many: each is an open file. A key that comes twice: the one with the
 * highest seq wins, and the others are counted.
 */
#pragma once

#include "format/spill.h"
#include "libarchive-kv/digest.h"
#include "libarchive-kv/job.h"
#include "libarchive-kv/pipeline.h"

struct arkv_sort;

struct arkv_sort_options {
	const char *dir; /* for spills */
	const struct ark_uid *repo;
	const uint8_t *k_dig;
	struct arkv_pool *pool;
	size_t memory_bytes;	    /* for all buffers together; merging stays below it, too */
	size_t spills_max;	    /* files open at once; 0: 256 */
	const struct arkv_job *job; /* asked whether to stop while spills are merged; may be NULL */
};

struct arkv_sort_stats {
	uint64_t records; /* added */
	/* of them superseded by a later one; final once arkv_sort_next said NOTFOUND */
	uint64_t duplicates;
	uint64_t spilled_bytes; /* written to dir in all */
	uint64_t spill_count;
};

enum ark_rc arkv_sort_new(struct arkv_sort **out, const struct arkv_sort_options *options,
			  struct ark_err *err) ARK_CHECK;
void arkv_sort_freep(struct arkv_sort **sort);
/* The seq of the record that the scan has just seen: it may be added behind later ones, once its
 * chunks are placed. */
uint64_t arkv_sort_seq(struct arkv_sort *sort);
/* rec is copied; its seq comes from arkv_sort_seq. An inline record (form ARKF_SPILL_INLINE) whose
 * digest is all zeros gets its value digest here, off the caller's thread. */
enum ark_rc arkv_sort_add(struct arkv_sort *sort, const struct arkf_spill_rec *rec,
			  struct ark_err *err) ARK_CHECK;
/* No more records come. */
enum ark_rc arkv_sort_end(struct arkv_sort *sort, struct ark_err *err) ARK_CHECK;
/* The records in order, each key once; good until the next call. NOTFOUND after the last; the
 * sort's memory is free then. */
enum ark_rc arkv_sort_next(struct arkv_sort *sort, struct arkf_spill_rec *out, struct ark_err *err)
	ARK_CHECK;
const struct arkv_sort_stats *arkv_sort_stats(const struct arkv_sort *sort);
/* One of the keys that came twice; empty while stats->duplicates is 0. Good until the sort is
 * freed. */
struct ark_span arkv_sort_duplicate_key(const struct arkv_sort *sort);
