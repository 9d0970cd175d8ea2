/* frame_open.c - see frame_open.h. */
#include "libarchive-kv/frame_open.h"

#include "libarchive-kv/codec.h"

#include <stdlib.h>

struct arkv_opener {
	struct arkv_keys *keys;
	struct arkv_codec *codec;
	struct ark_buf plain;
};

enum ark_rc arkv_opener_new(struct arkv_opener **out, struct arkv_keys *keys, struct ark_err *err)
{
	struct arkv_opener *opener = calloc(1, sizeof *opener);
	if (!opener)
		return ark_fail(err, ARK_NOMEM, "frame: out of memory");
	opener->keys = keys;
	ark_buf_init(&opener->plain);
	enum ark_rc rc = arkv_codec_new(&opener->codec, 1, err);
	if (rc) {
		arkv_opener_freep(&opener);
		return rc;
	}
	*out = opener;
	return ARK_OK;
}

void arkv_opener_freep(struct arkv_opener **opener)
{
	if (!*opener)
		return;
	arkv_codec_freep(&(*opener)->codec);
	ark_buf_release(&(*opener)->plain);
	free(*opener);
	*opener = NULL;
}

void arkv_frame_content_init(struct arkv_frame_content *content)
{
	content->type = ARKF_FRAME_BLOCK;
	ark_buf_init(&content->raw);
	ark_buf_init(&content->trailer);
}

void arkv_frame_content_release(struct arkv_frame_content *content)
{
	if (!content)
		return;
	ark_buf_release(&content->raw);
	ark_buf_release(&content->trailer);
}

static enum arkv_id_type id_type(enum arkf_frame_type type)
{
	switch (type) {
	case ARKF_FRAME_BLOCK: return ARKV_ID_BLOCK;
	case ARKF_FRAME_CHUNK: return ARKV_ID_CHUNK;
	case ARKF_FRAME_RECIPE:
	default: return ARKV_ID_RECIPE;
	}
}

static enum ark_rc open_box(struct arkv_opener *o, const struct arkf_frame *head,
			    const struct arkf_datakey *datakey, struct ark_span frame,
			    struct ark_err *err)
{
	if (head->clen > ARKV_FRAME_CLEN_MAX)
		return ark_fail(err, ARK_CORRUPT, "says that it is %lu bytes long",
				(unsigned long)head->clen);
	if (frame.len != (size_t)head->clen + ARKF_FRAME_EXTRA)
		return ark_fail(err, ARK_CORRUPT, "is cut off");
	const uint8_t *key = NULL;
	enum ark_rc rc = arkv_dk_open(&key, o->keys, datakey, err);
	ark_buf_clear(&o->plain);
	if (!rc)
		rc = ark_buf_reserve(&o->plain, head->clen, err);
	if (rc)
		return rc;
	const struct arkv_box_for what = {
		.repo = arkv_keys_repo(o->keys),
		.datakey = &datakey->id,
		.context = ark_span(head->id.b, sizeof head->id.b),
		.suite = arkv_keys_suite(o->keys),
		.type = ARKV_BOX_FRAME,
	};
	struct ark_span box =
		ark_span(frame.p + ARKF_FRAME_HEADER_LEN, frame.len - ARKF_FRAME_HEADER_LEN);
	rc = arkv_box_open(o->plain.wr.p, box, key, &what, err);
	if (!rc)
		o->plain.wr.len = head->clen;
	return rc;
}

enum ark_rc arkv_frame_open(struct arkv_opener *o, const struct arkf_frame *head,
			    const struct arkf_datakey *datakey, struct ark_span frame,
			    struct arkv_frame_content *out, struct ark_err *err)
{
	struct arkf_frame_plain plain;
	enum ark_rc rc = open_box(o, head, datakey, frame, err);
	if (!rc)
		rc = arkf_frame_plain_decode(&plain, ark_buf_span(&o->plain), err);
	if (rc)
		return rc;
	ark_buf_clear(&out->raw);
	ark_buf_clear(&out->trailer);
	rc = ark_buf_reserve(&out->raw, plain.raw_len, err);
	if (!rc)
		rc = arkv_decompress(o->codec, plain.codec, plain.packed, plain.raw_len, &out->raw,
				     err);
	if (rc)
		return rc;
	struct ark_id id;
	arkv_id_of(&id, arkv_keys_id(o->keys), id_type(plain.type), ark_buf_span(&out->raw));
	if (!ark_id_eq(&id, &head->id))
		return ark_fail(err, ARK_CORRUPT, "holds bytes of another id");
	ark_wr_bytes(&out->trailer.wr, plain.trailer);
	out->type = plain.type;
	return ark_buf_check(&out->trailer, "frame", err);
}
