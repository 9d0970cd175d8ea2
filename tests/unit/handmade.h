/*
 * handmade.h - archives put together entry by entry, for tests of the reading side: stacks, touches
 * and deletes that no backup makes yet. One pack and one run a call, in a store in memory.
 */
#pragma once

#include "format/block.h"
#include "libarchive-kv/cursor.h"
#include "libarchive-kv/store_count.h"

enum { HANDMADE_RUNS_MAX = 16, HANDMADE_SEGMENTS_MAX = 8 };

/* An entry; value NULL and kind put: an empty value. */
struct handmade_entry {
	const char *space; /* NULL: empty */
	const char *key;
	enum arkf_kind kind;
	struct ark_span value;
	size_t chunk_len;    /* not 0: the value stands in chunks of this length, or in a recipe */
	uint64_t expires_ms; /* 0: none */
	uint32_t flags;
	const char *meta;
};

struct handmade_run_options {
	size_t block_entries; /* 0: all in one block */
	size_t page_blocks;   /* 0: ARKF_PAGE_BLOCKS_MAX */
	bool no_hints;
	bool no_datakeys; /* pack tables name no data keys */
};

struct handmade {
	struct arkv_repo *repo;
	struct arkv_keys *keys;	      /* the repository's */
	struct arkv_counter *counter; /* of the store */
	struct arkv_dk dk;
	struct ark_uid archive;
	size_t run_count;
	struct handmade_run {
		struct ark_id name;
		struct ark_uid uid;
		struct ark_buf root_box;
		struct ark_id pack;	  /* of its blocks */
		struct ark_id chunk_pack; /* the last one with its chunks or recipe */
		uint64_t len;
		uint64_t refs_off;
		uint64_t refs_len;
		uint64_t entry_count;
		size_t chunk_frames;
		size_t block_frames;
	} runs[HANDMADE_RUNS_MAX]; /* oldest first; run i has n = i + 1 */
};

void handmade_init(struct handmade *h, bool encrypted);
/* The same with keys of its own, which it takes. */
void handmade_init_keys(struct handmade *h, struct arkv_keys *keys);
/* Encrypted, in a store that counts as far away, with a folder for caches. */
void handmade_init_far(struct handmade *h, const char *cache_root);
/* Fresh keys for handmade_init_keys. */
struct arkv_keys *handmade_keys(bool encrypted);
void handmade_release(struct handmade *h);
/* Entries ascending. Returns the run's number. */
size_t handmade_run(struct handmade *h, const struct handmade_entry *entries, size_t count,
		    const struct handmade_run_options *options);

struct handmade_segment {
	const char *begin; /* key in the empty space; of the first: ignored */
	size_t depth;
	size_t runs[HANDMADE_RUNS_MAX]; /* newest first */
};

struct handmade_archive {
	const char *source;
	uint64_t n;
	uint64_t time_ms;
	const char *tag;
	struct ark_uid session;
	struct arkf_counts counts;
	struct arkf_digests digests;
	const struct handmade_segment *segments;
	size_t segment_count;
};

/* Stores a manifest; its uid is in h->archive. */
void handmade_archive(struct handmade *h, const struct handmade_archive *what);
/* One bit of a frame's ciphertext flips in the store. */
void handmade_break_frame(struct handmade *h, const struct ark_id *pack, size_t frame_no);
/* Replaces an object's bytes. */
void handmade_replace(struct handmade *h, const char *name, struct ark_span bytes);

/* ---- what tests of cursors share; each fails the test when something goes wrong ---- */

struct arkv_archive *handmade_open(struct handmade *h);
struct arkv_cursor *handmade_cursor(struct arkv_archive *a);
/* Appends to the struct ark_wr at ctx; fits arkv_piece_fn. */
enum ark_rc handmade_append(void *ctx, struct ark_span bytes, struct ark_err *err);
void handmade_assert_value(struct arkv_cursor *c, struct ark_span want);
/* An archive of one segment, whose stack is all runs. */
void handmade_one_segment(struct handmade *h);

enum { HANDMADE_LARGE_LEN = 100000 };
/* Random bytes that are the same for the same seed. */
struct ark_span handmade_large(uint8_t bytes[HANDMADE_LARGE_LEN], uint64_t seed);
/* a, c and d in 5, 2 and 1 chunks, b inline; one run in one segment. */
void handmade_large_values(struct handmade *h, struct handmade_entry entries[4],
			   const struct handmade_run_options *options);
/* Base: a to h, two a block, all "old". Newer run, a block each: b and e "new", g deleted. */
void handmade_two_runs(struct handmade *h);
