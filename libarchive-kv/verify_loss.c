/* verify_loss.c - the list of what is wrong. See verify_in.h. */
#include "libarchive-kv/verify_in.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

size_t arkv_v_archives_len(const struct arkv_verification *v)
{
	return v->archive_count / 8 + 1;
}

struct arkv_loss *arkv_loss_new(struct arkv_verification *v, enum arkv_damage_kind kind,
				const char *object, struct ark_err *err, const char *format, ...)
{
	struct arkv_loss *loss = calloc(1, sizeof *loss);
	uint8_t *archives = calloc(1, arkv_v_archives_len(v));
	if (!loss || !archives) {
		free(loss);
		free(archives);
		(void)ark_fail(err, ARK_NOMEM, "verify: out of memory");
		return NULL;
	}
	loss->kind = kind;
	loss->archives = archives;
	(void)snprintf(loss->object, sizeof loss->object, "%s", object);
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(loss->what, sizeof loss->what, format, ap);
	va_end(ap);
	*v->losses_end = loss;
	v->losses_end = &loss->next;
	return loss;
}

void arkv_loss_archive(struct arkv_loss *loss, size_t archive_no)
{
	loss->archives[archive_no / 8] |= (uint8_t)(1 << archive_no % 8);
}

void arkv_loss_archives(const struct arkv_verification *v, struct arkv_loss *loss,
			const uint8_t *bits)
{
	for (size_t i = 0; i < arkv_v_archives_len(v); i++)
		loss->archives[i] |= bits[i];
}

static void blame_users(const struct arkv_verification *v, struct arkv_loss *loss,
			const struct ark_id *pack)
{
	for (size_t i = 0; i < v->run_count; i++) {
		const struct arkv_v_run *r = &v->runs[i];
		for (size_t p = 0; r->refs && p < r->refs->pack_count; p++)
			if (ark_id_eq(&r->refs->packs[p].name, pack))
				arkv_loss_archives(v, loss, r->archives);
	}
}

void arkv_loss_pack(const struct arkv_verification *v, struct arkv_loss *loss, size_t pack_no)
{
	blame_users(v, loss, &v->uses.items[pack_no].name);
	for (size_t i = 0; !v->uses.items[pack_no].frame_count && i < v->pack_count; i++)
		if (v->packs[i].moved)
			blame_users(v, loss, &v->uses.items[i].name);
}

enum ark_rc arkv_loss_range(struct arkv_loss *loss, const struct arkf_key *first,
			    const struct arkf_key *last, uint64_t entry_count, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	if (!loss->has_range || arkv_key_cmp(first, &loss->first) < 0)
		rc = arkv_arena_copy_key(&loss->arena, first, &loss->first, err);
	bool open_end = !last || (loss->has_range && !loss->has_last);
	if (!rc && !open_end && (!loss->has_range || arkv_key_cmp(last, &loss->last) > 0))
		rc = arkv_arena_copy_key(&loss->arena, last, &loss->last, err);
	loss->has_range = true;
	loss->has_last = !open_end;
	loss->entry_count += entry_count;
	return rc;
}

enum ark_rc arkv_loss_key(struct arkv_loss *loss, const struct arkf_key *key, struct ark_err *err)
{
	for (size_t i = 0; i < loss->key_count; i++)
		if (arkv_key_cmp(&loss->keys[i], key) == 0)
			return ARK_OK;
	loss->entry_count++;
	if (loss->key_count == ARKV_DAMAGE_KEYS_MAX)
		return ARK_OK;
	return arkv_arena_copy_key(&loss->arena, key, &loss->keys[loss->key_count++], err);
}

/* ---- reporting ---- */

/* The uids of the archives of a loss; all has room for every archive. */
static size_t archives_of(const struct arkv_verification *v, const struct arkv_loss *loss,
			  struct ark_uid *all)
{
	size_t count = 0;
	for (size_t i = 0; i < v->archive_count; i++)
		if (loss->archives[i / 8] >> i % 8 & 1)
			all[count++] = v->archives[i].uid;
	return count;
}

static void report_one(const struct arkv_verification *v, const struct arkv_loss *loss,
		       const struct ark_uid *archives, size_t archive_count)
{
	const struct arkv_damage damage = {
		.kind = loss->kind,
		.object = loss->object,
		.what = loss->what,
		.archives = archives,
		.archive_count = archive_count,
		.has_range = loss->has_range,
		.has_last = loss->has_last,
		.first = loss->first,
		.last = loss->last,
		.entry_count = loss->entry_count,
		.keys = loss->keys,
		.key_count = loss->key_count,
	};
	if (v->report && v->report->damage)
		v->report->damage(v->report->ctx, &damage);
}

void arkv_loss_report(struct arkv_verification *v)
{
	struct ark_uid *all = calloc(v->archive_count + 1, sizeof *all);
	uint8_t *lost = calloc(1, arkv_v_archives_len(v));
	for (const struct arkv_loss *loss = v->losses; loss; loss = loss->next) {
		size_t count = all ? archives_of(v, loss, all) : 0;
		report_one(v, loss, all, count);
		v->result->damages++;
		v->result->lost_entries += loss->entry_count;
		for (size_t i = 0; lost && i < arkv_v_archives_len(v); i++)
			lost[i] |= loss->archives[i];
	}
	for (size_t i = 0; lost && i < arkv_v_archives_len(v); i++)
		v->result->lost_archives += (uint64_t)__builtin_popcount(lost[i]);
	free(all);
	free(lost);
}

void arkv_loss_release(struct arkv_verification *v)
{
	while (v->losses) {
		struct arkv_loss *next = v->losses->next;
		arkv_arena_release(&v->losses->arena);
		free(v->losses->archives);
		free(v->losses);
		v->losses = next;
	}
}
