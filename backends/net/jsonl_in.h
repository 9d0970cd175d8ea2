/*
 * jsonl_in.h - records from JSON lines (spec/20-jsonl.md): the reader behind the source jsonl: and
 * the sidecars of dir:. It knows no files. One thread.
 */
#pragma once

#include "backends/net/json_scan.h"
#include "libarchive-kv/source.h"

struct arkv_jsonl_in;

/* window: at least ARKV_JSON_CAP_MIN; values of lines longer than that go to the sink in pieces.
 * NOMEM. */
enum ark_rc arkv_jsonl_in_new(struct arkv_jsonl_in **out, size_t window, struct ark_err *err)
	ARK_CHECK;
void arkv_jsonl_in_free(struct arkv_jsonl_in *in);

/* Hands every record of what read gives to sink. CORRUPT with line and column; what read and the
 * sink return comes back as it is, and *sink_failed tells whether it was the sink. */
enum ark_rc arkv_jsonl_in_scan(struct arkv_jsonl_in *in, arkv_json_read_fn *read, void *ctx,
			       struct arkv_sink *sink, bool *sink_failed, struct ark_err *err)
	ARK_CHECK;

/* One object with the members of a record but no value; none is required. The spans of *out are
 * valid until the next call; *has_key: "key" or its twin was there. CORRUPT, LIMIT. */
enum ark_rc arkv_jsonl_in_attributes(struct arkv_jsonl_in *in, struct ark_span text,
				     struct ark_record *out, bool *has_key, struct ark_err *err)
	ARK_CHECK;
