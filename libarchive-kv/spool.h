/*
 * spool.h - an object in the making: a local file that is written once, hashed on the way, and then
 * stored under a name made from its SHA-256. Packs and runs are made so: they never stand in
 * memory.
 */
#pragma once

#include "libarchive-kv/crypt.h"
#include "libarchive-kv/store.h"

struct arkv_spool;

/* Makes an unlinked file in dir. DENIED, NOSPACE, IO: the text names the folder. */
enum ark_rc arkv_spool_new(struct arkv_spool **out, const char *dir, struct ark_err *err) ARK_CHECK;
void arkv_spool_freep(struct arkv_spool **spool);
enum ark_rc arkv_spool_write(struct arkv_spool *s, struct ark_span bytes, struct ark_err *err)
	ARK_CHECK;
uint64_t arkv_spool_len(const struct arkv_spool *s);
/* Nothing more is written: the SHA-256 of all bytes. */
enum ark_rc arkv_spool_end(struct arkv_spool *s, struct ark_id *sha256, struct ark_err *err)
	ARK_CHECK;
/* Stores all bytes as <prefix><64 hex digits of name>. Any thread. */
enum ark_rc arkv_spool_put(const struct arkv_spool *s, struct arkv_store *store, const char *prefix,
			   const struct ark_id *name, struct ark_err *err) ARK_CHECK;
/* An unlinked file in dir for the process alone. DENIED, NOSPACE, IO ...: the text names dir. */
enum ark_rc arkv_spool_file(int *fd, const char *dir, struct ark_err *err) ARK_CHECK;
/* Writes all of bytes to such a file; dir is for the text. NOSPACE, IO. */
enum ark_rc arkv_spool_file_write(int fd, struct ark_span bytes, const char *dir,
				  struct ark_err *err) ARK_CHECK;
