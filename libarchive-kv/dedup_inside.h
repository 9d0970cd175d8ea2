/* dedup_inside.h - the object behind dedup.h: what dedup.c, dedup_open.c, dedup_packs.c and
 * dedup_fragments.c share. */
#pragma once

#include "libarchive-kv/chunks_db.h"
#include "libarchive-kv/codec.h"
#include "libarchive-kv/condemned.h"
#include "libarchive-kv/idmap.h"
#include "libarchive-kv/staging_ids.h"

#include <pthread.h>

enum { PACK_SEGMENT = 256 };

/* A pack number that stands for none. */
#define PACK_CLAIMED UINT32_MAX /* the id is promised */
#define PACK_REFUSED UINT32_MAX /* the old pack is condemned or unknown */

struct open_pack {
	struct arkv_staged_frame *frames;
	size_t count;
	size_t cap;
};

struct pack_slot {
	struct arkv_pack_info info;
	struct arkf_datakey *datakeys;
	struct open_pack *open; /* of an own pack that is not closed */
};

/* A fragment that this session has stored: of own packs [first, end) of own_packs. */
struct own_fragment {
	struct ark_id name;
	size_t first;
	size_t end;
};

struct arkv_dedup {
	struct arkv_store *store;
	struct arkv_keys *keys;
	struct arkv_codec *codec; /* the session's thread */
	struct ark_uid session;
	struct ark_uid lineage;
	enum arkv_dedup_scope scope;
	struct arkv_condemned condemned;
	struct arkv_staging *staging;

	pthread_mutex_t
		*lock; /* over all that follows; apart, so that a const object can be asked */
	struct arkv_chunks *chunks;
	struct arkv_idmap known;      /* claimed ids, and frames that are not staged yet */
	struct arkv_idmap old_packs;  /* (fragment, pack in it) -> our number */
	struct arkv_idmap pack_names; /* name -> our number */
	struct pack_slot **segments;  /* of PACK_SEGMENT packs: they do not move */
	size_t segment_cap;
	uint32_t pack_count;

	/* of the session's thread */
	uint32_t *own_packs;
	size_t own_count;
	size_t own_cap;
	struct own_fragment *fragments;
	size_t fragment_count;
	size_t kept_count; /* of fragments: what is in chunks.mdb */
	size_t stored_to;  /* of own_packs: what is in fragments */
};

/* The next functions want the lock held. */
struct pack_slot *arkv_dedup_slot(const struct arkv_dedup *d, uint32_t pack_no);
enum ark_rc arkv_dedup_slot_new(struct arkv_dedup *d, uint32_t *pack_no, struct ark_err *err)
	ARK_CHECK;
/* Our number for an old pack; PACK_REFUSED when it must not be used. NOMEM. */
enum ark_rc arkv_dedup_old_pack(struct arkv_dedup *d, uint32_t fragment_no, uint32_t pack_in_it,
				uint32_t *pack_no, struct ark_err *err) ARK_CHECK;
void arkv_dedup_packs_release(struct arkv_dedup *d);

/* NULL: all fragments count. */
static inline const struct ark_uid *arkv_dedup_wanted(const struct arkv_dedup *d)
{
	return d->scope == ARKV_DEDUP_OWN ? &d->lineage : NULL;
}
