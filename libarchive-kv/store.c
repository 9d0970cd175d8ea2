/* store.c - the calls of store.h: each checks the name, then asks the store. */
#include "libarchive-kv/store.h"

bool arkv_store_name_ok(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > ARKV_NAME_MAX || name[len - 1] == '/')
		return false;
	if (len >= 4 && !strcmp(name + len - 4, ".tmp"))
		return false;
	bool component_start = true;
	for (const char *p = name; *p; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_' ||
			     *p == '-';
		if (!plain && (component_start || (*p != '.' && *p != '/')))
			return false;
		component_start = *p == '/';
	}
	return true;
}

static enum ark_rc check_name(const char *name, struct ark_err *err)
{
	if (arkv_store_name_ok(name))
		return ARK_OK;
	return ark_fail(err, ARK_USAGE, "\"%s\" is not an object name", name);
}

enum ark_rc arkv_store_create(struct arkv_store *s, struct ark_err *err)
{
	return s->ops->create(s, err);
}

enum ark_rc arkv_store_open(struct arkv_store *s, struct ark_err *err)
{
	return s->ops->open(s, err);
}

enum ark_rc arkv_store_put(struct arkv_store *s, const char *name, struct ark_span bytes,
			   struct ark_err *err)
{
	enum ark_rc rc = check_name(name, err);
	return rc ? rc : s->ops->put(s, name, bytes, err);
}

enum ark_rc arkv_store_get(struct arkv_store *s, const char *name, uint64_t off, uint64_t len,
			   struct ark_buf *out, struct ark_err *err)
{
	enum ark_rc rc = check_name(name, err);
	return rc ? rc : s->ops->get(s, name, off, len, out, err);
}

enum ark_rc arkv_store_stat(struct arkv_store *s, const char *name, struct arkv_stat *out,
			    struct ark_err *err)
{
	enum ark_rc rc = check_name(name, err);
	return rc ? rc : s->ops->stat(s, name, out, err);
}

enum ark_rc arkv_store_list(struct arkv_store *s, const char *prefix, arkv_list_fn *fn, void *ctx,
			    struct ark_err *err)
{
	size_t len = strlen(prefix);
	char name[ARKV_NAME_MAX + 1] = "";
	if (len > 0 && len <= ARKV_NAME_MAX)
		memcpy(name, prefix, len - 1); /* without the slash it must be a name */
	if (len > 0 && (prefix[len - 1] != '/' || !arkv_store_name_ok(name)))
		return ark_fail(err, ARK_USAGE, "\"%s\" is not a namespace with its slash", prefix);
	return s->ops->list(s, prefix, fn, ctx, err);
}

enum ark_rc arkv_store_remove(struct arkv_store *s, const char *name, struct ark_err *err)
{
	enum ark_rc rc = check_name(name, err);
	return rc ? rc : s->ops->remove(s, name, err);
}

enum ark_rc arkv_store_destroy(struct arkv_store *s, struct ark_err *err)
{
	return s->ops->destroy(s, err);
}

void arkv_store_free(struct arkv_store *s)
{
	if (!s)
		return;
	struct arkv_store *below = s->below;
	s->ops->free(s);
	arkv_store_free(below);
}

void arkv_store_freep(struct arkv_store **s)
{
	arkv_store_free(*s);
}
