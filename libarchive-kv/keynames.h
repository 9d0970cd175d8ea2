/*
 * keynames.h - what stands in keys/, by its names, and how several of its objects are fetched at
 * once. Inside of slots.c and slots_open.c.
 */
#pragma once

#include "format/id.h"
#include "libarchive-kv/pipeline.h"
#include "libarchive-kv/store.h"

enum {
	ARKV_SLOTS_MAX = 64, /* key slots of a repository */
	ARKV_RINGS_MAX = 8,  /* keyrings of one number, left by rotations at once */
};

struct arkv_keyname {
	char name[ARKV_NAME_MAX + 1];
	struct ark_uid uid; /* of a slot */
	uint64_t size;
};

struct arkv_keynames {
	struct arkv_keyname slots[ARKV_SLOTS_MAX]; /* by uid */
	size_t slot_count;
	struct arkv_keyname rings[ARKV_RINGS_MAX]; /* those of the greatest number */
	size_t ring_count;
	uint32_t ring; /* that number; 0: there is none */
};

/* Lists keys/; other names are passed over. LIMIT: more than the maxima above. */
enum ark_rc arkv_keynames_list(struct arkv_keynames *out, struct arkv_store *store,
			       struct ark_err *err) ARK_CHECK;
/* NULL when there is no slot of this uid. */
const struct arkv_keyname *arkv_keynames_slot(const struct arkv_keynames *names,
					      const struct ark_uid *uid);
/* name has room for ARKV_NAME_MAX + 1. */
void arkv_keyname_slot(char *name, const struct ark_uid *uid);
void arkv_keyname_ring(char *name, uint32_t n, const struct ark_uid *random);

/* One request: a get of len bytes from the start of name, or, where names is set, the list. */
struct arkv_fetch {
	struct arkv_task task; /* must be first */
	struct arkv_store *store;
	const char *name;
	uint64_t len;
	struct arkv_keynames *names;
	struct ark_buf buf; /* released by arkv_fetch_release */
	enum ark_rc rc;
	struct ark_err err;
};

/* A get of a whole object of keys/, whose size the list gave. LIMIT (when run) above max. */
struct arkv_fetch arkv_fetch_key(struct arkv_store *store, const struct arkv_keyname *name,
				 uint64_t max);
/* Runs all of them, as many at once as the store takes; each has its rc and err afterwards. They
 * must not move meanwhile. */
void arkv_fetch_all(struct arkv_fetch *fetches, size_t count);
void arkv_fetch_release(struct arkv_fetch *fetches, size_t count);
