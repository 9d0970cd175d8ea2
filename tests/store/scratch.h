/* scratch.h - what the store tests share: a fresh folder, a store in it, calls that must work. */
#pragma once

#include "backends/stores/memory.h"
#include "libarchive-kv/registry.h"
#include "tests/unit/cm.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
	char path[64];
	struct arkv_store *store;
};

static inline int scratch_unlink(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* Fails the test with the error's text. */
#define assert_ok(call, err)                                   \
	do {                                                   \
		if ((call) != ARK_OK)                          \
			fail_msg("%s: %s", #call, (err).text); \
	} while (0)

/* A fresh folder on disk under /tmp with a new repository folder "r" in it. */
static inline int scratch_setup(void **state)
{
	struct scratch *s = calloc(1, sizeof *s);
	struct ark_err err;
	char url[96];
	if (!s)
		return -1;
	snprintf(s->path, sizeof s->path, "/tmp/arkv-test-XXXXXX");
	if (!mkdtemp(s->path))
		return -1;
	snprintf(url, sizeof url, "%s/r", s->path);
	if (arkv_store_from_url(&s->store, url, &err) || arkv_store_create(s->store, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	*state = s;
	return 0;
}

static inline int scratch_teardown(void **state)
{
	struct scratch *s = *state;
	arkv_store_free(s->store);
	nftw(s->path, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS);
	free(s);
	return 0;
}

static inline enum ark_rc scratch_count_one(void *ctx, const char *name, uint64_t size,
					    struct ark_err *err)
{
	(void)name;
	(void)size;
	(void)err;
	++*(size_t *)ctx;
	return ARK_OK;
}

/* How many objects list shows. */
static inline size_t scratch_count(struct arkv_store *store, const char *prefix)
{
	struct ark_err err;
	size_t count = 0;
	assert_ok(arkv_store_list(store, prefix, scratch_count_one, &count, &err), err);
	return count;
}

/* A store in memory, created. */
static inline struct arkv_store *scratch_memory(const struct arkv_clock *clock)
{
	struct ark_err err;
	struct arkv_store *store = NULL;
	assert_ok(arkv_memory_new(&store, clock, &err), err);
	assert_ok(arkv_store_create(store, &err), err);
	return store;
}

static inline enum ark_rc scratch_put(struct arkv_store *store, const char *name, const char *text,
				      struct ark_err *err)
{
	return arkv_store_put(store, name, ark_span_str(text), err);
}

static inline void scratch_holds(struct arkv_store *store, const char *name, const char *text)
{
	struct ark_err err;
	ARK_AUTO(ark_buf_release) struct ark_buf buf;
	ark_buf_init(&buf);
	assert_ok(arkv_store_get(store, name, 0, ARKV_TO_END, &buf, &err), err);
	assert_true(ark_span_eq(ark_buf_span(&buf), ark_span_str(text)));
}

static inline enum ark_rc scratch_stat(struct arkv_store *store, const char *name)
{
	struct arkv_stat st;
	return arkv_store_stat(store, name, &st, NULL);
}
