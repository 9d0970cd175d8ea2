/* places_io.c - see places_io.h. */
#include "libarchive-kv/places_io.h"

#include <stdio.h>
#include <stdlib.h>

static const char space[] = "places/";

static const struct arkv_sealed_kind places_kind = { .shape = &arkf_places_shape,
						     .box = ARKV_BOX_PLACES,
						     .raw_max = ARKF_PLACES_RAW_MAX };

struct object_name {
	char s[ARKV_NAME_MAX + 1];
};

static struct object_name name_of(const struct ark_id *id)
{
	struct object_name name;
	snprintf(name.s, sizeof name.s, "%s%s", space, ark_id_hex(id).s);
	return name;
}

enum ark_rc arkv_places_store(struct ark_id *name, struct arkv_store *store,
			      const struct arkv_keys *keys, struct arkv_codec *codec,
			      struct ark_span raw, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf object;
	ark_buf_init(&object);
	struct ark_id id;
	enum ark_rc rc =
		arkv_sealed_make(&object, &places_kind, keys, codec, ark_span(NULL, 0), raw, err);
	if (rc)
		return rc;
	arkv_sha256_of(&id, ark_buf_span(&object));
	rc = arkv_store_put(store, name_of(&id).s, ark_buf_span(&object), err);
	if (!rc)
		*name = id;
	return rc;
}

enum ark_rc arkv_places_load(struct ark_buf *raw, struct arkv_store *store,
			     const struct arkv_keys *keys, struct arkv_codec *codec,
			     const struct ark_id *name, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf object;
	ark_buf_init(&object);
	struct ark_id found;
	struct object_name text = name_of(name);
	enum ark_rc rc = arkv_store_get(store, text.s, 0, ARKV_TO_END, &object, err);
	if (rc)
		return rc;
	arkv_sha256_of(&found, ark_buf_span(&object));
	if (!ark_id_eq(&found, name))
		return ark_fail(err, ARK_CORRUPT, "%s: its bytes have another hash: damaged",
				text.s);
	rc = arkv_sealed_open(raw, NULL, &places_kind, keys, codec, ark_buf_span(&object), err);
	if (rc)
		ark_err_prefix(err, "%s", text.s);
	return rc;
}

/* ---- lists of names ---- */

void arkv_listing_release(struct arkv_listing *list)
{
	free(list->items);
	*list = (struct arkv_listing){ .count = 0 };
}

static int listed_cmp(const void *a, const void *b)
{
	const struct arkv_listed *x = a, *y = b;
	return ark_id_cmp(&x->name, &y->name);
}

void arkv_listing_sort(struct arkv_listing *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, listed_cmp);
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || !ark_id_eq(&list->items[i].name, &list->items[kept - 1].name))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

const struct arkv_listed *arkv_listing_find(const struct arkv_listing *list,
					    const struct ark_id *name)
{
	struct arkv_listed key = { .name = *name };
	if (list->count == 0)
		return NULL;
	return bsearch(&key, list->items, list->count, sizeof key, listed_cmp);
}

enum ark_rc arkv_listing_add(struct arkv_listing *list, const struct ark_id *name, uint64_t size,
			     struct ark_err *err)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 64;
		struct arkv_listed *items = reallocarray(list->items, cap, sizeof *items);
		if (!items)
			return ark_fail(err, ARK_NOMEM, "a list of names: out of memory");
		list->items = items;
		list->cap = cap;
	}
	list->items[list->count++] = (struct arkv_listed){ .name = *name, .size = size };
	return ARK_OK;
}

static enum ark_rc places_one(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct ark_id id;
	if (!ark_id_from_hex(&id, ark_span_str(name + sizeof space - 1)))
		return ARK_OK;
	return arkv_listing_add(ctx, &id, size, err);
}

enum ark_rc arkv_places_list(struct arkv_listing *out, struct arkv_store *store,
			     struct ark_err *err)
{
	ARK_AUTO(arkv_listing_release) struct arkv_listing list = { .count = 0 };
	enum ark_rc rc = arkv_store_list(store, space, places_one, &list, err);
	if (rc)
		return rc;
	arkv_listing_sort(&list);
	*out = list;
	list = (struct arkv_listing){ .count = 0 };
	return ARK_OK;
}
