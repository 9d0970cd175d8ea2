/*
 * verify.h - whether everything that archives need is there and whole.
 *
 * A ladder: structure reads manifests, runs and their pages; presence compares every pack they
 * name with the store's listing; data reads every byte of every pack, and checks each archive's
 * counts and digests. What is wrong is reported, and never stops the rest.
 */
#pragma once

#include "libarchive-kv/archive.h"
#include "libarchive-kv/job.h"

enum arkv_verify_level {
	ARKV_VERIFY_STRUCTURE = 0,
	ARKV_VERIFY_PRESENCE,
	ARKV_VERIFY_DATA,
};

enum arkv_damage_kind {
	ARKV_DAMAGE_MANIFEST = 0, /* unreadable, or contradicts itself, its parent or its mark */
	ARKV_DAMAGE_RUN,	  /* a run is absent, altered or undecodable */
	ARKV_DAMAGE_PAGE,	  /* one index page of a run */
	ARKV_DAMAGE_PACK,	  /* a pack is absent, cut off or altered */
	ARKV_DAMAGE_BLOCK,	  /* a frame with entries */
	ARKV_DAMAGE_CHUNK,	  /* a frame with (a part of) a value */
	ARKV_DAMAGE_CONTENT, /* counts or digests of an archive do not agree with its records */
	ARKV_DAMAGE_SERVICE, /* remaps, fragments, sessions, marks, keys: no data is lost yet */
};

enum { ARKV_DAMAGE_KEYS_MAX = 64 };

/* All is borrowed for the call. */
struct arkv_damage {
	enum arkv_damage_kind kind;
	const char *object;		/* its name in the store */
	const char *what;		/* what is wrong, for people */
	const struct ark_uid *archives; /* that need it */
	size_t archive_count;
	bool has_range; /* keys from first to last may be lost; last is the first key behind */
	bool has_last;
	struct arkf_key first;
	struct arkf_key last;
	uint64_t entry_count;	     /* entries lost; 0 when unknown or none */
	const struct arkf_key *keys; /* exactly which, where their block is readable */
	size_t key_count;	     /* at most ARKV_DAMAGE_KEYS_MAX of entry_count */
};

/* How verify talks; ctx is the callback's own. note: an object that nothing needs, or a name that
 * no page of the spec gives; not damage. May be NULL. */
struct arkv_verify_report {
	void (*damage)(void *ctx, const struct arkv_damage *damage);
	void (*note)(void *ctx, const char *object, uint64_t len, const char *what);
	void *ctx;
};

struct arkv_verify_options {
	enum arkv_verify_level level;
	const struct ark_uid *archives; /* only these; NULL: all, and notes about the rest */
	size_t archive_count;
};

struct arkv_verify_result {
	uint64_t archives;
	uint64_t runs;
	uint64_t pages;
	uint64_t packs;	  /* that archives need */
	uint64_t frames;  /* read (data) */
	uint64_t records; /* compared with their archive's digests (data) */
	uint64_t bytes_read;
	uint64_t damages;
	uint64_t lost_archives; /* archives that some damage touches */
	uint64_t lost_entries;
	uint64_t notes;
	uint64_t unneeded_bytes; /* of the objects noted */
};

/* OK when everything could be looked at, whatever was found: result->damages says. Any other code:
 * it could not (store out of reach, cancelled, write-only key: AUTH). */
enum ark_rc arkv_verify(struct arkv_repo *repo, const struct arkv_verify_options *options,
			const struct arkv_verify_report *report, const struct arkv_job *job,
			struct arkv_verify_result *result, struct ark_err *err) ARK_CHECK;
