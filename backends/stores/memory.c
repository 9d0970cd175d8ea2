/* memory.c - see memory.h. Objects are kept in an array sorted by name, behind one lock. */
#include "backends/stores/memory.h"

#include <pthread.h>
#include <stdlib.h>

struct object {
	char name[ARKV_NAME_MAX + 1];
	uint8_t *bytes; /* NULL when empty */
	size_t len;
	int64_t mtime_ms;
};

struct memory_store {
	struct arkv_store base;
	const struct arkv_clock *clock;
	pthread_mutex_t lock; /* guards all below */
	bool created;
	struct object *objects;
	size_t count;
	size_t cap;
};

static void unlockp(struct memory_store **m)
{
	pthread_mutex_unlock(&(*m)->lock);
}

static struct memory_store *lock(struct arkv_store *s)
{
	struct memory_store *m = (struct memory_store *)s;
	pthread_mutex_lock(&m->lock);
	return m;
}

static enum ark_rc no_memory(struct ark_err *err)
{
	return ark_fail(err, ARK_NOMEM, "memory store: out of memory");
}

static enum ark_rc check_created(const struct memory_store *m, struct ark_err *err)
{
	if (m->created)
		return ARK_OK;
	return ark_fail(err, ARK_USAGE, "memory store: was not created");
}

/* The index of name, or of the first object behind it. */
static size_t lower_bound(const struct memory_store *m, const char *name)
{
	size_t low = 0;
	size_t high = m->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (strcmp(m->objects[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct object *find(const struct memory_store *m, const char *name)
{
	size_t i = lower_bound(m, name);
	return i < m->count && !strcmp(m->objects[i].name, name) ? &m->objects[i] : NULL;
}

static enum ark_rc memory_create(struct arkv_store *s, struct ark_err *err)
{
	ARK_AUTO(unlockp) struct memory_store *m = lock(s);
	if (m->created)
		return ark_fail(err, ARK_EXISTS, "memory store: was created already");
	m->created = true;
	return ARK_OK;
}

static enum ark_rc memory_open(struct arkv_store *s, struct ark_err *err)
{
	ARK_AUTO(unlockp) struct memory_store *m = lock(s);
	if (!m->created)
		return ark_fail(err, ARK_NOTFOUND, "memory store: nothing was created in it");
	return ARK_OK;
}

static enum ark_rc make_room(struct memory_store *m, struct ark_err *err)
{
	if (m->count < m->cap)
		return ARK_OK;
	size_t cap = m->cap ? m->cap * 2 : 64;
	struct object *grown = reallocarray(m->objects, cap, sizeof *grown);
	if (!grown)
		return no_memory(err);
	m->objects = grown;
	m->cap = cap;
	return ARK_OK;
}

static enum ark_rc insert(struct memory_store *m, const char *name, struct ark_span bytes,
			  struct ark_err *err)
{
	enum ark_rc rc = make_room(m, err);
	if (rc)
		return rc;
	uint8_t *copy = bytes.len ? malloc(bytes.len) : NULL;
	if (bytes.len && !copy)
		return no_memory(err);
	if (copy)
		memcpy(copy, bytes.p, bytes.len);
	size_t at = lower_bound(m, name);
	memmove(&m->objects[at + 1], &m->objects[at], (m->count - at) * sizeof *m->objects);
	struct object *o = &m->objects[at];
	*o = (struct object){ .bytes = copy,
			      .len = bytes.len,
			      .mtime_ms = arkv_clock_now_ms(m->clock) };
	memcpy(o->name, name, strlen(name) + 1);
	m->count++;
	return ARK_OK;
}

static enum ark_rc memory_put(struct arkv_store *s, const char *name, struct ark_span bytes,
			      struct ark_err *err)
{
	ARK_AUTO(unlockp) struct memory_store *m = lock(s);
	enum ark_rc rc = check_created(m, err);
	if (rc)
		return rc;
	const struct object *o = find(m, name);
	if (!o)
		return insert(m, name, bytes, err);
	if (ark_span_eq(ark_span(o->bytes, o->len), bytes))
		return ARK_OK;
	return ark_fail(err, ARK_EXISTS, "%s: is there already, with other content", name);
}

static enum ark_rc memory_get(struct arkv_store *s, const char *name, uint64_t off, uint64_t len,
			      struct ark_buf *out, struct ark_err *err)
{
	ARK_AUTO(unlockp) struct memory_store *m = lock(s);
	enum ark_rc rc = check_created(m, err);
	if (rc)
		return rc;
	const struct object *o = find(m, name);
	if (!o)
		return ark_fail(err, ARK_NOTFOUND, "%s: no such object", name);
	if (off > o->len || (len != ARKV_TO_END && len > o->len - off))
		return ark_fail(err, ARK_CORRUPT, "%s: has %zu bytes, too few for those at %llu",
				name, o->len, (unsigned long long)off);
	size_t n = len == ARKV_TO_END ? o->len - (size_t)off : (size_t)len;
	if (n)
		ark_wr_bytes(&out->wr, ark_span(o->bytes + off, n));
	return ark_buf_check(out, name, err);
}

static enum ark_rc memory_stat(struct arkv_store *s, const char *name, struct arkv_stat *out,
			       struct ark_err *err)
{
	ARK_AUTO(unlockp) struct memory_store *m = lock(s);
	enum ark_rc rc = check_created(m, err);
	if (rc)
		return rc;
	const struct object *o = find(m, name);
	if (!o)
		return ark_fail(err, ARK_NOTFOUND, "%s: no such object", name);
	*out = (struct arkv_stat){ .size = o->len, .mtime_ms = o->mtime_ms };
	return ARK_OK;
}

static enum ark_rc memory_remove(struct arkv_store *s, const char *name, struct ark_err *err)
{
	ARK_AUTO(unlockp) struct memory_store *m = lock(s);
	enum ark_rc rc = check_created(m, err);
	struct object *o = rc ? NULL : find(m, name);
	if (!o)
		return rc;
	free(o->bytes);
	size_t at = (size_t)(o - m->objects);
	m->count--;
	memmove(o, o + 1, (m->count - at) * sizeof *o);
	return ARK_OK;
}

/* The first object behind name (from: at or behind it) that starts with prefix. */
static bool next_object(struct arkv_store *s, const char *prefix, char name[ARKV_NAME_MAX + 1],
			bool *from, uint64_t *size)
{
	ARK_AUTO(unlockp) struct memory_store *m = lock(s);
	size_t i = lower_bound(m, name);
	if (!*from && i < m->count && !strcmp(m->objects[i].name, name))
		i++;
	*from = false;
	if (i >= m->count || strncmp(m->objects[i].name, prefix, strlen(prefix)))
		return false;
	memcpy(name, m->objects[i].name, ARKV_NAME_MAX + 1);
	*size = m->objects[i].len;
	return true;
}

/* The lock is free while fn runs: fn may put and remove. */
static enum ark_rc memory_list(struct arkv_store *s, const char *prefix, arkv_list_fn *fn,
			       void *ctx, struct ark_err *err)
{
	struct memory_store *m = lock(s);
	enum ark_rc rc = check_created(m, err);
	unlockp(&m);
	char name[ARKV_NAME_MAX + 1];
	uint64_t size;
	bool from = true;
	memcpy(name, prefix, strlen(prefix) + 1);
	while (!rc && next_object(s, prefix, name, &from, &size))
		rc = fn(ctx, name, size, err);
	return rc;
}

/* Call with the lock held. */
static void clear(struct memory_store *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->objects[i].bytes);
	free(m->objects);
	m->objects = NULL;
	m->count = 0;
	m->cap = 0;
	m->created = false;
}

static enum ark_rc memory_destroy(struct arkv_store *s, struct ark_err *err)
{
	ARK_AUTO(unlockp) struct memory_store *m = lock(s);
	enum ark_rc rc = check_created(m, err);
	if (!rc)
		clear(m);
	return rc;
}

static void memory_free(struct arkv_store *s)
{
	struct memory_store *m = lock(s);
	clear(m);
	unlockp(&m);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static const struct arkv_store_ops memory_ops = {
	.kind = "memory",
	.create = memory_create,
	.open = memory_open,
	.put = memory_put,
	.get = memory_get,
	.stat = memory_stat,
	.list = memory_list,
	.remove = memory_remove,
	.destroy = memory_destroy,
	.free = memory_free,
};

enum ark_rc arkv_memory_new(struct arkv_store **out, const struct arkv_clock *clock,
			    struct ark_err *err)
{
	struct memory_store *m = calloc(1, sizeof *m);
	if (!m || pthread_mutex_init(&m->lock, NULL)) {
		free(m);
		return no_memory(err);
	}
	m->base.ops = &memory_ops;
	m->base.caps = ARKV_STORE_LOCAL | ARKV_STORE_NO_REPLACE;
	m->base.max_parallel = 16;
	m->clock = clock;
	*out = &m->base;
	return ARK_OK;
}

static bool memory_accepts(const char *url)
{
	return !strncmp(url, "memory:", 7);
}

static enum ark_rc memory_make(struct arkv_store **out, const char *url, struct ark_err *err)
{
	if (url[7])
		return ark_fail(err, ARK_USAGE,
				"%s: write memory: alone; nothing of it outlives "
				"the process",
				url);
	return arkv_memory_new(out, arkv_clock_system(), err);
}

extern const struct arkv_store_kind arkv_store_memory;
const struct arkv_store_kind arkv_store_memory = {
	.kind = "memory",
	.accepts = memory_accepts,
	.make = memory_make,
};
