/*
 * index.h - the index of an archive on this host: archives/<archive uid>.mdb in the cache folder,
 * with the manifest and the index pages of the run that this archive brought, as the very bytes
 * that the repository holds.
 *
 *	run        the run's name
 *	manifest   the manifest's bytes
 *	page p     the box of page p (u32 big-endian)
 *
 * A cache: it may lack anything, and may be deleted at any time. Whoever takes a page out of it
 * opens the box, which says whether it is the right one. One thread at a time; a process has a file
 * open once.
 */
#pragma once

#include "format/id.h"
#include "libarchive-kv/buf.h"

struct arkv_index;

/* ---- writing ---- */

enum arkv_index_start {
	ARKV_INDEX_NEW = 0,  /* what was there before goes */
	ARKV_INDEX_MORE = 1, /* adds to what is there, unless that is of another run */
};

/* Opens the file of archive for writing. run: the run's name, or NULL when it is not known yet
 * (then arkv_index_set_run comes last, and nothing counts before it). EXISTS: this process has it
 * open. NOSPACE, DENIED, UNSUPPORTED (network file system), IO. */
enum ark_rc arkv_index_create(struct arkv_index **out, const char *cache_dir,
			      const struct ark_uid *archive, const struct ark_id *run,
			      enum arkv_index_start start, struct ark_err *err) ARK_CHECK;
/* box is copied; pages collect in memory up to 1 MiB. In ascending order they are appended, which
 * fills LMDB's pages whole; any order works, and so does a page that is there already. */
enum ark_rc arkv_index_put_page(struct arkv_index *index, uint32_t page_no, struct ark_span box,
				struct ark_err *err) ARK_CHECK;
/* Removes a page; an absent one is fine. */
enum ark_rc arkv_index_drop_page(struct arkv_index *index, uint32_t page_no, struct ark_err *err)
	ARK_CHECK;
enum ark_rc arkv_index_set_run(struct arkv_index *index, const struct ark_id *run,
			       struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_index_set_manifest(struct arkv_index *index, struct ark_span manifest,
				    struct ark_err *err) ARK_CHECK;
/* Makes the pages that have collected permanent; also done by the two before. */
enum ark_rc arkv_index_flush(struct arkv_index *index, struct ark_err *err) ARK_CHECK;

/* ---- reading ---- */

/* NOTFOUND: there is no such file (a damaged one, and one of another version of the layout, is
 * removed). EXISTS: this process has it open. */
enum ark_rc arkv_index_open(struct arkv_index **out, const char *cache_dir,
			    const struct ark_uid *archive, struct ark_err *err) ARK_CHECK;
/* True when the file holds pages of that run. */
bool arkv_index_is_of(struct arkv_index *index, const struct ark_id *run);
/* Appends to out. NOTFOUND. */
enum ark_rc arkv_index_page(struct arkv_index *index, uint32_t page_no, struct ark_buf *out,
			    struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_index_manifest(struct arkv_index *index, struct ark_buf *out, struct ark_err *err)
	ARK_CHECK;
/* Drops pages that have collected and were not flushed. NULL is fine. */
void arkv_index_freep(struct arkv_index **index);

/* ---- the folder ---- */

/* Removes the files of all archives but those: of all that are listed, and of all that brought a
 * run which a listed one uses. uids in any order. An absent folder is fine. */
enum ark_rc arkv_index_prune(const char *cache_dir, const struct ark_uid *used, size_t used_count,
			     struct ark_err *err) ARK_CHECK;
/* Removes one archive's file; an absent one is fine. */
enum ark_rc arkv_index_remove(const char *cache_dir, const struct ark_uid *archive,
			      struct ark_err *err) ARK_CHECK;
