/* registry.c - see registry.h. */
#include "libarchive-kv/registry.h"

#include <string.h>

enum ark_rc arkv_store_from_url(struct arkv_store **out, const char *url, struct ark_err *err)
{
	for (size_t i = 0; arkv_store_kinds[i]; i++)
		if (arkv_store_kinds[i]->accepts(url))
			return arkv_store_kinds[i]->make(out, url, err);
	return ark_fail(err, ARK_USAGE, "%s: not a repository location this build knows "
			"(/path, ./path, file:///path)", url);
}

enum ark_rc arkv_source_from_url(struct arkv_source **out, const char *url, struct ark_err *err)
{
	for (size_t i = 0; arkv_source_kinds[i]; i++)
		if (!strncmp(url, arkv_source_kinds[i]->prefix,
			     strlen(arkv_source_kinds[i]->prefix)))
			return arkv_source_kinds[i]->make(out, url, err);
	return ark_fail(err, ARK_USAGE,
			"%s: not a source this build knows (jsonl:FILE, dir:FOLDER)", url);
}

enum ark_rc arkv_target_from_url(struct arkv_target **out, const char *url, struct ark_err *err)
{
	for (size_t i = 0; arkv_target_kinds[i]; i++)
		if (!strncmp(url, arkv_target_kinds[i]->prefix,
			     strlen(arkv_target_kinds[i]->prefix)))
			return arkv_target_kinds[i]->make(out, url, err);
	return ark_fail(err, ARK_USAGE,
			"%s: not a target this build knows (jsonl:FILE, dir:FOLDER)", url);
}

enum arkv_consistency arkv_source_consistency(const struct arkv_source *s,
					      const struct arkv_source_info *info)
{
	return s->ops->consistency ? s->ops->consistency(s) : info->consistency;
}

void arkv_source_free(struct arkv_source *s)
{
	if (s)
		s->ops->free(s);
}

void arkv_source_freep(struct arkv_source **s)
{
	arkv_source_free(*s);
}

enum arkv_outcome arkv_target_outcome(const struct arkv_target *t, enum arkv_outcome begun)
{
	return t->ops->outcome ? t->ops->outcome(t) : begun;
}

void arkv_target_free(struct arkv_target *t)
{
	if (t)
		t->ops->free(t);
}

void arkv_target_freep(struct arkv_target **t)
{
	arkv_target_free(*t);
}
