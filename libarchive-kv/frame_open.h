/*
 * frame_open.h - one sealed frame into its raw bytes: open, decompress, prove its id
 * (spec/05-pack.md).
 */
#pragma once

#include "format/pack.h"
#include "libarchive-kv/keys.h"

/* The most that a frame takes in a pack: raw bytes, trailer, prefix, header, nonce and tag. */
enum {
	ARKV_FRAME_CLEN_MAX = ARKF_FRAME_PREFIX_MAX + ARKF_CHUNK_RAW_MAX + ARKF_TRAILER_MAX,
	ARKV_FRAME_LEN_MAX = ARKV_FRAME_CLEN_MAX + ARKF_FRAME_EXTRA,
};

/* What one thread needs to open frames. */
struct arkv_opener;

/* keys is borrowed. */
enum ark_rc arkv_opener_new(struct arkv_opener **out, struct arkv_keys *keys, struct ark_err *err)
	ARK_CHECK;
void arkv_opener_freep(struct arkv_opener **opener);

struct arkv_frame_content {
	enum arkf_frame_type type;
	struct ark_buf raw;	/* replaced */
	struct ark_buf trailer; /* replaced */
};

void arkv_frame_content_init(struct arkv_frame_content *content);
void arkv_frame_content_release(struct arkv_frame_content *content);

/* frame: a whole frame, header first, as head says it is. CORRUPT: shorter than it says, not
 * decodable, or its content has another id. AUTH: its seal does not open. LIMIT, UNSUPPORTED. On
 * failure the content is of no use. */
enum ark_rc arkv_frame_open(struct arkv_opener *opener, const struct arkf_frame *head,
			    const struct arkf_datakey *datakey, struct ark_span frame,
			    struct arkv_frame_content *out, struct ark_err *err) ARK_CHECK;
