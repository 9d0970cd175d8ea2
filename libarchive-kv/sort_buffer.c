/* sort_buffer.c - see sort_buffer.h. Records grow from the front of the memory, the array of what
 * is sorted (a key prefix and a pointer) from its back. */
#include "libarchive-kv/sort_buffer.h"

#include <stdlib.h>

struct item {
	uint64_t prefix; /* eight key bytes behind what all keys share, big-endian */
	struct arkf_spill_rec *rec;
};

struct arkv_sort_buffer {
	uint8_t *mem;
	size_t cap;
	size_t used;  /* from the front */
	size_t count; /* items at the back: item i is back[-1 - i] until sorted */
	const struct arkf_spill_rec *dropped;
	bool in_order; /* so far every record came behind the one before it */
	struct item *items;
};

enum { ALIGN = 16 };

enum ark_rc arkv_sort_buffer_new(struct arkv_sort_buffer **out, size_t memory_bytes,
				 struct ark_err *err)
{
	struct arkv_sort_buffer *b = calloc(1, sizeof *b);
	size_t cap = memory_bytes & ~(size_t)(ALIGN - 1);
	uint8_t *mem = b ? malloc(cap) : NULL;
	if (!mem) {
		free(b);
		return ark_fail(err, ARK_NOMEM, "sort buffer: no memory for %zu bytes",
				memory_bytes);
	}
	b->mem = mem;
	b->cap = cap;
	arkv_sort_buffer_clear(b);
	*out = b;
	return ARK_OK;
}

void arkv_sort_buffer_freep(struct arkv_sort_buffer **p)
{
	if (!*p)
		return;
	free((*p)->mem);
	free(*p);
	*p = NULL;
}

void arkv_sort_buffer_clear(struct arkv_sort_buffer *b)
{
	b->used = 0;
	b->count = 0;
	b->dropped = NULL;
	b->in_order = true;
	b->items = (struct item *)(void *)(b->mem + b->cap);
}

size_t arkv_sort_buffer_count(const struct arkv_sort_buffer *b)
{
	return b->count;
}

static struct ark_span keep(struct arkv_sort_buffer *b, struct ark_span s)
{
	uint8_t *at = b->mem + b->used;
	if (s.len)
		memcpy(at, s.p, s.len);
	b->used += s.len;
	return ark_span(at, s.len);
}

bool arkv_sort_buffer_add(struct arkv_sort_buffer *b, const struct arkf_spill_rec *rec)
{
	size_t need = sizeof *rec + rec->rec.space.len + rec->rec.key.len + rec->rec.meta.len +
		      rec->value.len + 2 * ALIGN + sizeof(struct item);
	if (need > b->cap - b->used - b->count * sizeof(struct item))
		return false;
	struct arkf_spill_rec *copy = (struct arkf_spill_rec *)(void *)(b->mem + b->used);
	b->used += sizeof *copy;
	*copy = *rec;
	copy->rec.space = keep(b, rec->rec.space);
	copy->rec.key = keep(b, rec->rec.key);
	copy->rec.meta = keep(b, rec->rec.meta);
	copy->value = keep(b, rec->value);
	b->used = (b->used + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (b->count && b->in_order)
		b->in_order = ark_record_cmp(&b->items[0].rec->rec, &copy->rec) < 0;
	b->items--;
	b->count++;
	b->items[0].rec = copy;
	return true;
}

static uint64_t prefix_at(struct ark_span key, size_t off)
{
	uint64_t v = 0;
	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (off + i < key.len ? key.p[off + i] : 0);
	return v;
}

/* Where all spaces are the same, the keys' first differing bytes decide most comparisons. */
static void set_prefixes(struct arkv_sort_buffer *b)
{
	const struct ark_record *first = &b->items[0].rec->rec;
	size_t shared = first->key.len;
	bool one_space = true;
	for (size_t i = 1; i < b->count && one_space; i++) {
		const struct ark_record *r = &b->items[i].rec->rec;
		one_space = ark_span_eq(r->space, first->space);
		size_t common = ark_span_common(r->key, ark_span(first->key.p, shared));
		if (common < shared)
			shared = common;
	}
	for (size_t i = 0; i < b->count; i++)
		b->items[i].prefix = one_space ? prefix_at(b->items[i].rec->rec.key, shared) : 0;
}

static int item_cmp(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return arkf_spill_cmp(x->rec, y->rec);
}

static void reverse(struct item *items, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct item swap = items[i];
		items[i] = items[count - 1 - i];
		items[count - 1 - i] = swap;
	}
}

static size_t drop_superseded(struct arkv_sort_buffer *b)
{
	size_t kept = 0;
	for (size_t i = 0; i < b->count; i++) {
		bool last = i + 1 == b->count ||
			    ark_record_cmp(&b->items[i].rec->rec, &b->items[i + 1].rec->rec) != 0;
		if (last)
			b->items[kept++] = b->items[i];
		else
			b->dropped = b->items[i].rec;
	}
	size_t dropped = b->count - kept;
	b->count = kept;
	return dropped;
}

size_t arkv_sort_buffer_sort(struct arkv_sort_buffer *b, const struct arkv_digester *digester)
{
	static const uint8_t none[ARKV_DIGEST_LEN];
	size_t dropped = 0;
	if (b->in_order) {
		reverse(b->items, b->count);
	} else {
		set_prefixes(b);
		qsort(b->items, b->count, sizeof b->items[0], item_cmp);
		dropped = drop_superseded(b);
	}
	for (size_t i = 0; i < b->count; i++) {
		struct arkf_spill_rec *rec = b->items[i].rec;
		if (rec->form == ARKF_SPILL_INLINE && !memcmp(rec->digest, none, sizeof none))
			arkv_digest_value(digester, &rec->rec, rec->value, rec->digest);
	}
	return dropped;
}

const struct arkf_spill_rec *arkv_sort_buffer_dropped(const struct arkv_sort_buffer *b)
{
	return b->dropped;
}

const struct arkf_spill_rec *arkv_sort_buffer_at(const struct arkv_sort_buffer *b, size_t i)
{
	return b->items[i].rec;
}
