/* pack_dump.c - shows data keys, packs and their parts, pack tables, places, hints. See dump.h. */
#include "format/dump.h"
#include "format/pack.h"
#include "format/packtable.h"
#include "format/sealed.h"

void arkf_datakey_dump(struct arkf_dump *d, const char *name, uint64_t index)
{
	arkf_dump_item(d, name, index);
	arkf_dump_hex(d, "id", ARK_UID_LEN);
	arkf_dump_u32(d, "ring");
	arkf_dump_hex(d, "sealed", arkf_dump_u16(d, "sealed.length"));
	arkf_dump_item_end(d);
}

static void dump_frame(struct arkf_dump *d, uint64_t index)
{
	arkf_dump_item(d, "frame", index);
	arkf_dump_hex(d, "mark", 4);
	arkf_dump_u16(d, "datakey");
	uint64_t clen = arkf_dump_u32(d, "clen");
	arkf_dump_hex(d, "id", ARK_ID_LEN);
	arkf_dump_hex(d, "nonce", ARKF_BOX_NONCE_LEN);
	arkf_dump_hex(d, "ciphertext", clen);
	arkf_dump_hex(d, "tag", ARKF_BOX_TAG_LEN);
	arkf_dump_item_end(d);
}

void arkf_pack_dump(struct arkf_dump *d)
{
	arkf_dump_header(d, ARKF_KIND_PACK);
	uint64_t count = arkf_dump_u16(d, "datakeys");
	for (uint64_t i = 0; i < count && !d->stopped; i++)
		arkf_datakey_dump(d, "datakey", i);
	uint32_t footer_len;
	struct ark_span left = ark_span(d->rd.p, arkf_dump_left(d));
	if (d->stopped)
		return;
	if (left.len < ARKF_PACK_TAIL_LEN ||
	    arkf_pack_tail_decode(
		    &footer_len,
		    ark_span(left.p + left.len - ARKF_PACK_TAIL_LEN, ARKF_PACK_TAIL_LEN), NULL) ||
	    footer_len > left.len - ARKF_PACK_TAIL_LEN)
		footer_len = 0; /* a pack that was cut off: its frames, as far as they go */
	size_t behind = footer_len ? footer_len + ARKF_PACK_TAIL_LEN : 0;
	for (uint64_t i = 0; arkf_dump_left(d) > behind; i++)
		dump_frame(d, i);
	arkf_box_dump(d, "footer", footer_len);
	arkf_dump_u32(d, "footer.length");
	arkf_dump_text(d, "end", 4);
	arkf_dump_end(d);
}

void arkf_frame_plain_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "type");
	arkf_dump_u8(d, "codec");
	arkf_dump_varint(d, "raw_length");
	uint64_t trailer = arkf_dump_count(d, "trailer.length", ARKF_TRAILER_MAX);
	if (trailer > arkf_dump_left(d))
		arkf_dump_stop(d, "packed", "the trailer is longer than what is left");
	arkf_dump_hex(d, "packed", arkf_dump_left(d) - (d->stopped ? 0 : trailer));
	arkf_dump_hex(d, "trailer", trailer);
	arkf_dump_end(d);
}

void arkf_footer_entry_dump(struct arkf_dump *d, uint64_t index)
{
	arkf_dump_item(d, "frame", index);
	arkf_dump_hex(d, "id", ARK_ID_LEN);
	arkf_dump_u8(d, "type");
	arkf_dump_varint(d, "clen");
	arkf_dump_varint(d, "raw_length");
	arkf_dump_varint(d, "datakey");
	arkf_dump_item_end(d);
}

void arkf_footer_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	uint64_t count = arkf_dump_varint(d, "frames");
	for (uint64_t i = 0; i < count && !d->stopped; i++)
		arkf_footer_entry_dump(d, i);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

void arkf_packtable_dump(struct arkf_dump *d)
{
	uint64_t count = arkf_dump_count(d, "datakeys", ARKF_PACKTABLE_DATAKEYS_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++)
		arkf_datakey_dump(d, "datakey", i);
	count = arkf_dump_count(d, "packs", ARKF_PACKTABLE_PACKS_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++) {
		arkf_dump_item(d, "pack", i);
		arkf_dump_hex(d, "name", ARK_ID_LEN);
		uint64_t pairs = arkf_dump_count(d, "datakeys", ARKF_PACK_DATAKEYS_MAX);
		for (uint64_t k = 0; k < pairs && !d->stopped; k++) {
			arkf_dump_item(d, "datakey", k);
			arkf_dump_varint(d, "in_pack");
			arkf_dump_varint(d, "in_table");
			arkf_dump_item_end(d);
		}
		arkf_dump_item_end(d);
	}
}

static void dump_place_rest(struct arkf_dump *d)
{
	arkf_dump_varint(d, "frame");
	arkf_dump_varint(d, "offset");
	arkf_dump_varint(d, "clen");
}

void arkf_place_dump(struct arkf_dump *d, const char *name, uint64_t index)
{
	arkf_dump_item(d, name, index);
	arkf_dump_varint(d, "pack");
	dump_place_rest(d);
	arkf_dump_item_end(d);
}

void arkf_hints_dump(struct arkf_dump *d)
{
	arkf_packtable_dump(d);
	for (uint64_t i = 0; arkf_dump_left(d); i++) {
		arkf_dump_item(d, "hint", i);
		if (arkf_dump_varint(d, "pack_plus_1"))
			dump_place_rest(d);
		arkf_dump_item_end(d);
	}
}
