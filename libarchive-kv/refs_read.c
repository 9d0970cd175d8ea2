/* refs_read.c - see refs_read.h. */
#include "libarchive-kv/refs_read.h"

#include "format/pack.h"
#include "libarchive-kv/codec.h"

#include <stdlib.h>

void arkv_refs_freep(struct arkv_refs **refs)
{
	if (!*refs)
		return;
	ark_buf_release(&(*refs)->raw);
	arkv_arena_release(&(*refs)->arena);
	free(*refs);
	*refs = NULL;
}

static enum ark_rc no_room(struct ark_err *err)
{
	return ark_fail(err, ARK_NOMEM, "refs: out of memory");
}

static enum ark_rc load_packs(struct arkv_refs *refs, struct arkf_runrefs_rd *it,
			      struct ark_err *err)
{
	enum ark_rc rc = arkf_runrefs_decode_packs(it, ark_buf_span(&refs->raw), err);
	if (rc)
		return rc;
	struct arkf_runrefs_pack *packs =
		arkv_arena_room(&refs->arena, (size_t)it->pack_count * sizeof *packs);
	if (!packs)
		return no_room(err);
	refs->packs = packs;
	struct arkf_runrefs_pack pack;
	while (!(rc = arkf_runrefs_pack_next(it, &pack, err))) {
		if (pack.frame_count > ARKF_PACK_FRAMES_MAX)
			return ark_fail(err, ARK_CORRUPT, "no pack has %llu frames",
					(unsigned long long)pack.frame_count);
		packs[refs->pack_count++] = pack;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc load_uses(struct arkv_refs *refs, struct arkf_runrefs_rd *it,
			     struct arkv_refs_slice *slice, struct ark_err *err)
{
	size_t len;
	if (!ark_mul(&len, (size_t)slice->info.use_count, sizeof(struct arkv_refs_use)))
		return no_room(err);
	struct arkv_refs_use *uses = arkv_arena_room(&refs->arena, len);
	if (!uses)
		return no_room(err);
	slice->uses = uses;
	size_t count = 0;
	struct arkv_refs_use use;
	enum ark_rc rc;
	while (!(rc = arkf_runrefs_use_next(it, &use.pack_no, err))) {
		rc = arkf_runrefs_use_bitmap(it, refs->packs[use.pack_no].frame_count, &use.bitmap,
					     err);
		if (rc)
			return rc;
		uses[count++] = use;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

static enum ark_rc load(struct arkv_refs *refs, struct ark_err *err)
{
	struct arkf_runrefs_rd it;
	enum ark_rc rc = load_packs(refs, &it, err);
	if (rc)
		return rc;
	refs->slices = arkv_arena_room(&refs->arena, (size_t)it.slice_count * sizeof *refs->slices);
	if (!refs->slices)
		return no_room(err);
	struct arkv_refs_slice slice;
	while (!rc && !(rc = arkf_runrefs_slice_next(&it, &slice.info, err))) {
		rc = load_uses(refs, &it, &slice, err);
		refs->slices[refs->slice_count++] = slice;
	}
	return rc == ARK_NOTFOUND ? ARK_OK : rc;
}

enum ark_rc arkv_refs_open(struct arkv_refs **out, const struct arkv_keys *keys,
			   const struct ark_uid *run_uid, struct ark_span box, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf body;
	ARK_AUTO(arkv_codec_freep) struct arkv_codec *codec = NULL;
	ark_buf_init(&body);
	struct arkv_refs *refs = calloc(1, sizeof *refs);
	if (!refs)
		return no_room(err);
	ark_buf_init(&refs->raw);
	enum ark_rc rc = arkv_open_meta(&body, keys, ARKV_BOX_REFS,
					ark_span(run_uid->b, sizeof run_uid->b), box, err);
	if (!rc)
		rc = arkv_codec_new(&codec, 1, err);
	if (!rc)
		rc = arkv_body_unpack(codec, ark_buf_span(&body), ARKF_RUN_BODY_MAX, &refs->raw,
				      err);
	if (!rc)
		rc = load(refs, err);
	if (rc) {
		arkv_refs_freep(&refs);
		return rc;
	}
	*out = refs;
	return ARK_OK;
}

enum ark_rc arkv_refs_read(struct arkv_refs **out, struct arkv_repo *repo,
			   const struct arkv_archive_run *run, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf box;
	ark_buf_init(&box);
	struct arkv_object_name name = arkv_hash_name("runs/", &run->table.name);
	enum ark_rc rc = arkv_store_get(arkv_repo_store(repo), name.s, run->table.refs_off,
					run->table.refs_len, &box, err);
	if (rc == ARK_NOTFOUND)
		rc = ark_fail(err, ARK_CORRUPT, "the run is gone from the store");
	if (!rc)
		rc = arkv_refs_open(out, arkv_repo_keys(repo), &run->uid, ark_buf_span(&box), err);
	return rc ? ark_err_prefix(err, "run %.16s: refs", ark_id_hex(&run->table.name).s) : ARK_OK;
}
