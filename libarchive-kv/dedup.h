/*
 * dedup.h - what this repository already has: id -> place, for one running session.
 *
 * Two layers answer. chunks.mdb in the cache folder holds what places/ lists (loaded when the
 * session opens; fragments that places/ no longer lists, and packs that gc/ condemns, count as
 * absent). The session's own frames stand in memory while their pack is open, and in the session's
 * staging file after that; they reach chunks.mdb when the session has committed. Packs are numbered
 * from 0 in the order this session meets them, its own and old ones alike; a pack has one number.
 *
 * The session object must be stored before arkv_dedup_open: that lists gc/ and then places/
 * (condemned.h says why).
 * Memory is bounded: 120 bytes a frame of the open packs and a claimed id, about 350 bytes a pack
 * met, 40 a fragment listed and a pack condemned; 40 MiB while fragments are loaded or stored.
 * Threads: claim, find, pack and pack_count may be called from any thread; all else from the
 * session's own.
 */
#pragma once

#include "format/pack.h"
#include "libarchive-kv/keys.h"
#include "libarchive-kv/store.h"

struct arkv_where {
	uint32_t pack_no; /* the session's number for the pack */
	uint32_t frame_no;
	uint32_t offset;
	uint32_t clen;
	uint32_t raw_len;
	uint16_t datakey_no; /* in the pack */
};

struct arkv_pack_info {
	struct ark_id name; /* zeros while the pack is open */
	uint64_t len;
	uint32_t frame_count;
	uint16_t datakey_count;
	const struct arkf_datakey *datakeys; /* owned by the dedup object */
	bool closed;
};

enum arkv_dedup_scope {
	ARKV_DEDUP_REPO = 0, /* every fragment */
	ARKV_DEDUP_OWN = 1,  /* fragments of this lineage: the default of a host that cannot read */
};

struct arkv_dedup;

struct arkv_dedup_options {
	const char *cache_dir;	 /* the repository's cache folder; made by the caller */
	const char *staging_dir; /* for the session's own file; made by the caller */
	struct ark_uid session;
	struct ark_uid lineage; /* spec/11-places.md */
	enum arkv_dedup_scope scope;
};

/* Lists gc/ and places/, loads the fragments that chunks.mdb lacks, forgets those that are gone.
 * store and keys are borrowed for the object's life. A damaged fragment costs dedup only: *skipped
 * counts them. CORRUPT, AUTH, UNSUPPORTED: a list of gc/ cannot be read; the text names it. EXISTS:
 * this process has another session open with this cache folder (LMDB allows one). Errors of the
 * store; NOSPACE, DENIED, IO of the two folders; UNSUPPORTED when they are on a network file
 * system. */
enum ark_rc arkv_dedup_open(struct arkv_dedup **out, struct arkv_store *store,
			    struct arkv_keys *keys, const struct arkv_dedup_options *options,
			    uint64_t *skipped, struct ark_err *err) ARK_CHECK;
/* Removes the staging file. NULL is fine. */
void arkv_dedup_freep(struct arkv_dedup **dedup);

/* Asks for id before work is put into it. OK: it is stored, *where says so. NOTFOUND: it is not,
 * and the caller has now promised to place it. AGAIN: somebody has promised and not placed it yet.
 * err is not filled for these two. NOMEM; CORRUPT, IO: the staging file is damaged, and the session
 * cannot go on. */
enum ark_rc arkv_dedup_claim(struct arkv_dedup *d, const struct ark_id *id,
			     struct arkv_where *where, struct ark_err *err) ARK_CHECK;
/* The same without a promise. */
enum ark_rc arkv_dedup_find(struct arkv_dedup *d, const struct ark_id *id, struct arkv_where *where,
			    struct ark_err *err) ARK_CHECK;

/* A new pack of this session is open: its number. */
enum ark_rc arkv_dedup_pack_begin(struct arkv_dedup *d, uint32_t *pack_no, struct ark_err *err)
	ARK_CHECK;
/* A frame stands in it, frames in order. entry->id was claimed and not placed (else USAGE).
 * offset: of the frame in the pack. */
enum ark_rc arkv_dedup_place(struct arkv_dedup *d, uint32_t pack_no,
			     const struct arkf_footer_entry *entry, uint32_t offset,
			     struct ark_err *err) ARK_CHECK;
/* The pack is stored under name: its frames go to the staging file. datakeys are copied. EXISTS:
 * gc/ condemns a pack of this name, which will be deleted, so its frames must not count as stored
 * (without encryption equal packs have equal names). NOSPACE, IO: the staging file. */
enum ark_rc arkv_dedup_pack_end(struct arkv_dedup *d, uint32_t pack_no, const struct ark_id *name,
				uint64_t len, const struct arkf_datakey *datakeys,
				uint16_t datakey_count, struct ark_err *err) ARK_CHECK;

/* How many packs the session has met: their numbers are below it. */
uint32_t arkv_dedup_pack_count(const struct arkv_dedup *d);
/* What is known of pack pack_no, which is below the count; the pointer is good until the object is
 * freed. What it says of a pack that is still open changes when that is closed. */
const struct arkv_pack_info *arkv_dedup_pack(const struct arkv_dedup *d, uint32_t pack_no);

/* All packs are closed (else USAGE): stores fragments under places/, of at most 200,000 frames each
 * unless one pack has more, for the packs that are in none yet. May be called again, with more
 * packs or when it failed. */
enum ark_rc arkv_dedup_store_fragments(struct arkv_dedup *d, struct ark_err *err) ARK_CHECK;
/* The session has committed: its places go into chunks.mdb, and ids of gone fragments out of it.
 * Failure costs no dedup: the next session loads the fragments from the store. */
enum ark_rc arkv_dedup_keep(struct arkv_dedup *d, struct ark_err *err) ARK_CHECK;
