/* manifest_write.c - see manifest_write.h. */
#include "libarchive-kv/manifest_write.h"

/* What stands behind the head box, as it is made. */
struct maker {
	struct arkv_keys *keys;
	const struct arkv_manifest_parts *parts;
	struct arkv_codec *codec;
	struct ark_buf raw;
	struct ark_buf body;
	struct ark_buf rest; /* table, stacks, bounds, roots */
	struct ark_buf head;
};

static void maker_release(struct maker *m)
{
	arkv_codec_freep(&m->codec);
	ark_buf_release(&m->raw);
	ark_buf_release(&m->body);
	ark_buf_release(&m->rest);
	ark_buf_release(&m->head);
}

/* Seals m->raw and appends the box to out; *len: the length of the box. */
static enum ark_rc seal(struct maker *m, enum arkv_box_type type, struct ark_buf *out,
			uint32_t *len, struct ark_err *err)
{
	size_t before = out->wr.len;
	struct ark_span context = ark_span(m->parts->uid->b, ARK_UID_LEN);
	ark_buf_clear(&m->body);
	enum ark_rc rc = ark_buf_check(&m->raw, "manifest", err);
	if (!rc && m->raw.wr.len > ARKF_MANIFEST_BODY_MAX)
		rc = ark_fail(err, ARK_LIMIT, "manifest: a part of it has %zu bytes, %d at most",
			      m->raw.wr.len, ARKF_MANIFEST_BODY_MAX);
	if (!rc)
		rc = arkv_body_pack(m->codec, ark_buf_span(&m->raw), &m->body, err);
	if (rc)
		return rc;
	if (type == ARKV_BOX_BOUNDS)
		rc = arkv_seal_dk(out, m->keys, m->parts->dk, type, context, ark_buf_span(&m->body),
				  err);
	else
		rc = arkv_seal_meta(out, m->keys, type, context, ark_buf_span(&m->body), err);
	*len = (uint32_t)(out->wr.len - before);
	ark_buf_clear(&m->raw);
	return rc;
}

static void table_encode(struct maker *m)
{
	arkf_table_encode_head(&m->raw.wr, m->parts->run_count);
	for (size_t i = 0; i < m->parts->run_count; i++)
		arkf_table_encode_run(&m->raw.wr, &m->parts->runs[i].table);
	arkf_table_encode_end(&m->raw.wr);
}

static void stacks_encode(struct maker *m)
{
	arkf_stacks_encode_head(&m->raw.wr, m->parts->segment_count);
	for (size_t i = 0; i < m->parts->segment_count; i++) {
		const struct arkv_manifest_segment *s = &m->parts->segments[i];
		arkf_stacks_encode_segment(&m->raw.wr, &s->info);
		for (size_t j = 0; j < s->info.depth; j++)
			arkf_stacks_encode_slice(&m->raw.wr, &s->slices[j]);
	}
	arkf_stacks_encode_end(&m->raw.wr);
}

static struct arkf_key bound_at(const void *ctx, size_t i)
{
	const struct arkv_manifest_segment *segments = ctx;
	return segments[i + 1].begin;
}

static enum ark_rc rest_make(struct maker *m, struct arkf_manifest *outer, struct ark_err *err)
{
	table_encode(m);
	enum ark_rc rc = seal(m, ARKV_BOX_TABLE, &m->rest, &outer->table_len, err);
	if (rc)
		return rc;
	stacks_encode(m);
	rc = seal(m, ARKV_BOX_STACKS, &m->rest, &outer->stacks_len, err);
	if (rc)
		return rc;
	arkf_bounds_encode(&m->raw.wr, bound_at, m->parts->segments, m->parts->segment_count - 1);
	rc = seal(m, ARKV_BOX_BOUNDS, &m->rest, &outer->bounds_len, err);
	size_t before = m->rest.wr.len;
	for (size_t i = 0; i < m->parts->run_count; i++)
		arkf_manifest_root_encode(&m->rest.wr, &m->parts->runs[i].root);
	outer->roots_len = (uint32_t)(m->rest.wr.len - before);
	return rc ? rc : ark_buf_check(&m->rest, "manifest", err);
}

static enum ark_rc make(struct maker *m, struct ark_buf *out, struct ark_err *err)
{
	struct arkf_manifest outer = {
		.suite = arkv_keys_suite(m->keys),
		.uid = *m->parts->uid,
		.datakey = m->parts->dk->record,
	};
	enum ark_rc rc = rest_make(m, &outer, err);
	if (rc)
		return rc;
	const uint8_t *k_auth = arkv_keys_auth(m->keys);
	arkv_hash_keyed(m->parts->head->body_hash, k_auth, ark_buf_span(&m->rest));
	arkf_head_encode(&m->raw.wr, m->parts->head);
	rc = seal(m, ARKV_BOX_HEAD, &m->head, &outer.head_len, err);
	if (rc)
		return rc;
	size_t start = out->wr.len;
	arkf_manifest_encode(&out->wr, &outer);
	ark_wr_bytes(&out->wr, ark_buf_span(&m->head));
	if (out->wr.len - start > ARKF_MANIFEST_HEAD_MAX)
		return ark_fail(err, ARK_LIMIT,
				"the archive's head passes %d bytes: give shorter or fewer tags, "
				"a shorter comment or name",
				ARKF_MANIFEST_HEAD_MAX);
	ark_wr_bytes(&out->wr, ark_buf_span(&m->rest));
	ark_wr_u8(&out->wr, 0); /* no signature */
	rc = ark_buf_check(out, "manifest", err);
	if (rc)
		return rc;
	uint8_t checksum[ARKF_MANIFEST_CHECKSUM_LEN];
	arkv_hash_keyed(checksum, k_auth, ark_span(out->wr.p + start, out->wr.len - start));
	ark_wr_bytes(&out->wr, ark_span(checksum, sizeof checksum));
	return ark_buf_check(out, "manifest", err);
}

enum ark_rc arkv_manifest_make(struct ark_buf *out, struct arkv_keys *keys,
			       const struct arkv_manifest_parts *parts, struct ark_err *err)
{
	ARK_AUTO(maker_release) struct maker m = { .keys = keys, .parts = parts };
	ark_buf_init(&m.raw);
	ark_buf_init(&m.body);
	ark_buf_init(&m.rest);
	ark_buf_init(&m.head);
	enum ark_rc rc = arkv_codec_new(&m.codec, 3, err);
	return rc ? rc : make(&m, out, err);
}
