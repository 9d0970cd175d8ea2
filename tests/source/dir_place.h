/* dir_place.h - folders of records, as the tests of the source and of the target dir: make them. */
#pragma once

#include "tests/source/deliver.h"

#include <errno.h>

static const struct arkv_target_options plain = { .conflict = ARKV_CONFLICT_FAIL };
static const struct arkv_target_options replace = { .conflict = ARKV_CONFLICT_REPLACE };

struct place {
	char path[192];
	char url[224];
};

static inline struct place place(void **state, const char *name)
{
	struct place p;
	snprintf(p.path, sizeof p.path, "%s/%s", (char *)*state, name);
	snprintf(p.url, sizeof p.url, "dir:%s", p.path);
	return p;
}

static inline void add(struct collect *c, struct ark_span space, struct ark_span key,
		       const char *value)
{
	struct ark_record r = { .space = space,
				.key = key,
				.type = ARK_TYPE_STRING,
				.expires_ms = ARK_NO_EXPIRY,
				.value_len = strlen(value) };
	collect_add(c, &r, ark_span_str(value));
}

static inline void add_key(struct collect *c, const char *key)
{
	add(c, ark_span(NULL, 0), ark_span_str(key), key);
}

/* Writes path below p, folders included. */
static inline void put_file(const struct place *p, const char *path, const char *content)
{
	char full[600];
	snprintf(full, sizeof full, "%s/%s", p->path, path);
	for (char *slash = full + strlen(p->path); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		assert_true(!mkdir(full, 0755) || errno == EEXIST);
		*slash = '/';
	}
	write_file(full, ark_span_str(content));
}

static inline bool has_file(const struct place *p, const char *path, const char *content)
{
	char full[600];
	struct ark_buf got;
	struct stat st;
	snprintf(full, sizeof full, "%s/%s", p->path, path);
	if (lstat(full, &st) || !S_ISREG(st.st_mode))
		return false;
	ark_buf_init(&got);
	read_file(full, &got);
	bool same = ark_span_eq(ark_buf_span(&got), ark_span_str(content));
	ark_buf_release(&got);
	return same;
}

static inline struct delivery deliver(const struct place *p,
				      const struct arkv_target_options *options,
				      const struct collect *c)
{
	struct delivery d;
	struct ark_err err;
	assert_ok(deliver_url(p->url, options, c, NULL, &d, &err), err);
	return d;
}

/* All records of the folder, in the order of their keys. */
static inline void collect_place(struct collect *c, const struct place *p)
{
	struct ark_err err;
	collect_init(c);
	assert_ok(collect_url(c, p->url, &err), err);
	collect_sort(c);
}

static inline void assert_comes_back(const struct place *p, struct collect *sent)
{
	struct collect got;
	collect_place(&got, p);
	collect_sort(sent);
	assert_int_equal(got.refused_count, 0);
	assert_collected_equal(&got, sent);
	collect_release(&got);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)
