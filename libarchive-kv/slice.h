/*
 * slice.h - a position in one slice of a stack: the entries of a run that lie in a segment, in
 * order. The cursor merges several of them.
 *
 * What cannot be read is passed over, and remembered as the range in which the slice is blind: an
 * older slice's word does not count there.
 */
#pragma once

#include "libarchive-kv/cursor.h"
#include "libarchive-kv/frames.h"
#include "libarchive-kv/page_cache.h"

/* What all slices of a cursor share. */
struct arkv_slice_env {
	struct arkv_archive *archive;
	struct arkv_frames *frames;
	struct arkv_page_cache pages;
	struct arkv_cursor_lost lost;
	size_t ahead_max; /* bytes to read ahead of a block */
};

/* A key of its own memory. */
struct arkv_own_key {
	struct ark_buf bytes;
	size_t space_len;
};

void arkv_own_key_init(struct arkv_own_key *own);
void arkv_own_key_release(struct arkv_own_key *own);
enum ark_rc arkv_own_key_set(struct arkv_own_key *own, const struct arkf_key *key,
			     struct ark_err *err) ARK_CHECK;
struct arkf_key arkv_own_key_get(const struct arkv_own_key *own);

struct arkv_slice {
	struct arkv_slice_env *env;
	size_t run_no;
	uint64_t entry_count;	    /* as the stack says */
	struct arkf_key start;	    /* borrowed: entries before it are passed over */
	const struct arkf_key *end; /* borrowed: the segment's; NULL: none */
	bool placed;		    /* page_no and block_no are set */
	bool at_entry;
	bool at_end;
	bool seeking; /* entries before start may still come */
	size_t page_no;
	size_t block_no;
	struct arkv_page *page;	  /* page_no's, or NULL */
	struct arkv_frame *block; /* block_no's, or NULL */
	struct arkf_block_rd *it; /* over block */
	bool at_first;		  /* no entry of block has come yet */
	size_t blocks_in_row;
	struct arkf_entry entry; /* when at_entry */
	size_t ref_no;		 /* of the entry's first reference, in its block */
	size_t ref_count;
	bool is_blind;
	bool blind_to_end;
	struct arkv_own_key blind_from;
	struct arkv_own_key blind_to;
};

/* Memory for a slice; all positions come by _start. */
enum ark_rc arkv_slice_init(struct arkv_slice *slice, struct arkv_slice_env *env,
			    struct ark_err *err) ARK_CHECK;
void arkv_slice_release(struct arkv_slice *slice);
/* Stands before the first entry not below *start (borrowed, with end, until the next _start). */
void arkv_slice_start(struct arkv_slice *slice, const struct arkf_stack_slice *which,
		      struct arkf_key start, const struct arkf_key *end);
/* Goes on until at_entry or at_end. CORRUPT, AUTH, UNSUPPORTED, LIMIT: something was passed over;
 * call again. Others: nothing has changed; the call may be repeated. */
enum ark_rc arkv_slice_fill(struct arkv_slice *slice, struct ark_err *err) ARK_CHECK;
/* The entry is done with: the next _fill goes to the one behind it. */
static inline void arkv_slice_step(struct arkv_slice *slice)
{
	slice->at_entry = false;
}
/* Whether a lost part of the slice may have held key. */
bool arkv_slice_is_blind_at(const struct arkv_slice *slice, const struct arkf_key *key);
/* Goes to the entry of key itself: at_entry or at_end. At most one page and one block are read; a
 * page's filter spares the block. On failure it is neither. */
enum ark_rc arkv_slice_probe(struct arkv_slice *slice, const struct arkf_stack_slice *which,
			     struct arkf_key key, struct ark_err *err) ARK_CHECK;

/* Codes that speak of what was read, and not of the world. */
bool arkv_rc_is_damage(enum ark_rc rc);
