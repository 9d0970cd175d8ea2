/* sealed_dump.c - shows a box, and the objects that are one box. See dump.h. */
#include "format/dump.h"
#include "format/gc.h"
#include "format/mark.h"
#include "format/places.h"
#include "format/remap.h"
#include "format/sealed.h"
#include "format/session.h"

#include <stdio.h>

void arkf_box_dump(struct arkf_dump *d, const char *name, uint64_t len)
{
	char full[ARKF_DUMP_NAME_MAX];
	if (d->stopped)
		return;
	if (len < ARKF_BOX_LEN_MIN || len > arkf_dump_left(d)) {
		arkf_dump_stop(d, name, "the box is shorter than one can be, or cut off");
		return;
	}
	snprintf(full, sizeof full, "%s.nonce", name);
	arkf_dump_hex(d, full, ARKF_BOX_NONCE_LEN);
	snprintf(full, sizeof full, "%s.ciphertext", name);
	arkf_dump_hex(d, full, len - ARKF_BOX_LEN_MIN);
	snprintf(full, sizeof full, "%s.tag", name);
	arkf_dump_hex(d, full, ARKF_BOX_TAG_LEN);
}

static void dump_session_context(struct arkf_dump *d)
{
	arkf_dump_hex(d, "session", ARK_UID_LEN);
	arkf_dump_u32(d, "number");
}

static void dump_reaped_context(struct arkf_dump *d)
{
	arkf_dump_u64(d, "zero");
	arkf_dump_hex(d, "session", ARK_UID_LEN);
}

static void dump_gc_context(struct arkf_dump *d)
{
	arkf_dump_u64(d, "n");
	arkf_dump_hex(d, "uid", ARK_UID_LEN);
}

static void dump_mark_context(struct arkf_dump *d)
{
	arkf_dump_hex(d, "archive", ARK_UID_LEN);
}

struct object {
	const struct arkf_sealed_shape *shape;
	void (*dump_context)(struct arkf_dump *d); /* NULL: it has none */
};

static const struct object objects[] = {
	{ &arkf_places_shape, NULL },
	{ &arkf_remap_shape, NULL },
	{ &arkf_session_shape, dump_session_context },
	{ &arkf_beat_shape, dump_session_context },
	{ &arkf_reaped_shape, dump_reaped_context },
	{ &arkf_gc_shape, dump_gc_context },
	{ &arkf_mark_shape, dump_mark_context },
};

const struct arkf_sealed_shape *arkf_sealed_shape_of(struct ark_span bytes)
{
	const char *kind = arkf_kind_of(bytes);
	for (size_t i = 0; kind && i < sizeof objects / sizeof objects[0]; i++)
		if (!memcmp(kind, objects[i].shape->kind, 4))
			return objects[i].shape;
	return NULL;
}

void arkf_sealed_dump(struct arkf_dump *d)
{
	const struct arkf_sealed_shape *shape = arkf_sealed_shape_of(d->bytes);
	if (!shape) {
		arkf_dump_stop(d, "kind", "is no object that is one box");
		return;
	}
	arkf_dump_header(d, shape->kind);
	for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++)
		if (objects[i].shape == shape && objects[i].dump_context)
			objects[i].dump_context(d);
	size_t checksum_len = shape->has_checksum ? ARKF_CHECKSUM_LEN : 0;
	size_t left = arkf_dump_left(d);
	arkf_box_dump(d, "box", left > checksum_len ? left - checksum_len : 0);
	if (checksum_len)
		arkf_dump_hex(d, "checksum", checksum_len);
	arkf_dump_end(d);
}
