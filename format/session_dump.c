/* session_dump.c - shows the bodies of sessions, heartbeats, reaped sessions, gc lists and marks.
 * See dump.h. */
#include "format/dump.h"
#include "format/gc.h"
#include "format/mark.h"
#include "format/session.h"

#include <stdio.h>

void arkf_session_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	arkf_dump_u8(d, "kind");
	arkf_dump_u64(d, "started_ms");
	arkf_dump_hex(d, "lineage", ARK_UID_LEN);
	arkf_dump_lentext(d, "source", ARKF_SOURCE_NAME_MAX);
	arkf_dump_hex(d, "parent", ARK_UID_LEN);
	arkf_dump_lentext(d, "host", ARKF_HOST_MAX);
	arkf_dump_varint(d, "pid");
	arkf_dump_lentext(d, "tool", ARKF_TOOL_MAX);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

void arkf_beat_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	arkf_dump_u64(d, "time_ms");
	arkf_dump_u8(d, "outcome");
	arkf_dump_hex(d, "archive", ARK_UID_LEN);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

void arkf_reaped_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	arkf_dump_hex(d, "by", ARK_UID_LEN);
	arkf_dump_u64(d, "store_ms");
	arkf_dump_u32(d, "last_beat");
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

void arkf_gc_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	arkf_dump_hex(d, "session", ARK_UID_LEN);
	uint64_t classes = arkf_dump_count(d, "classes", ARKF_GC_SESSIONS);
	for (uint64_t i = 0; i < classes && !d->stopped; i++) {
		arkf_dump_item(d, "class", i);
		uint64_t no = arkf_dump_u8(d, "number");
		uint64_t names = arkf_dump_varint(d, "names");
		for (uint64_t k = 0; k < names && !d->stopped; k++) {
			char name[48];
			snprintf(name, sizeof name, "name[%llu]", (unsigned long long)k);
			arkf_dump_hex(d, name, arkf_gc_name_len((enum arkf_gc_class)no));
		}
		arkf_dump_item_end(d);
	}
	arkf_dump_ext(d);
	arkf_dump_end(d);
}

void arkf_mark_dump(struct arkf_dump *d)
{
	arkf_dump_u8(d, "version");
	arkf_dump_u8(d, "kind");
	arkf_dump_u64(d, "time_ms");
	arkf_dump_hex(d, "session", ARK_UID_LEN);
	arkf_dump_lentext(d, "host", ARKF_HOST_MAX);
	arkf_dump_lentext(d, "reason", ARKF_MARK_REASON_MAX);
	arkf_dump_hex(d, "replacement", ARK_UID_LEN);
	arkf_dump_hex(d, "lineage", ARK_UID_LEN);
	arkf_dump_varint(d, "n");
	arkf_dump_hex(d, "parent", ARK_UID_LEN);
	arkf_dump_ext(d);
	arkf_dump_end(d);
}
