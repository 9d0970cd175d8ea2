/* jsonl_out.h - a record's members in canonical JSONL (spec/20-jsonl.md section 4), all but its
 * value. */
#pragma once

#include "backends/net/json_scan.h"
#include "format/record.h"

enum arkv_jsonl_members {
	ARKV_JSONL_NAMED,   /* space and key, then the others */
	ARKV_JSONL_UNNAMED, /* without space and key */
};

/* Appends "{" and the members; the caller goes on with a comma (if anything stands there) or "}".
 * scan, of at least ARKV_JSON_SPELL_MAX bytes, is used to see how meta is to be spelled. wr->full
 * when it does not fit. At most 600 KiB are written. */
void arkv_jsonl_put_attributes(struct ark_wr *wr, const struct ark_record *r,
			       enum arkv_jsonl_members which, struct arkv_json_scan *scan);
