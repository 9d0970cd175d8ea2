/* places_dump.c - shows places fragments and remaps. See dump.h. */
#include "format/dump.h"
#include "format/places.h"
#include "format/remap.h"

#include <stdio.h>

static void dump_pack(struct arkf_dump *d, uint64_t index)
{
	arkf_dump_item(d, "pack", index);
	arkf_dump_hex(d, "name", ARK_ID_LEN);
	arkf_dump_varint(d, "length");
	unsigned datakeys = (unsigned)arkf_dump_count(d, "datakeys", ARKF_PACK_DATAKEYS_MAX);
	uint64_t frames = arkf_dump_varint(d, "frames");
	for (unsigned i = 0; i < datakeys && !d->stopped; i++) {
		char name[32];
		snprintf(name, sizeof name, "datakey[%u]", i);
		arkf_dump_varint(d, name);
	}
	for (uint64_t i = 0; i < frames && !d->stopped; i++)
		arkf_footer_entry_dump(d, i);
	arkf_dump_item_end(d);
}

void arkf_places_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	arkf_dump_hex(d, "session", ARK_UID_LEN);
	arkf_dump_hex(d, "lineage", ARK_UID_LEN);
	uint64_t count = arkf_dump_count(d, "datakeys", ARKF_PACKTABLE_DATAKEYS_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++)
		arkf_datakey_dump(d, "datakey", i);
	count = arkf_dump_count(d, "packs", ARKF_PACKTABLE_PACKS_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++)
		dump_pack(d, i);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

static void dump_stretch(struct arkf_dump *d, uint64_t index)
{
	arkf_dump_item(d, "stretch", index);
	arkf_dump_varint(d, "skipped");
	uint64_t frames = arkf_dump_varint(d, "frames");
	for (uint64_t i = 0; i < frames && !d->stopped; i++) {
		char name[48];
		snprintf(name, sizeof name, "id[%llu]", (unsigned long long)i);
		arkf_dump_hex(d, name, ARK_ID_LEN);
		arkf_place_dump(d, "place", i);
	}
	arkf_dump_item_end(d);
}

void arkf_remap_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	arkf_dump_hex(d, "session", ARK_UID_LEN);
	arkf_packtable_dump(d);
	uint64_t count = arkf_dump_count(d, "old_packs", ARKF_REMAP_PACKS_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++) {
		arkf_dump_item(d, "old_pack", i);
		arkf_dump_hex(d, "name", ARK_ID_LEN);
		uint64_t stretches = arkf_dump_varint(d, "stretches");
		for (uint64_t k = 0; k < stretches && !d->stopped; k++)
			dump_stretch(d, k);
		arkf_dump_item_end(d);
	}
	arkf_dump_ext(d);
	arkf_dump_end(d);
}
