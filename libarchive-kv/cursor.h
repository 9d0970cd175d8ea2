/*
 * cursor.h - the one read path: the records of an archive, in order of space and key.
 *
 * A cursor merges the stack of each segment, newest slice first, applies touches and hides deletes
 * (spec/10-stacks.md). Memory: about 16 MiB, whatever the archive. One thread uses a cursor; two
 * cursors of one repository belong to the same thread.
 *
 * Damage does not end a cursor. Where a block, page or run cannot be read, one call gives CORRUPT
 * and says which; the next calls go on behind it. Records that a lost newer slice may have changed
 * or deleted are left out, and counted (arkv_cursor_lost): what a cursor delivers is always right.
 */
#pragma once

#include "format/block.h"
#include "libarchive-kv/archive.h"

struct arkv_cursor;
struct arkv_frames; /* frames.h */

/* archive is borrowed for the cursor's life. frames: a shared reader of frames, borrowed too, or
 * NULL: the cursor makes its own. The cursor stands before the first record. */
enum ark_rc arkv_cursor_open(struct arkv_cursor **out, struct arkv_archive *archive,
			     struct arkv_frames *frames, struct ark_err *err) ARK_CHECK;
void arkv_cursor_freep(struct arkv_cursor **cursor);

/* Stands before the first record that is not less than (space, key); reads nothing yet. NOMEM. */
enum ark_rc arkv_cursor_seek(struct arkv_cursor *cursor, struct ark_span space, struct ark_span key,
			     struct ark_err *err) ARK_CHECK;
/* The next record; its spans are good until the next call on this cursor. NOTFOUND after the last
 * one. CORRUPT, AUTH or UNSUPPORTED: see above; the call may be repeated. IO, AGAIN, DENIED,
 * NOMEM: the cursor stands where it stood, and the call may be repeated. */
enum ark_rc arkv_cursor_next(struct arkv_cursor *cursor, struct ark_record *out,
			     struct ark_err *err) ARK_CHECK;
/* The record of one key, without moving what next does (apart from the value: arkv_value_read
 * then reads this one's). NOTFOUND: the archive does not hold it. CORRUPT: it may. */
enum ark_rc arkv_cursor_get(struct arkv_cursor *cursor, struct ark_span space, struct ark_span key,
			    struct ark_record *out, struct ark_err *err) ARK_CHECK;

/* ---- the record that next or get gave last ---- */

/* Takes a piece of a value; bytes are borrowed for the call. Anything but OK ends the reading,
 * which then returns that code. */
typedef enum ark_rc arkv_piece_fn(void *ctx, struct ark_span bytes, struct ark_err *err);

/* The value when it stands in its block: no read is needed. False: it lies in chunks. */
bool arkv_cursor_inline(const struct arkv_cursor *cursor, struct ark_span *value);
/* Hands the value to fn, from its first byte to its last, in pieces of at most 1 MiB: value_len
 * bytes in all when it returns OK. CORRUPT: a chunk is lost; pieces before it have been handed
 * out. */
enum ark_rc arkv_value_read(struct arkv_cursor *cursor, arkv_piece_fn *fn, void *ctx,
			    struct ark_err *err) ARK_CHECK;
/* The put it comes from: form and references. Its attributes are the put's, not a touch's. */
const struct arkf_entry *arkv_cursor_entry(const struct arkv_cursor *cursor);
/* The n of the archive that brought the value, and of the one that brought the attributes. */
uint64_t arkv_cursor_value_n(const struct arkv_cursor *cursor);
uint64_t arkv_cursor_attr_n(const struct arkv_cursor *cursor);

/* ---- damage ---- */

struct arkv_cursor_lost {
	uint64_t places;   /* blocks, pages and runs that could not be read */
	uint64_t entries;  /* how many entries they held, as far as their tables say */
	uint64_t withheld; /* older records that a lost slice may have changed */
};
struct arkv_cursor_lost arkv_cursor_lost(const struct arkv_cursor *cursor);
