/*
 * objects.h - what stands in a store: all objects by their names (spec/18-names.md).
 */
#pragma once

#include "libarchive-kv/stats.h"

struct arkv_object {
	enum arkv_object_kind kind;
	bool needed; /* for whoever marks them */
	uint64_t len;
	struct ark_id id; /* packs, runs, fragments, remaps: their name */
	struct ark_uid
		uid; /* manifests and marks: the archive's; sessions and reaped ones: theirs */
	char name[ARKV_NAME_MAX + 1];
};

struct arkv_objects {
	struct arkv_object *items; /* by name */
	size_t count;
	size_t cap;
};

/* Lists the whole store. */
enum ark_rc arkv_objects_list(struct arkv_objects *out, struct arkv_store *store,
			      struct ark_err *err) ARK_CHECK;
void arkv_objects_release(struct arkv_objects *objects);
/* The object of that name, or NULL. */
struct arkv_object *arkv_objects_find(const struct arkv_objects *objects, const char *name);
