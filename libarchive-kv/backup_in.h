/*
 * backup_in.h - what the parts of one running backup share. For backup*.c alone.
 */
#pragma once

#include "libarchive-kv/archive.h"
#include "libarchive-kv/backup.h"
#include "libarchive-kv/run_write.h"
#include "libarchive-kv/value_write.h"

struct arkv_lock;  /* lock.h */
struct arkv_index; /* index.h */

struct arkv_backup_run {
	/* given */
	struct arkv_repo *repo;
	struct arkv_keys *keys;
	struct arkv_store *store;
	const struct arkv_backup_options *options;
	const struct arkv_job *job;
	struct arkv_backup_result *result;
	const char *spool_dir;
	size_t memory_bytes;
	unsigned lane_len;

	/* the source and where it stands in its chain */
	struct arkv_source_info info;
	const char *name;
	struct arkv_lock *lock;
	struct arkv_archive *parent; /* NULL: none */
	struct ark_buf filter_text;
	struct ark_span tags[ARKF_MANIFEST_TAGS_MAX]; /* sorted */
	size_t tag_count;
	uint8_t filter_hash[32];

	/* the session */
	struct ark_uid session;
	bool session_begun;
	struct arkv_dk dk;
	struct arkv_frame_ctx frames;
	struct arkv_dedup *dedup;
	struct arkv_pool *pool;
	struct arkv_packer *packer;

	/* the scan */
	struct arkv_sort *sort;
	struct arkv_values *values;
	struct arkv_usemap uses;
	uint64_t scan_start_ms;
	uint64_t scan_end_ms;
	uint64_t source_bytes;	 /* keys and values of all records seen */
	uint64_t read_bytes;	 /* of the source, as it says; 0: it does not */
	uint64_t unticked_bytes; /* of values since the last tick */
	uint64_t records_seen;
	uint64_t weight; /* of all records seen, for the cut threshold */

	/* the archive */
	struct arkf_type_count types[256];
	struct arkf_digests digests;
	uint32_t cut_threshold;
	struct arkv_run_made run;
	struct arkv_index
		*index; /* NULL: none is written; a cache, so its failures are passed over */
};

/* backup_scan.c: the source's records go to the sort, large values to chunks. */
enum ark_rc arkv_backup_scan(struct arkv_backup_run *b, struct arkv_source *source,
			     struct ark_err *err) ARK_CHECK;
/* backup_write.c: from the sort to blocks, run and manifest. */
enum ark_rc arkv_backup_write(struct arkv_backup_run *b, struct ark_err *err) ARK_CHECK;
/* backup_commit.c: checks the options' tags, and notes them for the manifest. LIMIT. */
enum ark_rc arkv_backup_tags(struct arkv_backup_run *b, struct ark_err *err) ARK_CHECK;
/* backup_commit.c: the manifest; the archive exists when this returns OK. */
enum ark_rc arkv_backup_commit(struct arkv_backup_run *b, struct ark_err *err) ARK_CHECK;

/* Progress of the phase, and whether the job is to stop. */
enum ark_rc arkv_backup_tick(const struct arkv_backup_run *b, const char *phase, uint64_t records,
			     uint64_t bytes, uint64_t bytes_total, struct ark_err *err) ARK_CHECK;
