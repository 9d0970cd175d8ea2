/*
 * run_write.h - the run object of a backup: index pages over its placed blocks, root, refs.
 *
 * A page is written as soon as 64 blocks are placed whose packs are closed, so memory holds the
 * blocks of a pack or two, and one first key for each page.
 */
#pragma once

#include "libarchive-kv/block_write.h"
#include "libarchive-kv/spool.h"

struct arkv_run_writer;

/* Gets each sealed page in order, as it stands in the run: for the archive's index. May be NULL. */
typedef enum ark_rc arkv_page_fn(void *ctx, uint32_t page_no, struct ark_span box,
				 struct ark_err *err);

struct arkv_run_options {
	const struct arkv_frame_ctx *ctx;
	const char *spool_dir;
	arkv_page_fn *page;
	void *page_ctx;
};

/* What the manifest needs of a run. */
struct arkv_run_made {
	struct ark_id name;
	struct ark_uid uid;
	uint64_t len;
	uint64_t refs_off;
	uint64_t refs_len;
	uint64_t entry_count;
	struct ark_buf root_box;
};

/* Frees what is in it; all zeros is fine. */
void arkv_run_made_release(struct arkv_run_made *made);

enum ark_rc arkv_run_writer_new(struct arkv_run_writer **out,
				const struct arkv_run_options *options, struct ark_err *err)
	ARK_CHECK;
void arkv_run_writer_freep(struct arkv_run_writer **w);
/* The next block, in key order; copied. Fits arkv_block_fn with the writer as its context. */
enum ark_rc arkv_run_writer_block(void *writer, const struct arkv_placed_block *block,
				  struct ark_err *err) ARK_CHECK;
/* All packs are closed: writes what is left and stores the run. refs: the raw body (usemap.h).
 * *made is released first. LIMIT: the index is too large for a reader. */
enum ark_rc arkv_run_writer_end(struct arkv_run_writer *w, struct arkv_store *store,
				struct ark_span refs, struct arkv_run_made *made,
				struct ark_err *err) ARK_CHECK;
