/* pack.c - see pack.h. */
#include "format/pack.h"

#include "format/sealed.h"

static const uint8_t frame_mark[4] = { 0xa7, 0x6b, 0x76, 0x46 };
static const char tail_mark[] = "PEND";

enum { EXT_SALT = 2 };

void arkf_pack_head_encode(struct ark_wr *wr, enum ark_suite suite, unsigned datakey_count)
{
	arkf_header_encode(wr, ARKF_KIND_PACK, suite);
	ark_wr_u16(wr, (uint16_t)datakey_count);
}

enum ark_rc arkf_pack_head_decode(struct ark_rd *rd, enum ark_suite *suite, unsigned *datakey_count,
				  struct ark_err *err)
{
	enum ark_rc rc = arkf_header_decode(rd, ARKF_KIND_PACK, "pack", suite, err);
	if (rc)
		return rc;
	unsigned count = ark_rd_u16(rd);
	if (rd->bad || count < 1 || count > ARKF_PACK_DATAKEYS_MAX)
		return ark_fail(err, ARK_CORRUPT, "pack: says it has %u data keys", count);
	*datakey_count = count;
	return ARK_OK;
}

void arkf_frame_encode(uint8_t out[ARKF_FRAME_HEADER_LEN], const struct arkf_frame *frame)
{
	struct ark_wr wr = ark_wr(out, ARKF_FRAME_HEADER_LEN);
	ark_wr_bytes(&wr, ark_span(frame_mark, sizeof frame_mark));
	ark_wr_u16(&wr, frame->datakey_no);
	ark_wr_u32(&wr, frame->clen);
	ark_wr_bytes(&wr, ark_span(frame->id.b, sizeof frame->id.b));
}

enum ark_rc arkf_frame_decode(struct arkf_frame *out, struct ark_span bytes, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(bytes);
	uint8_t mark[sizeof frame_mark];
	ark_rd_copy(&rd, mark, sizeof mark);
	struct arkf_frame frame;
	frame.datakey_no = ark_rd_u16(&rd);
	frame.clen = ark_rd_u32(&rd);
	ark_rd_copy(&rd, frame.id.b, sizeof frame.id.b);
	if (rd.bad || memcmp(mark, frame_mark, sizeof mark) != 0)
		return ark_fail(err, ARK_CORRUPT, "no frame begins here");
	*out = frame;
	return ARK_OK;
}

void arkf_frame_plain_encode_head(struct ark_wr *wr, const struct arkf_frame_plain *plain)
{
	ark_wr_u8(wr, (uint8_t)plain->type);
	ark_wr_u8(wr, plain->codec);
	ark_wr_varint(wr, plain->raw_len);
	ark_wr_varint(wr, plain->trailer.len);
}

static uint32_t raw_max(uint8_t type)
{
	return type == ARKF_FRAME_BLOCK ? ARKF_BLOCK_RAW_MAX : ARKF_CHUNK_RAW_MAX;
}

enum ark_rc arkf_frame_plain_decode(struct arkf_frame_plain *out, struct ark_span bytes,
				    struct ark_err *err)
{
	struct ark_rd rd = ark_rd(bytes);
	uint8_t type = ark_rd_u8(&rd);
	uint8_t codec = ark_rd_u8(&rd);
	uint64_t raw_len = ark_rd_varint(&rd);
	uint64_t trailer_len = ark_rd_varint(&rd);
	if (rd.bad || type == 0 || trailer_len > ark_rd_left(&rd))
		return ark_fail(err, ARK_CORRUPT, "frame: a field is cut off or out of range");
	if (type > ARKF_FRAME_RECIPE || codec > 1)
		return ark_fail(err, ARK_UNSUPPORTED, "frame: type %u, codec %u: use a newer arkv",
				type, codec);
	if (raw_len > raw_max(type) || trailer_len > ARKF_TRAILER_MAX)
		return ark_fail(err, ARK_LIMIT,
				"frame: %llu raw bytes are more than any writer makes",
				(unsigned long long)raw_len);
	struct ark_span packed = ark_rd_bytes(&rd, ark_rd_left(&rd) - trailer_len);
	if (codec == 0 && packed.len != raw_len)
		return ark_fail(err, ARK_CORRUPT, "frame: stored bytes are not as long as it says");
	*out = (struct arkf_frame_plain){
		.type = (enum arkf_frame_type)type,
		.codec = codec,
		.raw_len = (uint32_t)raw_len,
		.packed = packed,
		.trailer = ark_rd_bytes(&rd, trailer_len),
	};
	return ARK_OK;
}

void arkf_footer_encode_head(struct ark_wr *wr, uint64_t count)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_varint(wr, count);
}

void arkf_footer_encode_entry(struct ark_wr *wr, const struct arkf_footer_entry *entry)
{
	ark_wr_bytes(wr, ark_span(entry->id.b, sizeof entry->id.b));
	ark_wr_u8(wr, (uint8_t)entry->type);
	ark_wr_varint(wr, entry->clen);
	ark_wr_varint(wr, entry->raw_len);
	ark_wr_varint(wr, entry->datakey_no);
}

void arkf_footer_encode_end(struct ark_wr *wr)
{
	arkf_ext_encode_none(wr);
}

void arkf_footer_encode_end_salted(struct ark_wr *wr, const uint8_t salt[16])
{
	ark_wr_varint(wr, 1);
	ark_wr_varint(wr, EXT_SALT);
	ark_wr_lenbytes(wr, ark_span(salt, 16));
}

enum ark_rc arkf_footer_decode(struct arkf_footer_rd *it, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, "pack footer", err);
	if (rc)
		return rc;
	uint64_t count = ark_rd_varint(&rd);
	if (!ark_rd_fits(&rd, count, ARKF_FOOTER_ENTRY_LEN_MIN))
		return ark_fail(err, ARK_CORRUPT,
				"pack footer: lists more frames than it has bytes for");
	*it = (struct arkf_footer_rd){ .rd = rd, .count = count, .left = count };
	return ARK_OK;
}

enum ark_rc arkf_footer_entry_decode(struct ark_rd *rd, struct arkf_footer_entry *out,
				     const char *what, struct ark_err *err)
{
	struct arkf_footer_entry entry;
	ark_rd_copy(rd, entry.id.b, sizeof entry.id.b);
	uint8_t type = ark_rd_u8(rd);
	uint64_t clen = ark_rd_varint(rd);
	uint64_t raw_len = ark_rd_varint(rd);
	uint64_t datakey_no = ark_rd_varint(rd);
	if (rd->bad || type == 0 || clen > ARKF_PACK_LEN_MAX ||
	    datakey_no >= ARKF_PACK_DATAKEYS_MAX || raw_len > raw_max(type))
		return ark_fail(err, ARK_CORRUPT, "%s: an entry is cut off or out of range", what);
	if (type > ARKF_FRAME_RECIPE)
		return ark_fail(err, ARK_UNSUPPORTED, "%s: frame type %u: use a newer arkv", what,
				type);
	entry.type = (enum arkf_frame_type)type;
	entry.clen = (uint32_t)clen;
	entry.raw_len = (uint32_t)raw_len;
	entry.datakey_no = (uint16_t)datakey_no;
	*out = entry;
	return ARK_OK;
}

enum ark_rc arkf_footer_next(struct arkf_footer_rd *it, struct arkf_footer_entry *out,
			     struct ark_err *err)
{
	if (it->left == 0) {
		enum ark_rc rc = arkf_ext_decode(&it->rd, "pack footer", err);
		if (!rc)
			rc = arkf_end(&it->rd, "pack footer", err);
		return rc ? rc : ARK_NOTFOUND;
	}
	enum ark_rc rc = arkf_footer_entry_decode(&it->rd, out, "pack footer", err);
	if (!rc)
		it->left--;
	return rc;
}

void arkf_pack_tail_encode(struct ark_wr *wr, uint32_t footer_len)
{
	ark_wr_u32(wr, footer_len);
	ark_wr_bytes(wr, ark_span(tail_mark, 4));
}

enum ark_rc arkf_pack_tail_decode(uint32_t *footer_len, struct ark_span bytes, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(bytes);
	uint32_t len = ark_rd_u32(&rd);
	struct ark_span mark = ark_rd_bytes(&rd, 4);
	if (!ark_rd_done(&rd) || memcmp(mark.p, tail_mark, 4) != 0 || len < ARKF_BOX_LEN_MIN)
		return ark_fail(err, ARK_CORRUPT,
				"pack: does not end as a pack does: cut off or damaged");
	*footer_len = len;
	return ARK_OK;
}
