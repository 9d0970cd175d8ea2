/*
 * codec.h - zstd, and the body that stands inside every box (spec/02-seal.md).
 *
 * A codec holds one zstd context for each direction; one thread uses it at a time.
 */
#pragma once

#include "format/err.h"
#include "libarchive-kv/buf.h"

struct arkv_codec;

/* level: a zstd level (1 to 19, or negative for the fast ones), 0 to store as it is. */
enum ark_rc arkv_codec_new(struct arkv_codec **out, int level, struct ark_err *err) ARK_CHECK;
void arkv_codec_freep(struct arkv_codec **codec);

/* Appends raw to out as zstd when that is smaller, else as it is. *codec_id: 0 or 1. */
enum ark_rc arkv_compress(struct arkv_codec *codec, struct ark_span raw, uint8_t *codec_id,
			  struct ark_buf *out, struct ark_err *err) ARK_CHECK;
/* Appends exactly raw_len bytes to out. CORRUPT when packed is not raw_len bytes under codec_id,
 * UNSUPPORTED for an unknown codec_id. The caller has checked raw_len against its limit. */
enum ark_rc arkv_decompress(struct arkv_codec *codec, uint8_t codec_id, struct ark_span packed,
			    size_t raw_len, struct ark_buf *out, struct ark_err *err) ARK_CHECK;

/* A body: codec, raw length, bytes. Appended to out. */
enum ark_rc arkv_body_pack(struct arkv_codec *codec, struct ark_span raw, struct ark_buf *out,
			   struct ark_err *err) ARK_CHECK;
/* Appends the raw bytes of body to out; raw_max is the structure's limit (LIMIT above it). */
enum ark_rc arkv_body_unpack(struct arkv_codec *codec, struct ark_span body, size_t raw_max,
			     struct ark_buf *out, struct ark_err *err) ARK_CHECK;
