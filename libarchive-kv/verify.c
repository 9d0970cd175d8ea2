/* verify.c - the ladder of a verification. See verify.h; verify_in.h names the parts. */
#include "libarchive-kv/verify.h"

#include "libarchive-kv/verify_in.h"

#include <stdlib.h>

static void note(struct arkv_verification *v, const struct arkv_object *object, const char *what)
{
	v->result->notes++;
	v->result->unneeded_bytes += object->len;
	if (v->report && v->report->note)
		v->report->note(v->report->ctx, object->name, object->len, what);
}

/* Objects that nothing needs. */
static void note_objects(struct arkv_verification *v)
{
	for (size_t i = 0; i < v->objects.count; i++) {
		const struct arkv_object *object = &v->objects.items[i];
		bool counts = object->kind == ARKV_OBJECT_PACK || object->kind == ARKV_OBJECT_RUN;
		if (object->kind == ARKV_OBJECT_OTHER)
			note(v, object, "no name of the format: left alone");
		else if (counts && !object->needed)
			note(v, object,
			     "no archive needs it: a running backup's, or prune's to take");
	}
}

static enum ark_rc verify_data(struct arkv_verification *v, struct ark_err *err)
{
	unsigned parallel = 0;
	enum ark_rc rc = arkv_pool_new(&v->pool, parallel, err);
	if (!rc)
		rc = arkv_frames_new(&v->frames, v->repo, err);
	if (!rc)
		rc = arkv_verify_packs(v, err);
	return rc;
}

static enum ark_rc run(struct arkv_verification *v, struct ark_err *err)
{
	bool data = v->options->level >= ARKV_VERIFY_DATA;
	enum ark_rc rc = arkv_codec_new(&v->codec, 1, err);
	if (!rc)
		rc = arkv_objects_list(&v->objects, v->store, err);
	if (!rc)
		rc = arkv_verify_archives(v, err);
	if (!rc)
		rc = arkv_verify_runs(v, err);
	if (!rc)
		rc = arkv_verify_service(v, err);
	if (!rc)
		rc = arkv_verify_presence(v, err);
	if (!rc && data)
		rc = verify_data(v, err);
	if (!rc)
		rc = arkv_verify_blame(v, err);
	if (!rc && data)
		rc = arkv_verify_content(v, err);
	if (!rc && !v->options->archives)
		note_objects(v);
	return rc;
}

static void release(struct arkv_verification *v)
{
	arkv_loss_release(v);
	for (size_t i = 0; i < v->run_count; i++) {
		free(v->runs[i].archives);
		ark_buf_release(&v->runs[i].box);
		arkv_refs_freep(&v->runs[i].refs);
		arkv_root_freep(&v->runs[i].run.root);
	}
	for (size_t i = 0; i < v->pack_count; i++) {
		free(v->packs[i].moved);
		while (v->packs[i].bad) {
			struct arkv_v_bad *next = v->packs[i].bad->next;
			free(v->packs[i].bad);
			v->packs[i].bad = next;
		}
	}
	free(v->runs);
	free(v->packs);
	free(v->archives);
	free(v->sums);
	arkv_idnos_release(&v->run_map);
	arkv_idnos_release(&v->sum_map);
	arkv_idnos_release(&v->broken_blocks);
	arkv_packuses_release(&v->uses);
	arkv_objects_release(&v->objects);
	arkv_frames_freep(&v->frames);
	arkv_pool_freep(&v->pool);
	arkv_codec_freep(&v->codec);
}

enum ark_rc arkv_verify(struct arkv_repo *repo, const struct arkv_verify_options *options,
			const struct arkv_verify_report *report, const struct arkv_job *job,
			struct arkv_verify_result *result, struct ark_err *err)
{
	struct arkv_verification v = {
		.repo = repo,
		.store = arkv_repo_store(repo),
		.keys = arkv_repo_keys(repo),
		.options = options,
		.report = report,
		.job = job,
		.result = result,
	};
	*result = (struct arkv_verify_result){ 0 };
	if (!arkv_keys_can_read(v.keys))
		return ark_fail(err, ARK_AUTH,
				"this key can write and deduplicate, not read: verify needs one "
				"that reads");
	v.losses_end = &v.losses;
	arkv_digester_init(&v.digester, arkv_keys_dig(v.keys));
	enum ark_rc rc = run(&v, err);
	arkv_loss_report(&v);
	release(&v);
	return rc;
}
