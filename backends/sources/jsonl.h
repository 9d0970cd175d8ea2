/* jsonl.h - the source jsonl: over any input and window, for tests, fuzzing and other sources. */
#pragma once

#include "backends/net/json_scan.h"
#include "libarchive-kv/source.h"

enum { ARKV_JSONL_WINDOW = 1 << 20 };

/* Records from what read gives (spec/20-jsonl.md). window is at least ARKV_JSON_CAP_MIN; values of
 * lines longer than it come in pieces. scan can be called once. ctx is borrowed until free.
 * NOMEM. */
enum ark_rc arkv_jsonl_source_new(struct arkv_source **out, arkv_json_read_fn *read, void *ctx,
				  size_t window, struct ark_err *err) ARK_CHECK;
