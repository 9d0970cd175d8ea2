/*
 * object.h - what all structures share: the object header and the extension list
 * (spec/00-conventions.md).
 */
#pragma once

#include "format/bytes.h"
#include "format/err.h"

enum {
	ARKF_HEADER_LEN = 12,
	ARKF_VERSION = 1,
	ARKF_EXT_COUNT_MAX = 64,
	ARKF_EXT_LEN_MAX = 65536,
};

enum ark_suite {
	ARK_SUITE_NONE = 0,
	ARK_SUITE_XCHACHA = 1,
};

/* The kinds of objects and local files; the text is what stands at offset 4. */
#define ARKF_KIND_CONFIG "CONF"
#define ARKF_KIND_SLOT "SLOT"
#define ARKF_KIND_RING "RING"
#define ARKF_KIND_PACK "PACK"
#define ARKF_KIND_RUN "ARUN"
#define ARKF_KIND_MANIFEST "AMAN"
#define ARKF_KIND_PLACES "PLAC"
#define ARKF_KIND_REMAP "REMP"
#define ARKF_KIND_SESSION "SESS"
#define ARKF_KIND_BEAT "BEAT"
#define ARKF_KIND_GC "GCLS"
#define ARKF_KIND_REAPED "REAP"
#define ARKF_KIND_MARK "MARK"
#define ARKF_KIND_STATE "STAT"
#define ARKF_KIND_SPILL "SPIL"
#define ARKF_KIND_KEYFILE "KEYF"

void arkf_header_encode(struct ark_wr *wr, const char *kind, enum ark_suite suite);
/* Reads the 12 bytes. CORRUPT: too short, other magic, other kind. UNSUPPORTED: later version,
 * unknown suite, flags. what names the object in the message ("pack"). */
enum ark_rc arkf_header_decode(struct ark_rd *rd, const char *kind, const char *what,
			       enum ark_suite *suite, struct ark_err *err) ARK_CHECK;
/* The kind's four letters at the start of bytes, or NULL when they are no object of ours. */
const char *arkf_kind_of(struct ark_span bytes);

/* Writes an empty extension list. */
void arkf_ext_encode_none(struct ark_wr *wr);
/* Checks the list at rd and steps over it: UNSUPPORTED for an odd tag, CORRUPT for a bad list. */
enum ark_rc arkf_ext_decode(struct ark_rd *rd, const char *what, struct ark_err *err) ARK_CHECK;
/* The end of most decoders: OK when nothing was bad and nothing is left, else CORRUPT naming
 * what. */
enum ark_rc arkf_end(const struct ark_rd *rd, const char *what, struct ark_err *err) ARK_CHECK;
/* The version byte that each sealed plaintext begins with: UNSUPPORTED when it is not 1. */
enum ark_rc arkf_version_decode(struct ark_rd *rd, const char *what, struct ark_err *err) ARK_CHECK;
