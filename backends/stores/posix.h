/*
 * posix.h - what the files of the posix store share. Not for others: they see store.h.
 *
 * posix.c      create, open, get, stat, remove
 * posix_put.c  put: temporary file, publish, sweep of old temporary files
 * posix_dir.c  folders: made on demand, flushed, remembered
 * posix_list.c list and destroy
 * posix_url.c  locations
 */
#pragma once

#include "libarchive-kv/rand.h"
#include "libarchive-kv/store.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longest path below the root that any of these functions builds: a name, a slash, a temporary
 * name. */
enum { POSIX_REL_MAX = 2 * ARKV_NAME_MAX };

struct posix_store {
	struct arkv_store base;
	char *root;	/* as the user wrote it: for messages, and to open it */
	char *root_abs; /* the same, resolved when it was opened; NULL before */
	int root_fd;	/* -1 before open or create */
	struct arkv_rand rand;
	pthread_mutex_t lock; /* guards known */
	void *known;	      /* tsearch tree of struct known_dir */
};

static inline void posix_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The failure of a system call on root/rel. NOTFOUND and EXISTS become IO: whoever can vouch for
 * them says so by itself. */
enum ark_rc arkv_posix_fail(const struct posix_store *p, int sys, const char *doing,
			    const char *rel, struct ark_err *err);
/* After an ENOENT: OK when the root folder is still the one that was opened, else IO. */
enum ark_rc arkv_posix_root_there(const struct posix_store *p, struct ark_err *err) ARK_CHECK;
/* The same, and IO also when rel or its first folder is a symbolic link that leads nowhere. After
 * OK, an ENOENT for rel means that it is absent. */
enum ark_rc arkv_posix_vouch(const struct posix_store *p, const char *rel, struct ark_err *err)
	ARK_CHECK;

/* ---- posix_dir.c ---- */

/* Flushes the folder rel ("" is the root). File systems that cannot flush a folder (EINVAL,
 * ENOTSUP) are taken to need none. */
enum ark_rc arkv_posix_dir_flush(const struct posix_store *p, const char *rel, struct ark_err *err)
	ARK_CHECK;
/* Makes the folder rel and its parents where they are missing, and sees to it that their entries
 * are on disk. again: what is remembered is not to be trusted, a folder has vanished. */
enum ark_rc arkv_posix_dir_make(struct posix_store *p, const char *rel, bool again,
				struct ark_err *err) ARK_CHECK;
/* True once for each folder and handle: the caller is to sweep it now. */
bool arkv_posix_dir_sweep_due(struct posix_store *p, const char *rel);
void arkv_posix_dir_forget_all(struct posix_store *p);
/* mkdir -p for the root, each new entry flushed. */
enum ark_rc arkv_posix_dir_make_root(const struct posix_store *p, struct ark_err *err) ARK_CHECK;
/* The folder part of rel, "" when there is none. dir: POSIX_REL_MAX + 1 bytes. */
void arkv_posix_dir_of(const char *rel, char *dir);

/* ---- the operations that do not live in posix.c ---- */

enum ark_rc arkv_posix_put(struct arkv_store *s, const char *name, struct ark_span bytes,
			   struct ark_err *err);
/* True for the name of a temporary file as put makes them. */
bool arkv_posix_is_temp(const char *component);
enum ark_rc arkv_posix_list(struct arkv_store *s, const char *prefix, arkv_list_fn *fn, void *ctx,
			    struct ark_err *err);
enum ark_rc arkv_posix_destroy(struct arkv_store *s, struct ark_err *err);

/* ---- posix_url.c ---- */

/* True for file: URLs, for what begins with '.', and for what has a slash and no scheme before it.
 */
bool arkv_posix_accepts(const char *url);
/* The folder that url names, percent-decoded, without slashes at its end; the caller frees it.
 * USAGE for a file: URL that is malformed; NOMEM. */
enum ark_rc arkv_posix_root_of_url(char **out, const char *url, struct ark_err *err) ARK_CHECK;
