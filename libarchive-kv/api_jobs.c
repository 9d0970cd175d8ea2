/* api_jobs.c - backup, restore and verify of arkv.h. */
#include "libarchive-kv/api_in.h"
#include "libarchive-kv/backup.h"
#include "libarchive-kv/registry.h"
#include "libarchive-kv/restore.h"
#include "libarchive-kv/verify.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- callbacks ---- */

/* The caller is asked where the job reports; the job looks at the flag. */
static void on_progress(void *ctx, const struct arkv_progress *p)
{
	struct arkv_api_job *j = ctx;
	const struct arkv_callbacks *cb = j->callbacks;
	if (cb->progress)
		cb->progress(cb->ctx, p->phase, p->records, p->bytes, p->bytes_total);
	if (cb->cancelled && cb->cancelled(cb->ctx))
		atomic_store(&j->cancel, true);
}

static void on_warn(void *ctx, const char *text)
{
	const struct arkv_callbacks *cb = ((struct arkv_api_job *)ctx)->callbacks;
	if (cb->warn)
		cb->warn(cb->ctx, text);
}

void arkv_api_job_init(struct arkv_api_job *j, const struct arkv_callbacks *callbacks)
{
	static const struct arkv_callbacks none;
	j->callbacks = callbacks ? callbacks : &none;
	atomic_init(&j->cancel, false);
	j->job = (struct arkv_job){
		.progress = on_progress,
		.warn = on_warn,
		.ctx = j,
		.cancel = &j->cancel,
	};
}

/* ---- backup ---- */

/* A source whose records the caller hands over. */
struct pull_source {
	struct arkv_source source; /* first: the backup hands this back */
	const struct arkv_backup_request *request;
};

static enum ark_rc pull_open(struct arkv_source *s, struct arkv_source_info *info,
			     struct ark_err *err)
{
	const struct arkv_backup_request *request = ((struct pull_source *)s)->request;
	*info = (struct arkv_source_info){ .consistency = ARKV_CONSISTENCY_UNKNOWN };
	if (!request->name)
		return ark_fail(err, ARK_USAGE, "records that the caller hands over need a name");
	snprintf(info->identity, sizeof info->identity, "caller:%s", request->name);
	return ARK_OK;
}

static enum ark_rc pull_record(const struct arkv_item *item, const void *value,
			       struct arkv_sink *sink, struct ark_err *err)
{
	struct ark_record r = {
		.space = ark_span(item->space, item->space_len),
		.key = ark_span(item->key, item->key_len),
		.meta = ark_span(item->meta, item->meta_len),
		.expires_ms = item->expires_ms ? item->expires_ms : ARK_NO_EXPIRY,
		.value_len = item->value_len,
		.flags = item->flags,
		.type = item->type ? item->type : ARK_TYPE_STRING,
	};
	if (r.space.len > ARK_SPACE_MAX || r.key.len > ARK_KEY_MAX || r.meta.len > ARK_META_MAX ||
	    r.value_len > ARK_VALUE_MAX)
		return sink->refused(sink, r.key, "its space, key, meta or value is too long", err);
	return sink->record(sink, &r, ark_span(value, (size_t)r.value_len), err);
}

static enum ark_rc pull_scan(struct arkv_source *s, struct arkv_sink *sink, struct ark_err *err)
{
	const struct arkv_backup_request *request = ((struct pull_source *)s)->request;
	for (;;) {
		struct arkv_item item = { 0 };
		const void *value = NULL;
		int answer = request->next(request->next_ctx, &item, &value);
		if (answer == 1)
			return ARK_OK;
		if (answer)
			return ark_fail(err, ARK_CANCELLED, "the caller's records ended early");
		enum ark_rc rc = pull_record(&item, value, sink, err);
		if (rc)
			return rc;
	}
}

static void pull_free(struct arkv_source *s)
{
	free(s);
}

static enum ark_rc source_of(struct arkv_source **out, const struct arkv_backup_request *request,
			     struct ark_err *err)
{
	static const struct arkv_source_ops ops = {
		.kind = "caller",
		.open = pull_open,
		.scan = pull_scan,
		.free = pull_free,
	};
	if (request->source)
		return arkv_source_from_url(out, request->source, err);
	if (!request->next)
		return ark_fail(err, ARK_USAGE, "a backup needs a source");
	struct pull_source *pull = calloc(1, sizeof *pull);
	if (!pull)
		return ark_fail(err, ARK_NOMEM, "out of memory");
	pull->source.ops = &ops;
	pull->request = request;
	*out = &pull->source;
	return ARK_OK;
}

static void summarise(struct arkv_summary *out, const struct arkv_backup_request *request,
		      const struct arkv_backup_result *r)
{
	const struct arkf_head head = {
		.n = r->n,
		.source_name = ark_span_str(r->name),
		.host = ark_span_str(request->host ? request->host : ""),
		.scan_start_ms = r->scan_start_ms,
		.marks = r->incomplete ? ARKF_MARK_INCOMPLETE : 0,
		.counts = r->counts,
	};
	arkv_api_summary(out, &r->archive, &head);
}

int arkv_run_backup(struct arkv *a, const struct arkv_backup_request *request,
		    struct arkv_summary *summary, struct arkv_error *error)
{
	struct ark_err err = { 0 };
	struct arkv_api_job job;
	arkv_api_job_init(&job, request->callbacks);
	struct arkv_backup_options options = {
		.name = request->name,
		.host = request->host,
		.memory_bytes = request->memory_bytes,
	};
	ARK_AUTO(arkv_source_freep) struct arkv_source *source = NULL;
	struct arkv_backup_result result;
	enum ark_rc rc = source_of(&source, request, &err);
	if (!rc)
		rc = arkv_backup(a->repo, source, &options, &job.job, &result, &err);
	if (!rc && summary)
		summarise(summary, request, &result);
	return arkv_api_result(error, rc, &err);
}

/* ---- restore ---- */

int arkv_run_restore(struct arkv *a, const struct arkv_restore_request *request,
		     struct arkv_restore_summary *summary, struct arkv_error *error)
{
	struct ark_err err = { 0 };
	struct arkv_api_job job;
	arkv_api_job_init(&job, request->callbacks);
	struct arkv_restore_options options = {
		.target = {
			.conflict = (enum arkv_conflict)request->on_conflict,
			.dry_run = request->dry_run != 0,
		},
	};
	ARK_AUTO(arkv_target_freep) struct arkv_target *target = NULL;
	ARK_AUTO(arkv_archive_freep) struct arkv_archive *archive = NULL;
	struct arkv_restore_result result = { 0 };
	enum ark_rc rc = ARK_OK;
	if (!request->target || request->on_conflict < 0 ||
	    request->on_conflict > (int)ARKV_CONFLICT_REPLACE)
		rc = ark_fail(&err, ARK_USAGE, "a restore needs a target and a conflict policy");
	if (!rc)
		rc = arkv_target_from_url(&target, request->target, &err);
	if (!rc)
		rc = arkv_api_archive(&archive, a, request->reference, request->source, &err);
	if (!rc)
		rc = arkv_restore(archive, target, &options, &job.job, &result, &err);
	if (summary)
		*summary = (struct arkv_restore_summary){
			.created = result.created,
			.replaced = result.replaced,
			.skipped = result.skipped,
			.same = result.same,
			.refused = result.refused,
			.unreadable = result.unreadable,
		};
	return arkv_api_result(error, rc, &err);
}

/* ---- verify ---- */

static void on_damage(void *ctx, const struct arkv_damage *damage)
{
	const struct arkv_verify_request *request = ctx;
	if (request->damage)
		request->damage(request->damage_ctx, damage->object, damage->what,
				damage->entry_count);
}

int arkv_run_verify(struct arkv *a, const struct arkv_verify_request *request, uint64_t *damages,
		    struct arkv_error *error)
{
	struct ark_err err = { 0 };
	struct arkv_api_job job;
	arkv_api_job_init(&job, request->callbacks);
	struct arkv_verify_options options = {
		.level = request->read_data ? ARKV_VERIFY_DATA : ARKV_VERIFY_PRESENCE,
	};
	struct arkv_verify_request copy = *request;
	struct arkv_verify_report report = { .damage = on_damage, .ctx = &copy };
	struct arkv_verify_result result = { 0 };
	enum ark_rc rc = arkv_verify(a->repo, &options, &report, &job.job, &result, &err);
	*damages = result.damages;
	return arkv_api_result(error, rc, &err);
}
