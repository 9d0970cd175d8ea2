/* stats.c - see stats.h. */
#include "libarchive-kv/stats.h"

#include "libarchive-kv/objects.h"
#include "libarchive-kv/packuse.h"
#include "libarchive-kv/slice.h"

/* What summing over a repository needs. */
struct summing {
	struct arkv_stats *out;
	struct arkv_repo *repo;
	const struct arkv_job *job;
	struct arkv_objects objects;
	struct arkv_packuses uses;
	struct arkv_idnos runs; /* met so far */
};

static void add_head(struct arkv_stats *out, const struct arkf_head *head)
{
	out->records += head->counts.records;
	out->raw_bytes += head->counts.raw_bytes;
	for (size_t i = 0; i < head->type_count; i++) {
		out->types_records[head->types[i].type] += head->types[i].records;
		out->types_bytes[head->types[i].type] += head->types[i].value_bytes;
	}
}

static void need(struct summing *s, const char *prefix, const struct ark_id *id)
{
	struct arkv_object_name name = arkv_hash_name(prefix, id);
	struct arkv_object *object = arkv_objects_find(&s->objects, name.s);
	if (object)
		object->needed = true;
}

/* The runs of one archive that no archive before had. */
static enum ark_rc add_runs(struct summing *s, const struct arkv_archive *a, struct ark_err *err)
{
	for (size_t i = 0; i < a->run_count; i++) {
		const struct arkv_archive_run *run = &a->runs[i];
		size_t seen;
		if (arkv_idnos_find(&s->runs, &run->table.name, &seen))
			continue;
		enum ark_rc rc = arkv_idnos_add(&s->runs, &run->table.name, 0, err);
		need(s, "runs/", &run->table.name);
		ARK_AUTO(arkv_refs_freep) struct arkv_refs *refs = NULL;
		if (!rc)
			rc = arkv_refs_read(&refs, s->repo, run, err);
		if (!rc)
			rc = arkv_packuses_add(&s->uses, refs, err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

static enum ark_rc add_archive(struct summing *s, const struct arkv_archive_info *info,
			       struct ark_err *err)
{
	struct ark_err why = { 0 };
	ARK_AUTO(arkv_archive_freep) struct arkv_archive *a = NULL;
	enum ark_rc rc = arkv_job_check(s->job, err);
	if (rc)
		return rc;
	rc = info->is_damaged ? ARK_CORRUPT : arkv_archive_open(&a, s->repo, &info->uid, &why);
	if (!rc)
		rc = add_runs(s, a, &why);
	if (arkv_rc_is_damage(rc)) {
		s->out->damaged_archives++;
		arkv_job_warn(s->job, "%s", info->is_damaged ? info->problem : why.text);
		return ARK_OK;
	}
	if (rc) {
		if (err)
			*err = why;
		return rc;
	}
	if (info->forgotten) {
		s->out->forgotten_archives++;
	} else {
		s->out->archives++;
		add_head(s->out, info->head);
	}
	return ARK_OK;
}

static void sum_objects(struct summing *s)
{
	struct arkv_stats *out = s->out;
	for (size_t i = 0; i < s->uses.count; i++) {
		const struct arkv_packuse *use = &s->uses.items[i];
		uint64_t frames = arkv_packuse_frames(use);
		need(s, "packs/", &use->name);
		out->frames += frames;
		out->unneeded_frames += use->frame_count - frames;
	}
	for (size_t i = 0; i < s->objects.count; i++) {
		const struct arkv_object *object = &s->objects.items[i];
		out->objects[object->kind].count++;
		out->objects[object->kind].bytes += object->len;
		out->all.count++;
		out->all.bytes += object->len;
		bool spare = object->kind == ARKV_OBJECT_PACK || object->kind == ARKV_OBJECT_RUN;
		if (!spare || object->needed)
			continue;
		out->unneeded_packs += object->kind == ARKV_OBJECT_PACK;
		out->unneeded_bytes += object->len;
	}
}

enum ark_rc arkv_stats_repo(struct arkv_stats *out, struct arkv_repo *repo,
			    const struct arkv_job *job, struct ark_err *err)
{
	static const struct arkv_archives_options all = { .with_forgotten = true };
	*out = (struct arkv_stats){ 0 };
	struct summing s = { .out = out, .repo = repo, .job = job };
	struct arkv_archives list = { 0 };
	enum ark_rc rc = arkv_objects_list(&s.objects, arkv_repo_store(repo), err);
	if (!rc)
		rc = arkv_archives_list(&list, repo, &all, err);
	for (size_t i = 0; !rc && i < list.count; i++)
		rc = add_archive(&s, &list.items[i], err);
	if (!rc)
		sum_objects(&s);
	arkv_archives_release(&list);
	arkv_objects_release(&s.objects);
	arkv_packuses_release(&s.uses);
	arkv_idnos_release(&s.runs);
	return rc;
}

/* ---- one archive ---- */

static enum ark_rc add_root(struct arkv_archive_stats *out, struct arkv_archive *a, size_t run_no,
			    struct ark_err *err)
{
	const struct arkv_root *root = NULL;
	enum ark_rc rc = arkv_archive_root(&root, a, run_no, err);
	if (rc)
		return rc;
	out->pages += root->page_count;
	for (size_t i = 0; i < root->page_count; i++)
		out->blocks += root->pages[i].block_count;
	return ARK_OK;
}

static enum ark_rc add_run(struct arkv_archive_stats *out, struct arkv_packuses *uses,
			   struct arkv_archive *a, size_t run_no, struct ark_err *err)
{
	ARK_AUTO(arkv_refs_freep) struct arkv_refs *refs = NULL;
	out->run_bytes += a->runs[run_no].table.len;
	enum ark_rc rc = arkv_refs_read(&refs, a->repo, &a->runs[run_no], err);
	if (!rc)
		rc = arkv_packuses_add(uses, refs, err);
	if (!rc && a->bounds_known)
		rc = add_root(out, a, run_no, err);
	return rc;
}

enum ark_rc arkv_stats_archive(struct arkv_archive_stats *out, struct arkv_archive *a,
			       struct ark_err *err)
{
	*out = (struct arkv_archive_stats){ .runs = a->run_count, .segments = a->segment_count };
	struct arkv_packuses uses = { 0 };
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < a->segment_count; i++) {
		const struct arkv_archive_segment *segment = &a->segments[i];
		if (segment->info.depth > out->depth_max)
			out->depth_max = segment->info.depth;
		for (size_t j = 0; j < segment->info.depth; j++)
			out->entries += segment->slices[j].entry_count;
	}
	for (size_t i = 0; !rc && i < a->run_count; i++)
		rc = add_run(out, &uses, a, i, err);
	out->packs = uses.count;
	for (size_t i = 0; i < uses.count; i++)
		out->frames += arkv_packuse_frames(&uses.items[i]);
	arkv_packuses_release(&uses);
	return rc;
}
