/* sort_merge.c - see sort_merge.h. A binary heap of readers, the one with the smallest key on top.
 */
#include "libarchive-kv/sort_merge.h"

#include <stdlib.h>
#include <unistd.h>

struct input {
	struct arkv_spill_reader *reader;
	struct arkf_spill_rec rec;
};

struct arkv_merge {
	struct input *inputs;
	size_t *heap; /* indices into inputs */
	size_t input_count;
	size_t heap_len;
	uint64_t dropped;
	struct ark_buf dropped_key;
	bool top_used; /* the top was handed out and must move on first */
};

/* True when input a comes before b: by key, and the later in the scan first among equal keys. */
static bool before(const struct arkv_merge *m, size_t a, size_t b)
{
	const struct input *x = &m->inputs[a];
	const struct input *y = &m->inputs[b];
	int c = ark_record_cmp(&x->rec.rec, &y->rec.rec);
	return c ? c < 0 : x->rec.seq > y->rec.seq;
}

static void sift_down(struct arkv_merge *m, size_t at)
{
	for (;;) {
		size_t best = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < m->heap_len && before(m, m->heap[child], m->heap[best]))
				best = child;
		if (best == at)
			return;
		size_t swap = m->heap[at];
		m->heap[at] = m->heap[best];
		m->heap[best] = swap;
		at = best;
	}
}

/* Moves the top's reader on, and restores the order. */
static enum ark_rc top_next(struct arkv_merge *m, struct ark_err *err)
{
	struct input *top = &m->inputs[m->heap[0]];
	enum ark_rc rc = arkv_spill_read(top->reader, &top->rec, err);
	if (rc && rc != ARK_NOTFOUND)
		return rc;
	if (rc == ARK_NOTFOUND)
		m->heap[0] = m->heap[--m->heap_len];
	sift_down(m, 0);
	return ARK_OK;
}

static enum ark_rc inputs_open(struct arkv_merge *m, const struct arkv_spill_ctx *ctx,
			       const int *fds, size_t count, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < count; i++) {
		if (rc) {
			(void)close(fds[i]);
			continue;
		}
		struct input *in = &m->inputs[m->input_count];
		rc = arkv_spill_reader_new(&in->reader, ctx, fds[i], err);
		if (rc)
			continue;
		m->input_count++;
		rc = arkv_spill_read(in->reader, &in->rec, err);
		if (!rc)
			m->heap[m->heap_len++] = i;
		else if (rc == ARK_NOTFOUND)
			rc = ARK_OK;
	}
	return rc;
}

enum ark_rc arkv_merge_new(struct arkv_merge **out, const struct arkv_spill_ctx *ctx,
			   const int *fds, size_t count, struct ark_err *err)
{
	ARK_AUTO(arkv_merge_freep) struct arkv_merge *m = calloc(1, sizeof *m);
	struct input *inputs = calloc(count + 1, sizeof *inputs);
	size_t *heap = calloc(count + 1, sizeof *heap);
	if (!m || !inputs || !heap) {
		free(inputs);
		free(heap);
		for (size_t i = 0; i < count; i++)
			(void)close(fds[i]);
		return ark_fail(err, ARK_NOMEM, "merge: out of memory");
	}
	m->inputs = inputs;
	m->heap = heap;
	ark_buf_init(&m->dropped_key);
	enum ark_rc rc = inputs_open(m, ctx, fds, count, err);
	if (rc)
		return rc;
	for (size_t i = m->heap_len; i-- > 0;)
		sift_down(m, i);
	*out = m;
	m = NULL;
	return ARK_OK;
}

void arkv_merge_freep(struct arkv_merge **p)
{
	struct arkv_merge *m = *p;
	if (!m)
		return;
	for (size_t i = 0; i < m->input_count; i++)
		arkv_spill_reader_freep(&m->inputs[i].reader);
	free(m->inputs);
	free(m->heap);
	ark_buf_release(&m->dropped_key);
	free(m);
	*p = NULL;
}

/* The smaller child of the top, if it has the top's key: a record that the top supersedes. */
static bool superseded_child(const struct arkv_merge *m, size_t *child)
{
	const struct ark_record *top = &m->inputs[m->heap[0]].rec.rec;
	size_t best = 1;
	if (m->heap_len > 2 && before(m, m->heap[2], m->heap[1]))
		best = 2;
	*child = best;
	return m->heap_len > 1 && !ark_record_cmp(top, &m->inputs[m->heap[best]].rec.rec);
}

/* Steps over all records that the top supersedes. */
static enum ark_rc drop_superseded(struct arkv_merge *m, struct ark_err *err)
{
	size_t child;
	while (superseded_child(m, &child)) {
		struct input *in = &m->inputs[m->heap[child]];
		ark_buf_clear(&m->dropped_key);
		ark_wr_bytes(&m->dropped_key.wr, in->rec.rec.key);
		m->dropped++;
		enum ark_rc rc = arkv_spill_read(in->reader, &in->rec, err);
		if (rc && rc != ARK_NOTFOUND)
			return rc;
		if (rc == ARK_NOTFOUND) /* its parent, the top, is before all others */
			m->heap[child] = m->heap[--m->heap_len];
		if (child < m->heap_len)
			sift_down(m, child);
	}
	return ARK_OK;
}

enum ark_rc arkv_merge_next(struct arkv_merge *m, struct arkf_spill_rec *out, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	if (m->top_used && m->heap_len)
		rc = top_next(m, err);
	m->top_used = false;
	if (rc)
		return rc;
	if (m->heap_len == 0)
		return ARK_NOTFOUND;
	rc = drop_superseded(m, err);
	if (rc)
		return rc;
	*out = m->inputs[m->heap[0]].rec;
	m->top_used = true;
	return ARK_OK;
}

uint64_t arkv_merge_dropped(const struct arkv_merge *m)
{
	return m->dropped;
}

struct ark_span arkv_merge_dropped_key(const struct arkv_merge *m)
{
	return ark_buf_span(&m->dropped_key);
}
