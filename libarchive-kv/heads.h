/*
 * heads.h - the first bytes of manifests, up to the end of their heads: from the cache folder, else
 * from the store, several at a time.
 *
 * heads.mdb in the cache folder keeps them for good, sealed as they are: (archive uid) -> length of
 * the manifest, start. It is not needed, and not used for stores whose reads are local.
 */
#pragma once

#include "libarchive-kv/archive.h"

enum { ARKV_HEADS_BATCH = 64, ARKV_HEAD_RAW_MAX = 65536 };

/* The start of one manifest, or why it could not be read. */
struct arkv_head_start {
	enum ark_rc rc;
	struct ark_err err;
	struct ark_buf bytes;
};

struct arkv_heads;

/* infos: uid and object_len of each; borrowed, and may be written by the caller for items behind
 * him. Reads nothing yet. */
enum ark_rc arkv_heads_open(struct arkv_heads **out, struct arkv_repo *repo,
			    const struct arkv_archive_info *infos, size_t count,
			    struct ark_err *err) ARK_CHECK;
void arkv_heads_freep(struct arkv_heads **heads);
/* The start of infos[no]; no ascends from call to call. *out is good until the next call. NOMEM,
 * AGAIN (no threads to be had). */
enum ark_rc arkv_heads_get(const struct arkv_head_start **out, struct arkv_heads *heads, size_t no,
			   struct ark_err *err) ARK_CHECK;
