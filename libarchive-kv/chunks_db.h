/*
 * chunks_db.h - chunks.mdb in the cache folder: id -> place, of all fragments that this host knows.
 *
 *	fragments  name -> its number here, state, lineage, count of ids
 *	packs      (fragment number, pack in it) -> name, length, frames, data keys
 *	ids        (id, fragment number) -> pack in the fragment, frame, offset, lengths
 *
 * Numbers of fragments are never used again. An entry counts only while its fragment is live, which
 * the session says after it has listed places/: so what is gone, what was written halfway and what
 * another session has added meanwhile is absent. Each record has a checksum under the host's local
 * key; one that is wrong is absent too, and the file is made anew at the next opening.
 *
 * Several processes may use the file; writes are transactions of at most 4,096 ids, or of 4,096
 * pages when more ids fit into those. find may be called from any thread, but one at a time.
 */
#pragma once

#include "libarchive-kv/dedup.h"
#include "libarchive-kv/mdb.h"
#include "libarchive-kv/places_io.h"

struct arkv_chunks;

/* path: of the file, made anew when it is damaged. Errors as arkv_mdb_open. */
enum ark_rc arkv_chunks_open(struct arkv_chunks **out, const char *path,
			     const struct arkv_keys *keys, struct ark_err *err) ARK_CHECK;
void arkv_chunks_freep(struct arkv_chunks **chunks);

/* True once a record or LMDB's own pages were found damaged: the file goes when it is closed. */
bool arkv_chunks_damaged(const struct arkv_chunks *chunks);

/* To be called before places/ is listed: fragments that others add from now on are left alone. */
enum ark_rc arkv_chunks_begin(struct arkv_chunks *chunks, struct ark_err *err) ARK_CHECK;
/* Makes live what is listed and known, and removes from listed's names those that need no loading:
 * what stays is unknown. Forgets fragments that are not listed. lineage: NULL for all, else only
 * fragments of it become live. */
enum ark_rc arkv_chunks_sync(struct arkv_chunks *chunks, struct arkv_listing *listed,
			     const struct ark_uid *lineage, struct ark_err *err) ARK_CHECK;
/* Takes in the fragment with that raw body, and makes it live when lineage fits. Of one that does
 * not fit only its name is kept. CORRUPT, UNSUPPORTED: the body is (nothing is kept). */
enum ark_rc arkv_chunks_insert(struct arkv_chunks *chunks, const struct ark_id *name,
			       struct ark_span raw, const struct ark_uid *lineage,
			       struct ark_err *err) ARK_CHECK;

/* An entry: its pack is pack_no of the fragment. */
struct arkv_chunk_entry {
	uint32_t fragment_no;
	struct arkv_where where;
};

/* The live entries of id, at most max: returns how many. */
size_t arkv_chunks_find(struct arkv_chunks *chunks, const struct ark_id *id,
			struct arkv_chunk_entry *out, size_t max);
/* A pack of a fragment; *datakeys, which info borrows, is to be freed with free(3). NOTFOUND:
 * damaged or gone. NOMEM. */
enum ark_rc arkv_chunks_pack(struct arkv_chunks *chunks, uint32_t fragment_no, uint32_t pack_no,
			     struct arkv_pack_info *info, struct arkf_datakey **datakeys,
			     struct ark_err *err) ARK_CHECK;

/* Deletes the ids of fragments that are gone, when they are more than a third of all. */
enum ark_rc arkv_chunks_sweep(struct arkv_chunks *chunks, struct ark_err *err) ARK_CHECK;
