/* repo_open.c - making and opening repositories. See repo.h. */
#include "libarchive-kv/clock.h"
#include "libarchive-kv/repo.h"
#include "libarchive-kv/repo_inside.h"

#include <stdio.h>

static const char *where(const struct arkv_repo_options *options)
{
	return options->where ? options->where : "this place";
}

/* The nesting that config tells; what is not nested needs no entry. */
static struct arkv_levels levels_of(const struct arkf_config *config)
{
	struct arkv_levels levels = { .count = 0 };
	for (int ns = 0; ns < ARKF_NS_COUNT; ns++) {
		const struct arkf_nest *nest = &config->nest[ns];
		if (nest->write == 0 && nest->read == 1)
			continue;
		struct arkv_level *level = &levels.of[levels.count++];
		(void)snprintf(level->space, sizeof level->space, "%s",
			       arkf_namespace_name((enum arkf_namespace)ns));
		level->write = nest->write;
		level->readable = nest->read;
	}
	return levels;
}

static enum ark_rc finish(struct arkv_repo **out, const struct arkv_repo_options *options,
			  struct arkv_unlocked *unlocked, struct ark_err *err)
{
	struct arkv_levels levels = levels_of(&unlocked->config);
	return arkv_repo_make(out, options, unlocked, &levels, err);
}

static enum ark_rc open_keys(struct arkv_unlocked *unlocked,
			     const struct arkv_repo_options *options, struct ark_err *err)
{
	enum ark_rc rc = arkv_store_open(options->store, err);
	if (!rc)
		rc = arkv_slots_open(unlocked, options->store, options->unlock, err);
	if (rc == ARK_NOTFOUND)
		return ark_fail(err, rc, "there is no repository at %s: run arkv init",
				where(options));
	return rc;
}

enum ark_rc arkv_repo_open(struct arkv_repo **out, const struct arkv_repo_options *options,
			   struct ark_err *err)
{
	struct arkv_unlocked unlocked = { .keys = NULL };
	enum ark_rc rc = arkv_crypt_init(err);
	if (!rc)
		rc = open_keys(&unlocked, options, err);
	if (rc) {
		arkv_unlocked_release(&unlocked);
		arkv_store_free(options->store);
		return rc;
	}
	return finish(out, options, &unlocked, err);
}

/* ---- init ---- */

static enum ark_rc make_keys(struct arkv_unlocked *unlocked,
			     const struct arkv_repo_options *options,
			     const struct arkv_repo_new *what, struct ark_err *err)
{
	static const struct arkf_chunker zeros;
	bool sealed = what->suite != ARK_SUITE_NONE;
	if (sealed != (what->slot != NULL))
		return ark_fail(err, ARK_USAGE,
				"an encrypted repository needs a first key slot, "
				"and no other repository has one");
	struct arkv_slots_init init = { .suite = what->suite, .chunker = what->chunker };
	if (memcmp(&what->chunker, &zeros, sizeof zeros) == 0)
		init.chunker = arkf_chunker_default();
	if (what->slot)
		init.slot = *what->slot;
	if (!init.slot.created_ms)
		init.slot.created_ms = arkv_clock_now_ms(arkv_clock_system());
	enum ark_rc rc = arkv_store_create(options->store, err);
	if (rc == ARK_EXISTS)
		return ark_err_prefix(err, "there is something at %s already", where(options));
	if (rc)
		return rc;
	rc = arkv_slots_create(unlocked, what->made, options->store, &init, err);
	if (rc) /* what it left would keep everybody from making a repository here */
		(void)!arkv_store_destroy(options->store, NULL);
	return rc;
}

enum ark_rc arkv_repo_init(struct arkv_repo **out, const struct arkv_repo_options *options,
			   const struct arkv_repo_new *what, struct ark_err *err)
{
	struct arkv_unlocked unlocked = { .keys = NULL };
	enum ark_rc rc = arkv_crypt_init(err);
	if (!rc)
		rc = make_keys(&unlocked, options, what, err);
	if (rc) {
		arkv_unlocked_release(&unlocked);
		arkv_store_free(options->store);
		return rc;
	}
	return finish(out, options, &unlocked, err);
}
