/* find.c - see find.h. */
#include "libarchive-kv/find.h"

#include "libarchive-kv/filter.h"
#include "libarchive-kv/slice.h"

/* So many unwanted records in a row are cheaper to read than a seek. */
enum { MISSES_MAX = 64, TICK_RECORDS = 4096 };

struct search {
	struct arkv_cursor *cursor;
	const struct arkv_filter *filter;
	struct arkv_filter_range range;
	size_t key_count; /* of the filter's list; 0: none */
	struct arkv_find_result *result;
	const struct arkv_job *job;
	uint64_t bytes;
	unsigned misses;
};

/* ---- where to go on ---- */

/* The first listed key that is not below key, or key_count. */
static size_t listed_from(const struct search *s, struct ark_span key)
{
	size_t low = 0, high = s->key_count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (ark_span_cmp(arkv_filter_key(s->filter, mid), key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool begins_with(struct ark_span key, struct ark_span start)
{
	return key.len >= start.len && ark_span_common(key, start) == start.len;
}

/* The next key of this space that may be wanted, not below key. False: there is none. */
static bool next_wanted(const struct search *s, struct ark_span key, struct ark_span *out)
{
	const struct arkv_filter_range *r = &s->range;
	if (ark_span_cmp(key, r->key_from) < 0)
		key = r->key_from;
	if (s->key_count) {
		size_t no = listed_from(s, key);
		if (no == s->key_count)
			return false;
		key = arkv_filter_key(s->filter, no);
	}
	*out = key;
	return !r->key_bounded || ark_span_cmp(key, r->key_to) <= 0 || begins_with(key, r->key_to);
}

/* The first space behind space is space and a zero byte. */
static enum ark_rc seek_next_space(struct search *s, struct ark_span space, struct ark_err *err)
{
	uint8_t next[ARK_SPACE_MAX + 1];
	if (space.len)
		memcpy(next, space.p, space.len);
	next[space.len] = 0;
	return arkv_cursor_seek(s->cursor, ark_span(next, space.len + 1), ark_span(NULL, 0), err);
}

/* After a row of unwanted records: jumps to where the next wanted one can be. */
static enum ark_rc skip(struct search *s, const struct ark_record *rec, struct ark_err *err)
{
	struct ark_span next;
	s->misses = 0;
	if (!next_wanted(s, rec->key, &next))
		return seek_next_space(s, rec->space, err);
	if (ark_span_eq(next, rec->key))
		return ARK_OK;
	return arkv_cursor_seek(s->cursor, rec->space, next, err);
}

/* ---- the walk ---- */

static enum ark_rc tick(struct search *s, const struct ark_record *rec, struct ark_err *err)
{
	s->result->seen++;
	s->bytes += rec->key.len + rec->value_len;
	if (s->result->seen % TICK_RECORDS)
		return ARK_OK;
	const struct arkv_progress p = {
		.phase = "read",
		.records = s->result->seen,
		.bytes = s->bytes,
	};
	arkv_job_progress(s->job, &p);
	return arkv_job_check(s->job, err);
}

/* All records of one position on: from where the cursor stands to the end of what is wanted. */
static enum ark_rc walk(struct search *s, arkv_found_fn *fn, void *ctx, struct ark_err *err)
{
	for (;;) {
		struct ark_record rec;
		struct ark_err lost = { 0 };
		enum ark_rc rc = arkv_cursor_next(s->cursor, &rec, &lost);
		if (rc == ARK_NOTFOUND)
			return ARK_OK;
		if (arkv_rc_is_damage(rc)) {
			arkv_job_warn(s->job, "%s", lost.text);
			rc = arkv_job_check(s->job, err);
			if (rc)
				return rc;
			continue;
		}
		if (rc) {
			if (err)
				*err = lost;
			return rc;
		}
		rc = tick(s, &rec, err);
		if (!rc && s->range.one_space && !ark_span_eq(rec.space, s->range.space))
			return ARK_OK;
		if (!rc && arkv_filter_wants(s->filter, &rec)) {
			s->misses = 0;
			s->result->found++;
			rc = fn(ctx, s->cursor, &rec, err);
		} else if (!rc && ++s->misses > MISSES_MAX) {
			rc = skip(s, &rec, err);
		}
		if (rc)
			return rc;
	}
}

static enum ark_rc start(struct search *s, struct ark_err *err)
{
	struct ark_span key = s->range.key_from;
	if (!s->range.one_space)
		return ARK_OK;
	if (s->key_count && ark_span_cmp(key, arkv_filter_key(s->filter, 0)) < 0)
		key = arkv_filter_key(s->filter, 0);
	return arkv_cursor_seek(s->cursor, s->range.space, key, err);
}

enum ark_rc arkv_find(struct arkv_archive *archive, const struct arkv_filter *filter,
		      arkv_found_fn *fn, void *ctx, const struct arkv_job *job,
		      struct arkv_find_result *result, struct ark_err *err)
{
	struct arkv_find_result none;
	ARK_AUTO(arkv_cursor_freep) struct arkv_cursor *cursor = NULL;
	struct search s = { .filter = filter, .result = result ? result : &none, .job = job };
	*s.result = (struct arkv_find_result){ 0 };
	enum ark_rc rc = arkv_cursor_open(&cursor, archive, NULL, err);
	if (rc)
		return rc;
	s.cursor = cursor;
	if (filter) {
		s.range = arkv_filter_range(filter);
		s.key_count = arkv_filter_key_count(filter);
	}
	rc = start(&s, err);
	if (!rc)
		rc = walk(&s, fn, ctx, err);
	s.result->lost = arkv_cursor_lost(cursor);
	return rc;
}
