/*
 * mdb.h - LMDB files of this host: opened safely, grown when full, replaced when they are damaged.
 *
 * What is added to LMDB 0.9:
 *  - Before its first use a file is looked through, page by page (mdb_check.h): damaged or foreign
 *    bytes end in CORRUPT and not in a crash. What the records themselves say is the caller's to
 *    check (arkv_rec_get below).
 *  - A process that opens a file twice gets EXISTS: closing one of the two would drop the file
 *    locks of the other.
 *  - The map grows: a write that finds it full runs again in a larger one.
 *  - Making, opening and removing happen under <folder>/.lock, so that a data file never meets the
 *    lock file of another one.
 * Never used: WRITEMAP, NOSYNC, NOLOCK, NOMEMINIT. Mode 0600. Keys have at most 511 bytes.
 *
 * Threads: read and write may be called from any thread; one write runs at a time.
 */
#pragma once

#include "libarchive-kv/buf.h"

#include <lmdb.h>

enum { ARKV_MDB_DBS_MAX = 4, ARKV_MDB_KEY_MAX = 511, ARKV_MDB_BATCH = 4096 };

struct arkv_mdb;

struct arkv_mdb_options {
	/* What the file says of itself ("arkv chunks 1"), under a key of its own in the main
	 * database; a file that says anything else is taken for damaged. */
	const char *layout;
	/* Names of the sub-databases, NULL at the end; NULL: the main one alone is used. */
	const char *const *dbs;
	bool read_only;	  /* the file is not made */
	bool rebuildable; /* a damaged file is removed (and made anew unless read_only) */
};

/* NOTFOUND: read_only and absent, or removed just now. CORRUPT: damaged, and not rebuildable.
 * EXISTS: this process has it open. UNSUPPORTED: on a network file system. DENIED, NOSPACE, AGAIN
 * (too many processes read it), NOMEM, IO. */
enum ark_rc arkv_mdb_open(struct arkv_mdb **out, const char *path,
			  const struct arkv_mdb_options *options, struct ark_err *err) ARK_CHECK;
void arkv_mdb_freep(struct arkv_mdb **mdb);

/* Removes the file and its lock file; who has it open goes on with what no longer has a name. An
 * absent file is fine. */
enum ark_rc arkv_mdb_remove(const char *path, struct ark_err *err) ARK_CHECK;

/* The same, unless some process has it open: for files that a killed one has left. */
enum ark_rc arkv_mdb_remove_stale(const char *path, struct ark_err *err) ARK_CHECK;

/* The handle of dbs[i]; without dbs, of the main one (i = 0). */
MDB_dbi arkv_mdb_db(const struct arkv_mdb *mdb, size_t i);

/* Work inside one transaction. What it returns is what read or write returns. */
typedef enum ark_rc arkv_mdb_fn(void *ctx, MDB_txn *txn, struct ark_err *err);

/* Runs fn in a snapshot. fn must not start another transaction of this file. */
enum ark_rc arkv_mdb_read(struct arkv_mdb *mdb, arkv_mdb_fn *fn, void *ctx, struct ark_err *err)
	ARK_CHECK;
/* Runs fn and commits when it returns OK, else undoes all of it. fn runs again from its start when
 * the map was full: it must not remember. */
enum ark_rc arkv_mdb_write(struct arkv_mdb *mdb, arkv_mdb_fn *fn, void *ctx, struct ark_err *err)
	ARK_CHECK;

/* How many of count small records in random order one transaction may put: what it changes lies in
 * memory until it commits, so it is all of them in a small file, and ARKV_MDB_BATCH in a large one:
 * 16 MiB at most. */
size_t arkv_mdb_batch(MDB_txn *txn, MDB_dbi dbi, size_t count);

/* An error of LMDB as ours: NOTFOUND, EXISTS (key), CORRUPT, LIMIT (the map is full: arkv_mdb_write
 * takes care of it), AGAIN (no reader slot), those of an errno. OK for 0. */
enum ark_rc arkv_mdb_rc(int mdb_rc, const char *doing, struct ark_err *err);

/* ---- records with a checksum: LMDB 0.9 has none ---- */

enum { ARKV_REC_SUM_LEN = 8 };

/* Where a record goes or comes from. key_local: arkv_keys_local. */
struct arkv_rec_db {
	MDB_txn *txn;
	MDB_dbi dbi;
	const uint8_t *key_local;
};

static inline MDB_val arkv_mdb_val(struct ark_span s)
{
	union {
		const uint8_t *in;
		void *out; /* LMDB does not write through it */
	} p = { .in = s.p };
	return (MDB_val){ .mv_size = s.len, .mv_data = p.out };
}

/* Stores value under key with a keyed checksum over both. flags: of mdb_put, without RESERVE. */
enum ark_rc arkv_rec_put(const struct arkv_rec_db *db, struct ark_span key, struct ark_span value,
			 unsigned flags, struct ark_err *err) ARK_CHECK;
/* *value borrows the file until the transaction ends. NOTFOUND; CORRUPT when the checksum is
 * wrong. */
enum ark_rc arkv_rec_get(const struct arkv_rec_db *db, struct ark_span key, struct ark_span *value,
			 struct ark_err *err) ARK_CHECK;
/* The same for a record that a cursor stands on: false when the checksum is wrong. */
bool arkv_rec_open(const struct arkv_rec_db *db, const MDB_val *key, const MDB_val *stored,
		   struct ark_span *value);
