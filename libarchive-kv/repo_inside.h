/*
 * repo_inside.h - an open repository from its parts: for repo_open.c, and for tests that need no
 * config.
 */
#pragma once

#include "libarchive-kv/repo.h"
#include "libarchive-kv/slots.h"
#include "libarchive-kv/store_nest.h"

/* Takes options->store and all of *unlocked (zeros are left), also when it fails, and puts the nest
 * on top of the store. */
enum ark_rc arkv_repo_make(struct arkv_repo **out, const struct arkv_repo_options *options,
			   struct arkv_unlocked *unlocked, const struct arkv_levels *levels,
			   struct ark_err *err) ARK_CHECK;
