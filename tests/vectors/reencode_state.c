/* reencode_state.c - states and spills: files, pages, pieces. */
#include "format/sealed.h"
#include "format/spill.h"
#include "format/state.h"
#include "tests/vectors/reencode.h"

/* Whether the body of a box is that of the last one in its file. */
typedef enum ark_rc is_end_fn(bool *is_end, struct ark_span raw, struct ark_err *err);

/* In suite 0 a box shows what it holds; the vectors' bodies are stored (codec 0). */
static enum ark_rc raw_of(struct ark_span *raw, struct ark_span box, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(ark_span(box.p + ARKF_BOX_NONCE_LEN, box.len - ARKF_BOX_LEN_MIN));
	unsigned codec = ark_rd_u8(&rd);
	uint64_t len = ark_rd_varint(&rd);
	if (rd.bad || codec || len != ark_rd_left(&rd))
		return ark_fail(err, ARK_CORRUPT, "file: a body is not stored, or not as it says");
	*raw = ark_rd_bytes(&rd, len);
	return ARK_OK;
}

/* Behind the head of either file: boxes with their lengths in front, to the end page or piece. */
static enum ark_rc boxes(struct ark_wr *out, struct ark_rd *rd, is_end_fn *is_end,
			 struct ark_err *err)
{
	bool ended = false;
	while (!ended) {
		uint32_t len = ark_rd_u32(rd);
		struct ark_span box = ark_rd_bytes(rd, len), raw;
		if (rd->bad || len < ARKF_BOX_LEN_MIN || len > ARKF_STATE_BOX_MAX)
			return ark_fail(err, ARK_CORRUPT, "file: a box is cut off or too long");
		enum ark_rc rc = raw_of(&raw, box, err);
		if (!rc)
			rc = is_end(&ended, raw, err);
		if (rc)
			return rc;
		ark_wr_u32(out, len);
		ark_wr_bytes(out, box);
	}
	return arkf_end(rd, "file", err);
}

static enum ark_rc is_state_end(bool *is_end, struct ark_span raw, struct ark_err *err)
{
	enum arkf_state_page kind = ARKF_STATE_HEAD;
	enum ark_rc rc = arkf_state_page_kind(&kind, raw, err);
	*is_end = kind == ARKF_STATE_END;
	return rc;
}

static enum ark_rc is_spill_end(bool *is_end, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd rd;
	struct arkf_spill_rec rec;
	enum ark_rc rc = arkf_spill_decode(&rd, raw, err);
	if (!rc)
		rc = arkf_spill_next(&rd, &rec, err);
	*is_end = rc == ARK_NOTFOUND;
	return reencode_walked(rc);
}

enum ark_rc reencode_state_file(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(in);
	enum ark_suite suite;
	struct ark_uid uid;
	enum ark_rc rc = arkf_state_file_decode(&rd, &suite, &uid, err);
	if (rc)
		return rc;
	arkf_state_file_encode(out, suite, &uid);
	return boxes(out, &rd, is_state_end, err);
}

enum ark_rc reencode_spill_file(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(in);
	enum ark_suite suite;
	struct ark_uid uid;
	enum ark_rc rc = arkf_spill_head_decode(&rd, &suite, &uid, err);
	if (rc)
		return rc;
	arkf_spill_head_encode(out, suite, &uid);
	return boxes(out, &rd, is_spill_end, err);
}

/* The archive's number in all of the vectors. */
enum { ARCHIVE_N = 9 };

static enum ark_rc state_head(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_state_head head;
	enum ark_rc rc = arkf_state_head_decode(&head, in, err);
	if (!rc)
		arkf_state_head_encode(out, &head);
	return rc;
}

static enum ark_rc state_segments(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_state_segments_rd it;
	enum ark_rc rc = arkf_state_segments_decode(&it, in, err);
	if (rc)
		return rc;
	assert(it.count <= in.len);
	ARK_AUTO(release_items)
	struct arkf_state_segment *all = need_items(it.count, sizeof *all);
	ARK_AUTO(key_bag_release) struct key_bag bag = { 0 };
	size_t n = 0;
	while (!rc && !(rc = arkf_state_segments_next(&it, &all[n], err)))
		rc = key_bag_keep(&bag, &all[n++].first.key, err);
	if (rc != ARK_NOTFOUND)
		return rc;
	assert(n == it.count);
	arkf_state_segments_encode(out, all, n);
	return ARK_OK;
}

static enum ark_rc state_keys(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_state_keys_rd it;
	enum ark_rc rc = arkf_state_keys_decode(&it, in, ARCHIVE_N, err);
	if (rc)
		return rc;
	assert(it.count <= in.len);
	ARK_AUTO(release_items) struct arkf_state_key *all = need_items(it.count, sizeof *all);
	ARK_AUTO(key_bag_release) struct key_bag bag = { 0 };
	size_t n = 0;
	while (!rc && !(rc = arkf_state_keys_next(&it, &all[n], err))) {
		struct arkf_state_key *k = &all[n++];
		assert(k->value_n >= 1 && k->value_n <= k->attr_n && k->attr_n <= ARCHIVE_N);
		rc = key_bag_keep(&bag, &k->key.key, err);
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	assert(n == it.count);
	arkf_state_keys_encode(out, all, n, ARCHIVE_N);
	return ARK_OK;
}

static enum ark_rc state_end(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_state_end end;
	enum ark_rc rc = arkf_state_end_decode(&end, in, err);
	if (!rc)
		arkf_state_end_encode(out, &end);
	return rc;
}

enum ark_rc reencode_state_page(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	static reencode_fn *const by_kind[] = {
		[ARKF_STATE_HEAD] = state_head,
		[ARKF_STATE_SEGMENTS] = state_segments,
		[ARKF_STATE_KEYS] = state_keys,
		[ARKF_STATE_END] = state_end,
	};
	enum arkf_state_page kind;
	enum ark_rc rc = arkf_state_page_kind(&kind, in, err);
	if (!rc)
		rc = by_kind[kind](out, in, err);
	if (!rc)
		reencode_ext(out, in);
	return rc;
}

enum ark_rc reencode_spill(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct ark_rd rd;
	struct arkf_spill_rec rec;
	enum ark_rc rc = arkf_spill_decode(&rd, in, err);
	if (rc)
		return rc;
	arkf_spill_begin(out);
	while (!(rc = arkf_spill_next(&rd, &rec, err))) {
		assert(arkf_spill_cmp(&rec, &rec) == 0 && rec.value.len <= ARKF_INLINE_MAX);
		arkf_spill_encode(out, &rec);
	}
	arkf_spill_end(out);
	reencode_ext(out, in);
	return reencode_walked(rc);
}
