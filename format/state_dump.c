/* state_dump.c - shows states and spills: the files, their pages and pieces. See dump.h. */
#include "format/dump.h"
#include "format/manifest.h"
#include "format/sealed.h"
#include "format/spill.h"
#include "format/state.h"

#include <stdio.h>

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

/* Both files: a head, then boxes with their lengths in front. */
static void dump_file(struct arkf_dump *d, const char *kind, const char *piece)
{
	arkf_dump_header(d, kind);
	arkf_dump_hex(d, "uid", ARK_UID_LEN);
	for (uint64_t i = 0; arkf_dump_left(d); i++) {
		arkf_dump_item(d, piece, i);
		arkf_box_dump(d, "box", arkf_dump_u32(d, "length"));
		arkf_dump_item_end(d);
	}
	arkf_dump_end(d);
}

void arkf_state_file_dump(struct arkf_dump *d)
{
	dump_file(d, ARKF_KIND_STATE, "page");
}

void arkf_spill_file_dump(struct arkf_dump *d)
{
	dump_file(d, ARKF_KIND_SPILL, "piece");
}

/* ---- state ---- */

static void dump_head(struct arkf_dump *d)
{
	arkf_dump_hex(d, "repository", ARK_UID_LEN);
	arkf_dump_hex(d, "archive", ARK_UID_LEN);
	arkf_dump_varint(d, "n");
	arkf_dump_hex(d, "lineage", ARK_UID_LEN);
	arkf_dump_lentext(d, "source", ARKF_SOURCE_NAME_MAX);
	arkf_dump_varint(d, "segments");
}

static void dump_segments(struct arkf_dump *d)
{
	uint64_t count = arkf_dump_count(d, "segments", ARKF_STATE_SEGMENTS_MAX);
	arkf_keylist_dump(d, count);
	for (uint64_t i = 0; i < count && !d->stopped; i++) {
		arkf_dump_item(d, "segment", i);
		arkf_dump_varint(d, "phase");
		arkf_dump_varint(d, "fold_limit");
		arkf_dump_u32(d, "cut_threshold");
		arkf_dump_varint(d, "live");
		arkf_dump_item_end(d);
	}
}

/* The flags of the keys, gone over again for each column. */
struct flags {
	struct ark_span bytes;
	uint64_t i;
};

static bool flags_next(const struct arkf_dump *d, struct flags *f, unsigned *byte)
{
	if (d->stopped || f->i >= f->bytes.len)
		return false;
	*byte = f->bytes.p[f->i++];
	return true;
}

typedef void dump_one_fn(struct arkf_dump *d, unsigned flags, uint64_t i);

static void dump_numbers(struct arkf_dump *d, unsigned flags, uint64_t i)
{
	arkf_dump_varint(d, at("age", i).s);
	if (flags & ARKF_STATE_TOUCHED)
		arkf_dump_varint(d, at("touched_later", i).s);
}

static void dump_len(struct arkf_dump *d, unsigned flags, uint64_t i)
{
	if (!(flags & ARKF_STATE_DELETED))
		arkf_dump_varint(d, at("value_length", i).s);
}

static void dump_expiry(struct arkf_dump *d, unsigned flags, uint64_t i)
{
	if (flags & ARKF_STATE_EXPIRY)
		arkf_dump_zigzag(d, at("expiry", i).s);
}

static void dump_refs(struct arkf_dump *d, unsigned flags, uint64_t i)
{
	unsigned form = (flags & ARKF_STATE_FORM) >> ARKF_STATE_FORM_SHIFT;
	if ((flags & ARKF_STATE_DELETED) || form == ARKF_INLINE)
		return;
	arkf_dump_item(d, "references", i);
	arkf_refs_dump(d, (enum arkf_form)form);
	arkf_dump_item_end(d);
}

static void dump_digest(struct arkf_dump *d, unsigned flags, uint64_t i)
{
	if (!(flags & ARKF_STATE_DELETED))
		arkf_dump_hex(d, at("digest", i).s, ARKF_DIGEST_LEN);
}

static void dump_attr_digest(struct arkf_dump *d, unsigned flags, uint64_t i)
{
	if (flags & ARKF_STATE_ATTR_DIGEST)
		arkf_dump_hex(d, at("attribute_digest", i).s, ARKF_DIGEST_LEN);
}

static void dump_column(struct arkf_dump *d, const char *name, struct ark_span flags,
			dump_one_fn *one)
{
	char full[48];
	unsigned byte;
	snprintf(full, sizeof full, "%s.length", name);
	uint64_t len = arkf_dump_varint(d, full);
	size_t left = arkf_dump_left(d);
	for (struct flags f = { .bytes = flags }; flags_next(d, &f, &byte);)
		one(d, byte, f.i - 1);
	if (!d->stopped && left - arkf_dump_left(d) != len)
		arkf_dump_stop(d, name, "the column before is not as long as it says");
}

static void dump_keys(struct arkf_dump *d)
{
	uint64_t count = arkf_dump_count(d, "keys", ARKF_STATE_PAGE_KEYS_MAX);
	arkf_keylist_dump(d, count);
	const uint8_t *start = d->rd.p;
	for (uint64_t i = 0; i < count && !d->stopped; i++)
		arkf_dump_u8(d, at("flags", i).s);
	struct ark_span flags = ark_span(start, d->stopped ? 0 : (size_t)count);
	dump_column(d, "numbers", flags, dump_numbers);
	dump_column(d, "lengths", flags, dump_len);
	dump_column(d, "expiries", flags, dump_expiry);
	dump_column(d, "references", flags, dump_refs);
	dump_column(d, "digests", flags, dump_digest);
	dump_column(d, "attributes", flags, dump_attr_digest);
}

static void dump_end(struct arkf_dump *d)
{
	arkf_dump_varint(d, "live");
	arkf_dump_varint(d, "deleted");
	arkf_dump_varint(d, "raw_bytes");
}

void arkf_state_page_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	uint64_t kind = arkf_dump_u8(d, "page_kind");
	if (kind == ARKF_STATE_HEAD)
		dump_head(d);
	else if (kind == ARKF_STATE_SEGMENTS)
		dump_segments(d);
	else if (kind == ARKF_STATE_KEYS)
		dump_keys(d);
	else if (kind == ARKF_STATE_END)
		dump_end(d);
	else
		arkf_dump_stop(d, "page", "its kind is unknown");
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

/* ---- spill ---- */

static void dump_content(struct arkf_dump *d, uint64_t form)
{
	uint64_t len = arkf_dump_count(d, "content.length", ARKF_INLINE_MAX);
	size_t left = arkf_dump_left(d);
	if (form != ARKF_SPILL_CHUNKS && form != ARKF_SPILL_RECIPE) {
		arkf_dump_text(d, "content", len);
		return;
	}
	arkf_refs_dump(d, form == ARKF_SPILL_CHUNKS ? ARKF_CHUNKS : ARKF_RECIPE);
	if (!d->stopped && left - arkf_dump_left(d) != len)
		arkf_dump_stop(d, "content", "the references are not as long as it says");
}

static void dump_rec(struct arkf_dump *d)
{
	uint64_t form = arkf_dump_u8(d, "form");
	arkf_dump_u8(d, "type");
	arkf_dump_varint(d, "expiry_plus_1");
	arkf_dump_varint(d, "flags");
	arkf_dump_varint(d, "sequence");
	arkf_dump_hex(d, "digest", ARKF_DIGEST_LEN);
	arkf_dump_lentext(d, "space", ARK_SPACE_MAX);
	arkf_dump_lentext(d, "key", ARK_KEY_MAX);
	arkf_dump_lenhex(d, "meta", ARK_META_MAX);
	arkf_dump_varint(d, "value_length");
	dump_content(d, form);
}

void arkf_spill_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	for (uint64_t i = 0; arkf_dump_left(d) && *d->rd.p; i++) {
		arkf_dump_item(d, "record", i);
		dump_rec(d);
		arkf_dump_item_end(d);
	}
	arkf_dump_u8(d, "no_more_records");
	arkf_dump_ext(d);
	arkf_dump_end(d);
}
