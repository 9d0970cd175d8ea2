/* run_dump.c - shows index pages, runs, their roots and refs. See dump.h. */
#include "format/dump.h"
#include "format/page.h"
#include "format/run.h"
#include "format/sealed.h"

#include <stdio.h>

static void dump_filter(struct arkf_dump *d)
{
	arkf_dump_u64(d, "filter.seed");
	arkf_dump_varint(d, "filter.segment_length");
	arkf_dump_varint(d, "filter.segments");
	arkf_dump_lenhex(d, "filter.fingerprints", ARKF_PAGE_RAW_MAX);
}

void arkf_page_dump(struct arkf_dump *d)
{
	char name[32];
	arkf_dump_u8(d, "version");
	uint64_t flags = arkf_dump_u8(d, "flags");
	uint64_t count = arkf_dump_count(d, "blocks", ARKF_PAGE_BLOCKS_MAX);
	arkf_packtable_dump(d);
	arkf_keylist_dump(d, count);
	for (unsigned i = 0; i < count && !d->stopped; i++) {
		snprintf(name, sizeof name, "id[%u]", i);
		arkf_dump_hex(d, name, ARK_ID_LEN);
	}
	for (unsigned i = 0; i < count && !d->stopped; i++)
		arkf_place_dump(d, "place", i);
	for (unsigned i = 0; i < count && !d->stopped; i++) {
		snprintf(name, sizeof name, "entries[%u]", i);
		arkf_dump_varint(d, name);
	}
	if (flags & ARKF_PAGE_FILTER)
		dump_filter(d);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

void arkf_run_dump(struct arkf_dump *d)
{
	arkf_dump_header(d, ARKF_KIND_RUN);
	arkf_dump_hex(d, "uid", ARK_UID_LEN);
	arkf_datakey_dump(d, "datakey", 0);
	size_t left = arkf_dump_left(d);
	struct arkf_run_tail tail;
	if (d->stopped)
		return;
	if (left < ARKF_RUN_TAIL_LEN ||
	    arkf_run_tail_decode(&tail, ark_span(d->rd.end - ARKF_RUN_TAIL_LEN, ARKF_RUN_TAIL_LEN),
				 d->bytes.len, NULL) ||
	    tail.root_off < d->bytes.len - left) {
		arkf_dump_stop(d, "pages", "the run does not end as one: cut off or damaged");
		return;
	}
	/* where one page ends and the next begins stands in the root, which is sealed */
	arkf_dump_hex(d, "pages", tail.root_off - (d->bytes.len - left));
	arkf_box_dump(d, "root", tail.root_len);
	arkf_box_dump(d, "refs", tail.refs_len);
	arkf_dump_u64(d, "root.offset");
	arkf_dump_u32(d, "root.length");
	arkf_dump_u32(d, "refs.length");
	arkf_dump_text(d, "end", 4);
	arkf_dump_end(d);
}

static void dump_column(struct arkf_dump *d, const char *column, uint64_t count)
{
	for (uint64_t i = 0; i < count && !d->stopped; i++) {
		char name[48];
		snprintf(name, sizeof name, "%s[%llu]", column, (unsigned long long)i);
		arkf_dump_varint(d, name);
	}
}

void arkf_root_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	uint64_t count = arkf_dump_count(d, "pages", ARKF_RUN_PAGES_MAX);
	arkf_keylist_dump(d, count);
	dump_column(d, "length", count);
	dump_column(d, "entries", count);
	dump_column(d, "blocks", count);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

/* How many frames pack no has; packs: a reader at the first pack. Walked anew for each, as a dump
 * keeps nothing. */
static uint64_t frames_of(struct ark_rd packs, uint64_t no)
{
	uint64_t frames = 0;
	for (uint64_t i = 0; i <= no && !packs.bad; i++) {
		ark_rd_bytes(&packs, ARK_ID_LEN);
		frames = ark_rd_varint(&packs);
	}
	return frames;
}

struct pack_list {
	struct ark_rd rd; /* at the first pack */
	uint64_t count;
};

static void dump_slice(struct arkf_dump *d, uint64_t index, const struct pack_list *packs)
{
	static const char *const counts[] = { "from", "puts", "touches", "deletes", "raw_bytes" };
	arkf_dump_item(d, "slice", index);
	arkf_dump_u8(d, "kind");
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		arkf_dump_varint(d, counts[i]);
	uint64_t uses = arkf_dump_count(d, "packs", packs->count);
	for (uint64_t i = 0; i < uses && !d->stopped; i++) {
		arkf_dump_item(d, "use", i);
		uint64_t no = arkf_dump_varint(d, "pack");
		if (no >= packs->count)
			arkf_dump_stop(d, "frames", "there is no pack of that number");
		else
			arkf_dump_hex(d, "frames", arkf_bitmap_len(frames_of(packs->rd, no)));
		arkf_dump_item_end(d);
	}
	arkf_dump_item_end(d);
}

void arkf_runrefs_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	struct pack_list packs = { .count = arkf_dump_count(d, "packs", ARKF_RUN_PACKS_MAX) };
	packs.rd = d->rd;
	for (uint64_t i = 0; i < packs.count && !d->stopped; i++) {
		arkf_dump_item(d, "pack", i);
		arkf_dump_hex(d, "name", ARK_ID_LEN);
		arkf_dump_varint(d, "frames");
		arkf_dump_item_end(d);
	}
	uint64_t slices = arkf_dump_count(d, "slices", ARKF_RUN_SLICES_MAX);
	for (uint64_t i = 0; i < slices && !d->stopped; i++)
		dump_slice(d, i, &packs);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}
