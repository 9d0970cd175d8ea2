/* cursor.c - merging the stacks of an archive. See cursor.h. */
#include "libarchive-kv/cursor.h"

#include "libarchive-kv/cursor_inside.h"

#include <stdlib.h>

enum { AHEAD_ALL = 6 << 20, AHEAD_MAX = 4 << 20, AHEAD_MIN = 512 << 10 };

enum ark_rc arkv_cursor_open(struct arkv_cursor **out, struct arkv_archive *archive,
			     struct arkv_frames *frames, struct ark_err *err)
{
	if (!archive->bounds_known)
		return ark_fail(err, ARK_AUTH, "this key can write and deduplicate, not read");
	ARK_AUTO(arkv_cursor_freep) struct arkv_cursor *c = calloc(1, sizeof *c);
	if (!c)
		return ark_fail(err, ARK_NOMEM, "cursor: out of memory");
	c->env.archive = archive;
	c->env.pages.archive = archive;
	c->env.frames = frames;
	arkv_own_key_init(&c->start);
	ark_buf_init(&c->probe_meta);
	enum ark_rc rc = ARK_OK;
	if (!frames)
		rc = arkv_frames_new(&c->own_frames, archive->repo, err);
	if (!frames)
		c->env.frames = c->own_frames;
	if (!rc)
		rc = arkv_slice_init(&c->probe, &c->env, err);
	if (rc)
		return rc;
	*out = c;
	c = NULL;
	return ARK_OK;
}

void arkv_cursor_freep(struct arkv_cursor **cursor)
{
	struct arkv_cursor *c = *cursor;
	if (!c)
		return;
	for (size_t i = 0; i < c->slice_cap; i++)
		arkv_slice_release(&c->slices[i]);
	free(c->slices);
	arkv_slice_release(&c->probe);
	arkv_page_cache_release(&c->env.pages);
	arkv_own_key_release(&c->start);
	ark_buf_release(&c->probe_meta);
	arkv_frames_freep(&c->own_frames);
	free(c);
	*cursor = NULL;
}

struct arkv_cursor_lost arkv_cursor_lost(const struct arkv_cursor *c)
{
	return c->env.lost;
}

/* ---- segments ---- */

enum ark_rc arkv_cursor_seek(struct arkv_cursor *c, struct ark_span space, struct ark_span key,
			     struct ark_err *err)
{
	struct arkf_key start = { .space = space, .key = key };
	enum ark_rc rc = arkv_own_key_set(&c->start, &start, err);
	if (rc)
		return rc;
	c->segment_no = arkv_archive_segment_of(c->env.archive, &start);
	c->segment_open = false;
	return ARK_OK;
}

static enum ark_rc slices_reserve(struct arkv_cursor *c, size_t count, struct ark_err *err)
{
	if (count <= c->slice_cap)
		return ARK_OK;
	struct arkv_slice *slices = realloc(c->slices, count * sizeof *slices);
	if (!slices)
		return ark_fail(err, ARK_NOMEM, "cursor: out of memory");
	c->slices = slices;
	while (c->slice_cap < count) {
		enum ark_rc rc = arkv_slice_init(&slices[c->slice_cap], &c->env, err);
		if (rc)
			return rc;
		c->slice_cap++;
	}
	return ARK_OK;
}

static size_t ahead_max(size_t depth)
{
	size_t each = AHEAD_ALL / (depth ? depth : 1);
	if (each > AHEAD_MAX)
		return AHEAD_MAX;
	return each < AHEAD_MIN ? AHEAD_MIN : each;
}

static enum ark_rc segment_open(struct arkv_cursor *c, struct ark_err *err)
{
	const struct arkv_archive_segment *segment = &c->env.archive->segments[c->segment_no];
	c->put = NULL; /* the slices may move */
	enum ark_rc rc = slices_reserve(c, segment->info.depth, err);
	if (rc)
		return rc;
	struct arkf_key start = arkv_own_key_get(&c->start);
	if (arkv_key_cmp(&start, &segment->begin) < 0)
		start = segment->begin;
	const struct arkf_key *end = arkv_archive_segment_end(c->env.archive, c->segment_no);
	c->slice_count = segment->info.depth;
	c->env.ahead_max = ahead_max(c->slice_count);
	for (size_t i = 0; i < c->slice_count; i++)
		arkv_slice_start(&c->slices[i], &segment->slices[i], start, end);
	c->segment_open = true;
	return ARK_OK;
}

/* ---- merging ---- */

static struct arkf_key key_of(const struct arkf_entry *entry)
{
	return (struct arkf_key){ .space = entry->rec.space, .key = entry->rec.key };
}

static enum ark_rc fill_all(struct arkv_cursor *c, struct ark_err *err)
{
	for (size_t i = 0; i < c->slice_count; i++) {
		enum ark_rc rc = arkv_slice_fill(&c->slices[i], err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

/* The slice with the least key, the newest of those; slice_count: all are at their ends. */
static size_t least(const struct arkv_cursor *c)
{
	size_t best = c->slice_count;
	struct arkf_key best_key = { .space = ark_span(NULL, 0) };
	for (size_t i = 0; i < c->slice_count; i++) {
		if (!c->slices[i].at_entry)
			continue;
		struct arkf_key key = key_of(&c->slices[i].entry);
		if (best != c->slice_count && arkv_key_cmp(&best_key, &key) <= 0)
			continue;
		best = i;
		best_key = key;
	}
	return best;
}

/* What a stack says about one key. */
struct verdict {
	const struct arkv_slice *decides; /* has the put or the delete; NULL: no slice has */
	const struct arkv_slice *touch;	  /* the newest, or NULL */
	bool unsure; /* a slice that is newer than what decides may have lost its word */
};

/* Asks all slices about the key at which slice first stands; those that have it are stepped over
 * by the next call. */
static struct verdict judge(struct arkv_cursor *c, size_t first)
{
	struct verdict v = { .decides = NULL };
	struct arkf_key key = key_of(&c->slices[first].entry);
	for (size_t i = 0; i < c->slice_count; i++) {
		struct arkv_slice *s = &c->slices[i];
		struct arkf_key own = key_of(&s->entry);
		bool has = s->at_entry && (i == first || arkv_key_cmp(&own, &key) == 0);
		if (has)
			arkv_slice_step(s);
		if (v.decides)
			continue;
		if (!has)
			v.unsure = v.unsure || arkv_slice_is_blind_at(s, &key);
		else if (s->entry.kind != ARKF_TOUCH)
			v.decides = s;
		else if (!v.touch)
			v.touch = s;
	}
	return v;
}

static uint64_t n_of(const struct arkv_cursor *c, const struct arkv_slice *s)
{
	return c->env.archive->runs[s->run_no].table.n;
}

static void give(struct arkv_cursor *c, const struct verdict *v, struct ark_record *out)
{
	*out = v->decides->entry.rec;
	c->put = v->decides;
	c->value_n = n_of(c, v->decides);
	c->attr_n = c->value_n;
	if (!v->touch)
		return;
	out->expires_ms = v->touch->entry.rec.expires_ms;
	out->flags = v->touch->entry.rec.flags;
	out->meta = v->touch->entry.rec.meta;
	c->attr_n = n_of(c, v->touch);
}

static enum ark_rc touch_alone(const struct arkv_cursor *c, const struct arkv_slice *touch,
			       struct ark_err *err)
{
	const struct arkv_archive_run *run = &c->env.archive->runs[touch->run_no];
	return ark_fail(err, ARK_CORRUPT,
			"run %.16s has new attributes for a key that no older run of its stack "
			"has: the record is left out",
			ark_id_hex(&run->table.name).s);
}

/* The next key of the open segment, NOTFOUND at its end. *given: it is a record. */
static enum ark_rc merge_one(struct arkv_cursor *c, struct ark_record *out, bool *given,
			     struct ark_err *err)
{
	*given = false;
	enum ark_rc rc = fill_all(c, err);
	if (rc)
		return rc;
	size_t first = least(c);
	if (first == c->slice_count)
		return ARK_NOTFOUND;
	struct verdict v = judge(c, first);
	if (v.touch && !v.decides && !v.unsure) {
		c->env.lost.withheld++;
		return touch_alone(c, v.touch, err);
	}
	if (!v.decides || (v.unsure && v.decides->entry.kind == ARKF_PUT)) {
		c->env.lost.withheld++;
		return ARK_OK;
	}
	if (v.decides->entry.kind == ARKF_PUT) {
		give(c, &v, out);
		*given = true;
	}
	return ARK_OK;
}

enum ark_rc arkv_cursor_next(struct arkv_cursor *c, struct ark_record *out, struct ark_err *err)
{
	for (;;) {
		if (c->segment_no >= c->env.archive->segment_count)
			return ark_fail(err, ARK_NOTFOUND, "the archive ends here");
		enum ark_rc rc = c->segment_open ? ARK_OK : segment_open(c, err);
		bool given = false;
		c->put = NULL;
		if (!rc)
			rc = merge_one(c, out, &given, err);
		if (rc == ARK_NOTFOUND) {
			c->segment_no++;
			c->segment_open = false;
		} else if (rc || given) {
			return rc;
		}
	}
}

/* ---- one key ---- */

/* A touch's attributes outlive its block. */
static enum ark_rc keep_touch(struct arkv_cursor *c, struct ark_record *attributes,
			      struct ark_err *err)
{
	*attributes = c->probe.entry.rec;
	ark_buf_clear(&c->probe_meta);
	ark_wr_bytes(&c->probe_meta.wr, attributes->meta);
	attributes->meta = ark_buf_span(&c->probe_meta);
	c->attr_n = n_of(c, &c->probe);
	return ark_buf_check(&c->probe_meta, "meta", err);
}

enum ark_rc arkv_cursor_get(struct arkv_cursor *c, struct ark_span space, struct ark_span key,
			    struct ark_record *out, struct ark_err *err)
{
	const struct arkf_key wanted = { .space = space, .key = key };
	size_t no = arkv_archive_segment_of(c->env.archive, &wanted);
	const struct arkv_archive_segment *segment = &c->env.archive->segments[no];
	struct ark_record attributes = { .flags = 0 };
	bool touched = false;
	c->put = NULL;
	for (size_t i = 0; i < segment->info.depth; i++) {
		enum ark_rc rc = arkv_slice_probe(&c->probe, &segment->slices[i], wanted, err);
		if (!rc && c->probe.at_entry && c->probe.entry.kind == ARKF_TOUCH && !touched) {
			rc = keep_touch(c, &attributes, err);
			touched = true;
		}
		if (rc)
			return rc;
		if (!c->probe.at_entry || c->probe.entry.kind == ARKF_TOUCH)
			continue;
		if (c->probe.entry.kind == ARKF_DELETE)
			break;
		uint64_t attr_n = c->attr_n;
		give(c, &(struct verdict){ .decides = &c->probe }, out);
		if (!touched)
			return ARK_OK;
		out->expires_ms = attributes.expires_ms;
		out->flags = attributes.flags;
		out->meta = attributes.meta;
		c->attr_n = attr_n;
		return ARK_OK;
	}
	return ark_fail(err, ARK_NOTFOUND, "the archive does not hold this key");
}
