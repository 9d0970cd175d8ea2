/* backup_commit.c - the end of a backup: the manifest that makes an archive of what was stored. */
#include "libarchive-kv/backup_in.h"
#include "libarchive-kv/clock.h"
#include "libarchive-kv/index.h"
#include "libarchive-kv/manifest_write.h"
#include "libarchive-kv/rand.h"

#include <stdlib.h>

enum { PHASES = 1 << 16, FOLD_LIMIT = 500, FOLD_JITTER = 125 };

static struct ark_span text_of(const char *s, size_t max)
{
	struct ark_span span = ark_span_str(s ? s : "");
	if (span.len > max)
		span.len = max;
	return span;
}

static int tag_cmp(const void *a, const void *b)
{
	return ark_span_cmp(*(const struct ark_span *)a, *(const struct ark_span *)b);
}

enum ark_rc arkv_backup_tags(struct arkv_backup_run *b, struct ark_err *err)
{
	const struct arkv_backup_options *options = b->options;
	if (options->tag_count > ARKF_MANIFEST_TAGS_MAX)
		return ark_fail(err, ARK_LIMIT, "%zu tags: an archive has %d at most",
				options->tag_count, ARKF_MANIFEST_TAGS_MAX);
	struct ark_span tags[ARKF_MANIFEST_TAGS_MAX];
	for (size_t i = 0; i < options->tag_count; i++) {
		tags[i] = ark_span_str(options->tags[i]);
		if (tags[i].len == 0 || tags[i].len > ARKF_TAG_MAX)
			return ark_fail(err, ARK_LIMIT, "a tag has 1 to %d bytes: \"%.80s\"",
					ARKF_TAG_MAX, options->tags[i]);
	}
	qsort(tags, options->tag_count, sizeof tags[0], tag_cmp);
	for (size_t i = 0; i < options->tag_count; i++)
		if (i == 0 || !ark_span_eq(tags[i - 1], tags[i]))
			b->tags[b->tag_count++] = tags[i];
	return ARK_OK;
}

static void set_types(struct arkf_head *head, const struct arkv_backup_run *b)
{
	for (size_t i = 0; i < 256; i++)
		if (b->types[i].records)
			head->types[head->type_count++] = b->types[i];
}

static void make_head(struct arkf_head *head, const struct arkv_backup_run *b)
{
	head->n = b->result->n;
	if (b->parent) {
		head->parent = b->parent->uid;
		memcpy(head->parent_checksum, b->parent->checksum, sizeof head->parent_checksum);
	}
	head->session = b->session;
	head->source_name = ark_span_str(b->name);
	head->source_url = text_of(b->info.identity, ARKF_SOURCE_URL_MAX);
	head->host = text_of(b->options->host, ARKF_HOST_MAX);
	head->tool = ark_span_str("arkv " ARKV_VERSION);
	head->started_ms = b->result->started_ms;
	head->scan_start_ms = b->scan_start_ms;
	head->scan_end_ms = b->scan_end_ms;
	head->made_ms = (uint64_t)arkv_clock_now_ms(arkv_clock_system());
	head->consistency = (uint8_t)b->info.consistency;
	head->marks = b->result->incomplete ? ARKF_MARK_INCOMPLETE : 0;
	head->counts = b->result->counts;
	set_types(head, b);
	head->digests = b->digests;
	memcpy(head->filter_hash, b->filter_hash, sizeof head->filter_hash);
	struct ark_span filter = ark_buf_span(&b->filter_text);
	head->filter_text = ark_span(
		filter.p, filter.len < ARKF_FILTER_TEXT_MAX ? filter.len : ARKF_FILTER_TEXT_MAX);
	head->comment = text_of(b->options->comment, ARKF_COMMENT_MAX);
	memcpy(head->tags, b->tags, sizeof head->tags);
	head->tag_count = b->tag_count;
}

/* The archive's only segment, its stack the one base that this backup wrote, or empty. */
struct body {
	struct arkv_manifest_run run;
	struct arkf_stack_slice slice;
	struct arkv_manifest_segment segment;
};

static void make_body(struct body *body, const struct arkv_backup_run *b)
{
	const struct arkv_run_made *made = &b->run;
	struct arkv_rand rand = arkv_rand_system();
	body->run.table = (struct arkf_table_run){
		.name = made->name,
		.len = made->len,
		.refs_off = made->refs_off,
		.refs_len = made->refs_len,
		.archive = b->result->archive,
		.n = b->result->n,
		.entry_count = made->entry_count,
	};
	body->run.root = (struct arkf_manifest_root){
		.run_uid = made->uid,
		.datakey = b->dk.record,
		.box = ark_buf_span(&made->root_box),
	};
	body->slice = (struct arkf_stack_slice){ .entry_count = made->entry_count };
	body->segment.slices = &body->slice;
	body->segment.info = (struct arkf_segment){
		.phase = (uint32_t)arkv_rand_below(&rand, PHASES),
		.fold_limit = FOLD_LIMIT - FOLD_JITTER +
			      (uint32_t)arkv_rand_below(&rand, 2 * FOLD_JITTER + 1),
		.cut_threshold = b->cut_threshold,
		.depth = made->len ? 1 : 0,
		.live = b->result->counts.records,
	};
}

/* Everything but the head is the parent's: its runs as sealed bytes, its stacks and bounds. */
static enum ark_rc parts_of_parent(struct arkv_manifest_parts *parts, const struct arkv_archive *a,
				   struct ark_err *err)
{
	struct arkv_manifest_run *runs = calloc(a->run_count + 1, sizeof *runs);
	struct arkv_manifest_segment *segments = calloc(a->segment_count, sizeof *segments);
	parts->runs = runs;
	parts->segments = segments;
	if (!runs || !segments)
		return ark_fail(err, ARK_NOMEM, "manifest: out of memory");
	for (size_t i = 0; i < a->run_count; i++) {
		runs[i].table = a->runs[i].table;
		runs[i].root = (struct arkf_manifest_root){
			.run_uid = a->runs[i].uid,
			.datakey = a->runs[i].datakey,
			.box = a->runs[i].root_box,
		};
	}
	for (size_t i = 0; i < a->segment_count; i++)
		segments[i] = (struct arkv_manifest_segment){
			.info = a->segments[i].info,
			.begin = a->segments[i].begin,
			.slices = a->segments[i].slices,
		};
	parts->run_count = a->run_count;
	parts->segment_count = a->segment_count;
	return ARK_OK;
}

static enum ark_rc make_manifest(struct arkv_backup_run *b, struct arkf_head *head,
				 struct ark_buf *object, struct ark_err *err)
{
	struct arkv_manifest_parts parts = {
		.uid = &b->result->archive,
		.dk = &b->dk,
		.head = head,
	};
	if (b->result->unchanged) {
		enum ark_rc rc = parts_of_parent(&parts, b->parent, err);
		if (!rc)
			rc = arkv_manifest_make(object, b->keys, &parts, err);
		free((void *)(uintptr_t)parts.runs);
		free((void *)(uintptr_t)parts.segments);
		return rc;
	}
	struct body body;
	make_body(&body, b);
	parts.runs = &body.run;
	parts.run_count = b->run.len ? 1 : 0;
	parts.segments = &body.segment;
	parts.segment_count = 1;
	return arkv_manifest_make(object, b->keys, &parts, err);
}

/* Completes the archive's index on this host, or gives it up. */
static void index_finish(struct arkv_backup_run *b, struct ark_span manifest)
{
	if (!b->index)
		return;
	enum ark_rc rc = arkv_index_set_manifest(b->index, manifest, NULL);
	if (!rc && b->run.len)
		rc = arkv_index_set_run(b->index, &b->run.name, NULL);
	arkv_index_freep(&b->index);
	if (rc && arkv_index_remove(arkv_repo_cache_dir(b->repo, NULL), &b->result->archive, NULL))
		arkv_job_warn(b->job, "the archive is complete; its index in the cache is not");
}

enum ark_rc arkv_backup_commit(struct arkv_backup_run *b, struct ark_err *err)
{
	struct arkf_head *head = calloc(1, sizeof *head);
	if (!head)
		return ark_fail(err, ARK_NOMEM, "manifest: out of memory");
	ARK_AUTO(ark_buf_release) struct ark_buf object;
	ark_buf_init(&object);
	make_head(head, b);
	enum ark_rc rc = make_manifest(b, head, &object, err);
	free(head);
	if (rc)
		return rc;
	struct arkv_object_name name = arkv_archive_name(&b->result->archive);
	rc = arkv_store_put(b->store, name.s, ark_buf_span(&object), err);
	if (!rc)
		index_finish(b, ark_buf_span(&object));
	return rc;
}
