/* digest_lane.c - see digest_lane.h. */
#include "libarchive-kv/digest_lane.h"

#include "libarchive-kv/buf.h"

#include <stdlib.h>

enum { SLOT_COUNT = 4, SLOT_BYTES = 256 << 10, SLOT_RECORDS = 1024, COPY_MAX = 64 << 10 };

/* A record whose parts stand one after the other in the slot's bytes: space, key, meta, value. */
struct copied {
	struct ark_record rec; /* its spans have lengths only */
	size_t off;
};

struct slot {
	struct arkv_task task;
	const struct arkv_digester *digester;
	struct ark_buf bytes;
	struct copied records[SLOT_RECORDS];
	size_t record_count;
	struct arkf_digests sums;
	bool under_way;
};

struct arkv_digest_lane {
	struct arkv_digester digester;
	struct arkv_pool *pool;
	struct slot slots[SLOT_COUNT];
	size_t at; /* the slot that fills */
	struct arkf_digests sums;
};

static struct ark_span take(const uint8_t **p, size_t len)
{
	struct ark_span s = ark_span(*p, len);
	*p += len;
	return s;
}

static void slot_run(struct arkv_task *task)
{
	struct slot *slot = (struct slot *)(void *)task;
	slot->sums = (struct arkf_digests){ .content = { 0 } };
	static const uint8_t nothing; /* a record may be empty all over */
	const uint8_t *bytes = slot->bytes.wr.p ? slot->bytes.wr.p : &nothing;
	for (size_t i = 0; i < slot->record_count; i++) {
		struct ark_record rec = slot->records[i].rec;
		const uint8_t *p = bytes + slot->records[i].off;
		uint8_t h[ARKV_DIGEST_LEN];
		rec.space = take(&p, rec.space.len);
		rec.key = take(&p, rec.key.len);
		rec.meta = take(&p, rec.meta.len);
		arkv_digest_value(slot->digester, &rec, ark_span(p, (size_t)rec.value_len), h);
		arkv_digests_add(slot->digester, &slot->sums, &rec, h);
	}
}

enum ark_rc arkv_digest_lane_new(struct arkv_digest_lane **out, const uint8_t *k_dig,
				 struct arkv_pool *pool, struct ark_err *err)
{
	struct arkv_digest_lane *lane = calloc(1, sizeof *lane);
	if (!lane)
		return ark_fail(err, ARK_NOMEM, "digests: out of memory");
	lane->pool = pool;
	arkv_digester_init(&lane->digester, k_dig);
	for (size_t i = 0; i < SLOT_COUNT; i++) {
		ark_buf_init(&lane->slots[i].bytes);
		lane->slots[i].digester = &lane->digester;
		lane->slots[i].task.run = slot_run;
	}
	*out = lane;
	return ARK_OK;
}

/* Takes what the slot has summed up, and empties it. */
static void slot_end(struct arkv_digest_lane *lane, struct slot *slot)
{
	if (slot->under_way) {
		arkv_pool_wait(lane->pool, &slot->task);
		arkv_digests_merge(&lane->sums, &slot->sums);
	}
	slot->under_way = false;
	slot->record_count = 0;
	ark_buf_clear(&slot->bytes);
}

static void slot_submit(struct arkv_digest_lane *lane, struct slot *slot)
{
	slot->under_way = true;
	arkv_pool_submit(lane->pool, &slot->task);
}

void arkv_digest_lane_freep(struct arkv_digest_lane **lane)
{
	if (!*lane)
		return;
	for (size_t i = 0; i < SLOT_COUNT; i++) {
		slot_end(*lane, &(*lane)->slots[i]);
		ark_buf_release(&(*lane)->slots[i].bytes);
	}
	free(*lane);
	*lane = NULL;
}

void arkv_digest_lane_add_known(struct arkv_digest_lane *lane, const struct ark_record *r,
				const uint8_t h[ARKV_DIGEST_LEN])
{
	arkv_digests_add(&lane->digester, &lane->sums, r, h);
}

enum ark_rc arkv_digest_lane_add(struct arkv_digest_lane *lane, const struct ark_record *r,
				 struct ark_span value, struct ark_err *err)
{
	if (value.len > COPY_MAX) {
		uint8_t h[ARKV_DIGEST_LEN];
		arkv_digest_value(&lane->digester, r, value, h);
		arkv_digest_lane_add_known(lane, r, h);
		return ARK_OK;
	}
	struct slot *slot = &lane->slots[lane->at];
	struct copied *c = &slot->records[slot->record_count++];
	*c = (struct copied){ .rec = *r, .off = slot->bytes.wr.len };
	ark_wr_bytes(&slot->bytes.wr, r->space);
	ark_wr_bytes(&slot->bytes.wr, r->key);
	ark_wr_bytes(&slot->bytes.wr, r->meta);
	ark_wr_bytes(&slot->bytes.wr, value);
	enum ark_rc rc = ark_buf_check(&slot->bytes, "digests", err);
	if (rc || (slot->record_count < SLOT_RECORDS && slot->bytes.wr.len < SLOT_BYTES))
		return rc;
	slot_submit(lane, slot);
	lane->at = (lane->at + 1) % SLOT_COUNT;
	slot_end(lane, &lane->slots[lane->at]);
	return ARK_OK;
}

void arkv_digest_lane_sums(struct arkv_digest_lane *lane, struct arkf_digests *out)
{
	struct slot *filling = &lane->slots[lane->at];
	if (filling->record_count && !filling->under_way)
		slot_submit(lane, filling);
	for (size_t i = 0; i < SLOT_COUNT; i++)
		slot_end(lane, &lane->slots[i]);
	*out = lane->sums;
}
