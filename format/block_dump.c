/* block_dump.c - shows key lists, blocks and recipes, column by column. See dump.h. */
#include "format/block.h"
#include "format/dump.h"
#include "format/pack.h"

#include <stdio.h>

/* A column begins with its length; what stands in it must end there. */
struct fence {
	const char *name;
	uint64_t len;
	size_t from; /* bytes left where the column began */
};

static struct fence fence_begin(struct arkf_dump *d, const char *name)
{
	char full[ARKF_DUMP_NAME_MAX];
	snprintf(full, sizeof full, "%s.length", name);
	struct fence f = { .name = name, .len = arkf_dump_varint(d, full) };
	f.from = arkf_dump_left(d);
	return f;
}

static void fence_end(struct arkf_dump *d, const struct fence *f)
{
	if (!d->stopped && f->from - arkf_dump_left(d) != f->len)
		arkf_dump_stop(d, f->name, "the column before is not as long as it says");
}

/* "name[i]", for use within a call. */
struct name {
	char s[48];
};

static struct name at(const char *name, uint64_t i)
{
	struct name out;
	snprintf(out.s, sizeof out.s, "%s[%llu]", name, (unsigned long long)i);
	return out;
}

static void dump_groups(struct arkf_dump *d)
{
	uint64_t groups = arkf_dump_varint(d, "groups");
	for (uint64_t i = 0; i < groups && !d->stopped; i++) {
		arkf_dump_item(d, "group", i);
		arkf_dump_lentext(d, "space", ARK_SPACE_MAX);
		arkf_dump_varint(d, "keys");
		arkf_dump_item_end(d);
	}
}

void arkf_keylist_dump(struct arkf_dump *d, uint64_t n)
{
	dump_groups(d);
	struct fence f = fence_begin(d, "shared");
	for (uint64_t i = 0; i < n && !d->stopped; i++)
		arkf_dump_varint(d, at("shared", i).s);
	fence_end(d, &f);
	f = fence_begin(d, "suffix_length");
	struct ark_rd lens = d->rd;
	for (uint64_t i = 0; i < n && !d->stopped; i++)
		arkf_dump_varint(d, at("suffix_length", i).s);
	fence_end(d, &f);
	f = fence_begin(d, "suffix");
	for (uint64_t i = 0; i < n && !d->stopped; i++) {
		arkf_dump_text(d, at("suffix", i).s, ark_rd_varint(&lens));
	}
	fence_end(d, &f);
}

/* ---- references ---- */

static void dump_ref(struct arkf_dump *d, const char *name, uint64_t index)
{
	arkf_dump_item(d, name, index);
	arkf_dump_varint(d, "length");
	arkf_dump_hex(d, "id", ARK_ID_LEN);
	arkf_dump_item_end(d);
}

void arkf_refs_dump(struct arkf_dump *d, enum arkf_form form)
{
	if (form == ARKF_RECIPE) {
		arkf_dump_u8(d, "depth");
		arkf_dump_hex(d, "id", ARK_ID_LEN);
		return;
	}
	uint64_t count = arkf_dump_count(d, "chunks", ARKF_REFS_CHUNKS_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++)
		dump_ref(d, "chunk", i);
}

void arkf_recipe_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	arkf_dump_u8(d, "depth");
	uint64_t count = arkf_dump_count(d, "items", ARKF_RECIPE_ITEMS_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++)
		dump_ref(d, "item", i);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

/* ---- blocks ---- */

/* What a kind byte says; the second reader goes over the kinds again for each column. */
struct kinds {
	struct ark_rd rd;
	uint64_t i; /* entry */
	uint8_t byte;
};

static bool kinds_next(struct arkf_dump *d, struct kinds *k)
{
	if (d->stopped || !ark_rd_left(&k->rd))
		return false;
	k->byte = ark_rd_u8(&k->rd);
	k->i++;
	return true;
}

static struct kinds kinds_of(struct ark_span bytes)
{
	return (struct kinds){ .rd = ark_rd(bytes), .i = UINT64_MAX };
}

static bool is_put(const struct kinds *k)
{
	return (k->byte & ARKF_ENTRY_KIND) == ARKF_PUT;
}

static enum arkf_form form_of(const struct kinds *k)
{
	return (enum arkf_form)((k->byte & ARKF_ENTRY_FORM) >> ARKF_ENTRY_FORM_SHIFT);
}

static struct ark_span dump_kinds(struct arkf_dump *d, uint64_t n)
{
	const uint8_t *start = d->rd.p;
	for (uint64_t i = 0; i < n && !d->stopped; i++) {
		arkf_dump_u8(d, at("kind", i).s);
	}
	return ark_span(start, d->stopped ? 0 : (size_t)n);
}

/* Returns a reader over the lengths of meta. */
static struct ark_rd dump_attributes(struct arkf_dump *d, struct ark_span kinds)
{
	for (struct kinds k = kinds_of(kinds); kinds_next(d, &k);)
		if (is_put(&k))
			arkf_dump_u8(d, at("type", k.i).s);
	for (struct kinds k = kinds_of(kinds); kinds_next(d, &k);)
		if (k.byte & ARKF_ENTRY_EXPIRY)
			arkf_dump_zigzag(d, at("expiry", k.i).s);
	for (struct kinds k = kinds_of(kinds); kinds_next(d, &k);)
		if (k.byte & ARKF_ENTRY_FLAGS)
			arkf_dump_varint(d, at("flags", k.i).s);
	struct ark_rd meta_lens = d->rd;
	for (struct kinds k = kinds_of(kinds); kinds_next(d, &k);)
		if (k.byte & ARKF_ENTRY_META)
			arkf_dump_varint(d, at("meta_length", k.i).s);
	return meta_lens;
}

static void dump_values(struct arkf_dump *d, struct ark_span kinds, struct ark_rd meta_lens)
{
	struct ark_rd value_lens = d->rd;
	for (struct kinds k = kinds_of(kinds); kinds_next(d, &k);)
		if (is_put(&k))
			arkf_dump_varint(d, at("value_length", k.i).s);
	for (struct kinds k = kinds_of(kinds); kinds_next(d, &k);)
		if (is_put(&k) && form_of(&k) != ARKF_INLINE) {
			arkf_dump_item(d, "references", k.i);
			arkf_refs_dump(d, form_of(&k));
			arkf_dump_item_end(d);
		}
	for (struct kinds k = kinds_of(kinds); kinds_next(d, &k);)
		if (k.byte & ARKF_ENTRY_META)
			arkf_dump_hex(d, at("meta", k.i).s, ark_rd_varint(&meta_lens));
	for (struct kinds k = kinds_of(kinds); kinds_next(d, &k);) {
		uint64_t len = is_put(&k) ? ark_rd_varint(&value_lens) : 0;
		if (is_put(&k) && form_of(&k) == ARKF_INLINE)
			arkf_dump_text(d, at("value", k.i).s, len);
	}
}

void arkf_block_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	uint64_t n = arkf_dump_count(d, "entries", ARKF_BLOCK_ENTRIES_MAX);
	arkf_keylist_dump(d, n);
	struct fence f = fence_begin(d, "attributes");
	struct ark_span kinds = dump_kinds(d, n);
	struct ark_rd meta_lens = dump_attributes(d, kinds);
	fence_end(d, &f);
	f = fence_begin(d, "values");
	dump_values(d, kinds, meta_lens);
	fence_end(d, &f);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}
