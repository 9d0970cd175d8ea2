/* codec.c - see codec.h. */
#include "libarchive-kv/codec.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
	CODEC_STORED = 0,
	CODEC_ZSTD = 1,
	LEVEL_MAX = 19,
};

struct arkv_codec {
	ZSTD_CCtx *cctx; /* NULL when level is 0 */
	ZSTD_DCtx *dctx;
};

void arkv_codec_freep(struct arkv_codec **codec)
{
	if (!*codec)
		return;
	ZSTD_freeCCtx((*codec)->cctx);
	ZSTD_freeDCtx((*codec)->dctx);
	free(*codec);
	*codec = NULL;
}

enum ark_rc arkv_codec_new(struct arkv_codec **out, int level, struct ark_err *err)
{
	if (level > LEVEL_MAX || level < ZSTD_minCLevel())
		return ark_fail(err, ARK_USAGE, "compression level %d: 0 stores, %d to %d compress",
				level, ZSTD_minCLevel(), LEVEL_MAX);
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = calloc(1, sizeof *codec);
	if (!codec)
		return ark_fail(err, ARK_NOMEM, "codec: out of memory");
	codec->dctx = ZSTD_createDCtx();
	codec->cctx = level ? ZSTD_createCCtx() : NULL;
	if (!codec->dctx || (level && !codec->cctx))
		return ark_fail(err, ARK_NOMEM, "zstd: out of memory");
	if (level && ZSTD_isError(ZSTD_CCtx_setParameter(codec->cctx, ZSTD_c_compressionLevel,
							 level)))
		return ark_fail(err, ARK_USAGE, "zstd: refuses compression level %d", level);
	*out = codec;
	codec = NULL;
	return ARK_OK;
}

static enum ark_rc zstd_fail(size_t code, enum ark_rc otherwise, struct ark_err *err)
{
	bool no_mem = ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation;
	return ark_fail(err, no_mem ? ARK_NOMEM : otherwise, "zstd: %s", ZSTD_getErrorName(code));
}

/* Room for more bytes behind what out holds; out's length stays. */
static enum ark_rc reserve_more(struct ark_buf *out, size_t more, struct ark_err *err)
{
	size_t cap;
	if (!ark_add(&cap, out->wr.len, more))
		return ark_fail(err, ARK_NOMEM, "out of memory: %zu bytes more", more);
	return ark_buf_reserve(out, cap, err);
}

enum ark_rc arkv_compress(struct arkv_codec *codec, struct ark_span raw, uint8_t *codec_id,
			  struct ark_buf *out, struct ark_err *err)
{
	size_t bound = codec->cctx ? ZSTD_compressBound(raw.len) : raw.len;
	if (ZSTD_isError(bound) || bound < raw.len)
		return ark_fail(err, ARK_LIMIT, "%zu bytes are too many to compress", raw.len);
	if (reserve_more(out, bound + 1, err))
		return ARK_NOMEM;
	uint8_t *at = out->wr.p + out->wr.len;
	size_t n = raw.len;
	if (codec->cctx && raw.len) {
		n = ZSTD_compress2(codec->cctx, at, bound, raw.p, raw.len);
		if (ZSTD_isError(n))
			return zstd_fail(n, ARK_IO, err);
	}
	if (n >= raw.len) {
		n = raw.len;
		if (n)
			memcpy(at, raw.p, n);
		*codec_id = CODEC_STORED;
	} else {
		*codec_id = CODEC_ZSTD;
	}
	out->wr.len += n;
	return ARK_OK;
}

/* Exactly one frame of the format proper: no skippable ones, none behind it, no older formats. */
static bool is_one_frame(struct ark_span packed)
{
	if (packed.len < 4 || ark_le32(packed.p) != ZSTD_MAGICNUMBER)
		return false;
	return ZSTD_findFrameCompressedSize(packed.p, packed.len) == packed.len;
}

static enum ark_rc unzstd(ZSTD_DCtx *dctx, uint8_t *at, size_t raw_len, struct ark_span packed,
			  struct ark_err *err)
{
	if (!is_one_frame(packed))
		return ark_fail(err, ARK_CORRUPT, "compressed bytes are not one zstd frame");
	size_t n = ZSTD_decompressDCtx(dctx, at, raw_len, packed.p, packed.len);
	if (ZSTD_isError(n))
		return zstd_fail(n, ARK_CORRUPT, err);
	if (n != raw_len)
		return ark_fail(err, ARK_CORRUPT, "decompressed to %zu bytes, should be %zu", n,
				raw_len);
	return ARK_OK;
}

enum ark_rc arkv_decompress(struct arkv_codec *codec, uint8_t codec_id, struct ark_span packed,
			    size_t raw_len, struct ark_buf *out, struct ark_err *err)
{
	if (codec_id != CODEC_STORED && codec_id != CODEC_ZSTD)
		return ark_fail(err, ARK_UNSUPPORTED, "compressed with codec %u: use a newer arkv",
				(unsigned)codec_id);
	if (codec_id == CODEC_STORED && packed.len != raw_len)
		return ark_fail(err, ARK_CORRUPT, "stored as %zu bytes, should be %zu", packed.len,
				raw_len);
	enum ark_rc rc = reserve_more(out, raw_len + 1, err);
	if (rc)
		return rc;
	uint8_t *at = out->wr.p + out->wr.len;
	if (codec_id == CODEC_ZSTD)
		rc = unzstd(codec->dctx, at, raw_len, packed, err);
	else if (raw_len)
		memcpy(at, packed.p, raw_len);
	if (!rc)
		out->wr.len += raw_len;
	return rc;
}

enum ark_rc arkv_body_pack(struct arkv_codec *codec, struct ark_span raw, struct ark_buf *out,
			   struct ark_err *err)
{
	size_t codec_at = out->wr.len;
	ark_wr_u8(&out->wr, 0);
	ark_wr_varint(&out->wr, raw.len);
	uint8_t codec_id = 0;
	enum ark_rc rc = ark_buf_check(out, "body", err);
	if (!rc)
		rc = arkv_compress(codec, raw, &codec_id, out, err);
	if (rc)
		out->wr.len = codec_at;
	else
		out->wr.p[codec_at] = codec_id;
	return rc;
}

enum ark_rc arkv_body_unpack(struct arkv_codec *codec, struct ark_span body, size_t raw_max,
			     struct ark_buf *out, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(body);
	uint8_t codec_id = ark_rd_u8(&rd);
	uint64_t raw_len = ark_rd_varint(&rd);
	if (rd.bad)
		return ark_fail(err, ARK_CORRUPT, "body: its codec and length are cut off");
	if (raw_len > raw_max)
		return ark_fail(err, ARK_LIMIT, "body: %llu bytes, at most %zu are allowed",
				(unsigned long long)raw_len, raw_max);
	struct ark_span packed = ark_rd_bytes(&rd, ark_rd_left(&rd));
	return arkv_decompress(codec, codec_id, packed, (size_t)raw_len, out, err);
}
