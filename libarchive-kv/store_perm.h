/*
 * store_perm.h - wrapper: allows what the rules of its owner allow; the rest is DENIED, and the
 *text names the letter that is missing. The letters are BorgStore's (its 0.6 documentation):
 *
 *	l list    r read    w put a new object    W put, also over one that is there    D delete
 *
 * stat needs l or r; create needs w or W on "", destroy D on "". For a name the nearest rule
 *decides alone: that of the name itself, else that of its folder, and so on up to "". Without any
 *rule on that way nothing is allowed. A list needs l where it starts and for each object that it
 *would show.
 *
 * It keeps honest callers to their role, as a test and on a server's side; a store that the caller
 * reaches by another way it cannot guard.
 */
#pragma once

#include "libarchive-kv/store.h"

struct arkv_perm_rule {
	const char *name;    /* "", "packs", "gc/reaped", or a whole object name */
	const char *letters; /* of "lrwWD", each at most once; "" allows nothing */
};

/* Rules by name: "all"; "no-delete" (nothing is deleted or replaced); "write-only" (what a host
 * with the write-only key needs: reads all, puts new packs, runs, places, archives and sessions);
 * "read-only". Static; *count rules. NULL when there is no such name. */
const struct arkv_perm_rule *arkv_perm_preset(const char *preset, size_t *count);

/* Wraps *s; above store_nest, so that names are those of objects. rules are copied. USAGE for other
 * letters, a name that is none, or two rules for one name; NOMEM. */
enum ark_rc arkv_store_perm(struct arkv_store **s, const struct arkv_perm_rule *rules, size_t count,
			    struct ark_err *err) ARK_CHECK;
