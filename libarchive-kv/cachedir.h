/*
 * cachedir.h - the folder on this host that holds what is known about one repository at one store.
 *
 * Nothing in it is needed: it can be removed at any time, and is made anew. It has mode 0700, lies
 * on a disk of this host, and bears a CACHEDIR.TAG (https://bford.info/cachedir/), so that backup
 * tools pass over it.
 */
#pragma once

#include "format/err.h"
#include "format/id.h"

/*
 * Makes <root>/<repository id>-<16 digits of store's hash>/ with archives/ and staging/ inside, and
 * what is missing of root. store says which store it is: its URL without credentials. *out is the
 * path; free it with free(3).
 * UNSUPPORTED: root is on a network file system. DENIED: the folder belongs to somebody else, or
 * others have rights in it. NOSPACE, IO. Each text says what to do.
 */
enum ark_rc arkv_cachedir_make(char **out, const char *root, const struct ark_uid *repo,
			       const char *store, struct ark_err *err) ARK_CHECK;

/* UNSUPPORTED when path lies on a file system where memory maps and locks cannot be relied on
 * between hosts: the text says to pass --cache-dir. NOTFOUND, IO. */
enum ark_rc arkv_cachedir_check(const char *path, struct ark_err *err) ARK_CHECK;
/* The name of such a file system by its statfs(2) type, or NULL for any other. */
const char *arkv_network_fs(uint32_t type);

/* Bytes that this user may still write at path. */
enum ark_rc arkv_free_space(const char *path, uint64_t *bytes, struct ark_err *err) ARK_CHECK;
