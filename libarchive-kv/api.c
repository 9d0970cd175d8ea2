/* api.c - repositories, archives and readers of arkv.h; jobs are in api_jobs.c. */
#include "libarchive-kv/api_in.h"
#include "libarchive-kv/clock.h"
#include "libarchive-kv/cursor.h"
#include "libarchive-kv/registry.h"
#include "libarchive-kv/slots.h"

#include <stdio.h>
#include <stdlib.h>

/* The public numbers are promised; the inner ones must agree with them. */
_Static_assert((int)ARKV_OK == (int)ARK_OK && (int)ARKV_CORRUPT == (int)ARK_CORRUPT &&
		       (int)ARKV_AUTH == (int)ARK_AUTH && (int)ARKV_AGAIN == (int)ARK_AGAIN &&
		       (int)ARKV_IO == (int)ARK_IO && (int)ARKV_USAGE == (int)ARK_USAGE,
	       "enum arkv_status and enum ark_rc have the same numbers");

const char *arkv_status_name(int status)
{
	return ark_rc_name((enum ark_rc)status);
}

const char *arkv_version(void)
{
	return ARKV_VERSION;
}

int arkv_api_result(struct arkv_error *error, enum ark_rc rc, const struct ark_err *err)
{
	if (!error)
		return (int)rc;
	*error = (struct arkv_error){ .status = (int)rc };
	if (rc) {
		error->sys = err->sys;
		memcpy(error->text, err->text, sizeof error->text);
	}
	return (int)rc;
}

static struct ark_span optional(const char *s)
{
	return s ? ark_span_str(s) : ark_span(NULL, 0);
}

typedef enum ark_rc repo_opener(struct arkv_repo **out, const struct arkv_repo_options *options,
				const struct arkv_open_options *given, struct ark_err *err);

static int open_with(struct arkv **out, const struct arkv_open_options *given, repo_opener *opener,
		     struct arkv_error *error)
{
	struct ark_err err = { 0 };
	struct arkv *a = calloc(1, sizeof *a);
	if (!a)
		return arkv_api_result(error, ark_fail(&err, ARK_NOMEM, "out of memory"), &err);
	struct arkv_unlock unlock = {
		.passphrase = optional(given->passphrase),
		.key_file = optional(given->key_file),
	};
	struct arkv_repo_options options = {
		.unlock = given->passphrase || given->key_file ? &unlock : NULL,
		.where = given->url,
		.cache_root = given->cache_root,
	};
	enum ark_rc rc = given->url ? ARK_OK : ark_fail(&err, ARK_USAGE, "no repository is named");
	if (!rc)
		rc = arkv_store_from_url(&options.store, given->url, &err);
	if (!rc)
		rc = opener(&a->repo, &options, given, &err);
	if (rc)
		free(a);
	else
		*out = a;
	return arkv_api_result(error, rc, &err);
}

static enum ark_rc open_existing(struct arkv_repo **out, const struct arkv_repo_options *options,
				 const struct arkv_open_options *given, struct ark_err *err)
{
	(void)given;
	return arkv_repo_open(out, options, err);
}

int arkv_open(struct arkv **out, const struct arkv_open_options *options, struct arkv_error *error)
{
	return open_with(out, options, open_existing, error);
}

static enum ark_rc open_new(struct arkv_repo **out, const struct arkv_repo_options *options,
			    const struct arkv_open_options *given, struct ark_err *err)
{
	if (!given->passphrase)
		return ark_fail(err, ARK_USAGE, "a new repository needs a passphrase");
	struct arkv_slot_new slot = {
		.kind = ARKF_SLOT_PASSPHRASE,
		.passphrase = ark_span_str(given->passphrase),
		.created_ms = arkv_clock_now_ms(arkv_clock_system()),
	};
	struct arkv_slot_made made = { 0 };
	struct arkv_repo_new what = { .suite = ARK_SUITE_XCHACHA, .slot = &slot, .made = &made };
	enum ark_rc rc = arkv_repo_init(out, options, &what, err);
	arkv_slot_made_release(&made);
	return rc;
}

int arkv_create(struct arkv **out, const struct arkv_open_options *options,
		struct arkv_error *error)
{
	return open_with(out, options, open_new, error);
}

void arkv_close(struct arkv *a)
{
	if (!a)
		return;
	arkv_repo_freep(&a->repo);
	free(a);
}

/* ---- archives ---- */

static void text_copy(char *out, size_t cap, struct ark_span text)
{
	size_t len = text.len < cap - 1 ? text.len : cap - 1;
	if (len)
		memcpy(out, text.p, len);
	out[len] = '\0';
}

void arkv_api_summary(struct arkv_summary *out, const struct ark_uid *uid,
		      const struct arkf_head *head)
{
	*out = (struct arkv_summary){ .is_damaged = !head };
	memcpy(out->id, ark_uid_hex(uid).s, sizeof out->id);
	if (!head)
		return;
	text_copy(out->source, sizeof out->source, head->source_name);
	text_copy(out->host, sizeof out->host, head->host);
	out->n = head->n;
	out->time_ms = head->scan_start_ms;
	out->records = head->counts.records;
	out->raw_bytes = head->counts.raw_bytes;
	out->stored_bytes = head->counts.stored_bytes;
	out->is_incomplete = (head->marks & ARKF_MARK_INCOMPLETE) != 0;
}

int arkv_archives(struct arkv *a, struct arkv_summary **items, size_t *count,
		  struct arkv_error *error)
{
	struct ark_err err = { 0 };
	struct arkv_archives list = { 0 };
	enum ark_rc rc = arkv_archives_list(&list, a->repo, NULL, &err);
	struct arkv_summary *out = rc ? NULL : calloc(list.count + 1, sizeof *out);
	if (!rc && !out)
		rc = ark_fail(&err, ARK_NOMEM, "out of memory");
	for (size_t i = 0; !rc && i < list.count; i++)
		arkv_api_summary(&out[i], &list.items[i].uid, list.items[i].head);
	if (!rc) {
		*items = out;
		*count = list.count;
	}
	arkv_archives_release(&list);
	return arkv_api_result(error, rc, &err);
}

void arkv_archives_free(struct arkv_summary *items)
{
	free(items);
}

enum ark_rc arkv_api_archive(struct arkv_archive **out, struct arkv *a, const char *reference,
			     const char *source, struct ark_err *err)
{
	struct arkv_archives list = { 0 };
	const struct arkv_archive_info *info = NULL;
	enum ark_rc rc = arkv_archives_list(&list, a->repo, NULL, err);
	if (!rc)
		rc = arkv_archives_find(&info, &list, reference ? reference : "latest", source,
					err);
	if (!rc)
		rc = arkv_archive_open(out, a->repo, &info->uid, err);
	arkv_archives_release(&list);
	return rc;
}

/* ---- readers ---- */

struct arkv_reader {
	struct arkv_archive *archive;
	struct arkv_cursor *cursor;
};

int arkv_reader_open(struct arkv_reader **out, struct arkv *a, const char *reference,
		     const char *source, struct arkv_error *error)
{
	struct ark_err err = { 0 };
	struct arkv_reader *r = calloc(1, sizeof *r);
	enum ark_rc rc = r ? ARK_OK : ark_fail(&err, ARK_NOMEM, "out of memory");
	if (!rc)
		rc = arkv_api_archive(&r->archive, a, reference, source, &err);
	if (!rc)
		rc = arkv_cursor_open(&r->cursor, r->archive, NULL, &err);
	if (rc)
		arkv_reader_close(r);
	else
		*out = r;
	return arkv_api_result(error, rc, &err);
}

void arkv_reader_close(struct arkv_reader *r)
{
	if (!r)
		return;
	arkv_cursor_freep(&r->cursor);
	arkv_archive_freep(&r->archive);
	free(r);
}

int arkv_reader_seek(struct arkv_reader *r, const void *space, size_t space_len, const void *key,
		     size_t key_len, struct arkv_error *error)
{
	struct ark_err err = { 0 };
	enum ark_rc rc = arkv_cursor_seek(r->cursor, ark_span(space, space_len),
					  ark_span(key, key_len), &err);
	return arkv_api_result(error, rc, &err);
}

void arkv_api_item(struct arkv_item *out, const struct ark_record *r)
{
	*out = (struct arkv_item){
		.space = r->space.p,
		.space_len = r->space.len,
		.key = r->key.p,
		.key_len = r->key.len,
		.meta = r->meta.p,
		.meta_len = r->meta.len,
		.value_len = r->value_len,
		.expires_ms = r->expires_ms,
		.flags = r->flags,
		.type = r->type,
	};
}

int arkv_reader_next(struct arkv_reader *r, struct arkv_item *item, struct arkv_error *error)
{
	struct ark_err err = { 0 };
	struct ark_record record;
	enum ark_rc rc = arkv_cursor_next(r->cursor, &record, &err);
	if (!rc)
		arkv_api_item(item, &record);
	return arkv_api_result(error, rc, &err);
}

int arkv_reader_get(struct arkv_reader *r, const void *space, size_t space_len, const void *key,
		    size_t key_len, struct arkv_item *item, struct arkv_error *error)
{
	struct ark_err err = { 0 };
	struct ark_record record;
	enum ark_rc rc = arkv_cursor_get(r->cursor, ark_span(space, space_len),
					 ark_span(key, key_len), &record, &err);
	if (!rc)
		arkv_api_item(item, &record);
	return arkv_api_result(error, rc, &err);
}

struct value_call {
	arkv_value_fn *fn;
	void *ctx;
};

static enum ark_rc value_piece(void *ctx, struct ark_span bytes, struct ark_err *err)
{
	const struct value_call *call = ctx;
	if (call->fn(call->ctx, bytes.p, bytes.len))
		return ark_fail(err, ARK_CANCELLED, "stopped as asked");
	return ARK_OK;
}

int arkv_reader_value(struct arkv_reader *r, arkv_value_fn *fn, void *ctx, struct arkv_error *error)
{
	struct ark_err err = { 0 };
	struct value_call call = { .fn = fn, .ctx = ctx };
	return arkv_api_result(error, arkv_value_read(r->cursor, value_piece, &call, &err), &err);
}
