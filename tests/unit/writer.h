/*
 * writer.h - what the tests of the writing side share: a repository in a store in memory, a source
 * that misbehaves on demand, one session's objects, and a close look at what was written.
 *
 * Records, their values and the comparing target are those of lived.h.
 */
#pragma once

#include "libarchive-kv/sort.h"
#include "libarchive-kv/usemap.h"
#include "libarchive-kv/value_write.h"
#include "tests/unit/lived.h"

struct writer {
	char dir[64]; /* caches and spills */
	struct arkv_store *memory;
	struct arkv_keys *keys;
	struct arkv_repo *repo;
	struct arkv_counter *counter; /* of the open repository's store */
};

/* sizes NULL: the defaults. Everything here fails the test when something goes wrong. */
void writer_init(struct writer *w, enum ark_suite suite, const struct arkf_chunker *sizes);
void writer_release(struct writer *w);
/* Closes the repository and opens it again, its store failing as script says (store_fault.h; NULL:
 * not at all). */
void writer_reopen(struct writer *w, const char *script);
/* Forgets what this host knows. */
void writer_drop_cache(struct writer *w);
enum { WRITER_NAMES_MAX = 4096 };

struct writer_names {
	size_t count;
	char name[WRITER_NAMES_MAX][ARKV_NAME_MAX + 1];
};

/* The objects whose names begin with prefix; freed by test_free. */
struct writer_names *writer_names_of(const struct writer *w, const char *prefix);
/* How many objects of the store begin with prefix. */
size_t writer_objects(const struct writer *w, const char *prefix);
/* Removes all objects that begin with prefix. */
void writer_remove(struct writer *w, const char *prefix);
uint64_t writer_puts(const struct writer *w);

/* ---- a source ---- */

struct writer_source {
	struct arkv_source source;
	const struct lived_record *records;
	size_t count;
	uint64_t shuffle;    /* seed of the order; 0: as they stand */
	size_t piece_len;    /* 0: values whole up to 64 KiB */
	size_t stop_at;	     /* before the record of this number, from 1: what stop says */
	enum ark_rc stop;    /* the scan fails with it */
	bool stop_in_value;  /* but only after a piece of its value */
	size_t drop_every;   /* of the values in pieces, every so many are given twice, and the
			      * first time dropped; 0: none */
	size_t refuse_every; /* so many records are refused besides; 0: none */
	atomic_bool *cancel; /* set before record stop_at instead of failing */
};

struct writer_source writer_source(const struct lived_record *records, size_t count);
/* A backup of it named "s"; options may be NULL. */
enum ark_rc writer_backup(struct writer *w, struct writer_source *source,
			  const struct arkv_backup_options *options, const struct arkv_job *job,
			  struct arkv_backup_result *result, struct ark_err *err);
/* One that must work. */
struct arkv_backup_result writer_night(struct writer *w, const struct lived_record *records,
				       size_t count);
/* The archive restores to exactly these records, which are sorted. */
void writer_assert_archive(struct writer *w, const struct ark_uid *uid,
			   const struct lived_record *records, size_t count);
/* Every archive is whole, by `verify` at its highest level. */
void writer_assert_sound(struct writer *w);

/* ---- a session ---- */

struct writer_session {
	struct arkv_dk dk;
	struct arkv_dedup *dedup;
	struct arkv_pool *pool;
	struct arkv_packer *packer;
	struct arkv_frame_ctx ctx;
	struct arkv_usemap uses;
	struct arkv_sort *sort;
};

/* pack_aim 0: the default. */
void writer_session_open(struct writer_session *s, struct writer *w, uint64_t pack_aim,
			 bool dry_run);
void writer_session_close(struct writer_session *s);

/* ---- all frames of the store ---- */

struct writer_frame {
	struct ark_id id;
	struct ark_id pack;
	enum arkf_frame_type type;
	uint32_t no;
	uint32_t offset;
	uint32_t clen;
	struct ark_buf raw;
};

/* By id. Checks of each pack: its name, that its footer says what a scan without a key finds, that
 * every frame opens and has its id, and that none is stored twice. */
struct writer_frames {
	struct writer_frame *frames;
	size_t count;
	size_t pack_count;
	uint64_t largest_pack;
};

void writer_frames_read(struct writer_frames *f, struct writer *w);
void writer_frames_release(struct writer_frames *f);
const struct writer_frame *writer_frame_find(const struct writer_frames *f,
					     const struct ark_id *id);
/* Looks at every run of the archive: its pages lead to its blocks, and its refs mark the frames
 * that its entries need, and no others. */
void writer_audit(struct writer *w, const struct ark_uid *uid);
