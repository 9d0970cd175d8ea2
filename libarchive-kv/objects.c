/* objects.c - see objects.h; and the kinds of objects of stats.h. */
#include "libarchive-kv/objects.h"

#include <stdlib.h>

static const struct {
	const char *prefix;
	enum arkv_object_kind kind;
	size_t digits; /* of what follows the prefix; 0: anything */
} shapes[] = {
	{ "keys/slot-", ARKV_OBJECT_KEY, 0 },	  { "keys/ring-", ARKV_OBJECT_KEY, 0 },
	{ "packs/", ARKV_OBJECT_PACK, 64 },	  { "runs/", ARKV_OBJECT_RUN, 64 },
	{ "places/", ARKV_OBJECT_PLACES, 64 },	  { "remaps/", ARKV_OBJECT_REMAP, 64 },
	{ "archives/", ARKV_OBJECT_ARCHIVE, 32 }, { "sessions/", ARKV_OBJECT_SESSION, 32 },
	{ "gc/reaped/", ARKV_OBJECT_GC, 32 },	  { "gc/", ARKV_OBJECT_GC, 49 },
};
enum { SHAPE_COUNT = sizeof shapes / sizeof shapes[0] };

const char *arkv_object_kind_name(enum arkv_object_kind kind)
{
	static const char *const names[ARKV_OBJECT_KINDS] = {
		[ARKV_OBJECT_CONFIG] = "config",
		[ARKV_OBJECT_KEY] = "keys",
		[ARKV_OBJECT_PACK] = "packs",
		[ARKV_OBJECT_RUN] = "runs",
		[ARKV_OBJECT_PLACES] = "places",
		[ARKV_OBJECT_REMAP] = "remaps",
		[ARKV_OBJECT_ARCHIVE] = "archives",
		[ARKV_OBJECT_SESSION] = "sessions",
		[ARKV_OBJECT_GC] = "gc",
		[ARKV_OBJECT_OTHER] = "other",
	};
	return kind < ARKV_OBJECT_KINDS ? names[kind] : "other";
}

/* What may follow the digits of a name of that kind. */
static bool is_tail(enum arkv_object_kind kind, const char *tail)
{
	if (tail[0] == '\0')
		return true;
	if (kind == ARKV_OBJECT_ARCHIVE)
		return strcmp(tail, ".del") == 0;
	if (kind != ARKV_OBJECT_SESSION)
		return false;
	return strcmp(tail, ".end") == 0 ||
	       (tail[0] == '.' && strspn(tail + 1, "0123456789abcdef") == 8 && tail[9] == '\0');
}

static bool is_of_shape(const char *rest, size_t digits, enum arkv_object_kind kind)
{
	if (digits == 0)
		return rest[0] != '\0';
	if (strnlen(rest, digits) < digits || !is_tail(kind, rest + digits))
		return false;
	for (size_t i = 0; i < digits; i++) {
		bool dash = digits == 49 && i == 16;
		if (dash ? rest[i] != '-' : !strchr("0123456789abcdef", rest[i]))
			return false;
	}
	return true;
}

enum arkv_object_kind arkv_object_kind_of(const char *name)
{
	if (strcmp(name, "config") == 0)
		return ARKV_OBJECT_CONFIG;
	for (size_t i = 0; i < SHAPE_COUNT; i++) {
		size_t len = strlen(shapes[i].prefix);
		if (strncmp(name, shapes[i].prefix, len) == 0 &&
		    is_of_shape(name + len, shapes[i].digits, shapes[i].kind))
			return shapes[i].kind;
	}
	return ARKV_OBJECT_OTHER;
}

static enum ark_rc add(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct arkv_objects *o = ctx;
	if (o->count == o->cap) {
		size_t cap = o->cap ? 2 * o->cap : 64;
		struct arkv_object *items = realloc(o->items, cap * sizeof *items);
		if (!items)
			return ark_fail(err, ARK_NOMEM, "objects: out of memory");
		o->items = items;
		o->cap = cap;
	}
	struct arkv_object *object = &o->items[o->count++];
	*object = (struct arkv_object){ .kind = arkv_object_kind_of(name), .len = size };
	memcpy(object->name, name, strlen(name) + 1);
	const char *digits = strrchr(name, '/');
	digits = digits ? digits + 1 : name;
	size_t len = strspn(digits, "0123456789abcdef");
	if (len == 64)
		(void)ark_id_from_hex(&object->id, ark_span(digits, len));
	else if (len == 32)
		(void)ark_uid_from_hex(&object->uid, ark_span(digits, len));
	return ARK_OK;
}

static int name_cmp(const void *a, const void *b)
{
	const struct arkv_object *x = a, *y = b;
	return strcmp(x->name, y->name);
}

enum ark_rc arkv_objects_list(struct arkv_objects *out, struct arkv_store *store,
			      struct ark_err *err)
{
	struct arkv_objects objects = { 0 };
	enum ark_rc rc = arkv_store_list(store, "", add, &objects, err);
	if (rc) {
		arkv_objects_release(&objects);
		return rc;
	}
	if (objects.count)
		qsort(objects.items, objects.count, sizeof *objects.items, name_cmp);
	*out = objects;
	return ARK_OK;
}

void arkv_objects_release(struct arkv_objects *objects)
{
	if (!objects)
		return;
	free(objects->items);
	*objects = (struct arkv_objects){ 0 };
}

struct arkv_object *arkv_objects_find(const struct arkv_objects *objects, const char *name)
{
	size_t low = 0, high = objects->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(objects->items[mid].name, name);
		if (order == 0)
			return &objects->items[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
