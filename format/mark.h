/*
 * mark.h - marks: archives that were forgotten, erased or replaced (spec/15-mark.md).
 */
#pragma once

#include "format/manifest.h" /* limits of texts */
#include "format/sealed.h"

extern const struct arkf_sealed_shape arkf_mark_shape; /* the context is the archive uid */

enum {
	ARKF_MARK_RAW_MAX = 65536,
	ARKF_MARK_REASON_MAX = 1024,
};

enum arkf_mark_kind {
	ARKF_MARK_KIND_FORGET = 1,
	ARKF_MARK_KIND_ERASE = 2,
	ARKF_MARK_KIND_REPLACE = 3,
};

struct arkf_mark {
	enum arkf_mark_kind kind;
	uint64_t time_ms; /* by the writer's clock */
	struct ark_uid session;
	struct ark_span host; /* text, as reason */
	struct ark_span reason;
	struct ark_uid replacement; /* zeros: none */
	struct ark_uid lineage;
	uint64_t n;
	struct ark_uid parent; /* zeros: none */
};

void arkf_mark_encode(struct ark_wr *wr, const struct arkf_mark *mark);
/* archive: from the object's head. Spans borrow raw. CORRUPT, UNSUPPORTED. */
enum ark_rc arkf_mark_decode(struct arkf_mark *out, struct ark_span raw,
			     const struct ark_uid *archive, struct ark_err *err) ARK_CHECK;

struct arkf_dump;
void arkf_mark_dump(struct arkf_dump *d); /* the raw body (dump.h) */
