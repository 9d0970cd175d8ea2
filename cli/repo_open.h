/*
 * repo_open.h - from the options to an open repository, with the wrappers that they ask for.
 */
#pragma once

#include "cli/cli.h"
#include "libarchive-kv/repo.h"
#include "libarchive-kv/slots.h"

/* USAGE: no location is named. To be asked before any password is. */
enum ark_rc cli_location_check(const struct cli *cli, struct ark_err *err) ARK_CHECK;
/* The store of opts->repo, neither made nor opened, inside the wrappers that options and
 * environment ask for (latency, limits, permissions, retries, traces). USAGE: no location, or none
 * that is known. */
enum ark_rc cli_store(struct arkv_store **out, struct cli *cli, struct ark_err *err) ARK_CHECK;
/* The same for any location. */
enum ark_rc cli_store_at(struct arkv_store **out, struct cli *cli, const char *url,
			 struct ark_err *err) ARK_CHECK;

/* Where caches go: the option, ARKV_CACHE_DIR, XDG_CACHE_HOME/arkv, HOME/.cache/arkv. NULL: none
 * of them is known. */
struct cli_path {
	char s[4096];
};
const char *cli_cache_root(struct cli_path *out, const struct cli *cli);

/* The secrets that a struct arkv_unlock borrows. Starts as zeros. */
struct cli_unlock {
	struct ark_secret password;
	struct ark_secret key_file;
	struct arkv_unlock unlock;
};
void cli_unlock_release(struct cli_unlock *u);
/* Fills u: from a key file, or a password, asked for if need be. */
enum ark_rc cli_unlock_fill(struct cli_unlock *u, struct cli *cli, struct ark_err *err) ARK_CHECK;

/* Opens the repository; a failure has been reported, and its exit code is returned. */
int cli_repo_open(struct arkv_repo **out, struct cli *cli) ARK_CHECK;
