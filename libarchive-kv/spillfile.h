/*
 * spillfile.h - one sorted list of records in a local file, written once, read once
 * (spec/17-spill.md). The key never leaves this process.
 */
#pragma once

#include "format/spill.h"
#include "libarchive-kv/codec.h"
#include "libarchive-kv/crypt.h"
#include "libarchive-kv/pipeline.h"

/* What all files of a sort share. Borrowed; outlives them. */
struct arkv_spill_ctx {
	const char *dir;
	const struct ark_uid *repo;
	struct arkv_pool *pool;
	uint8_t key[32];
	size_t piece_len; /* raw bytes after which a piece ends */
};

/* ---- writing: on one thread, any thread ---- */

struct arkv_spill_writer;

/* Makes an unlinked file in ctx->dir. DENIED, NOSPACE, IO: the text names the folder. */
enum ark_rc arkv_spill_writer_new(struct arkv_spill_writer **out, const struct arkv_spill_ctx *ctx,
				  struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_spill_write(struct arkv_spill_writer *w, const struct arkf_spill_rec *rec,
			     struct ark_err *err) ARK_CHECK;
/* Ends the file. *fd is the caller's from now on. *bytes: its length. */
enum ark_rc arkv_spill_writer_end(struct arkv_spill_writer *w, int *fd, uint64_t *bytes,
				  struct ark_err *err) ARK_CHECK;
void arkv_spill_writer_freep(struct arkv_spill_writer **w);

/* ---- reading: front to back, one piece ahead through the pool ---- */

struct arkv_spill_reader;

/* Takes over fd, also on failure. */
enum ark_rc arkv_spill_reader_new(struct arkv_spill_reader **out, const struct arkv_spill_ctx *ctx,
				  int fd, struct ark_err *err) ARK_CHECK;
/* The next record, good until the next call. NOTFOUND at the end; CORRUPT, AUTH when the file was
 * tampered with. */
enum ark_rc arkv_spill_read(struct arkv_spill_reader *r, struct arkf_spill_rec *out,
			    struct ark_err *err) ARK_CHECK;
void arkv_spill_reader_freep(struct arkv_spill_reader **r);
