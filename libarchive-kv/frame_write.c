/* frame_write.c - see frame_write.h. */
#include "libarchive-kv/frame_write.h"

enum ark_rc arkv_frame_slot_init(struct arkv_frame_slot *slot, const struct arkv_frame_ctx *ctx,
				 struct ark_err *err)
{
	*slot = (struct arkv_frame_slot){ 0 };
	ark_buf_init(&slot->raw);
	ark_buf_init(&slot->trailer);
	ark_buf_init(&slot->box);
	ark_buf_init(&slot->plain);
	return arkv_codec_new(&slot->codec, ctx->zstd_level, err);
}

void arkv_frame_slot_release(struct arkv_frame_slot *slot)
{
	ark_buf_release(&slot->raw);
	ark_buf_release(&slot->trailer);
	ark_buf_release(&slot->box);
	ark_buf_release(&slot->plain);
	arkv_codec_freep(&slot->codec);
}

void arkv_frame_slot_clear(struct arkv_frame_slot *slot)
{
	ark_buf_clear(&slot->raw);
	ark_buf_clear(&slot->trailer);
}

/* The frame's plaintext: packed bytes are appended first, as their codec is known only then. */
static enum ark_rc make_plain(struct arkv_frame_slot *slot, struct ark_err *err)
{
	struct arkf_frame_plain head = {
		.type = slot->type,
		.raw_len = (uint32_t)slot->raw.wr.len,
		.trailer = ark_buf_span(&slot->trailer),
	};
	ark_buf_clear(&slot->plain);
	/* both codecs give a head of the same length */
	arkf_frame_plain_encode_head(&slot->plain.wr, &head);
	enum ark_rc rc = arkv_compress(slot->codec, ark_buf_span(&slot->raw), &head.codec,
				       &slot->plain, err);
	if (rc)
		return rc;
	struct ark_wr over = ark_wr(slot->plain.wr.p, ARKF_FRAME_PREFIX_MAX);
	arkf_frame_plain_encode_head(&over, &head);
	ark_wr_bytes(&slot->plain.wr, head.trailer);
	return ark_buf_check(&slot->plain, "frame", err);
}

enum ark_rc arkv_frame_make(struct arkv_frame_slot *slot, const struct arkv_frame_ctx *ctx,
			    struct ark_err *err)
{
	enum arkv_id_type id_type = slot->type == ARKF_FRAME_BLOCK    ? ARKV_ID_BLOCK
				    : slot->type == ARKF_FRAME_RECIPE ? ARKV_ID_RECIPE
								      : ARKV_ID_CHUNK;
	enum ark_rc rc = ark_buf_check(&slot->raw, "frame", err);
	if (!rc)
		rc = ark_buf_check(&slot->trailer, "frame", err);
	if (rc)
		return rc;
	size_t max = slot->type == ARKF_FRAME_BLOCK ? ARKF_BLOCK_RAW_MAX : ARKF_CHUNK_RAW_MAX;
	if (slot->raw.wr.len > max || slot->trailer.wr.len > ARKF_TRAILER_MAX)
		return ark_fail(
			err, ARK_LIMIT,
			"frame: %zu raw bytes and %zu of hints are more than a reader takes",
			slot->raw.wr.len, slot->trailer.wr.len);
	arkv_id_of(&slot->id, arkv_keys_id(ctx->keys), id_type, ark_buf_span(&slot->raw));
	slot->claim = arkv_dedup_claim(ctx->dedup, &slot->id, &slot->where, err);
	if (slot->claim != ARK_NOTFOUND && slot->claim != ARK_AGAIN)
		return slot->claim;
	rc = make_plain(slot, err);
	if (rc)
		return rc;
	ark_buf_clear(&slot->box);
	return arkv_seal_dk(&slot->box, ctx->keys, ctx->dk, ARKV_BOX_FRAME,
			    ark_span(slot->id.b, sizeof slot->id.b), ark_buf_span(&slot->plain),
			    err);
}
