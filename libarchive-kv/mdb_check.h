/*
 * mdb_check.h - looks through an LMDB 0.9 file before LMDB itself does.
 *
 * LMDB trusts its pages: a damaged one makes it read and write outside of its map, or abort. The
 * format is that of LMDB's own mdb.c, data version 1, on this machine (word size and byte order are
 * the host's).
 */
#pragma once

#include "libarchive-kv/buf.h"

/* The two meta pages of the file at fd: CORRUPT unless LMDB may open it. OK for an empty file. To
 * be called before mdb_env_open. */
enum ark_rc arkv_mdb_check_meta(int fd, struct ark_err *err) ARK_CHECK;

/* Every page that the snapshot txnid reaches: form, bounds, no page in two places, none of them in
 * the list of free ones. To be called inside a read transaction with that id, so that the pages
 * stay. Only unnamed and named databases without flags are known: others are CORRUPT. */
enum ark_rc arkv_mdb_check_pages(int fd, uint64_t txnid, struct ark_err *err) ARK_CHECK;
