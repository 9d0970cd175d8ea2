/*
 * store_nest.h - wrapper: object names above, paths with leading-digit folders below.
 *
 * "packs/abcdef" at level 2 is the path "packs/ab/cd/abcdef": two characters a level, the whole key
 * as the last component, as in BorgStore. A key's suffix ("ab12.del") gives no folder, and a key
 * too short for all levels gets fewer. A namespace without an entry in the table is at level 0:
 * path and name are the same. Below a nested namespace there are no further ones.
 *
 * A namespace has one level for writing and may have more for reading: so the levels of a
 * repository can be changed while it is used. Reads look at the write level first, then at the
 * others from 0 up; a delete goes to all of them; a list names each object once, and passes over
 * paths that are no object's at any of these levels. While there are more levels than one, an
 * object that is only at another level is not seen by put: NO_REPLACE holds for the write level
 * alone.
 */
#pragma once

#include "libarchive-kv/store.h"

enum {
	ARKV_LEVEL_MAX = 4,
	ARKV_LEVELS_MAX = 16,
};

struct arkv_level {
	char space[32];	  /* "packs", "gc/reaped" */
	uint8_t write;	  /* 0 to ARKV_LEVEL_MAX */
	uint8_t readable; /* bit n: level n; the write level must be among them */
};

struct arkv_levels {
	struct arkv_level of[ARKV_LEVELS_MAX];
	size_t count;
};

/* The path of name at that level; false when it would be longer than ARKV_NAME_MAX. */
bool arkv_nest_path(char path[ARKV_NAME_MAX + 1], const char *name, unsigned level);

/* Wraps *s. levels are copied. USAGE for a table that makes no sense; NOMEM.
 * Of the calls, USAGE also for a name whose path would be too long, or that lies below a nested
 * namespace. */
enum ark_rc arkv_store_nest(struct arkv_store **s, const struct arkv_levels *levels,
			    struct ark_err *err) ARK_CHECK;
