/*
 * store.h - where a repository's objects live: the contract that every store and every wrapper
 * keeps.
 *
 * A store maps names to immutable byte strings. Names are made by the library alone: "config",
 * "packs/<64 hex>", "archives/<32 hex>.del": 1 to 100 bytes of [0-9a-z._-] in components joined by
 * '/', no component empty or starting with '.', none ending in ".tmp". The nest wrapper maps them
 * to paths with leading-digit folders ("packs/ab/cd/abcd..."); a backend sees only such paths, and
 * holds no opinion about them.
 *
 * What a store promises:
 *  - put is all or nothing: no reader ever sees a part of an object. When put returns OK the object
 *    survives a power loss. Putting the same bytes again is fine. Putting other bytes under a name
 *    that is taken is the caller's mistake: the store may refuse it (EXISTS) or replace it, whole.
 *  - get, stat and list after a put that returned OK see the object (unless ARKV_STORE_LIST_LATE).
 *  - delete of an absent object is OK. A deleted name is free again.
 *  - NOTFOUND comes only on the store's own word that the object is absent, never from a broken
 *    connection, a wrong path or missing rights.
 *  - AGAIN: the same call may work later. err->in_doubt: a put or delete may have happened.
 *
 * Before anything else create or open must have returned OK; create leaves the store open. The
 * callback of list does not call the store: some have one connection, and the list is on it.
 *
 * Threads: a store with max_parallel n > 1 takes calls from up to n threads at once; callers keep
 * to that.
 */
#pragma once

#include "format/bytes.h"
#include "format/err.h"
#include "libarchive-kv/buf.h"

enum { ARKV_NAME_MAX = 100 };

enum arkv_store_caps {
	ARKV_STORE_LIST_LATE = 1 << 0,	/* list may miss recent puts: prune waits a grace period */
	ARKV_STORE_CHECKSUM = 1 << 1,	/* stat fills sha256 without reading the object */
	ARKV_STORE_LOCAL = 1 << 2,	/* reads cost no round trip: no index cache is filled */
	ARKV_STORE_NO_REPLACE = 1 << 3, /* put of other bytes under a taken name gives EXISTS */
};

struct arkv_stat {
	uint64_t size;
	int64_t mtime_ms; /* the store's own clock; 0 when it has none */
	bool has_sha256;  /* only with ARKV_STORE_CHECKSUM */
	uint8_t sha256[32];
};

/* len of a get that means "to the end". */
#define ARKV_TO_END UINT64_MAX

/* Called by list, once per object, on the caller's thread. name is whole ("packs/ab12..."),
 * borrowed for the call. Anything but ARK_OK ends the list, which then returns that code. */
typedef enum ark_rc arkv_list_fn(void *ctx, const char *name, uint64_t size, struct ark_err *err);

struct arkv_store;

struct arkv_store_ops {
	const char *kind; /* "posix", "retry" ...: for messages and traces */
	/* Makes the place ready for a repository: parents are made. EXISTS: it is not empty. */
	enum ark_rc (*create)(struct arkv_store *s, struct ark_err *err);
	/* Looks whether the place is there and usable. NOTFOUND: no such folder or bucket. */
	enum ark_rc (*open)(struct arkv_store *s, struct ark_err *err);
	enum ark_rc (*put)(struct arkv_store *s, const char *name, struct ark_span bytes,
			   struct ark_err *err);
	/* Appends the bytes [off, off+len) to out. NOTFOUND; CORRUPT when the object ends before
	 * off+len (len not ARKV_TO_END) or before off. On failure out may hold a part more than
	 * before. */
	enum ark_rc (*get)(struct arkv_store *s, const char *name, uint64_t off, uint64_t len,
			   struct ark_buf *out, struct ark_err *err);
	enum ark_rc (*stat)(struct arkv_store *s, const char *name, struct arkv_stat *out,
			    struct ark_err *err);
	/* All objects whose name starts with prefix: "" or a namespace with its slash ("packs/").
	 * An absent namespace is empty. Order is the store's. What bears no object's name is passed
	 * over. USAGE for another prefix (arkv_store_list looks). */
	enum ark_rc (*list)(struct arkv_store *s, const char *prefix, arkv_list_fn *fn, void *ctx,
			    struct ark_err *err);
	enum ark_rc (*remove)(struct arkv_store *s, const char *name, struct ark_err *err);
	/* Removes everything of ours and the place itself, for tests and `debug check-store`. */
	enum ark_rc (*destroy)(struct arkv_store *s, struct ark_err *err);
	void (*free)(struct arkv_store *s);
};

/* Every store starts with this. A wrapper sets below and copies caps and max_parallel from it. */
struct arkv_store {
	const struct arkv_store_ops *ops;
	struct arkv_store *below; /* wrappers: what is wrapped, owned; else NULL */
	unsigned caps;		  /* enum arkv_store_caps */
	unsigned max_parallel;	  /* at least 1 */
};

/* The calls that everyone uses. Each checks the name first (USAGE). */
enum ark_rc arkv_store_create(struct arkv_store *s, struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_store_open(struct arkv_store *s, struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_store_put(struct arkv_store *s, const char *name, struct ark_span bytes,
			   struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_store_get(struct arkv_store *s, const char *name, uint64_t off, uint64_t len,
			   struct ark_buf *out, struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_store_stat(struct arkv_store *s, const char *name, struct arkv_stat *out,
			    struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_store_list(struct arkv_store *s, const char *prefix, arkv_list_fn *fn, void *ctx,
			    struct ark_err *err) ARK_CHECK;
enum ark_rc arkv_store_remove(struct arkv_store *s, const char *name, struct ark_err *err)
	ARK_CHECK;
enum ark_rc arkv_store_destroy(struct arkv_store *s, struct ark_err *err) ARK_CHECK;
/* Frees s and all that it wraps. NULL is fine. */
void arkv_store_free(struct arkv_store *s);
void arkv_store_freep(struct arkv_store **s); /* for ARK_AUTO */

/* True for a name as described at the top. */
bool arkv_store_name_ok(const char *name);

/* A kind of store, as the registry lists it (backends/meson.build generates the list). */
struct arkv_store_kind {
	const char *kind;
	/* True when url is of this kind; then make() takes it. */
	bool (*accepts)(const char *url);
	/* Parses url, and does no I/O yet. USAGE with the expected form when it is malformed. */
	enum ark_rc (*make)(struct arkv_store **out, const char *url, struct ark_err *err);
};
