/* condemned.c - see condemned.h. */
#include "libarchive-kv/condemned.h"

#include <stdio.h>
#include <stdlib.h>

static const char space[] = "gc/";

enum { NUMBER_DIGITS = 16, UID_DIGITS = 2 * ARK_UID_LEN };

static const struct arkv_sealed_kind gc_kind = { .shape = &arkf_gc_shape,
						 .box = ARKV_BOX_GC,
						 .raw_max = ARKF_GC_RAW_MAX };

/* The lists of gc/: their numbers and random uids, as one id of 8 + 16 bytes and zeros. */
static bool name_decode(struct ark_id *out, const char *name)
{
	char digits[2 * ARK_ID_LEN + 1];
	const char *text = name + sizeof space - 1;
	if (strlen(text) != NUMBER_DIGITS + 1 + UID_DIGITS || text[NUMBER_DIGITS] != '-')
		return false;
	memset(digits, '0', sizeof digits - 1);
	digits[sizeof digits - 1] = '\0';
	memcpy(digits, text, NUMBER_DIGITS);
	memcpy(digits + NUMBER_DIGITS, text + NUMBER_DIGITS + 1, UID_DIGITS);
	return ark_id_from_hex(out, ark_span_str(digits));
}

static void name_encode(char out[ARKV_NAME_MAX + 1], const struct ark_id *id)
{
	struct ark_hex hex = ark_id_hex(id);
	snprintf(out, ARKV_NAME_MAX + 1, "%s%.*s-%.*s", space, NUMBER_DIGITS, hex.s, UID_DIGITS,
		 hex.s + NUMBER_DIGITS);
}

static enum ark_rc list_one(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct ark_id id;
	return name_decode(&id, name) ? arkv_listing_add(ctx, &id, size, err) : ARK_OK;
}

void arkv_condemned_release(struct arkv_condemned *c)
{
	arkv_listing_release(&c->packs);
	arkv_listing_release(&c->places);
}

static enum ark_rc take_class(struct arkv_listing *into, struct arkf_gc_rd *it, struct ark_err *err)
{
	struct ark_span name;
	enum ark_rc rc = arkf_gc_name_next(it, &name, err);
	for (; rc == ARK_OK; rc = arkf_gc_name_next(it, &name, err)) {
		struct ark_id id;
		if (!into)
			continue;
		memcpy(id.b, name.p, sizeof id.b);
		rc = arkv_listing_add(into, &id, 0, err);
		if (rc)
			return rc;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc take(struct arkv_condemned *c, struct ark_span raw, struct ark_err *err)
{
	struct arkf_gc_rd it;
	enum arkf_gc_class class_no;
	uint64_t count;
	enum ark_rc rc = arkf_gc_decode(&it, raw, err);
	while (!rc) {
		rc = arkf_gc_class_next(&it, &class_no, &count, err);
		if (rc)
			break;
		rc = take_class(class_no == ARKF_GC_PACKS    ? &c->packs
				: class_no == ARKF_GC_PLACES ? &c->places
							     : NULL,
				&it, err);
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

/* The list says its own name: one under another's name is refused. */
static enum ark_rc name_check(const struct ark_id *name, struct ark_span context,
			      struct ark_err *err)
{
	struct ark_id found = { .b = { 0 } };
	struct ark_uid uid;
	uint64_t n;
	enum ark_rc rc = arkf_gc_context_decode(context, &n, &uid, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < 8; i++)
		found.b[i] = (uint8_t)(n >> (56 - 8 * i));
	memcpy(found.b + 8, uid.b, sizeof uid.b);
	if (ark_id_eq(name, &found))
		return ARK_OK;
	return ark_fail(err, ARK_CORRUPT, "gc list: stands under another one's name");
}

static enum ark_rc load_one(struct arkv_condemned *c, struct arkv_store *store,
			    const struct arkv_keys *keys, struct arkv_codec *codec,
			    const struct ark_id *id, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf object;
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&object);
	ark_buf_init(&raw);
	struct ark_span context = { .len = 0 };
	char name[ARKV_NAME_MAX + 1];
	name_encode(name, id);
	enum ark_rc rc = arkv_store_get(store, name, 0, ARKV_TO_END, &object, err);
	if (rc)
		return rc == ARK_NOTFOUND ? ARK_OK : rc;
	rc = arkv_sealed_open(&raw, &context, &gc_kind, keys, codec, ark_buf_span(&object), err);
	if (!rc)
		rc = name_check(id, context, err);
	if (!rc)
		rc = take(c, ark_buf_span(&raw), err);
	if (rc)
		ark_err_prefix(err, "%s", name);
	return rc;
}

enum ark_rc arkv_condemned_load(struct arkv_condemned *out, struct arkv_store *store,
				const struct arkv_keys *keys, struct arkv_codec *codec,
				struct ark_err *err)
{
	ARK_AUTO(arkv_listing_release) struct arkv_listing lists = { .count = 0 };
	ARK_AUTO(arkv_condemned_release) struct arkv_condemned c = { .packs.count = 0 };
	enum ark_rc rc = arkv_store_list(store, space, list_one, &lists, err);
	for (size_t i = 0; i < lists.count && !rc; i++)
		rc = load_one(&c, store, keys, codec, &lists.items[i].name, err);
	if (rc)
		return rc;
	arkv_listing_sort(&c.packs);
	arkv_listing_sort(&c.places);
	*out = c;
	c = (struct arkv_condemned){ .packs.count = 0 };
	return ARK_OK;
}
