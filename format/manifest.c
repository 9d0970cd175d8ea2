/* manifest.c - the outer frame of a manifest, its roots, the run table. See manifest.h, head.c. */
#include "format/manifest.h"

#include "format/sealed.h"

void arkf_manifest_encode(struct ark_wr *wr, const struct arkf_manifest *m)
{
	arkf_header_encode(wr, ARKF_KIND_MANIFEST, m->suite);
	ark_wr_bytes(wr, ark_span(m->uid.b, sizeof m->uid.b));
	ark_wr_u32(wr, m->head_len);
	ark_wr_u32(wr, m->table_len);
	ark_wr_u32(wr, m->stacks_len);
	ark_wr_u32(wr, m->bounds_len);
	ark_wr_u32(wr, m->roots_len);
	arkf_datakey_encode(wr, &m->datakey);
}

static bool is_box(uint32_t len)
{
	return len >= ARKF_BOX_LEN_MIN;
}

enum ark_rc arkf_manifest_decode(struct arkf_manifest *out, struct ark_span bytes,
				 struct ark_err *err)
{
	struct ark_rd rd = ark_rd(bytes);
	struct arkf_manifest m;
	enum ark_rc rc = arkf_header_decode(&rd, ARKF_KIND_MANIFEST, "manifest", &m.suite, err);
	if (rc)
		return rc;
	ark_rd_copy(&rd, m.uid.b, sizeof m.uid.b);
	m.head_len = ark_rd_u32(&rd);
	m.table_len = ark_rd_u32(&rd);
	m.stacks_len = ark_rd_u32(&rd);
	m.bounds_len = ark_rd_u32(&rd);
	m.roots_len = ark_rd_u32(&rd);
	arkf_datakey_decode(&rd, &m.datakey);
	m.head_off = (size_t)(rd.p - bytes.p);
	if (rd.bad || !is_box(m.head_len) || !is_box(m.table_len) || !is_box(m.stacks_len) ||
	    !is_box(m.bounds_len) || m.head_off > ARKF_MANIFEST_HEAD_MAX ||
	    m.head_len > ARKF_MANIFEST_HEAD_MAX - m.head_off)
		return ark_fail(err, ARK_CORRUPT, "manifest: its start is cut off or out of range");
	*out = m;
	return ARK_OK;
}

enum ark_rc arkf_manifest_split(struct arkf_manifest_parts *out, const struct arkf_manifest *m,
				struct ark_span bytes, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(bytes);
	struct arkf_manifest_parts parts;
	ark_rd_bytes(&rd, m->head_off);
	parts.head = ark_rd_bytes(&rd, m->head_len);
	const uint8_t *hashed = rd.p;
	parts.table = ark_rd_bytes(&rd, m->table_len);
	parts.stacks = ark_rd_bytes(&rd, m->stacks_len);
	parts.bounds = ark_rd_bytes(&rd, m->bounds_len);
	parts.roots = ark_rd_bytes(&rd, m->roots_len);
	if (rd.bad)
		return ark_fail(err, ARK_CORRUPT, "manifest: it is cut off");
	parts.hashed = ark_span(hashed, (size_t)(rd.p - hashed));
	unsigned signature_kind = ark_rd_u8(&rd);
	if (!rd.bad && signature_kind)
		return ark_fail(err, ARK_UNSUPPORTED,
				"manifest: signature kind %u: use a newer arkv", signature_kind);
	parts.checked = ark_span(bytes.p, (size_t)(rd.p - bytes.p));
	parts.checksum = ark_rd_bytes(&rd, ARKF_MANIFEST_CHECKSUM_LEN).p;
	enum ark_rc rc = arkf_end(&rd, "manifest", err);
	if (!rc)
		*out = parts;
	return rc;
}

void arkf_manifest_root_encode(struct ark_wr *wr, const struct arkf_manifest_root *root)
{
	ark_wr_bytes(wr, ark_span(root->run_uid.b, sizeof root->run_uid.b));
	arkf_datakey_encode(wr, &root->datakey);
	ark_wr_u32(wr, (uint32_t)root->box.len);
	ark_wr_bytes(wr, root->box);
}

void arkf_manifest_root_decode(struct ark_rd *rd, struct arkf_manifest_root *out)
{
	ark_rd_copy(rd, out->run_uid.b, sizeof out->run_uid.b);
	arkf_datakey_decode(rd, &out->datakey);
	out->box = ark_rd_bytes(rd, ark_rd_u32(rd));
	if (out->box.len < ARKF_BOX_LEN_MIN)
		ark_rd_fail(rd);
}

void arkf_table_encode_head(struct ark_wr *wr, uint64_t count)
{
	ark_wr_u8(wr, ARKF_VERSION);
	ark_wr_varint(wr, count);
}

void arkf_table_encode_run(struct ark_wr *wr, const struct arkf_table_run *run)
{
	ark_wr_bytes(wr, ark_span(run->name.b, sizeof run->name.b));
	ark_wr_varint(wr, run->len);
	ark_wr_varint(wr, run->refs_off);
	ark_wr_varint(wr, run->refs_len);
	ark_wr_bytes(wr, ark_span(run->archive.b, sizeof run->archive.b));
	ark_wr_varint(wr, run->n);
	ark_wr_varint(wr, run->entry_count);
}

void arkf_table_encode_end(struct ark_wr *wr)
{
	arkf_ext_encode_none(wr);
}

enum ark_rc arkf_table_decode(struct arkf_table_rd *it, struct ark_span raw, struct ark_err *err)
{
	struct ark_rd rd = ark_rd(raw);
	enum ark_rc rc = arkf_version_decode(&rd, "run table", err);
	if (rc)
		return rc;
	uint64_t count = ark_rd_varint(&rd);
	if (count > ARKF_RUNS_MAX || !ark_rd_fits(&rd, count, ARK_ID_LEN + ARK_UID_LEN + 5))
		return ark_fail(err, ARK_CORRUPT, "run table: bad count of runs");
	*it = (struct arkf_table_rd){
		.rd = rd, .count = count, .left = count, .last_n = UINT64_MAX
	};
	return ARK_OK;
}

enum ark_rc arkf_table_next(struct arkf_table_rd *it, struct arkf_table_run *out,
			    struct ark_err *err)
{
	if (it->left == 0) {
		enum ark_rc rc = arkf_ext_decode(&it->rd, "run table", err);
		if (!rc)
			rc = arkf_end(&it->rd, "run table", err);
		return rc ? rc : ARK_NOTFOUND;
	}
	it->left--;
	struct arkf_table_run run;
	ark_rd_copy(&it->rd, run.name.b, sizeof run.name.b);
	run.len = ark_rd_varint(&it->rd);
	run.refs_off = ark_rd_varint(&it->rd);
	run.refs_len = ark_rd_varint(&it->rd);
	ark_rd_copy(&it->rd, run.archive.b, sizeof run.archive.b);
	run.n = ark_rd_varint(&it->rd);
	run.entry_count = ark_rd_varint(&it->rd);
	if (it->rd.bad || run.n < 1 || run.n >= it->last_n || run.refs_off > run.len ||
	    run.refs_len > run.len - run.refs_off)
		return ark_fail(err, ARK_CORRUPT,
				"run table: a run is cut off, out of range or out of order");
	it->last_n = run.n;
	*out = run;
	return ARK_OK;
}
