/* block_write.c - see block_write.h. */
#include "libarchive-kv/block_write.h"

#include "format/block.h"
#include "libarchive-kv/hints.h"

#include <stdlib.h>

enum { LANE_MAX = 32 };

/* Blocks end by weight before they have too many entries. */
_Static_assert(ARKF_BLOCK_WEIGHT_MAX / ARKF_ENTRY_WEIGHT <= ARKF_BLOCK_ENTRIES_MAX,
	       "entries of a block");

struct lane_slot {
	struct arkv_task task;
	struct arkv_blocks *blocks;
	struct arkv_frame_slot frame;
	struct ark_buf text;	    /* bytes of keys, metas and bodies */
	struct arkf_entry *entries; /* their spans have only lengths until the block ends */
	uint8_t (*value_digests)[ARKV_DIGEST_LEN];
	size_t entry_count;
	size_t entry_cap;
	size_t weight;
	struct arkv_hints hints;
	struct arkf_digests digests;
	struct ark_err err;
	enum ark_rc rc;
};

struct arkv_blocks {
	struct arkv_blocks_options options;
	struct arkv_digester digester;
	struct lane_slot slots[LANE_MAX];
	unsigned first; /* the oldest slot under way */
	unsigned count; /* slots under way; the one after them gathers */
	struct arkv_block_stats stats;
};

enum ark_rc arkv_blocks_new(struct arkv_blocks **out, const struct arkv_blocks_options *options,
			    struct ark_err *err)
{
	ARK_AUTO(arkv_blocks_freep) struct arkv_blocks *b = calloc(1, sizeof *b);
	if (!b)
		return ark_fail(err, ARK_NOMEM, "blocks: out of memory");
	b->options = *options;
	if (b->options.lane_len > LANE_MAX)
		b->options.lane_len = LANE_MAX;
	arkv_digester_init(&b->digester, arkv_keys_dig(options->ctx->keys));
	enum ark_rc rc = ARK_OK;
	for (unsigned i = 0; i < b->options.lane_len && !rc; i++) {
		b->slots[i].blocks = b;
		ark_buf_init(&b->slots[i].text);
		rc = arkv_frame_slot_init(&b->slots[i].frame, options->ctx, err);
	}
	if (rc)
		return rc;
	*out = b;
	b = NULL;
	return ARK_OK;
}

void arkv_blocks_freep(struct arkv_blocks **p)
{
	struct arkv_blocks *b = *p;
	if (!b)
		return;
	for (; b->count; b->count--) {
		arkv_pool_wait(b->options.pool, &b->slots[b->first].task);
		b->first = (b->first + 1) % b->options.lane_len;
	}
	for (unsigned i = 0; i < b->options.lane_len; i++) {
		struct lane_slot *slot = &b->slots[i];
		arkv_frame_slot_release(&slot->frame);
		ark_buf_release(&slot->text);
		arkv_hints_release(&slot->hints);
		free(slot->entries);
		free(slot->value_digests);
	}
	free(b);
	*p = NULL;
}

static struct lane_slot *gathering(struct arkv_blocks *b)
{
	return &b->slots[(b->first + b->count) % b->options.lane_len];
}

/* ---- on a worker ---- */

/* Places of the chunks that the entries name, in order; each is noted as used by retire(). */
static enum ark_rc make_hints(struct lane_slot *slot, struct ark_err *err)
{
	struct arkv_dedup *dedup = slot->blocks->options.ctx->dedup;
	arkv_hints_clear(&slot->hints);
	for (size_t i = 0; i < slot->entry_count; i++) {
		const struct arkf_entry *e = &slot->entries[i];
		if (e->form == ARKF_INLINE)
			continue;
		struct arkf_refs refs;
		enum ark_rc rc = arkf_refs_decode(&refs, e->body, e->form, e->rec.value_len, err);
		for (size_t j = 0; !rc && j < refs.count; j++)
			rc = arkv_hints_find(&slot->hints, dedup, &refs.ref[j].id, err);
		if (rc)
			return rc;
	}
	return ARK_OK;
}

static void sum_digests(struct lane_slot *slot)
{
	memset(&slot->digests, 0, sizeof slot->digests);
	for (size_t i = 0; i < slot->entry_count; i++)
		arkv_digests_add(&slot->blocks->digester, &slot->digests, &slot->entries[i].rec,
				 slot->value_digests[i]);
}

static enum ark_rc make_block(struct lane_slot *slot, struct ark_err *err)
{
	const struct arkv_blocks_options *options = &slot->blocks->options;
	sum_digests(slot);
	arkv_frame_slot_clear(&slot->frame);
	slot->frame.type = ARKF_FRAME_BLOCK;
	arkf_block_encode(&slot->frame.raw.wr, slot->entries, slot->entry_count);
	enum ark_rc rc = make_hints(slot, err);
	if (!rc)
		rc = arkv_hints_encode(&slot->hints, options->ctx->dedup, &slot->frame.trailer,
				       err);
	return rc ? rc : arkv_frame_make(&slot->frame, options->ctx, err);
}

static void make_task(struct arkv_task *task)
{
	struct lane_slot *slot = (struct lane_slot *)task; /* its first member */
	slot->rc = make_block(slot, &slot->err);
}

/* ---- on the session's thread ---- */

static enum ark_rc slot_place(struct arkv_blocks *b, struct lane_slot *slot, struct ark_err *err)
{
	struct arkv_placed_block placed = {
		.id = slot->frame.id,
		.first = { .space = slot->entries[0].rec.space, .key = slot->entries[0].rec.key },
		.entry_count = (uint32_t)slot->entry_count,
	};
	enum ark_rc rc = arkv_packer_add(b->options.packer, &slot->frame, &placed.where, err);
	for (size_t i = 0; i < slot->hints.count && !rc; i++)
		rc = arkv_usemap_add(b->options.uses, &slot->hints.places[i], err);
	if (!rc)
		rc = arkv_usemap_add(b->options.uses, &placed.where, err);
	if (!rc)
		rc = b->options.placed(b->options.placed_ctx, &placed, err);
	b->stats.blocks++;
	b->stats.entries += slot->entry_count;
	b->stats.raw_bytes += slot->frame.raw.wr.len;
	arkv_digests_merge(&b->stats.digests, &slot->digests);
	return rc;
}

static void slot_clear(struct lane_slot *slot)
{
	ark_buf_clear(&slot->text);
	slot->entry_count = 0;
	slot->weight = 0;
}

static enum ark_rc slot_retire(struct arkv_blocks *b, struct ark_err *err)
{
	struct lane_slot *slot = &b->slots[b->first];
	arkv_pool_wait(b->options.pool, &slot->task);
	b->first = (b->first + 1) % b->options.lane_len;
	b->count--;
	enum ark_rc rc = slot->rc;
	if (rc && err)
		*err = slot->err;
	if (!rc)
		rc = slot_place(b, slot, err);
	slot_clear(slot);
	return rc;
}

/* While a block gathers, its text moves as it grows: spans get their addresses at its end. */
static void slot_settle(struct lane_slot *slot)
{
	static const uint8_t nothing; /* a record may be empty all over */
	const uint8_t *at = slot->text.wr.p ? slot->text.wr.p : &nothing;
	for (size_t i = 0; i < slot->entry_count; i++) {
		struct arkf_entry *e = &slot->entries[i];
		struct ark_span *spans[] = { &e->rec.space, &e->rec.key, &e->rec.meta, &e->body };
		for (size_t j = 0; j < sizeof spans / sizeof spans[0]; j++) {
			spans[j]->p = at;
			at += spans[j]->len;
		}
	}
}

static enum ark_rc block_end(struct arkv_blocks *b, struct ark_err *err)
{
	struct lane_slot *slot = gathering(b);
	if (slot->entry_count == 0)
		return ARK_OK;
	enum ark_rc rc = ark_buf_check(&slot->text, "block", err);
	if (rc)
		return rc;
	slot_settle(slot);
	slot->task.run = make_task;
	b->count++;
	arkv_pool_submit(b->options.pool, &slot->task);
	return b->count == b->options.lane_len ? slot_retire(b, err) : ARK_OK;
}

static bool cut_before(const struct arkv_blocks *b, const struct lane_slot *slot,
		       const struct arkf_entry *entry, size_t weight)
{
	if (slot->entry_count == 0)
		return false;
	if (slot->weight + weight > ARKF_BLOCK_WEIGHT_MAX)
		return true;
	if (slot->weight < ARKF_BLOCK_WEIGHT_MIN)
		return false;
	const uint8_t *k_cut = arkv_keys_cut(b->options.ctx->keys);
	uint64_t hash = arkv_cut_hash(k_cut, entry->rec.space, entry->rec.key);
	return (uint32_t)(hash >> 32) < b->options.cut_threshold;
}

static enum ark_rc entries_reserve(struct lane_slot *slot, struct ark_err *err)
{
	if (slot->entry_count < slot->entry_cap)
		return ARK_OK;
	size_t cap = slot->entry_cap ? 2 * slot->entry_cap : 256;
	struct arkf_entry *entries = reallocarray(slot->entries, cap, sizeof *entries);
	if (entries)
		slot->entries = entries;
	uint8_t(*digests)[ARKV_DIGEST_LEN] =
		reallocarray(slot->value_digests, cap, sizeof *digests);
	if (digests)
		slot->value_digests = digests;
	if (!entries || !digests)
		return ark_fail(err, ARK_NOMEM, "block: out of memory");
	slot->entry_cap = cap;
	return ARK_OK;
}

enum ark_rc arkv_blocks_add(struct arkv_blocks *b, const struct arkf_entry *entry,
			    const uint8_t digest[ARKV_DIGEST_LEN], struct ark_err *err)
{
	size_t weight = arkf_entry_weight(entry);
	struct lane_slot *slot = gathering(b);
	enum ark_rc rc = ARK_OK;
	if (cut_before(b, slot, entry, weight)) {
		rc = block_end(b, err);
		slot = gathering(b);
	}
	if (!rc)
		rc = entries_reserve(slot, err);
	if (rc)
		return rc;
	ark_wr_bytes(&slot->text.wr, entry->rec.space);
	ark_wr_bytes(&slot->text.wr, entry->rec.key);
	ark_wr_bytes(&slot->text.wr, entry->rec.meta);
	ark_wr_bytes(&slot->text.wr, entry->body);
	slot->entries[slot->entry_count] = *entry;
	memcpy(slot->value_digests[slot->entry_count], digest, ARKV_DIGEST_LEN);
	slot->entry_count++;
	slot->weight += weight;
	return ARK_OK;
}

enum ark_rc arkv_blocks_flush(struct arkv_blocks *b, struct ark_err *err)
{
	enum ark_rc rc = block_end(b, err);
	while (b->count && !rc)
		rc = slot_retire(b, err);
	return rc;
}

const struct arkv_block_stats *arkv_blocks_stats(const struct arkv_blocks *b)
{
	return &b->stats;
}
