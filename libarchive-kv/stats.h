/*
 * stats.h - sums over a repository, and over one archive.
 */
#pragma once

#include "libarchive-kv/archive.h"
#include "libarchive-kv/job.h"

enum arkv_object_kind {
	ARKV_OBJECT_CONFIG = 0,
	ARKV_OBJECT_KEY,
	ARKV_OBJECT_PACK,
	ARKV_OBJECT_RUN,
	ARKV_OBJECT_PLACES,
	ARKV_OBJECT_REMAP,
	ARKV_OBJECT_ARCHIVE,
	ARKV_OBJECT_SESSION,
	ARKV_OBJECT_GC,
	ARKV_OBJECT_OTHER, /* a name that no page of the spec gives */
	ARKV_OBJECT_KINDS,
};

/* "packs", "runs" ...: for people; never NULL. */
const char *arkv_object_kind_name(enum arkv_object_kind kind);
/* The kind of an object by its name alone. */
enum arkv_object_kind arkv_object_kind_of(const char *name);

struct arkv_object_sum {
	uint64_t count;
	uint64_t bytes;
};

struct arkv_stats {
	struct arkv_object_sum objects[ARKV_OBJECT_KINDS];
	struct arkv_object_sum all;
	uint64_t archives;
	uint64_t damaged_archives;
	uint64_t forgotten_archives;
	uint64_t records;	     /* summed over archives */
	uint64_t raw_bytes;	     /* keys and values, summed over archives */
	uint64_t frames;	     /* blocks, chunks and recipes that archives need */
	uint64_t unneeded_packs;     /* no archive needs anything in them */
	uint64_t unneeded_bytes;     /* of packs and runs that no archive needs */
	uint64_t unneeded_frames;    /* in packs that some archive needs */
	uint64_t types_records[256]; /* summed over archives, by record type */
	uint64_t types_bytes[256];
};

/* Lists the store and reads heads, manifests and the refs of runs: no key, no value. Damaged
 * archives are counted and left out. */
enum ark_rc arkv_stats_repo(struct arkv_stats *out, struct arkv_repo *repo,
			    const struct arkv_job *job, struct ark_err *err) ARK_CHECK;

struct arkv_archive_stats {
	uint64_t runs;
	uint64_t run_bytes;
	uint64_t segments;
	uint64_t depth_max; /* of a stack */
	uint64_t entries;   /* in all slices of all stacks; records is in the head */
	uint64_t packs;
	uint64_t frames;
	uint64_t pages;
	uint64_t blocks;
};

/* Reads the refs of the archive's runs; pages and blocks need a key that can read, else 0. */
enum ark_rc arkv_stats_archive(struct arkv_archive_stats *out, struct arkv_archive *archive,
			       struct ark_err *err) ARK_CHECK;
