/* backup.c - one backup from its first object to its last; the halves are in backup_*.c. */
#include "libarchive-kv/backup.h"

#include "libarchive-kv/backup_in.h"
#include "libarchive-kv/cachedir.h"
#include "libarchive-kv/clock.h"
#include "libarchive-kv/filter.h"
#include "libarchive-kv/index.h"
#include "libarchive-kv/lock.h"
#include "libarchive-kv/rand.h"
#include "libarchive-kv/session_write.h"
#include "libarchive-kv/slice.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LANE_SMALL = 4,
	LANE_LARGE = 8,
	SPACE_MARGIN = 64 << 20, /* for open packs and chunks.mdb */
	ZSTD_LEVEL_DEFAULT = 3,
};

enum ark_rc arkv_backup_tick(const struct arkv_backup_run *b, const char *phase, uint64_t records,
			     uint64_t bytes, uint64_t bytes_total, struct ark_err *err)
{
	struct arkv_progress p = {
		.phase = phase,
		.records = records,
		.bytes = bytes,
		.bytes_total = bytes_total,
		.stored_bytes = arkv_packer_stats(b->packer)->bytes,
	};
	arkv_job_progress(b->job, &p);
	return arkv_job_check(b->job, err);
}

static enum ark_rc open_source(struct arkv_backup_run *b, struct arkv_source *source,
			       struct ark_err *err)
{
	enum ark_rc rc = source->ops->open(source, &b->info, err);
	if (rc)
		return rc;
	b->name = b->options->name ? b->options->name : b->info.identity;
	if (*b->name == '\0' || strlen(b->name) > ARKF_SOURCE_NAME_MAX)
		return ark_fail(err, ARK_USAGE, "a source's name has 1 to %d bytes: give --name",
				ARKF_SOURCE_NAME_MAX);
	snprintf(b->result->name, sizeof b->result->name, "%s", b->name);
	rc = arkv_filter_text(b->options->filter, &b->filter_text, err);
	if (!rc && b->filter_text.wr.len)
		arkv_hash_keyed(b->filter_hash, arkv_keys_meta(b->keys),
				ark_buf_span(&b->filter_text));
	return rc;
}

/* Spills take about as much as is read, but for large values, which go to packs at once: so nobody
 * can say beforehand that the room will not do. */
static enum ark_rc check_space(const struct arkv_backup_run *b, struct ark_err *err)
{
	uint64_t free_bytes;
	uint64_t need = SPACE_MARGIN;
	if (b->info.size_hint > b->memory_bytes / 4)
		need += b->info.size_hint / 8 * 9;
	enum ark_rc rc = arkv_free_space(b->spool_dir, &free_bytes, err);
	if (rc || free_bytes >= need)
		return rc;
	static const char text[] = "%s has %llu MB free, and this backup may need %llu MB there: "
				   "make room, or give --spool a folder elsewhere";
	unsigned long long free_mb = free_bytes >> 20;
	unsigned long long need_mb = need >> 20;
	if (free_bytes < SPACE_MARGIN)
		return ark_fail(err, ARK_NOSPACE, text, b->spool_dir, free_mb, need_mb);
	arkv_job_warn(b->job, text, b->spool_dir, free_mb, need_mb);
	return ARK_OK;
}

/* A parent that cannot be read costs no backup: this one does not build on it. */
static enum ark_rc open_parent(struct arkv_backup_run *b, const struct ark_uid *uid,
			       struct ark_err *err)
{
	struct ark_err why = { 0 };
	enum ark_rc rc = arkv_archive_open(&b->parent, b->repo, uid, &why);
	if (!rc) {
		b->result->parent = *uid;
	} else if (rc == ARK_NOTFOUND || arkv_rc_is_damage(rc)) {
		arkv_job_warn(b->job,
			      "archive %s, the newest of this source, is passed over: %s; "
			      "`arkv verify` says more",
			      ark_uid_hex(uid).s, why.text);
		rc = ARK_OK;
	} else if (err) {
		*err = why;
	}
	return rc;
}

static enum ark_rc no_number_left(const struct ark_uid *uid, struct ark_err *err)
{
	return ark_fail(err, ARK_LIMIT,
			"archive %.8s of this source has the last number there is: no backup made "
			"it; forget it, then back up",
			ark_uid_hex(uid).s);
}

/* The newest archive of this source, whose chain this one continues. */
static enum ark_rc find_parent(struct arkv_backup_run *b, struct ark_err *err)
{
	struct arkv_archives list = { 0 };
	struct arkv_archives_options options = { .source = b->name };
	const struct arkv_archive_info *newest = NULL;
	b->result->n = 1;
	enum ark_rc rc = arkv_archives_list(&list, b->repo, &options, err);
	for (size_t i = 0; i < list.count && !rc; i++)
		if (!list.items[i].is_damaged)
			newest = &list.items[i];
	if (newest) {
		b->result->n = newest->head->n + 1;
		b->result->filter_changed =
			memcmp(newest->head->filter_hash, b->filter_hash, 32) != 0;
		rc = b->result->n ? open_parent(b, &newest->uid, err)
				  : no_number_left(&newest->uid, err);
	}
	arkv_archives_release(&list);
	return rc;
}

static struct ark_uid lineage_of(const struct arkv_backup_run *b)
{
	struct ark_uid lineage;
	arkv_hash_keyed16(lineage.b, arkv_keys_meta(b->keys), ark_span_str(b->name));
	return lineage;
}

static enum ark_rc begin_session(struct arkv_backup_run *b, struct ark_err *err)
{
	struct arkv_rand rand = arkv_rand_system();
	arkv_rand_bytes(&rand, b->session.b, sizeof b->session.b);
	if (!b->options->dry_run)
		arkv_rand_bytes(&rand, b->result->archive.b, sizeof b->result->archive.b);
	enum ark_rc rc = arkv_dk_new(&b->dk, b->keys, err);
	if (rc || b->options->dry_run)
		return rc;
	struct arkf_session session = {
		.kind = ARKF_SESSION_BACKUP,
		.pid = (uint32_t)getpid(),
		.started_ms = b->result->started_ms,
		.lineage = lineage_of(b),
		.parent = b->result->parent,
		.source = ark_span_str(b->name),
		.host = ark_span_str(b->options->host ? b->options->host : ""),
		.tool = ark_span_str("arkv " ARKV_VERSION),
	};
	if (session.host.len > ARKF_HOST_MAX)
		session.host.len = ARKF_HOST_MAX;
	rc = arkv_session_begin(b->store, b->keys, &b->session, &session, err);
	b->session_begun = !rc;
	return rc;
}

/* Says that the session ended; when it committed, a failure of that is only worth a word. */
static void end_session(struct arkv_backup_run *b, enum ark_rc rc)
{
	if (!b->session_begun)
		return;
	static const struct ark_uid none;
	struct ark_err err = { 0 };
	uint64_t now_ms = (uint64_t)arkv_clock_now_ms(arkv_clock_system());
	enum ark_rc end = arkv_session_end(b->store, b->keys, &b->session,
					   rc ? ARKF_OUTCOME_FAILED : ARKF_OUTCOME_COMMITTED,
					   rc ? &none : &b->result->archive, now_ms, &err);
	if (end && !rc)
		arkv_job_warn(b->job,
			      "the archive is complete, but its session's end could not "
			      "be stored: %s",
			      err.text);
}

static enum ark_rc open_dedup(struct arkv_backup_run *b, struct ark_err *err)
{
	struct arkv_dedup_options options = {
		.cache_dir = arkv_repo_cache_dir(b->repo, NULL),
		.staging_dir = b->spool_dir,
		.session = b->session,
		.lineage = lineage_of(b),
		.scope = arkv_keys_can_read(b->keys) ? ARKV_DEDUP_REPO : ARKV_DEDUP_OWN,
	};
	uint64_t skipped = 0;
	enum ark_rc rc = arkv_dedup_open(&b->dedup, b->store, b->keys, &options, &skipped, err);
	if (skipped)
		arkv_job_warn(b->job,
			      "%llu damaged objects under places/ are not used: more may "
			      "be stored than needed; `arkv verify` names them",
			      (unsigned long long)skipped);
	return rc;
}

static enum ark_rc open_writers(struct arkv_backup_run *b, struct ark_err *err)
{
	b->frames = (struct arkv_frame_ctx){
		.keys = b->keys,
		.dk = &b->dk,
		.dedup = b->dedup,
		.zstd_level = b->options->zstd_level ? b->options->zstd_level : ZSTD_LEVEL_DEFAULT,
	};
	struct arkv_packer_options packer = {
		.ctx = &b->frames,
		.store = b->store,
		.pool = b->pool,
		.spool_dir = b->spool_dir,
		.dry_run = b->options->dry_run,
	};
	struct arkv_sort_options sort = {
		.dir = b->spool_dir,
		.repo = arkv_repo_id(b->repo),
		.k_dig = arkv_keys_dig(b->keys),
		.pool = b->pool,
		.job = b->job,
		.memory_bytes = b->memory_bytes / 4 + (b->memory_bytes - ARKV_MEMORY_MIN) / 4,
	};
	enum ark_rc rc = arkv_packer_new(&b->packer, &packer, err);
	if (!rc)
		rc = arkv_sort_new(&b->sort, &sort, err);
	if (rc)
		return rc;
	struct arkv_values_options values = {
		.ctx = &b->frames,
		.packer = b->packer,
		.pool = b->pool,
		.sort = b->sort,
		.recipes = &b->uses,
		.lane_len = b->lane_len,
	};
	return arkv_values_new(&b->values, &values, err);
}

/* What was done so far. */
static void fill_result(struct arkv_backup_run *b)
{
	struct arkv_backup_result *r = b->result;
	r->scan_start_ms = b->scan_start_ms;
	if (!b->packer || !b->sort)
		return;
	const struct arkv_packer_stats *packs = arkv_packer_stats(b->packer);
	r->counts.duplicates = arkv_sort_stats(b->sort)->duplicates;
	r->counts.stored_bytes = packs->bytes + b->run.len;
	r->counts.segments = r->unchanged ? b->parent->segment_count : 1;
	r->reused_bytes = packs->reused_bytes;
	r->spilled_bytes = arkv_sort_stats(b->sort)->spilled_bytes;
	if (!b->options->dry_run)
		r->new_objects = packs->packs + (b->run.len > 0);
}

static enum ark_rc backup(struct arkv_backup_run *b, struct arkv_source *source,
			  struct ark_err *err)
{
	enum ark_rc rc = arkv_backup_tags(b, err);
	if (!rc)
		rc = open_source(b, source, err);
	if (!rc)
		rc = check_space(b, err);
	if (!rc)
		rc = arkv_lock_take(&b->lock, arkv_repo_cache_dir(b->repo, NULL), b->name, err);
	if (!rc)
		rc = find_parent(b, err);
	if (!rc)
		rc = begin_session(b, err);
	if (!rc)
		rc = arkv_pool_new(&b->pool, 0, err);
	if (!rc)
		rc = open_dedup(b, err);
	if (!rc)
		rc = open_writers(b, err);
	if (!rc)
		rc = arkv_backup_scan(b, source, err);
	if (!rc) {
		b->info.consistency = arkv_source_consistency(source, &b->info);
		b->result->consistency = (uint8_t)b->info.consistency;
		rc = arkv_backup_write(b, err);
	}
	fill_result(b);
	if (rc || b->options->dry_run)
		return rc;
	rc = arkv_backup_commit(b, err);
	if (rc)
		return rc;
	b->result->new_objects += b->result->new_objects > 0 ? 2 : 1; /* manifest, places */
	struct ark_err why;
	if (arkv_dedup_keep(b->dedup, &why))
		arkv_job_warn(b->job, "the archive is complete; the cache could not be written: %s",
			      why.text);
	return ARK_OK;
}

static void release(struct arkv_backup_run *b)
{
	arkv_values_freep(&b->values);
	arkv_sort_freep(&b->sort);
	arkv_packer_freep(&b->packer);
	arkv_dedup_freep(&b->dedup);
	arkv_pool_freep(&b->pool);
	arkv_usemap_release(&b->uses);
	arkv_archive_freep(&b->parent);
	if (b->index) { /* of an archive that did not come to be */
		arkv_index_freep(&b->index);
		(void)!arkv_index_remove(arkv_repo_cache_dir(b->repo, NULL), &b->result->archive,
					 NULL);
	}
	arkv_dk_release(&b->dk);
	arkv_lock_freep(&b->lock);
	arkv_run_made_release(&b->run);
	ark_buf_release(&b->filter_text);
	free(b);
}

enum ark_rc arkv_backup(struct arkv_repo *repo, struct arkv_source *source,
			const struct arkv_backup_options *options, const struct arkv_job *job,
			struct arkv_backup_result *result, struct ark_err *err)
{
	memset(result, 0, sizeof *result);
	const char *why = "";
	const char *cache = arkv_repo_cache_dir(repo, &why);
	if (!cache)
		return ark_fail(err, ARK_IO, "a backup needs a cache folder: %s", why);
	if (options->memory_bytes && options->memory_bytes < ARKV_MEMORY_MIN)
		return ark_fail(err, ARK_USAGE, "a backup needs at least %d MB of memory",
				ARKV_MEMORY_MIN >> 20);
	char staging[4096];
	snprintf(staging, sizeof staging, "%s/staging", cache);
	struct arkv_backup_run *b = calloc(1, sizeof *b);
	if (!b)
		return ark_fail(err, ARK_NOMEM, "backup: out of memory");
	b->repo = repo;
	b->keys = arkv_repo_keys(repo);
	b->store = arkv_repo_store(repo);
	b->options = options;
	b->job = job;
	b->result = result;
	b->spool_dir = options->spool_dir ? options->spool_dir : staging;
	b->memory_bytes = options->memory_bytes ? options->memory_bytes : ARKV_MEMORY_DEFAULT;
	b->lane_len = b->memory_bytes < ARKV_MEMORY_DEFAULT ? LANE_SMALL : LANE_LARGE;
	ark_buf_init(&b->filter_text);
	result->unencrypted = arkv_keys_suite(b->keys) == ARK_SUITE_NONE;
	result->started_ms = (uint64_t)arkv_clock_now_ms(arkv_clock_system());
	enum ark_rc rc = backup(b, source, err);
	end_session(b, rc);
	result->ended_ms = (uint64_t)arkv_clock_now_ms(arkv_clock_system());
	release(b);
	if (rc)
		result->archive = (struct ark_uid){ 0 };
	return rc;
}
