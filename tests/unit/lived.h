/*
 * lived.h - a repository that was really written: by backups of made-up records, for tests of
 * reading, restoring and verifying. On disk, as backups need a cache folder.
 */
#pragma once

#include "libarchive-kv/archive.h"
#include "libarchive-kv/backup.h"
#include "libarchive-kv/store_count.h"
#include "libarchive-kv/target.h"
#include "libarchive-kv/verify.h"

/* A record of the made-up source; its value follows from seed and value_len. */
struct lived_record {
	char space[8];
	char key[32];
	uint64_t value_len;
	uint64_t seed;
	uint64_t expires_ms; /* 0: none */
	uint32_t flags;
	char meta[16];
	uint8_t type;
};

struct lived {
	char dir[64];
	struct arkv_repo *repo;
	char repo_dir[80];
};

/* In a fresh folder, as encrypted as suite says. Fails the test when something goes wrong, as all
 * here do. */
void lived_init(struct lived *l, enum ark_suite suite);
void lived_release(struct lived *l);
/* Closes the repository and opens it again. */
void lived_reopen(struct lived *l);
/* The same as a store that is not on this host, so that caches are used; its calls are counted. */
struct arkv_counter *lived_reopen_far(struct lived *l);
/* Bytes of a record's value from off on. */
void lived_value(const struct lived_record *r, uint64_t off, uint8_t *out, size_t len);
/* An archive of these records, which come in any order. */
struct ark_uid lived_backup(struct lived *l, const char *name, const struct lived_record *records,
			    size_t count);

/* count records of all sorts, sorted: small and empty values, values in one chunk, in several (from
 * 100 on), and below a recipe (from 1,000 on); several spaces, expiries, flags, metas. The same for
 * the same seed. */
struct lived_record *lived_records(size_t count, uint64_t seed);

/* A target that compares what comes with records, in their order. */
struct lived_target {
	struct arkv_target target;
	const struct lived_record *records;
	size_t count;
	size_t at;
	uint64_t off;		  /* in the present value */
	size_t missed;		  /* records passed over */
	enum arkv_outcome answer; /* to every record; CREATED by default */
	bool finished;
};
void lived_target_init(struct lived_target *t, const struct lived_record *records, size_t count);

/* What a verification found, as text for failures. */
struct lived_findings {
	struct arkv_verify_result result;
	char text[4096];
	struct arkv_damage last; /* borrows nothing: spans are emptied */
	size_t by_kind[ARKV_DAMAGE_SERVICE + 1];
	uint64_t keys;
};
void lived_verify(struct lived *l, enum arkv_verify_level level, struct lived_findings *out);
