/*
 * repo.h - an open repository: its store, its keys, its cache folder.
 *
 * Opening reads config, the list of keys/, one slot and one ring: at most two dependent round trips
 * and five requests. One thread uses a repository at a time; its store and keys may be used by
 * more.
 */
#pragma once

#include "format/chunker.h"
#include "libarchive-kv/keys.h"
#include "libarchive-kv/pages.h"
#include "libarchive-kv/store.h"

struct arkv_repo;
struct arkv_unlock; /* slots.h */

struct arkv_repo_options {
	struct arkv_store *store; /* paths as the backend sees them; owned by the repository from
				   * now on, also when opening fails */
	const struct arkv_unlock
		*unlock;   /* how to get at the keys; NULL: only an unencrypted repository opens */
	const char *where; /* the place as people know it, for messages; NULL: "this place" */
	const char *cache_root; /* folder for all caches; NULL: none (reading works without) */
};

struct arkv_slot_new;  /* slots.h */
struct arkv_slot_made; /* slots.h */
struct arkv_unlocked;  /* slots.h */

struct arkv_repo_new {
	enum ark_suite suite;
	struct arkf_chunker chunker;	  /* zeros: the defaults */
	const struct arkv_slot_new *slot; /* the first key slot; NULL with suite none */
	struct arkv_slot_made *made;	  /* gets what belongs to it; may be NULL with suite none */
};

/* Makes a repository in an empty place: config last. EXISTS when anything is there; USAGE: a suite
 * without a slot, or a slot without a suite. After a failure nothing of it is left, as far as the
 * store lets go of it. */
enum ark_rc arkv_repo_init(struct arkv_repo **out, const struct arkv_repo_options *options,
			   const struct arkv_repo_new *what, struct ark_err *err) ARK_CHECK;
/* NOTFOUND: there is no repository (the text says how to make one). AUTH: wrong key, foreign
 * repository, altered config. CORRUPT: config, slot or keyring is damaged. UNSUPPORTED: made by a
 * later version. */
enum ark_rc arkv_repo_open(struct arkv_repo **out, const struct arkv_repo_options *options,
			   struct ark_err *err) ARK_CHECK;
void arkv_repo_freep(struct arkv_repo **repo);

/* The store by object names: nesting is below it. */
struct arkv_store *arkv_repo_store(const struct arkv_repo *repo);
struct arkv_keys *arkv_repo_keys(const struct arkv_repo *repo);
const struct ark_uid *arkv_repo_id(const struct arkv_repo *repo);
/* What opening gave besides the keys, for `arkv key` and to be remembered: slot and pin. */
const struct arkv_unlocked *arkv_repo_unlocked(const struct arkv_repo *repo);
/* This repository's cache folder at this store (mode 0700, made when first asked for), or NULL:
 * there is no cache root, or it cannot be used, and *why (may be NULL) says why. */
const char *arkv_repo_cache_dir(struct arkv_repo *repo, const char **why);
/* The door to index pages and cached manifests (pages.h), with that cache folder; made when first
 * asked for, NULL when there is no memory for it. What it has remembered goes into the cache when
 * the repository is freed. */
struct arkv_pages *arkv_repo_pages(struct arkv_repo *repo);
