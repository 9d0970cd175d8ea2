/* archive_list.c - which archives there are. See archive.h. */
#include "libarchive-kv/archive.h"
#include "libarchive-kv/codec.h"
#include "libarchive-kv/heads.h"
#include "libarchive-kv/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

/* What listing archives/ and gc/reaped/ shows. */
struct uids {
	struct ark_uid *items;
	size_t count;
	size_t cap;
};

struct listing {
	struct arkv_repo *repo;
	struct arkv_archives list;
	size_t cap;
	struct uids marks;
	struct uids reaped;
};

struct arkv_object_name arkv_archive_name(const struct ark_uid *uid)
{
	struct arkv_object_name name;
	(void)snprintf(name.s, sizeof name.s, "archives/%s", ark_uid_hex(uid).s);
	return name;
}

struct arkv_object_name arkv_hash_name(const char *prefix, const struct ark_id *id)
{
	struct arkv_object_name name;
	(void)snprintf(name.s, sizeof name.s, "%s%s", prefix, ark_id_hex(id).s);
	return name;
}

static enum ark_rc no_room(struct ark_err *err)
{
	return ark_fail(err, ARK_NOMEM, "archives: out of memory");
}

/* ---- names ---- */

static enum ark_rc uid_add(struct uids *uids, const struct ark_uid *uid, struct ark_err *err)
{
	if (uids->count == uids->cap) {
		size_t cap = uids->cap ? 2 * uids->cap : 16;
		struct ark_uid *items = realloc(uids->items, cap * sizeof *items);
		if (!items)
			return no_room(err);
		uids->items = items;
		uids->cap = cap;
	}
	uids->items[uids->count++] = *uid;
	return ARK_OK;
}

static int uid_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ark_uid));
}

static bool uid_has(const struct uids *uids, const struct ark_uid *uid)
{
	return uids->count &&
	       bsearch(uid, uids->items, uids->count, sizeof *uids->items, uid_cmp) != NULL;
}

static void uid_sort(struct uids *uids)
{
	if (uids->count)
		qsort(uids->items, uids->count, sizeof *uids->items, uid_cmp);
}

static enum ark_rc archive_add(struct listing *l, const struct ark_uid *uid, uint64_t len,
			       struct ark_err *err)
{
	if (l->list.count == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct arkv_archive_info *items = realloc(l->list.items, cap * sizeof *items);
		if (!items)
			return no_room(err);
		l->list.items = items;
		l->cap = cap;
	}
	l->list.items[l->list.count++] =
		(struct arkv_archive_info){ .uid = *uid, .object_len = len };
	return ARK_OK;
}

static enum ark_rc name_seen(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct listing *l = ctx;
	const size_t prefix_len = strlen("archives/"), hex_len = 2 * ARK_UID_LEN;
	size_t len = strlen(name);
	struct ark_uid uid;
	if (len < prefix_len + hex_len ||
	    !ark_uid_from_hex(&uid, ark_span(name + prefix_len, hex_len)))
		return ARK_OK; /* none of ours: verify tells */
	if (len == prefix_len + hex_len)
		return archive_add(l, &uid, size, err);
	if (strcmp(name + prefix_len + hex_len, ".del") == 0)
		return uid_add(&l->marks, &uid, err);
	return ARK_OK;
}

static enum ark_rc reaped_seen(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	(void)size;
	struct ark_uid uid;
	if (!ark_uid_from_hex(&uid, ark_span_str(name + strlen("gc/reaped/"))))
		return ARK_OK;
	return uid_add(ctx, &uid, err);
}

static enum ark_rc list_names(struct listing *l, struct ark_err *err)
{
	struct arkv_store *store = arkv_repo_store(l->repo);
	enum ark_rc rc = arkv_store_list(store, "archives/", name_seen, l, err);
	if (!rc)
		rc = arkv_store_list(store, "gc/reaped/", reaped_seen, &l->reaped, err);
	uid_sort(&l->marks);
	uid_sort(&l->reaped);
	return rc;
}

/* ---- heads ---- */

static enum ark_rc decode_head(struct arkf_head **out, struct listing *l, struct arkv_codec *codec,
			       const struct ark_uid *uid, struct ark_span start,
			       struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ARK_AUTO(ark_buf_release) struct ark_buf raw;
	ark_buf_init(&body);
	ark_buf_init(&raw);
	struct arkv_keys *keys = arkv_repo_keys(l->repo);
	struct arkf_manifest outer;
	enum ark_rc rc = arkf_manifest_decode(&outer, start, err);
	if (rc)
		return rc;
	if (!ark_uid_eq(&outer.uid, uid))
		return ark_fail(err, ARK_CORRUPT, "it is the manifest of archive %s",
				ark_uid_hex(&outer.uid).s);
	if (outer.head_off > start.len || outer.head_len > start.len - outer.head_off)
		return ark_fail(err, ARK_CORRUPT, "its head is cut off");
	struct ark_span box = ark_span(start.p + outer.head_off, outer.head_len);
	rc = arkv_open_meta(&body, keys, ARKV_BOX_HEAD, ark_span(uid->b, sizeof uid->b), box, err);
	if (!rc)
		rc = arkv_body_unpack(codec, ark_buf_span(&body), ARKV_HEAD_RAW_MAX, &raw, err);
	if (rc)
		return rc;
	struct ark_span content = ark_buf_span(&raw);
	struct arkf_head *head = malloc(sizeof *head + content.len);
	if (!head)
		return no_room(err);
	uint8_t *copy = (uint8_t *)(head + 1); /* what its spans borrow goes with it */
	if (content.len)
		memcpy(copy, content.p, content.len);
	rc = arkf_head_decode(head, ark_span(copy, content.len), err);
	if (rc) {
		free(head);
		return rc;
	}
	*out = head;
	return ARK_OK;
}

static bool is_hard(enum ark_rc rc)
{
	return rc == ARK_NOMEM || rc == ARK_CANCELLED;
}

/* Fills info from the start of its manifest, or from what went wrong with reading that. */
static enum ark_rc take_head(struct arkv_archive_info *info, struct listing *l,
			     struct arkv_codec *codec, const struct arkv_head_start *start,
			     struct ark_err *err)
{
	struct arkf_head *head = NULL;
	enum ark_rc rc = start->rc;
	if (rc && err)
		*err = start->err;
	if (!rc)
		rc = decode_head(&head, l, codec, &info->uid, ark_buf_span(&start->bytes), err);
	if (is_hard(rc))
		return rc;
	if (head) {
		info->head = head;
		info->time_ms = head->scan_start_ms ? head->scan_start_ms : head->made_ms;
		return ARK_OK;
	}
	info->is_damaged = true;
	(void)snprintf(info->problem, sizeof info->problem, "%s",
		       err ? err->text : ark_rc_name(rc));
	return ARK_OK;
}

static enum ark_rc read_heads(struct listing *l, struct ark_err *err)
{
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = NULL;
	ARK_AUTO(arkv_heads_freep) struct arkv_heads *heads = NULL;
	enum ark_rc rc = arkv_codec_new(&codec, 1, err);
	if (!rc)
		rc = arkv_heads_open(&heads, l->repo, l->list.items, l->list.count, err);
	size_t kept = 0;
	for (size_t i = 0; !rc && i < l->list.count; i++) {
		const struct arkv_head_start *start = NULL;
		struct ark_err why = { 0 };
		rc = arkv_heads_get(&start, heads, i, err);
		if (rc)
			break;
		if (start->rc == ARK_NOTFOUND)
			continue; /* pruned since it was listed */
		struct arkv_archive_info *info = &l->list.items[kept];
		*info = l->list.items[i];
		rc = take_head(info, l, codec, start, &why);
		if (rc && err)
			*err = why;
		kept++;
	}
	/* behind a failure lie entries without heads, and copies of what has moved up */
	l->list.count = kept;
	return rc;
}

/* ---- choice and order ---- */

static bool is_wanted(const struct listing *l, const struct arkv_archives_options *options,
		      const struct arkv_archive_info *info)
{
	if (info->forgotten && !(options && options->with_forgotten))
		return false;
	if (info->is_damaged)
		return true;
	if (uid_has(&l->reaped, &info->head->session))
		return false;
	return !options || !options->source ||
	       ark_span_eq(info->head->source_name, ark_span_str(options->source));
}

static void info_release(struct arkv_archive_info *info)
{
	free(info->head);
	info->head = NULL;
}

static void choose(struct listing *l, const struct arkv_archives_options *options)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->list.count; i++) {
		struct arkv_archive_info *info = &l->list.items[i];
		info->forgotten = uid_has(&l->marks, &info->uid);
		if (!is_wanted(l, options, info)) {
			info_release(info);
			continue;
		}
		l->list.damaged_count += info->is_damaged;
		l->list.items[kept++] = *info;
	}
	l->list.count = kept;
}

static int info_cmp(const void *a, const void *b)
{
	const struct arkv_archive_info *x = a, *y = b;
	if (x->is_damaged != y->is_damaged)
		return x->is_damaged ? 1 : -1;
	int order = 0;
	if (!x->is_damaged)
		order = ark_span_cmp(x->head->source_name, y->head->source_name);
	if (!order && !x->is_damaged && x->head->n != y->head->n)
		order = x->head->n < y->head->n ? -1 : 1;
	return order ? order : uid_cmp(&x->uid, &y->uid);
}

enum ark_rc arkv_archives_list(struct arkv_archives *out, struct arkv_repo *repo,
			       const struct arkv_archives_options *options, struct ark_err *err)
{
	struct listing l = { .repo = repo };
	enum ark_rc rc = list_names(&l, err);
	if (!rc)
		rc = read_heads(&l, err);
	if (!rc) {
		choose(&l, options);
		if (l.list.count)
			qsort(l.list.items, l.list.count, sizeof *l.list.items, info_cmp);
		*out = l.list;
	} else {
		arkv_archives_release(&l.list);
	}
	free(l.marks.items);
	free(l.reaped.items);
	return rc;
}

void arkv_archives_release(struct arkv_archives *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		info_release(&list->items[i]);
	free(list->items);
	*list = (struct arkv_archives){ 0 };
}
