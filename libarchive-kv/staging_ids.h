/*
 * staging_ids.h - the frames of a session's closed packs, in an LMDB file of its own.
 *
 *	ids     id -> where
 *	frames  (pack number, part) -> footer entries of up to 4,096 frames, in order
 *
 * The file lives as long as the session: what a killed one has left goes at the next opening. find
 * may be called from any thread, also while add runs.
 */
#pragma once

#include "libarchive-kv/dedup.h"

struct arkv_staging;

/* A frame as add takes it. */
struct arkv_staged_frame {
	struct arkf_footer_entry entry;
	uint32_t offset;
};

/* Makes dir/ids-<session>.mdb. Errors as arkv_mdb_open. */
enum ark_rc arkv_staging_open(struct arkv_staging **out, const char *dir,
			      const struct ark_uid *session, const struct arkv_keys *keys,
			      struct ark_err *err) ARK_CHECK;
/* Removes the file. NULL is fine. */
void arkv_staging_freep(struct arkv_staging **staging);

/* All frames of a pack, once for each pack. NOSPACE, IO. */
enum ark_rc arkv_staging_add(struct arkv_staging *staging, uint32_t pack_no,
			     const struct arkv_staged_frame *frames, size_t count,
			     struct ark_err *err) ARK_CHECK;
/* OK, or NOTFOUND without filling err. CORRUPT when the file is damaged: the session cannot tell
 * any more what it has stored. */
enum ark_rc arkv_staging_find(struct arkv_staging *staging, const struct ark_id *id,
			      struct arkv_where *where, struct ark_err *err) ARK_CHECK;
/* Appends the footer entries of the pack's frames, in order, to wr (format/pack.h). CORRUPT when
 * they are not count. */
enum ark_rc arkv_staging_frames(struct arkv_staging *staging, uint32_t pack_no, uint64_t count,
				struct ark_wr *wr, struct ark_err *err) ARK_CHECK;
