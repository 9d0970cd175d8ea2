/* value_write.c - see value_write.h. */
#include "libarchive-kv/value_write.h"

#include "libarchive-kv/recipes.h"

#include <stdlib.h>

enum { LANE_MAX = 32 };

/* A value some of whose chunks are under way; it lives until its record is with the sort. */
struct value {
	struct arkv_reflist refs;
	struct ark_buf text; /* space, key and meta of the record */
	struct arkf_spill_rec rec;
	unsigned chunks_under_way;
	bool ended;
	bool dropped;
};

struct lane_slot {
	struct arkv_task task;
	struct arkv_values *values;
	struct arkv_frame_slot frame;
	struct value *value;
	struct ark_err err;
	enum ark_rc rc;
};

struct arkv_values {
	struct arkv_values_options options;
	struct arkv_recipes *recipes;
	struct arkv_cdc cdc;
	struct lane_slot slots[LANE_MAX];
	unsigned first;		 /* the oldest slot under way */
	unsigned count;		 /* slots under way */
	struct ark_buf gathered; /* bytes of the present value that are in no chunk yet */
	size_t gathered_off;
	uint64_t present_len; /* bytes of the present value so far */
	struct value *value;  /* the present one, once it has a chunk */
	struct arkv_value_hash hash;
	bool hashing;
};

enum ark_rc arkv_values_new(struct arkv_values **out, const struct arkv_values_options *options,
			    struct ark_err *err)
{
	ARK_AUTO(arkv_values_freep) struct arkv_values *v = calloc(1, sizeof *v);
	if (!v)
		return ark_fail(err, ARK_NOMEM, "values: out of memory");
	v->options = *options;
	if (v->options.lane_len > LANE_MAX)
		v->options.lane_len = LANE_MAX;
	ark_buf_init(&v->gathered);
	const struct arkv_keys *keys = options->ctx->keys;
	arkv_cdc_init(&v->cdc, arkv_keys_cut(keys), arkv_keys_chunker(keys));
	enum ark_rc rc =
		arkv_recipes_new(&v->recipes, options->ctx, options->packer, options->recipes, err);
	for (unsigned i = 0; i < v->options.lane_len && !rc; i++) {
		v->slots[i].values = v;
		rc = arkv_frame_slot_init(&v->slots[i].frame, options->ctx, err);
	}
	if (rc)
		return rc;
	*out = v;
	v = NULL;
	return ARK_OK;
}

static void value_free(struct value *value)
{
	if (!value)
		return;
	arkv_reflist_release(&value->refs);
	ark_buf_release(&value->text);
	free(value);
}

/* Frees value when neither the lane nor the present one holds it. */
static void value_unref(struct value *value)
{
	if (value->chunks_under_way == 0 && (value->ended || value->dropped))
		value_free(value);
}

void arkv_values_freep(struct arkv_values **p)
{
	struct arkv_values *v = *p;
	if (!v)
		return;
	arkv_values_drop(v);
	for (; v->count; v->count--) {
		struct lane_slot *slot = &v->slots[v->first];
		arkv_pool_wait(v->options.pool, &slot->task);
		slot->value->chunks_under_way--;
		value_unref(slot->value);
		v->first = (v->first + 1) % v->options.lane_len;
	}
	for (unsigned i = 0; i < v->options.lane_len; i++)
		arkv_frame_slot_release(&v->slots[i].frame);
	arkv_recipes_freep(&v->recipes);
	ark_buf_release(&v->gathered);
	free(v);
	*p = NULL;
}

/* Every chunk of value is placed and its record known: the record goes to the sort. */
static enum ark_rc value_finish(struct arkv_values *v, struct value *value, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf refs;
	ark_buf_init(&refs);
	enum arkf_form form = ARKF_CHUNKS;
	enum ark_rc rc = arkv_recipes_end(v->recipes, &value->refs, &refs, &form, err);
	if (rc)
		return rc;
	value->rec.form = form == ARKF_CHUNKS ? ARKF_SPILL_CHUNKS : ARKF_SPILL_RECIPE;
	value->rec.value = ark_buf_span(&refs);
	return arkv_sort_add(v->options.sort, &value->rec, err);
}

/* Waits for the oldest slot under way, and places its chunk. */
static enum ark_rc slot_retire(struct arkv_values *v, struct ark_err *err)
{
	struct lane_slot *slot = &v->slots[v->first];
	arkv_pool_wait(v->options.pool, &slot->task);
	v->first = (v->first + 1) % v->options.lane_len;
	v->count--;
	struct value *value = slot->value;
	value->chunks_under_way--;
	enum ark_rc rc = slot->rc;
	if (rc && err)
		*err = slot->err;
	struct arkv_where where;
	if (!rc)
		rc = arkv_packer_add(v->options.packer, &slot->frame, &where, err);
	struct arkf_ref ref = { .id = slot->frame.id, .len = slot->frame.raw.wr.len };
	if (!rc && !value->dropped)
		rc = arkv_recipes_add(v->recipes, &value->refs, &ref, err);
	if (!rc && value->ended && value->chunks_under_way == 0)
		rc = value_finish(v, value, err);
	value_unref(value);
	return rc;
}

static void make_task(struct arkv_task *task)
{
	struct lane_slot *slot = (struct lane_slot *)task; /* its first member */
	slot->rc = arkv_frame_make(&slot->frame, slot->values->options.ctx, &slot->err);
}

static enum ark_rc value_begin(struct arkv_values *v, struct ark_err *err)
{
	if (v->value)
		return ARK_OK;
	v->value = calloc(1, sizeof *v->value);
	if (!v->value)
		return ark_fail(err, ARK_NOMEM, "value: out of memory");
	ark_buf_init(&v->value->text);
	return ARK_OK;
}

/* The next len gathered bytes are a chunk. */
static enum ark_rc chunk_send(struct arkv_values *v, size_t len, struct ark_err *err)
{
	enum ark_rc rc = value_begin(v, err);
	if (!rc && v->count == v->options.lane_len)
		rc = slot_retire(v, err);
	if (rc)
		return rc;
	struct lane_slot *slot = &v->slots[(v->first + v->count) % v->options.lane_len];
	arkv_frame_slot_clear(&slot->frame);
	slot->frame.type = ARKF_FRAME_CHUNK;
	ark_wr_bytes(&slot->frame.raw.wr, ark_span(v->gathered.wr.p + v->gathered_off, len));
	slot->value = v->value;
	slot->task.run = make_task;
	v->gathered_off += len;
	v->value->chunks_under_way++;
	v->count++;
	arkv_pool_submit(v->options.pool, &slot->task);
	return ARK_OK;
}

static size_t gathered_len(const struct arkv_values *v)
{
	return v->gathered.wr.len - v->gathered_off;
}

/* Sends off whole chunks until fewer than keep bytes are gathered. */
static enum ark_rc cut_chunks(struct arkv_values *v, size_t keep, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	while (gathered_len(v) > keep && !rc) {
		struct ark_span rest =
			ark_span(v->gathered.wr.p + v->gathered_off, gathered_len(v));
		rc = chunk_send(v, arkv_cdc_cut(&v->cdc, rest), err);
	}
	return rc;
}

enum ark_rc arkv_values_piece(struct arkv_values *v, struct ark_span bytes, struct ark_err *err)
{
	size_t max = v->cdc.sizes.cdc_max;
	if (!v->hashing)
		arkv_value_hash_begin(&v->hash, arkv_keys_dig(v->options.ctx->keys));
	v->hashing = true;
	arkv_value_hash_update(&v->hash, bytes);
	v->present_len += bytes.len;
	while (bytes.len) {
		size_t room = 2 * max - v->gathered.wr.len;
		size_t n = bytes.len < room ? bytes.len : room;
		ark_wr_bytes(&v->gathered.wr, ark_span(bytes.p, n));
		bytes = ark_span(bytes.p + n, bytes.len - n);
		enum ark_rc rc = ark_buf_check(&v->gathered, "value", err);
		if (!rc && v->gathered.wr.len == 2 * max)
			rc = cut_chunks(v, max, err);
		if (rc)
			return rc;
		if (v->gathered_off && v->gathered.wr.len == 2 * max) {
			size_t left = gathered_len(v);
			memmove(v->gathered.wr.p, v->gathered.wr.p + v->gathered_off, left);
			v->gathered.wr.len = left;
			v->gathered_off = 0;
		}
	}
	return ARK_OK;
}

static struct ark_span keep(struct ark_buf *text, struct ark_span s, size_t *off)
{
	if (s.len == 0)
		return ark_span(NULL, 0);
	struct ark_span kept = ark_span(text->wr.p + *off, s.len);
	*off += s.len;
	return kept;
}

static enum ark_rc record_keep(struct value *value, const struct ark_record *r, struct ark_err *err)
{
	ark_wr_bytes(&value->text.wr, r->space);
	ark_wr_bytes(&value->text.wr, r->key);
	ark_wr_bytes(&value->text.wr, r->meta);
	enum ark_rc rc = ark_buf_check(&value->text, "record", err);
	if (rc)
		return rc;
	size_t off = 0;
	value->rec.rec = *r;
	value->rec.rec.space = keep(&value->text, r->space, &off);
	value->rec.rec.key = keep(&value->text, r->key, &off);
	value->rec.rec.meta = keep(&value->text, r->meta, &off);
	return ARK_OK;
}

static void present_clear(struct arkv_values *v)
{
	ark_buf_clear(&v->gathered);
	v->gathered_off = 0;
	v->present_len = 0;
	v->value = NULL;
	v->hashing = false;
}

static enum ark_rc end_inline(struct arkv_values *v, const struct ark_record *r,
			      struct ark_err *err)
{
	struct arkf_spill_rec rec = {
		.rec = *r,
		.form = ARKF_SPILL_INLINE,
		.value = ark_buf_span(&v->gathered),
		.seq = arkv_sort_seq(v->options.sort),
	};
	enum ark_rc rc = arkv_sort_add(v->options.sort, &rec, err);
	present_clear(v);
	return rc;
}

enum ark_rc arkv_values_end(struct arkv_values *v, const struct ark_record *r, struct ark_err *err)
{
	if (r->value_len != v->present_len)
		return ark_fail(err, ARK_USAGE,
				"the source gave %llu bytes of a value and says it has %llu",
				(unsigned long long)v->present_len,
				(unsigned long long)r->value_len);
	if (r->value_len <= v->cdc.sizes.inline_max)
		return end_inline(v, r, err);
	uint8_t digest[ARKV_DIGEST_LEN];
	arkv_value_hash_end(&v->hash, r, digest);
	/* a value that never passed the largest chunk is one chunk, whatever its content */
	enum ark_rc rc = r->value_len <= v->cdc.sizes.cdc_max ? chunk_send(v, gathered_len(v), err)
							      : cut_chunks(v, 0, err);
	if (!rc)
		rc = record_keep(v->value, r, err);
	if (rc)
		return rc;
	struct value *value = v->value;
	value->rec.seq = arkv_sort_seq(v->options.sort);
	memcpy(value->rec.digest, digest, sizeof digest);
	value->ended = true;
	present_clear(v);
	if (value->chunks_under_way)
		return ARK_OK;
	rc = value_finish(v, value, err);
	value_unref(value);
	return rc;
}

void arkv_values_drop(struct arkv_values *v)
{
	struct value *value = v->value;
	present_clear(v);
	if (!value)
		return;
	value->dropped = true;
	value_unref(value);
}

enum ark_rc arkv_values_flush(struct arkv_values *v, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	while (v->count && !rc)
		rc = slot_retire(v, err);
	return rc ? rc : arkv_recipes_flush(v->recipes, err);
}
