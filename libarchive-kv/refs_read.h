/*
 * refs_read.h - the refs of a run in memory: its slices, and the frames that each of them needs
 * (spec/08-run.md).
 */
#pragma once

#include "format/run.h"
#include "libarchive-kv/archive.h"

struct arkv_refs_use {
	uint32_t pack_no; /* in packs */
	struct ark_span bitmap;
};

struct arkv_refs_slice {
	struct arkf_slice info;
	const struct arkv_refs_use *uses; /* info.use_count of them */
};

struct arkv_refs {
	const struct arkf_runrefs_pack *packs; /* by name */
	size_t pack_count;
	struct arkv_refs_slice *slices;
	size_t slice_count;
	struct ark_buf raw; /* bitmaps borrow it */
	struct arkv_arena arena;
};

/* Opens and decodes a refs box. CORRUPT, AUTH, UNSUPPORTED, NOMEM; the text does not name the
 * run. */
enum ark_rc arkv_refs_open(struct arkv_refs **out, const struct arkv_keys *keys,
			   const struct ark_uid *run_uid, struct ark_span box, struct ark_err *err)
	ARK_CHECK;
/* Fetches the refs box of a run that an archive names, and opens it. CORRUPT also when the run is
 * gone; the text names the run. */
enum ark_rc arkv_refs_read(struct arkv_refs **out, struct arkv_repo *repo,
			   const struct arkv_archive_run *run, struct ark_err *err) ARK_CHECK;
void arkv_refs_freep(struct arkv_refs **refs);
