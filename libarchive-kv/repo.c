/* repo.c - what an open repository holds. See repo.h; opening is in repo_open.c. */
#include "libarchive-kv/repo.h"

#include "libarchive-kv/cachedir.h"
#include "libarchive-kv/repo_inside.h"

#include <stdlib.h>

struct arkv_repo {
	struct arkv_store *store;
	struct arkv_unlocked unlocked;
	char *cache_root; /* NULL: no caches */
	char *where;
	char *cache_dir; /* NULL until it is asked for */
	bool cache_failed;
	struct arkv_pages *pages; /* NULL until they are asked for */
	struct ark_err cache_err;
};

/* A copy of text, or NULL for NULL; *ok is false when memory ran out. */
static char *copy(const char *text, bool *ok)
{
	char *out = text ? strdup(text) : NULL;
	*ok = *ok && (out || !text);
	return out;
}

enum ark_rc arkv_repo_make(struct arkv_repo **out, const struct arkv_repo_options *options,
			   struct arkv_unlocked *unlocked, const struct arkv_levels *levels,
			   struct ark_err *err)
{
	struct arkv_repo *repo = calloc(1, sizeof *repo);
	if (!repo) {
		arkv_store_free(options->store);
		arkv_unlocked_release(unlocked);
		return ark_fail(err, ARK_NOMEM, "repository: out of memory");
	}
	repo->store = options->store;
	repo->unlocked = *unlocked;
	*unlocked = (struct arkv_unlocked){ .keys = NULL };
	bool ok = true;
	repo->cache_root = copy(options->cache_root, &ok);
	repo->where = copy(options->where ? options->where : "this place", &ok);
	enum ark_rc rc = ok ? arkv_store_nest(&repo->store, levels, err)
			    : ark_fail(err, ARK_NOMEM, "repository: out of memory");
	if (rc) {
		arkv_repo_freep(&repo);
		return rc;
	}
	*out = repo;
	return ARK_OK;
}

void arkv_repo_freep(struct arkv_repo **repo)
{
	if (!*repo)
		return;
	if ((*repo)->pages)
		(void)!arkv_pages_flush((*repo)->pages, NULL); /* a cache: nothing is lost */
	arkv_pages_freep(&(*repo)->pages);
	arkv_store_free((*repo)->store);
	arkv_unlocked_release(&(*repo)->unlocked);
	free((*repo)->cache_root);
	free((*repo)->where);
	free((*repo)->cache_dir);
	free(*repo);
	*repo = NULL;
}

struct arkv_store *arkv_repo_store(const struct arkv_repo *repo)
{
	return repo->store;
}

struct arkv_keys *arkv_repo_keys(const struct arkv_repo *repo)
{
	return repo->unlocked.keys;
}

const struct ark_uid *arkv_repo_id(const struct arkv_repo *repo)
{
	return arkv_keys_repo(repo->unlocked.keys);
}

const struct arkv_unlocked *arkv_repo_unlocked(const struct arkv_repo *repo)
{
	return &repo->unlocked;
}

const char *arkv_repo_cache_dir(struct arkv_repo *repo, const char **why)
{
	if (!repo->cache_dir && repo->cache_root && !repo->cache_failed)
		repo->cache_failed =
			arkv_cachedir_make(&repo->cache_dir, repo->cache_root, arkv_repo_id(repo),
					   repo->where, &repo->cache_err) != ARK_OK;
	if (why && !repo->cache_dir)
		*why = repo->cache_root ? repo->cache_err.text : "no cache folder was given";
	return repo->cache_dir;
}

struct arkv_pages *arkv_repo_pages(struct arkv_repo *repo)
{
	if (!repo->pages &&
	    arkv_pages_new(&repo->pages, repo->store, arkv_repo_cache_dir(repo, NULL), NULL))
		repo->pages = NULL;
	return repo->pages;
}
