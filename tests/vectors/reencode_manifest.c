/* reencode_manifest.c - whole manifests, heads, run tables, stacks, bounds. */
#include "format/manifest.h"
#include "format/stacks.h"
#include "tests/vectors/reencode.h"

static enum ark_rc roots(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(in);
	while (ark_rd_left(&rd)) {
		struct arkf_manifest_root root;
		arkf_manifest_root_decode(&rd, &root);
		if (rd.bad)
			return ark_fail(err, ARK_CORRUPT, "manifest: a root is cut off");
		arkf_manifest_root_encode(out, &root);
	}
	return ARK_OK;
}

enum ark_rc reencode_manifest(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_manifest m;
	struct arkf_manifest_parts parts;
	enum ark_rc rc = arkf_manifest_decode(&m, in, err);
	if (!rc)
		rc = arkf_manifest_split(&parts, &m, in, err);
	if (rc)
		return rc;
	assert(m.head_off + m.head_len <= ARKF_MANIFEST_HEAD_MAX);
	arkf_manifest_encode(out, &m);
	ark_wr_bytes(out, parts.head);
	assert(parts.hashed.p == in.p + out->len);
	ark_wr_bytes(out, parts.table);
	ark_wr_bytes(out, parts.stacks);
	ark_wr_bytes(out, parts.bounds);
	rc = roots(out, parts.roots, err);
	ark_wr_u8(out, 0);
	assert(rc || (parts.checked.p == in.p && parts.checked.len == out->len));
	ark_wr_bytes(out, ark_span(parts.checksum, ARKF_MANIFEST_CHECKSUM_LEN));
	return rc;
}

enum ark_rc reencode_head(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_head head;
	enum ark_rc rc = arkf_head_decode(&head, in, err);
	if (rc)
		return rc;
	arkf_head_encode(out, &head);
	reencode_ext(out, in);
	return ARK_OK;
}

enum ark_rc reencode_table(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_table_rd it;
	struct arkf_table_run run;
	enum ark_rc rc = arkf_table_decode(&it, in, err);
	if (rc)
		return rc;
	arkf_table_encode_head(out, it.count);
	while (!(rc = arkf_table_next(&it, &run, err))) {
		assert(run.refs_off <= run.len && run.refs_len <= run.len - run.refs_off);
		arkf_table_encode_run(out, &run);
	}
	arkf_table_encode_end(out);
	reencode_ext(out, in);
	return reencode_walked(rc);
}

/* How many runs the run table has that these stacks belong to. */
enum { RUN_COUNT = 200 };

enum ark_rc reencode_stacks(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_stacks_rd it;
	struct arkf_segment segment;
	struct arkf_stack_slice slice;
	enum ark_rc rc = arkf_stacks_decode(&it, in, err);
	if (rc)
		return rc;
	arkf_stacks_encode_head(out, it.segment_count);
	while (!(rc = arkf_stacks_segment_next(&it, &segment, err))) {
		arkf_stacks_encode_segment(out, &segment);
		while (!(rc = arkf_stacks_slice_next(&it, RUN_COUNT, &slice, err))) {
			assert(slice.run_no < RUN_COUNT);
			arkf_stacks_encode_slice(out, &slice);
		}
		if (rc != ARK_NOTFOUND)
			return rc;
	}
	arkf_stacks_encode_end(out);
	reencode_ext(out, in);
	return reencode_walked(rc);
}

static struct arkf_key key_at(const void *ctx, size_t i)
{
	const struct arkf_key *keys = ctx;
	return keys[i];
}

/* A key list and no more: so the order of keys is looked at here. */
enum ark_rc reencode_bounds(struct ark_wr *out, struct ark_span in, struct ark_err *err)
{
	struct arkf_keylist_rd it;
	uint64_t count;
	enum ark_rc rc = arkf_bounds_decode(&it, &count, in, err);
	if (rc)
		return rc;
	assert(count < ARKF_SEGMENTS_MAX && count <= in.len);
	ARK_AUTO(release_items) struct arkf_key *keys = need_items(count, sizeof *keys);
	ARK_AUTO(key_bag_release) struct key_bag bag = { 0 };
	size_t n = 0;
	while (!rc && !(rc = arkf_keylist_next(&it, &keys[n], err))) {
		rc = key_bag_keep(&bag, &keys[n].key, err);
		if (n) {
			int order = ark_span_cmp(keys[n - 1].space, keys[n].space);
			assert(order < 0 ||
			       (!order && ark_span_cmp(keys[n - 1].key, keys[n].key) < 0));
		}
		n++;
	}
	if (rc != ARK_NOTFOUND)
		return rc;
	assert(n == count);
	arkf_bounds_encode(out, key_at, keys, n);
	reencode_ext(out, in);
	return ARK_OK;
}
