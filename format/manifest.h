/*
 * manifest.h - the manifest: its outer frame, its head, the run table (spec/09-manifest.md).
 * Stacks and bounds: stacks.h. Boxes, body hash and checksum are the library's.
 */
#pragma once

#include "format/datakey.h"

enum {
	ARKF_MANIFEST_HEAD_MAX = 4096, /* where the head box ends at the latest */
	ARKF_MANIFEST_CHECKSUM_LEN = 32,
	ARKF_MANIFEST_TYPES_MAX = 256,
	ARKF_MANIFEST_TAGS_MAX = 16,
	ARKF_SOURCE_NAME_MAX = 256,
	ARKF_SOURCE_URL_MAX = 512,
	ARKF_HOST_MAX = 128,
	ARKF_TOOL_MAX = 32,
	ARKF_DETAIL_MAX = 256,
	ARKF_FILTER_TEXT_MAX = 512,
	ARKF_TAG_MAX = 64,
	ARKF_COMMENT_MAX = 256,
	ARKF_RUNS_MAX = 65536,
	ARKF_MANIFEST_BODY_MAX = 64 * 1024 * 1024,
};
#define ARKF_MANIFEST_LEN_MAX (UINT64_C(1) << 30)

/* ---- outer frame ---- */

struct arkf_manifest {
	enum ark_suite suite;
	struct ark_uid uid;
	struct arkf_datakey datakey;
	uint32_t head_len;
	uint32_t table_len;
	uint32_t stacks_len;
	uint32_t bounds_len;
	uint32_t roots_len;
	size_t head_off; /* decoding: where the head box begins */
};

/* Header, uid, lengths, data key; the boxes follow. */
void arkf_manifest_encode(struct ark_wr *wr, const struct arkf_manifest *m);
/* bytes: at least the first ARKF_MANIFEST_HEAD_MAX of the object, or all of it. CORRUPT also
 * when the head box would end behind that. */
enum ark_rc arkf_manifest_decode(struct arkf_manifest *out, struct ark_span bytes,
				 struct ark_err *err) ARK_CHECK;

struct arkf_manifest_parts {
	struct ark_span head;
	struct ark_span table;
	struct ark_span stacks;
	struct ark_span bounds;
	struct ark_span roots;
	struct ark_span hashed;	 /* what the body hash covers: table to roots */
	struct ark_span checked; /* what the checksum covers */
	const uint8_t *checksum; /* 32 bytes */
};

/* The parts of a whole manifest. CORRUPT when they do not fill it; UNSUPPORTED for a signature
 * kind. */
enum ark_rc arkf_manifest_split(struct arkf_manifest_parts *out, const struct arkf_manifest *m,
				struct ark_span bytes, struct ark_err *err) ARK_CHECK;

/* ---- a root in the roots part ---- */

struct arkf_manifest_root {
	struct ark_uid run_uid;
	struct arkf_datakey datakey;
	struct ark_span box;
};

void arkf_manifest_root_encode(struct ark_wr *wr, const struct arkf_manifest_root *root);
/* Sets rd->bad when it is cut off. */
void arkf_manifest_root_decode(struct ark_rd *rd, struct arkf_manifest_root *out);

/* ---- head ---- */

enum arkf_manifest_marks {
	ARKF_MARK_INCOMPLETE = 1 << 0,
	ARKF_MARK_SUSPICIOUS = 1 << 1,
	ARKF_MARK_CHANGES_KNOWN = 1 << 2,
};

struct arkf_type_count {
	uint8_t type;
	uint64_t records;
	uint64_t value_bytes;
};

struct arkf_counts {
	uint64_t records;
	uint64_t expiring;
	uint64_t raw_bytes;
	uint64_t added;
	uint64_t changed;
	uint64_t deleted;
	uint64_t touched;
	uint64_t duplicates;
	uint64_t refused;
	uint64_t stored_bytes;
	uint64_t segments;
};

struct arkf_digests {
	uint8_t content[32];
	uint8_t content_expiring[32];
	uint8_t full[32];
	uint8_t full_expiring[32];
};

struct arkf_head {
	uint64_t n;
	struct ark_uid parent; /* zeros: none */
	uint8_t parent_checksum[32];
	struct ark_uid session;
	uint8_t body_hash[32];
	struct ark_span source_name;
	struct ark_span source_url;
	struct ark_span host;
	struct ark_span tool;
	uint64_t started_ms;
	uint64_t scan_start_ms;
	uint64_t scan_end_ms;
	uint64_t made_ms;
	uint8_t consistency;
	struct ark_span detail;
	uint64_t marks;
	struct arkf_counts counts;
	size_t type_count;
	struct arkf_type_count types[ARKF_MANIFEST_TYPES_MAX];
	struct arkf_digests digests;
	uint8_t filter_hash[32];
	struct ark_span filter_text;
	size_t tag_count;
	struct ark_span tags[ARKF_MANIFEST_TAGS_MAX];
	struct ark_span comment;
};

void arkf_head_encode(struct ark_wr *wr, const struct arkf_head *head);
/* Spans borrow raw. CORRUPT, UNSUPPORTED. */
enum ark_rc arkf_head_decode(struct arkf_head *out, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;

/* ---- run table ---- */

struct arkf_table_run {
	struct ark_id name;
	uint64_t len;
	uint64_t refs_off;
	uint64_t refs_len;
	struct ark_uid archive; /* that brought it */
	uint64_t n;		/* of that archive */
	uint64_t entry_count;
};

void arkf_table_encode_head(struct ark_wr *wr, uint64_t count);
void arkf_table_encode_run(struct ark_wr *wr, const struct arkf_table_run *run);
void arkf_table_encode_end(struct ark_wr *wr);

struct arkf_table_rd {
	struct ark_rd rd;
	uint64_t count;
	uint64_t left;
	uint64_t last_n;
};

enum ark_rc arkf_table_decode(struct arkf_table_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
/* NOTFOUND after the last, CORRUPT. */
enum ark_rc arkf_table_next(struct arkf_table_rd *it, struct arkf_table_run *out,
			    struct ark_err *err) ARK_CHECK;

/* ---- shown (dump.h) ---- */

struct arkf_dump;
void arkf_manifest_dump(struct arkf_dump *d); /* a whole manifest, its boxes closed */
void arkf_head_dump(struct arkf_dump *d);     /* raw bodies */
void arkf_table_dump(struct arkf_dump *d);
