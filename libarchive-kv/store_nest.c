/* store_nest.c - see store_nest.h. */
#include "libarchive-kv/store_nest.h"

#include "libarchive-kv/seen.h"
#include "libarchive-kv/store_wrap.h"

enum { DIGITS_A_LEVEL = 2 };

struct nest_store {
	struct arkv_wrap wrap;
	struct arkv_levels levels;
};

/* What is behind the last slash. */
static const char *key_of(const char *name)
{
	const char *slash = strrchr(name, '/');
	return slash ? slash + 1 : name;
}

bool arkv_nest_path(char path[ARKV_NAME_MAX + 1], const char *name, unsigned level)
{
	const char *key = key_of(name);
	size_t digits = strcspn(key, ".");
	struct ark_wr wr = ark_wr((uint8_t *)path, ARKV_NAME_MAX + 1);
	ark_wr_bytes(&wr, ark_span(name, (size_t)(key - name)));
	for (size_t at = 0; level > 0 && at < digits; level--, at += DIGITS_A_LEVEL) {
		size_t left = digits - at;
		ark_wr_bytes(&wr,
			     ark_span(key + at, left < DIGITS_A_LEVEL ? left : DIGITS_A_LEVEL));
		ark_wr_u8(&wr, '/');
	}
	ark_wr_bytes(&wr, ark_span(key, strlen(key) + 1));
	return !wr.full;
}

static bool is_nested(const struct arkv_level *level)
{
	return level->readable != 1;
}

/* The entry of the namespace that name lies in directly, or NULL. */
static const struct arkv_level *level_of(const struct nest_store *n, const char *name)
{
	size_t len = (size_t)(key_of(name) - name);
	for (size_t i = 0; i < n->levels.count; i++) {
		const struct arkv_level *level = &n->levels.of[i];
		if (strlen(level->space) + 1 == len && !strncmp(level->space, name, len - 1))
			return level;
	}
	return NULL;
}

/* The nested namespace that path lies in at any depth, or NULL; that of the longest name. */
static const struct arkv_level *nested_above(const struct nest_store *n, const char *path)
{
	const struct arkv_level *best = NULL;
	for (size_t i = 0; i < n->levels.count; i++) {
		const struct arkv_level *level = &n->levels.of[i];
		size_t len = strlen(level->space);
		if (is_nested(level) && !strncmp(level->space, path, len) && path[len] == '/' &&
		    (!best || len > strlen(best->space)))
			best = level;
	}
	return best;
}

/* The levels to try for a name, in their order. */
struct order {
	unsigned at[ARKV_LEVEL_MAX + 1];
	size_t count;
};

static enum ark_rc order_of(const struct nest_store *n, const char *name, struct order *order,
			    struct ark_err *err)
{
	const struct arkv_level *level = level_of(n, name);
	if (!level && nested_above(n, name))
		return ark_fail(err, ARK_USAGE, "%s: lies below a nested namespace", name);
	*order = (struct order){ .at = { level ? level->write : 0 }, .count = 1 };
	for (unsigned i = 0; level && i <= ARKV_LEVEL_MAX; i++)
		if (i != level->write && (level->readable >> i & 1))
			order->at[order->count++] = i;
	return ARK_OK;
}

/* Runs call with name's path at that level. */
static enum ark_rc run_at(struct nest_store *n, const struct arkv_call *call, unsigned level,
			  struct ark_err *err)
{
	char path[ARKV_NAME_MAX + 1];
	if (!arkv_nest_path(path, call->name, level))
		return ark_fail(err, ARK_USAGE, "%s: too long to be nested at level %u", call->name,
				level);
	struct arkv_call nested = *call;
	nested.name = path;
	return arkv_call_run(n->wrap.base.below, &nested, err);
}

/* Only NOTFOUND goes on to the next level; the write level's word is the one that is kept. */
static enum ark_rc read_levels(struct nest_store *n, const struct arkv_call *call,
			       const struct order *order, struct ark_err *err)
{
	enum ark_rc rc = run_at(n, call, order->at[0], err);
	for (size_t i = 1; i < order->count && rc == ARK_NOTFOUND; i++) {
		struct ark_err other;
		enum ark_rc other_rc = run_at(n, call, order->at[i], &other);
		if (other_rc != ARK_NOTFOUND) {
			rc = other_rc;
			if (rc)
				*err = other;
		}
	}
	return rc;
}

static enum ark_rc remove_levels(struct nest_store *n, const struct arkv_call *call,
				 const struct order *order, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;
	for (size_t i = 0; i < order->count && !rc; i++)
		rc = run_at(n, call, order->at[i], err);
	return rc;
}

/* ---- list ---- */

struct nest_list {
	const struct nest_store *n;
	const struct arkv_call *call;
	struct arkv_seen seen; /* of namespaces with several levels */
};

/* The name whose path at one of the level's readable levels is path; false when there is none. */
static bool unnest(char name[ARKV_NAME_MAX + 1], const struct arkv_level *level, const char *path)
{
	struct ark_wr wr = ark_wr((uint8_t *)name, ARKV_NAME_MAX + 1);
	const char *key = key_of(path);
	ark_wr_bytes(&wr, ark_span_str(level->space));
	ark_wr_u8(&wr, '/');
	ark_wr_bytes(&wr, ark_span(key, strlen(key) + 1));
	char back[ARKV_NAME_MAX + 1];
	for (unsigned i = 0; !wr.full && i <= ARKV_LEVEL_MAX; i++)
		if ((level->readable >> i & 1) && arkv_nest_path(back, name, i) &&
		    !strcmp(back, path))
			return true;
	return false;
}

static enum ark_rc list_path(void *ctx, const char *path, uint64_t size, struct ark_err *err)
{
	struct nest_list *l = ctx;
	const struct arkv_level *level = nested_above(l->n, path);
	if (!level)
		return l->call->fn(l->call->ctx, path, size, err);
	char name[ARKV_NAME_MAX + 1];
	if (!unnest(name, level, path))
		return ARK_OK;
	bool is_new = true;
	bool one_level = (level->readable & (level->readable - 1)) == 0;
	enum ark_rc rc = one_level ? ARK_OK : arkv_seen_add(&l->seen, name, &is_new, err);
	return rc || !is_new ? rc : l->call->fn(l->call->ctx, name, size, err);
}

static enum ark_rc list_names(struct nest_store *n, const struct arkv_call *call,
			      struct ark_err *err)
{
	const struct arkv_level *level = nested_above(n, call->name);
	if (level && strlen(level->space) + 1 != strlen(call->name))
		return ARK_OK; /* a folder of digits: no name starts like this */
	struct nest_list list = { .n = n, .call = call };
	enum ark_rc rc = arkv_store_list(n->wrap.base.below, call->name, list_path, &list, err);
	arkv_seen_release(&list.seen);
	return rc;
}

static enum ark_rc nest_around(struct arkv_wrap *w, const struct arkv_call *call,
			       struct ark_err *err)
{
	struct nest_store *n = (struct nest_store *)w;
	struct order order;
	enum ark_rc rc;
	switch (call->op) {
	case ARKV_OP_PUT:
		rc = order_of(n, call->name, &order, err);
		return rc ? rc : run_at(n, call, order.at[0], err);
	case ARKV_OP_GET:
	case ARKV_OP_STAT:
		rc = order_of(n, call->name, &order, err);
		return rc ? rc : read_levels(n, call, &order, err);
	case ARKV_OP_REMOVE:
		rc = order_of(n, call->name, &order, err);
		return rc ? rc : remove_levels(n, call, &order, err);
	case ARKV_OP_LIST: return list_names(n, call, err);
	case ARKV_OP_CREATE:
	case ARKV_OP_OPEN:
	case ARKV_OP_DESTROY:
	case ARKV_OP_COUNT: break;
	}
	return arkv_call_run(w->base.below, call, err);
}

static enum ark_rc check_levels(const struct arkv_levels *levels, struct ark_err *err)
{
	if (levels->count > ARKV_LEVELS_MAX)
		return ark_fail(err, ARK_USAGE, "levels: more than %d namespaces", ARKV_LEVELS_MAX);
	for (size_t i = 0; i < levels->count; i++) {
		const struct arkv_level *l = &levels->of[i];
		if (!memchr(l->space, '\0', sizeof l->space) || !arkv_store_name_ok(l->space))
			return ark_fail(err, ARK_USAGE, "levels: entry %zu names no namespace", i);
		if (l->write > ARKV_LEVEL_MAX || l->readable >> (ARKV_LEVEL_MAX + 1) ||
		    !(l->readable >> l->write & 1))
			return ark_fail(err, ARK_USAGE,
					"levels: %s: levels are 0 to %d, and that for "
					"writing must be readable",
					l->space, ARKV_LEVEL_MAX);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(levels->of[j].space, l->space))
				return ark_fail(err, ARK_USAGE, "levels: two entries for %s",
						l->space);
	}
	return ARK_OK;
}

enum ark_rc arkv_store_nest(struct arkv_store **s, const struct arkv_levels *levels,
			    struct ark_err *err)
{
	enum ark_rc rc = check_levels(levels, err);
	struct arkv_wrap *w;
	if (!rc)
		rc = arkv_wrap_new(&w, sizeof(struct nest_store), "nest", s, err);
	if (rc)
		return rc;
	w->around = nest_around;
	((struct nest_store *)w)->levels = *levels;
	return ARK_OK;
}
