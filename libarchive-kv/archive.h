/*
 * archive.h - archives: which there are, which one a reference means, and one of them in memory.
 *
 * An archive is its manifest (spec/09-manifest.md). Listing reads only heads, which are cached for
 * good; opening reads the whole manifest and checks all of it. What it says about keys is read by
 * a cursor (cursor.h). None of the objects here is shared between threads.
 */
#pragma once

#include "format/manifest.h"
#include "format/stacks.h"
#include "libarchive-kv/arena.h"
#include "libarchive-kv/repo.h"

/* ---- the list ---- */

/* One archive as its head shows it; about 8 KiB of memory. */
struct arkv_archive_info {
	struct ark_uid uid;
	uint64_t object_len;	/* of the manifest */
	uint64_t time_ms;	/* the archive's time: when its scan began; 0 when damaged */
	bool forgotten;		/* a mark (<uid>.del) stands beside it */
	bool is_damaged;	/* its head cannot be read: head is NULL, problem says why */
	struct arkf_head *head; /* owned by the list, with all that it points to */
	char problem[ARK_ERR_TEXT_MAX];
};

/* Ordered by source name, then n, then uid; damaged ones last. */
struct arkv_archives {
	struct arkv_archive_info *items;
	size_t count;
	size_t damaged_count;
};

struct arkv_archives_options {
	const char *source;  /* only this source's (damaged ones are kept); NULL: all */
	bool with_forgotten; /* else forgotten ones are left out */
};

/* Lists archives/ and reads the heads that the cache folder does not hold. A damaged manifest
 * does not hide the others. options may be NULL. */
enum ark_rc arkv_archives_list(struct arkv_archives *out, struct arkv_repo *repo,
			       const struct arkv_archives_options *options, struct ark_err *err)
	ARK_CHECK;
void arkv_archives_release(struct arkv_archives *list);

/*
 * Which archive ref means: "latest", "latest~2" (2 before it), "latest:TAG", "latest:TAG~2",
 * "@2026-11-19T03:00" (the newest whose time is not after it; date alone, seconds and a final Z
 * are fine; what is left out counts to its end; UTC), or at least 4 digits of its id. The newest
 * of a source is the one with the highest n, then the greatest id; among sources, time decides.
 * source limits the choice to one source; NULL: all. *out points into list.
 * NOTFOUND: none fits (the text says what to look at). USAGE: no such form, or several archives
 * begin with these digits (the text lists them).
 */
enum ark_rc arkv_archives_find(const struct arkv_archive_info **out,
			       const struct arkv_archives *list, const char *ref,
			       const char *source, struct ark_err *err) ARK_CHECK;

/* ---- one archive ---- */

/* What a manifest and the roots in it may unfold to in memory: LIMIT above it. Front-coded keys and
 * compression make much of little; an archive of 10 TB needs less than this. */
#define ARKV_ARCHIVE_MEMORY_MAX ((size_t)512 << 20)

/* A page of a run, as the run's root shows it. Keys borrow the root. */
struct arkv_root_page {
	struct arkf_key first;
	uint64_t off; /* of the page's box in the run object */
	uint64_t entry_count;
	uint32_t box_len;
	uint32_t block_count;
};

struct arkv_root {
	struct arkv_root_page *pages;
	size_t page_count;
	struct arkv_arena arena; /* where pages and keys lie */
};

struct arkv_archive_run {
	struct arkf_table_run table;
	struct ark_uid uid;
	struct arkf_datakey datakey;
	struct ark_span root_box; /* borrows the archive's bytes */
	struct arkv_root *root;	  /* NULL until arkv_archive_root has been asked */
};

struct arkv_archive_segment {
	struct arkf_segment info;
	struct arkf_key begin;		       /* of segment 0: both empty */
	const struct arkf_stack_slice *slices; /* info.depth of them, newest first */
};

struct arkv_archive {
	struct arkv_repo *repo;
	struct ark_uid uid;
	struct arkf_head head;
	struct arkf_datakey bounds_datakey;
	struct arkv_archive_run *runs;
	size_t run_count;
	struct arkv_archive_segment *segments;
	size_t segment_count; /* at least 1 */
	bool bounds_known; /* false with a key that cannot read: then there is no cursor either */
	uint8_t checksum[ARKF_MANIFEST_CHECKSUM_LEN];
	size_t root_bytes; /* of memory that roots take */
	/* memory behind all of the above */
	struct ark_buf bytes;
	struct ark_buf head_raw;
	struct arkv_arena arena;
};

/* Reads and checks the whole manifest: checksum, body hash, run table, stacks, bounds. Roots are
 * opened when asked for. repo is borrowed for the archive's life. NOTFOUND: no such archive;
 * CORRUPT, AUTH, UNSUPPORTED: the text names the archive. */
enum ark_rc arkv_archive_open(struct arkv_archive **out, struct arkv_repo *repo,
			      const struct ark_uid *uid, struct ark_err *err) ARK_CHECK;
/* The same, always from the store. The above takes a manifest that the cache folder has, and so may
 * open an archive that is gone since: its caller has seen it listed. */
enum ark_rc arkv_archive_open_stored(struct arkv_archive **out, struct arkv_repo *repo,
				     const struct ark_uid *uid, struct ark_err *err) ARK_CHECK;
void arkv_archive_freep(struct arkv_archive **archive);

/* The root of run run_no, opened at the first call and kept. */
enum ark_rc arkv_archive_root(const struct arkv_root **out, struct arkv_archive *archive,
			      size_t run_no, struct ark_err *err) ARK_CHECK;
/* The same for a run that is no archive's, or whose root was read elsewhere; run->root stays.
 * *bytes: the memory that roots opened before take, to which this one's is added. */
enum ark_rc arkv_root_open(struct arkv_root **out, struct arkv_keys *keys,
			   const struct arkv_archive_run *run, size_t *bytes, struct ark_err *err)
	ARK_CHECK;
void arkv_root_freep(struct arkv_root **root);

/* Space first, then key; both in byte order. */
int arkv_key_cmp(const struct arkf_key *a, const struct arkf_key *b);
/* The number of the segment that (space, key) lies in. */
size_t arkv_archive_segment_of(const struct arkv_archive *archive, const struct arkf_key *key);
/* The bound where segment no ends, or NULL for the last one. */
const struct arkf_key *arkv_archive_segment_end(const struct arkv_archive *archive, size_t no);

/* "archives/<32 hex>" and "runs/<64 hex>" and so on. */
struct arkv_object_name {
	char s[ARKV_NAME_MAX + 1];
};
struct arkv_object_name arkv_archive_name(const struct ark_uid *uid);
struct arkv_object_name arkv_hash_name(const char *prefix, const struct ark_id *id);
