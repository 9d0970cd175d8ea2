/* places.c - see places.h. */
#include "format/places.h"

static const char noun[] = "places fragment";

const struct arkf_sealed_shape arkf_places_shape = { .kind = ARKF_KIND_PLACES, .noun = noun };

/* What stands behind the last frame at least: an empty footer box, its length, the mark. */
enum { PACK_REST_MIN = ARKF_BOX_LEN_MIN + ARKF_PACK_TAIL_LEN };

void arkf_places_encode_head(struct ark_wr *wr, const struct arkf_places *places)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_bytes(wr, ark_span(places->session.b, sizeof places->session.b));
	ark_wr_bytes(wr, ark_span(places->lineage.b, sizeof places->lineage.b));
	ark_wr_varint(wr, places->datakey_count);
}

void arkf_places_encode_packs(struct ark_wr *wr, uint64_t count)
{
	ark_wr_varint(wr, count);
}

void arkf_places_encode_pack(struct ark_wr *wr, const struct arkf_places_pack *pack)
{
	ark_wr_bytes(wr, ark_span(pack->name.b, sizeof pack->name.b));
	ark_wr_varint(wr, pack->len);
	ark_wr_varint(wr, pack->datakey_count);
	ark_wr_varint(wr, pack->frame_count);
}

void arkf_places_encode_no(struct ark_wr *wr, uint32_t no_in_list)
{
	ark_wr_varint(wr, no_in_list);
}

void arkf_places_encode_end(struct ark_wr *wr)
{
	arkf_ext_encode_none(wr);
}

static enum ark_rc corrupt(const char *field, struct ark_err *err)
{
	return ark_fail(err, ARK_CORRUPT, "%s: %s is cut off or out of range", noun, field);
}

enum ark_rc arkf_places_decode(struct arkf_places_rd *it, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, noun, err);
	if (rc)
		return rc;
	struct arkf_places head;
	ark_rd_copy(&rd, head.session.b, sizeof head.session.b);
	ark_rd_copy(&rd, head.lineage.b, sizeof head.lineage.b);
	head.datakey_count = ark_rd_varint(&rd);
	if (head.datakey_count > ARKF_PACKTABLE_DATAKEYS_MAX ||
	    !ark_rd_fits(&rd, head.datakey_count, ARKF_DATAKEY_LEN_MIN))
		return corrupt("its head", err);
	*it = (struct arkf_places_rd){ .rd = rd,
				       .head = head,
				       .datakeys_left = head.datakey_count };
	return ARK_OK;
}

/* The count of packs stands behind the data keys, so it is read when the last of those is. */
static enum ark_rc packs_begin(struct arkf_places_rd *it, struct ark_err *err)
{
	it->pack_count = ark_rd_varint(&it->rd);
	/* name, length, two counts, the number of one data key */
	if (it->pack_count > ARKF_PACKTABLE_PACKS_MAX ||
	    !ark_rd_fits(&it->rd, it->pack_count, ARK_ID_LEN + 4))
		return corrupt("the count of packs", err);
	it->packs_left = it->pack_count;
	it->in_packs = true;
	return ARK_OK;
}

enum ark_rc arkf_places_datakey_next(struct arkf_places_rd *it, struct arkf_datakey *out,
				     struct ark_err *err)
{
	if (it->datakeys_left == 0) {
		enum ark_rc rc = it->in_packs ? ARK_OK : packs_begin(it, err);
		return rc ? rc : ARK_NOTFOUND;
	}
	struct arkf_datakey key;
	arkf_datakey_decode(&it->rd, &key);
	uint32_t len = arkf_datakey_len(&key);
	if (it->rd.bad || (it->datakey_len && it->datakey_len != len))
		return corrupt("a data key", err);
	it->datakey_len = len;
	it->datakeys_left--;
	*out = key;
	return ARK_OK;
}

static enum ark_rc ended(struct arkf_places_rd *it, struct ark_err *err)
{
	enum ark_rc rc = arkf_ext_decode(&it->rd, noun, err);
	if (!rc)
		rc = arkf_end(&it->rd, noun, err);
	return rc ? rc : ARK_NOTFOUND;
}

enum ark_rc arkf_places_pack_next(struct arkf_places_rd *it, struct arkf_places_pack *out,
				  struct ark_err *err)
{
	if (it->packs_left == 0)
		return ended(it, err);
	struct arkf_places_pack pack = { .frame_count = 0 };
	ark_rd_copy(&it->rd, pack.name.b, sizeof pack.name.b);
	uint64_t len = ark_rd_varint(&it->rd);
	uint64_t count = ark_rd_varint(&it->rd);
	pack.frame_count = ark_rd_varint(&it->rd);
	if (len > ARKF_PACK_LEN_MAX || count < 1 || count > ARKF_PACK_DATAKEYS_MAX ||
	    !ark_rd_fits(&it->rd, count, 1) ||
	    !ark_rd_fits(&it->rd, pack.frame_count, ARKF_FOOTER_ENTRY_LEN_MIN))
		return corrupt("a pack", err);
	pack.len = (uint32_t)len;
	pack.datakey_count = (uint16_t)count;
	it->packs_left--;
	it->pack = pack;
	it->nos_left = count;
	it->frames_left = pack.frame_count;
	it->offset = ARKF_HEADER_LEN + 2 + count * it->datakey_len;
	*out = pack;
	return ARK_OK;
}

enum ark_rc arkf_places_no_next(struct arkf_places_rd *it, uint32_t *no_in_list,
				struct ark_err *err)
{
	if (it->nos_left == 0)
		return ARK_NOTFOUND;
	uint64_t no = ark_rd_varint(&it->rd);
	if (it->rd.bad || no >= it->head.datakey_count)
		return corrupt("the data key of a pack", err);
	it->nos_left--;
	*no_in_list = (uint32_t)no;
	return ARK_OK;
}

enum ark_rc arkf_places_frame_next(struct arkf_places_rd *it, struct arkf_footer_entry *entry,
				   struct arkf_place *place, struct ark_err *err)
{
	if (it->frames_left == 0)
		return ARK_NOTFOUND;
	struct arkf_footer_entry e;
	enum ark_rc rc = arkf_footer_entry_decode(&it->rd, &e, noun, err);
	if (rc)
		return rc;
	uint64_t end = it->offset + ARKF_FRAME_EXTRA + e.clen;
	if (e.datakey_no >= it->pack.datakey_count || end + PACK_REST_MIN > it->pack.len)
		return corrupt("a frame", err);
	*place = (struct arkf_place){
		.pack_no = (uint32_t)(it->pack_count - it->packs_left - 1),
		.frame_no = (uint32_t)(it->pack.frame_count - it->frames_left),
		.offset = (uint32_t)it->offset,
		.clen = e.clen,
	};
	it->frames_left--;
	it->offset = end;
	*entry = e;
	return ARK_OK;
}
