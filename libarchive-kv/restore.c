/* restore.c - see restore.h. */
#include "libarchive-kv/restore.h"

#include "libarchive-kv/digest_lane.h"
#include "libarchive-kv/filter.h"
#include "libarchive-kv/find.h"
#include "libarchive-kv/keytext.h"
#include "libarchive-kv/slice.h"

#include <stdio.h>

/* Values up to this are read whole before the target hears of their records; larger ones are read
 * twice: once to know that they are all there. */
enum { WHOLE_MAX = 8 << 20, WHY_LEN = 256 };

struct restoring {
	struct arkv_target *target;
	const struct arkv_job *job;
	struct arkv_restore_result *result;
	bool dry_run;
	bool digesting;			   /* every record's value is read */
	struct arkv_digest_lane *lane;	   /* NULL: nothing is digested */
	struct arkv_value_hash value_hash; /* of a large value */
	const uint8_t *k_dig;
	struct ark_buf value;
};

/* ---- values ---- */

static enum ark_rc keep_piece(void *ctx, struct ark_span bytes, struct ark_err *err)
{
	struct restoring *r = ctx;
	ark_wr_bytes(&r->value.wr, bytes);
	return ark_buf_check(&r->value, "value", err);
}

/* Few bytes of a store can be a value of a TB: whoever waits for it may stop it. */
static enum ark_rc hash_piece(void *ctx, struct ark_span bytes, struct ark_err *err)
{
	struct restoring *r = ctx;
	arkv_value_hash_update(&r->value_hash, bytes);
	return arkv_job_check(r->job, err);
}

static enum ark_rc hand_piece(void *ctx, struct ark_span bytes, struct ark_err *err)
{
	struct restoring *r = ctx;
	enum ark_rc rc = arkv_job_check(r->job, err);
	r->result->bytes += bytes.len;
	return rc ? rc : r->target->ops->piece(r->target, bytes, err);
}

/* Reads the value, and leaves it in *whole when it is small enough for that; else h is its
 * digest. */
static enum ark_rc read_value(struct restoring *r, struct arkv_cursor *cursor,
			      const struct ark_record *rec, struct ark_span *whole,
			      uint8_t h[ARKV_DIGEST_LEN], struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	if (rec->value_len > WHOLE_MAX) {
		arkv_value_hash_begin(&r->value_hash, r->k_dig);
		rc = arkv_value_read(cursor, hash_piece, r, err);
		if (!rc)
			arkv_value_hash_end(&r->value_hash, rec, h);
		return rc;
	}
	if (!arkv_cursor_inline(cursor, whole)) {
		ark_buf_clear(&r->value);
		rc = arkv_value_read(cursor, keep_piece, r, err);
		*whole = ark_buf_span(&r->value);
	}
	return rc;
}

static enum ark_rc digest(struct restoring *r, const struct ark_record *rec, struct ark_span whole,
			  const uint8_t h[ARKV_DIGEST_LEN], struct ark_err *err)
{
	if (!r->digesting)
		return ARK_OK;
	if (rec->value_len <= WHOLE_MAX)
		return arkv_digest_lane_add(r->lane, rec, whole, err);
	arkv_digest_lane_add_known(r->lane, rec, h);
	return ARK_OK;
}

/* ---- records ---- */

static enum ark_rc give_value(struct restoring *r, struct arkv_cursor *cursor,
			      const struct ark_record *rec, struct ark_span whole,
			      struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	if (rec->value_len > WHOLE_MAX)
		rc = arkv_value_read(cursor, hand_piece, r, err);
	else if (whole.len)
		rc = hand_piece(r, whole, err);
	return rc ? rc : r->target->ops->end(r->target, err);
}

static void count(struct restoring *r, const struct ark_record *rec, enum arkv_outcome outcome,
		  const char *why)
{
	switch (outcome) {
	case ARKV_OUTCOME_CREATED: r->result->created++; return;
	case ARKV_OUTCOME_REPLACED: r->result->replaced++; return;
	case ARKV_OUTCOME_SKIPPED: r->result->skipped++; return;
	case ARKV_OUTCOME_SAME: r->result->same++; return;
	case ARKV_OUTCOME_REFUSED:
	default:
		r->result->refused++;
		arkv_job_warn(r->job, "%s: refused: %s", arkv_key_text(rec->key).s, why);
	}
}

static enum ark_rc unreadable(struct restoring *r, const struct ark_record *rec, const char *why)
{
	r->result->unreadable++;
	r->digesting = false;
	arkv_job_warn(r->job, "%s: cannot be read: %s", arkv_key_text(rec->key).s, why);
	return ARK_OK;
}

static enum ark_rc restore_one(void *ctx, struct arkv_cursor *cursor, const struct ark_record *rec,
			       struct ark_err *err)
{
	struct restoring *r = ctx;
	struct ark_span whole = ark_span(NULL, 0);
	uint8_t h[ARKV_DIGEST_LEN] = { 0 };
	struct ark_err broken = { 0 };
	r->result->records++;
	enum ark_rc rc = r->dry_run ? ARK_OK : read_value(r, cursor, rec, &whole, h, &broken);
	if (arkv_rc_is_damage(rc))
		return unreadable(r, rec, broken.text);
	if (rc) {
		if (err)
			*err = broken;
		return rc;
	}
	rc = digest(r, rec, whole, h, err);
	if (rc)
		return rc;
	enum arkv_outcome outcome = ARKV_OUTCOME_REFUSED;
	char why[WHY_LEN] = "";
	rc = r->target->ops->begin(r->target, rec, &outcome, why, err);
	bool follows = outcome == ARKV_OUTCOME_CREATED || outcome == ARKV_OUTCOME_REPLACED;
	if (!rc && follows && !r->dry_run)
		rc = give_value(r, cursor, rec, whole, err);
	if (rc)
		return ark_err_prefix(err, "%s", arkv_key_text(rec->key).s);
	if (follows && !r->dry_run)
		outcome = arkv_target_outcome(r->target, outcome);
	count(r, rec, outcome, why);
	return ARK_OK;
}

/* ---- all ---- */

/* Everything was handed over: is it what was archived? */
static enum ark_rc check_content(struct restoring *r, const struct arkv_archive *archive,
				 struct ark_err *err)
{
	const struct arkf_head *head = &archive->head;
	if (!r->digesting)
		return ARK_OK;
	if (r->result->records != head->counts.records)
		return ark_fail(err, ARK_CORRUPT,
				"archive %.8s has %llu records, its manifest says %llu: run arkv "
				"verify --read-data",
				ark_uid_hex(&archive->uid).s,
				(unsigned long long)r->result->records,
				(unsigned long long)head->counts.records);
	struct arkf_digests sums;
	arkv_digest_lane_sums(r->lane, &sums);
	if (!arkv_digests_equal(&sums, &head->digests))
		return ark_fail(err, ARK_CORRUPT,
				"the content of archive %.8s is not what its manifest says: what "
				"was written may be wrong; run arkv verify --read-data",
				ark_uid_hex(&archive->uid).s);
	r->result->digest_checked = true;
	return ARK_OK;
}

static enum ark_rc run(struct restoring *r, struct arkv_archive *archive,
		       const struct arkv_restore_options *options, struct ark_err *err)
{
	struct arkv_find_result found = { 0 };
	enum ark_rc rc = r->target->ops->open(r->target, &options->target, err);
	if (!rc)
		rc = arkv_find(archive, options->filter, restore_one, r, r->job, &found, err);
	uint64_t lost = found.lost.entries + found.lost.withheld;
	if (found.lost.places && lost == 0)
		lost = 1; /* how many is not known */
	r->result->unreadable += lost;
	r->digesting = r->digesting && !lost;
	r->result->incomplete = r->result->refused || r->result->unreadable;
	if (!rc)
		rc = r->target->ops->finish(r->target, err);
	return rc ? rc : check_content(r, archive, err);
}

enum ark_rc arkv_restore(struct arkv_archive *archive, struct arkv_target *target,
			 const struct arkv_restore_options *options, const struct arkv_job *job,
			 struct arkv_restore_result *result, struct ark_err *err)
{
	struct restoring r = {
		.target = target,
		.job = job,
		.result = result,
		.dry_run = options->target.dry_run,
		.digesting = !options->target.dry_run && arkv_filter_empty(options->filter),
	};
	*result = (struct arkv_restore_result){ 0 };
	const uint8_t *k_dig = arkv_keys_dig(arkv_repo_keys(archive->repo));
	r.k_dig = k_dig;
	ark_buf_init(&r.value);
	ARK_AUTO(arkv_pool_freep) struct arkv_pool *pool = NULL;
	enum ark_rc rc = ARK_OK;
	if (r.digesting)
		rc = arkv_pool_new(&pool, 0, err);
	if (!rc && r.digesting)
		rc = arkv_digest_lane_new(&r.lane, k_dig, pool, err);
	if (!rc)
		rc = run(&r, archive, options, err);
	arkv_digest_lane_freep(&r.lane);
	ark_buf_release(&r.value);
	return rc;
}
