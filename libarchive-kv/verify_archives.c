/* verify_archives.c - manifests, their chains, and the runs they name. See verify_in.h. */
#include "libarchive-kv/verify_in.h"

#include <stdlib.h>

static bool is_wanted(const struct arkv_verification *v, const struct ark_uid *uid)
{
	if (!v->options->archives)
		return true;
	for (size_t i = 0; i < v->options->archive_count; i++)
		if (ark_uid_eq(&v->options->archives[i], uid))
			return true;
	return false;
}

/* ---- runs ---- */

static enum ark_rc run_new(size_t *no, struct arkv_verification *v,
			   const struct arkv_archive_run *run, struct ark_err *err)
{
	if (v->run_count == v->run_cap) {
		size_t cap = v->run_cap ? 2 * v->run_cap : 16;
		struct arkv_v_run *runs = realloc(v->runs, cap * sizeof *runs);
		if (!runs)
			return ark_fail(err, ARK_NOMEM, "verify: out of memory");
		v->runs = runs;
		v->run_cap = cap;
	}
	struct arkv_v_run *r = &v->runs[v->run_count];
	*r = (struct arkv_v_run){ .run = *run, .archives = calloc(1, arkv_v_archives_len(v)) };
	r->run.root = NULL;
	ark_buf_init(&r->box);
	ark_wr_bytes(&r->box.wr, run->root_box);
	r->run.root_box = ark_buf_span(&r->box);
	*no = v->run_count++; /* from here on it is released with all the others */
	if (!r->archives)
		return ark_fail(err, ARK_NOMEM, "verify: out of memory");
	enum ark_rc rc = ark_buf_check(&r->box, "verify", err);
	return rc ? rc : arkv_idnos_add(&v->run_map, &run->table.name, *no, err);
}

/* What two manifests say about one run must be the same. */
static bool same_run(const struct arkv_archive_run *a, const struct arkv_archive_run *b)
{
	return a->table.len == b->table.len && a->table.refs_off == b->table.refs_off &&
	       a->table.refs_len == b->table.refs_len &&
	       a->table.entry_count == b->table.entry_count && ark_uid_eq(&a->uid, &b->uid) &&
	       ark_uid_eq(&a->datakey.id, &b->datakey.id) && ark_span_eq(a->root_box, b->root_box);
}

static enum ark_rc add_run(struct arkv_verification *v, size_t archive_no,
			   const struct arkv_archive_run *run, struct ark_err *err)
{
	size_t no = 0;
	if (!arkv_idnos_find(&v->run_map, &run->table.name, &no)) {
		enum ark_rc rc = run_new(&no, v, run, err);
		if (rc)
			return rc;
	}
	struct arkv_v_run *r = &v->runs[no];
	const struct arkv_v_archive *archive = &v->archives[archive_no];
	if (!archive->forgotten) {
		r->archives[archive_no / 8] |= (uint8_t)(1 << archive_no % 8);
		r->wanted = true;
	}
	if (same_run(&r->run, run))
		return ARK_OK;
	struct arkv_loss *loss =
		arkv_loss_new(v, ARKV_DAMAGE_MANIFEST, arkv_archive_name(&archive->uid).s, err,
			      "what it says of run %.16s is not what another archive says",
			      ark_id_hex(&run->table.name).s);
	if (!loss)
		return ARK_NOMEM;
	arkv_loss_archive(loss, archive_no);
	return ARK_OK;
}

/* ---- one archive ---- */

/* Sums that a manifest contains twice. */
static const char *contradiction(const struct arkv_archive *a)
{
	uint64_t live = 0, records = 0;
	for (size_t i = 0; i < a->segment_count; i++)
		live += a->segments[i].info.live;
	for (size_t i = 0; i < a->head.type_count; i++)
		records += a->head.types[i].records;
	if (a->head.counts.segments != a->segment_count)
		return "its head counts other segments than it has";
	if (live != a->head.counts.records || records != a->head.counts.records)
		return "its counts of records do not agree";
	return NULL;
}

static enum ark_rc read_archive(struct arkv_verification *v, size_t no, struct ark_err *err)
{
	struct arkv_v_archive *mine = &v->archives[no];
	struct ark_err why = { 0 };
	ARK_AUTO(arkv_archive_freep) struct arkv_archive *a = NULL;
	enum ark_rc rc = arkv_archive_open_stored(&a, v->repo, &mine->uid, &why);
	const char *wrong = rc ? why.text : contradiction(a);
	if (rc && !arkv_rc_is_damage(rc) && rc != ARK_NOTFOUND) {
		if (err)
			*err = why;
		return rc;
	}
	if (wrong && !mine->forgotten) {
		struct arkv_loss *loss = arkv_loss_new(
			v, ARKV_DAMAGE_MANIFEST, arkv_archive_name(&mine->uid).s, err, "%s", wrong);
		if (!loss)
			return ARK_NOMEM;
		arkv_loss_archive(loss, no);
	}
	if (rc)
		return ARK_OK;
	mine->opened = true;
	memcpy(mine->checksum, a->checksum, sizeof mine->checksum);
	for (size_t i = 0; i < a->run_count; i++) {
		rc = add_run(v, no, &a->runs[i], err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

/* ---- chains ---- */

static const struct arkv_v_archive *find(const struct arkv_verification *v,
					 const struct ark_uid *uid)
{
	for (size_t i = 0; i < v->archive_count; i++)
		if (ark_uid_eq(&v->archives[i].uid, uid))
			return &v->archives[i];
	return NULL;
}

/* A parent must be there as its child saw it, or a mark must say where it went. */
static enum ark_rc check_parent(struct arkv_verification *v, size_t no,
				const struct arkf_head *head, struct ark_err *err)
{
	struct arkv_object_name name = arkv_archive_name(&v->archives[no].uid);
	struct arkv_object_name parent_name = arkv_archive_name(&head->parent);
	if (ark_uid_is_zero(&head->parent))
		return ARK_OK;
	const struct arkv_v_archive *parent = find(v, &head->parent);
	bool there = arkv_objects_find(&v->objects, parent_name.s) != NULL;
	char mark[sizeof parent_name.s + 4];
	size_t len = strlen(parent_name.s);
	memcpy(mark, parent_name.s, len);
	memcpy(mark + len, ".del", 5);
	if (!there && !arkv_objects_find(&v->objects, mark)) {
		if (!arkv_loss_new(v, ARKV_DAMAGE_SERVICE, name.s, err,
				   "its parent %.8s is gone, and no mark says that it was "
				   "forgotten: withheld or lost",
				   ark_uid_hex(&head->parent).s))
			return ARK_NOMEM;
		return ARK_OK;
	}
	if (!parent || !parent->opened ||
	    memcmp(parent->checksum, head->parent_checksum, sizeof parent->checksum) == 0)
		return ARK_OK;
	struct arkv_loss *loss = arkv_loss_new(v, ARKV_DAMAGE_MANIFEST, parent_name.s, err,
					       "is not the one that its child %.8s saw",
					       ark_uid_hex(&v->archives[no].uid).s);
	if (!loss)
		return ARK_NOMEM;
	arkv_loss_archive(loss, (size_t)(parent - v->archives));
	return ARK_OK;
}

static enum ark_rc take_list(struct arkv_verification *v, const struct arkv_archives *list,
			     struct ark_err *err)
{
	v->archives = calloc(list->count + 1, sizeof *v->archives);
	if (!v->archives)
		return ark_fail(err, ARK_NOMEM, "verify: out of memory");
	for (size_t i = 0; i < list->count; i++) {
		const struct arkv_archive_info *info = &list->items[i];
		if (!is_wanted(v, &info->uid))
			continue;
		struct arkv_v_archive *mine = &v->archives[v->archive_count++];
		mine->uid = info->uid;
		mine->forgotten = info->forgotten;
		v->result->archives += !info->forgotten;
	}
	return ARK_OK;
}

static enum ark_rc check_chains(struct arkv_verification *v, const struct arkv_archives *list,
				struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0, no = 0; !rc && i < list->count; i++) {
		const struct arkv_archive_info *info = &list->items[i];
		if (!is_wanted(v, &info->uid))
			continue;
		if (!info->forgotten && info->head)
			rc = check_parent(v, no, info->head, err);
		no++;
	}
	return rc;
}

enum ark_rc arkv_verify_archives(struct arkv_verification *v, struct ark_err *err)
{
	static const struct arkv_archives_options all = { .with_forgotten = true };
	struct arkv_archives list = { 0 };
	enum ark_rc rc = arkv_archives_list(&list, v->repo, &all, err);
	if (!rc)
		rc = take_list(v, &list, err);
	for (size_t i = 0; !rc && i < v->archive_count; i++) {
		rc = arkv_job_check(v->job, err);
		if (!rc)
			rc = read_archive(v, i, err);
	}
	if (!rc)
		rc = check_chains(v, &list, err);
	arkv_archives_release(&list);
	return rc;
}
