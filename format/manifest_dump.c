/* manifest_dump.c - shows manifests: outer frame, head, run table, stacks, bounds. See dump.h. */
#include "format/dump.h"
#include "format/manifest.h"
#include "format/sealed.h"
#include "format/stacks.h"

static void dump_roots(struct arkf_dump *d, uint64_t len)
{
	size_t behind = arkf_dump_left(d);
	if (d->stopped)
		return;
	if (len > behind) {
		arkf_dump_stop(d, "roots", "cut off");
		return;
	}
	behind -= (size_t)len;
	for (uint64_t i = 0; arkf_dump_left(d) > behind; i++) {
		arkf_dump_item(d, "root", i);
		arkf_dump_hex(d, "run", ARK_UID_LEN);
		arkf_datakey_dump(d, "datakey", 0);
		arkf_box_dump(d, "box", arkf_dump_u32(d, "length"));
		arkf_dump_item_end(d);
	}
}

void arkf_manifest_dump(struct arkf_dump *d)
{
	arkf_dump_header(d, ARKF_KIND_MANIFEST);
	arkf_dump_hex(d, "uid", ARK_UID_LEN);
	uint64_t head_len = arkf_dump_u32(d, "head.length");
	uint64_t table_len = arkf_dump_u32(d, "table.length");
	uint64_t stacks_len = arkf_dump_u32(d, "stacks.length");
	uint64_t bounds_len = arkf_dump_u32(d, "bounds.length");
	uint64_t roots_len = arkf_dump_u32(d, "roots.length");
	arkf_datakey_dump(d, "datakey", 0);
	arkf_box_dump(d, "head", head_len);
	arkf_box_dump(d, "table", table_len);
	arkf_box_dump(d, "stacks", stacks_len);
	arkf_box_dump(d, "bounds", bounds_len);
	dump_roots(d, roots_len);
	arkf_dump_u8(d, "signature");
	arkf_dump_hex(d, "checksum", ARKF_MANIFEST_CHECKSUM_LEN);
	arkf_dump_end(d);
}

static void dump_varints(struct arkf_dump *d, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		arkf_dump_varint(d, names[i]);
}

static void dump_counts(struct arkf_dump *d)
{
	static const char *const names[] = {
		"records", "expiring",	 "raw_bytes", "new",	      "changed",  "deleted",
		"touched", "duplicates", "refused",   "stored_bytes", "segments",
	};
	dump_varints(d, names, sizeof names / sizeof names[0]);
	uint64_t types = arkf_dump_count(d, "types", ARKF_MANIFEST_TYPES_MAX);
	for (uint64_t i = 0; i < types && !d->stopped; i++) {
		arkf_dump_item(d, "type", i);
		arkf_dump_u8(d, "number");
		arkf_dump_varint(d, "records");
		arkf_dump_varint(d, "value_bytes");
		arkf_dump_item_end(d);
	}
	arkf_dump_hex(d, "content", 32);
	arkf_dump_hex(d, "content_expiring", 32);
	arkf_dump_hex(d, "full", 32);
	arkf_dump_hex(d, "full_expiring", 32);
}

void arkf_head_dump(struct arkf_dump *d)
{
	static const char *const times[] = { "started_ms", "scan_start_ms", "scan_end_ms",
					     "made_ms" };
	arkf_dump_u8(d, "version");
	arkf_dump_varint(d, "n");
	arkf_dump_hex(d, "parent", ARK_UID_LEN);
	arkf_dump_hex(d, "parent_checksum", 32);
	arkf_dump_hex(d, "session", ARK_UID_LEN);
	arkf_dump_hex(d, "body_hash", 32);
	arkf_dump_lentext(d, "source_name", ARKF_SOURCE_NAME_MAX);
	arkf_dump_lentext(d, "source_url", ARKF_SOURCE_URL_MAX);
	arkf_dump_lentext(d, "host", ARKF_HOST_MAX);
	arkf_dump_lentext(d, "tool", ARKF_TOOL_MAX);
	dump_varints(d, times, sizeof times / sizeof times[0]);
	arkf_dump_u8(d, "consistency");
	arkf_dump_lentext(d, "detail", ARKF_DETAIL_MAX);
	arkf_dump_varint(d, "marks");
	dump_counts(d);
	arkf_dump_hex(d, "filter_hash", 32);
	arkf_dump_lentext(d, "filter_text", ARKF_FILTER_TEXT_MAX);
	uint64_t tags = arkf_dump_count(d, "tags", ARKF_MANIFEST_TAGS_MAX);
	for (uint64_t i = 0; i < tags && !d->stopped; i++) {
		arkf_dump_item(d, "tag", i);
		arkf_dump_lentext(d, "text", ARKF_TAG_MAX);
		arkf_dump_item_end(d);
	}
	arkf_dump_lentext(d, "comment", ARKF_COMMENT_MAX);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

void arkf_table_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	uint64_t count = arkf_dump_count(d, "runs", ARKF_RUNS_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++) {
		arkf_dump_item(d, "run", i);
		arkf_dump_hex(d, "name", ARK_ID_LEN);
		arkf_dump_varint(d, "length");
		arkf_dump_varint(d, "refs_offset");
		arkf_dump_varint(d, "refs_length");
		arkf_dump_hex(d, "archive", ARK_UID_LEN);
		arkf_dump_varint(d, "n");
		arkf_dump_varint(d, "entries");
		arkf_dump_item_end(d);
	}
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

static void dump_segment(struct arkf_dump *d, uint64_t index)
{
	arkf_dump_item(d, "segment", index);
	arkf_dump_varint(d, "phase");
	arkf_dump_varint(d, "fold_limit");
	arkf_dump_u32(d, "cut_threshold");
	arkf_dump_varint(d, "live");
	uint64_t depth = arkf_dump_count(d, "depth", ARKF_STACK_DEPTH_MAX);
	for (uint64_t i = 0; i < depth && !d->stopped; i++) {
		arkf_dump_item(d, "slice", i);
		arkf_dump_varint(d, "run");
		arkf_dump_varint(d, "number");
		arkf_dump_varint(d, "from");
		arkf_dump_varint(d, "entries");
		arkf_dump_item_end(d);
	}
	arkf_dump_item_end(d);
}

void arkf_stacks_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	uint64_t count = arkf_dump_count(d, "segments", ARKF_SEGMENTS_MAX);
	for (uint64_t i = 0; i < count && !d->stopped; i++)
		dump_segment(d, i);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

void arkf_bounds_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	arkf_keylist_dump(d, arkf_dump_count(d, "bounds", ARKF_SEGMENTS_MAX - 1));
	arkf_dump_ext(d);
	arkf_dump_end(d);
}
