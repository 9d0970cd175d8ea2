/*
 * block.h - a block's canonical plaintext: entries in columns (spec/06-block.md).
 */
#pragma once

#include "format/id.h"
#include "format/keylist.h"

enum {
	ARKF_BLOCK_ENTRIES_MAX = 131072,
	ARKF_INLINE_MAX = 16384,
	ARKF_REFS_CHUNKS_MAX = 8,
	ARKF_REFS_LEN_MAX = 1 + ARKF_REFS_CHUNKS_MAX * (3 + ARK_ID_LEN),
	ARKF_RECIPE_ITEMS_MAX = 32768,
	ARKF_RECIPE_DEPTH_MAX = 4,
	/* where blocks end */
	ARKF_BLOCK_WEIGHT_MIN = 16384,
	ARKF_BLOCK_WEIGHT_AIM = 73728, /* about 64 KiB raw */
	ARKF_BLOCK_WEIGHT_MAX = 262144,
	ARKF_ENTRY_WEIGHT = 16,
};

enum arkf_kind {
	ARKF_PUT = 0,
	ARKF_TOUCH = 1,
	ARKF_DELETE = 2,
};

enum arkf_form {
	ARKF_INLINE = 0,
	ARKF_CHUNKS = 1,
	ARKF_RECIPE = 2,
};

/* The kind byte of an entry: masks and bits. */
enum {
	ARKF_ENTRY_KIND = 0x03,
	ARKF_ENTRY_FORM = 0x0c,
	ARKF_ENTRY_FORM_SHIFT = 2,
	ARKF_ENTRY_EXPIRY = 0x10,
	ARKF_ENTRY_FLAGS = 0x20,
	ARKF_ENTRY_META = 0x40,
	ARKF_ENTRY_RESERVED = 0x80,
};

struct arkf_entry {
	struct ark_record rec; /* type and value_len: puts only */
	struct ark_span body;  /* inline: the value; chunks, recipe: the encoded references */
	enum arkf_kind kind;
	enum arkf_form form;
};

/* What an entry weighs when blocks are cut. */
size_t arkf_entry_weight(const struct arkf_entry *entry);

/* Writes the block of n entries, 1 to ARKF_BLOCK_ENTRIES_MAX, in ascending order of space and
 * key. */
void arkf_block_encode(struct ark_wr *wr, const struct arkf_entry *entries, size_t n);

struct arkf_block_rd {
	struct arkf_keylist_rd keys;
	struct ark_rd kinds;
	struct ark_rd types;
	struct ark_rd expiries;
	struct ark_rd flags;
	struct ark_rd meta_lens;
	struct ark_rd value_lens;
	struct ark_rd refs;
	struct ark_rd metas;
	struct ark_rd values;
	uint64_t last_expiry;
	uint64_t count;
};

/* Checks the whole frame of the block (columns, counts, ends). CORRUPT, UNSUPPORTED. raw must
 * stay. */
enum ark_rc arkf_block_decode(struct arkf_block_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
/* The next entry; spans borrow raw, the key it->keys.key. NOTFOUND after the last, CORRUPT. */
enum ark_rc arkf_block_next(struct arkf_block_rd *it, struct arkf_entry *out, struct ark_err *err)
	ARK_CHECK;

/* ---- references ---- */

struct arkf_ref {
	struct ark_id id;
	uint64_t len; /* raw bytes of the value below it; a recipe of an entry: all of the value */
};

/* refs: at most ARKF_REFS_CHUNKS_MAX chunks. */
void arkf_refs_encode_chunks(struct ark_wr *wr, const struct arkf_ref *refs, size_t count);
void arkf_refs_encode_recipe(struct ark_wr *wr, unsigned depth, const struct ark_id *id);

struct arkf_refs {
	unsigned depth; /* 0: chunks; else the depth of the one recipe in ref[0] */
	size_t count;
	struct arkf_ref ref[ARKF_REFS_CHUNKS_MAX];
};

/* The references of form (chunks or recipe) that stand at rd, which steps over them; sets rd->bad
 * when they are cut off or say they are too many. */
struct ark_span arkf_refs_take(struct ark_rd *rd, enum arkf_form form);
/* body and form of an entry of value_len. CORRUPT. */
enum ark_rc arkf_refs_decode(struct arkf_refs *out, struct ark_span body, enum arkf_form form,
			     uint64_t value_len, struct ark_err *err) ARK_CHECK;

/* ---- recipes ---- */

void arkf_recipe_encode_head(struct ark_wr *wr, unsigned depth, uint64_t count);
void arkf_recipe_encode_item(struct ark_wr *wr, const struct arkf_ref *ref);
void arkf_recipe_encode_end(struct ark_wr *wr);

struct arkf_recipe_rd {
	struct ark_rd rd;
	unsigned depth;
	uint64_t count;
	uint64_t left;
};

enum ark_rc arkf_recipe_decode(struct arkf_recipe_rd *it, struct ark_span raw, struct ark_err *err)
	ARK_CHECK;
/* NOTFOUND after the last item, CORRUPT. */
enum ark_rc arkf_recipe_next(struct arkf_recipe_rd *it, struct arkf_ref *out, struct ark_err *err)
	ARK_CHECK;

/* ---- shown (dump.h) ---- */

struct arkf_dump;
void arkf_block_dump(struct arkf_dump *d);
void arkf_recipe_dump(struct arkf_dump *d);
/* The references of form (chunks or recipe); what follows is left. */
void arkf_refs_dump(struct arkf_dump *d, enum arkf_form form);
