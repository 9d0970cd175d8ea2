/* store_perm.c - see store_perm.h. */
#include "libarchive-kv/store_perm.h"

#include "libarchive-kv/store_wrap.h"

#include <stdlib.h>

static const char all_letters[] = "lrwWD";

struct perm_rule {
	char name[ARKV_NAME_MAX + 1];
	char letters[sizeof all_letters];
};

struct perm_store {
	struct arkv_wrap wrap;
	struct perm_rule *rules;
	size_t count;
};

const struct arkv_perm_rule *arkv_perm_preset(const char *preset, size_t *count)
{
	static const struct arkv_perm_rule all[] = { { "", "lrwWD" } };
	static const struct arkv_perm_rule no_delete[] = { { "", "lrw" } };
	static const struct arkv_perm_rule read_only[] = { { "", "lr" } };
	static const struct arkv_perm_rule write_only[] = {
		{ "", "lr" },	     { "packs", "lrw" },    { "runs", "lrw" },
		{ "places", "lrw" }, { "archives", "lrw" }, { "sessions", "lrw" },
	};
	*count = 1;
	if (!strcmp(preset, "all"))
		return all;
	if (!strcmp(preset, "no-delete"))
		return no_delete;
	if (!strcmp(preset, "read-only"))
		return read_only;
	*count = sizeof write_only / sizeof write_only[0];
	return strcmp(preset, "write-only") ? NULL : write_only;
}

static const struct perm_rule *find_rule(const struct perm_store *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->rules[i].name, name))
			return &p->rules[i];
	return NULL;
}

/* The letters of the nearest rule, "" when there is none. name: at most ARKV_NAME_MAX bytes. */
static const char *letters_for(const struct perm_store *p, const char *name)
{
	char at[ARKV_NAME_MAX + 1];
	memcpy(at, name, strlen(name) + 1);
	for (;;) {
		const struct perm_rule *rule = find_rule(p, at);
		if (rule || !*at)
			return rule ? rule->letters : "";
		char *slash = strrchr(at, '/');
		*(slash ? slash : at) = '\0';
	}
}

/* OK when one of the letters is there for name. */
static enum ark_rc need(const struct perm_store *p, const char *letters, const char *doing,
			const char *name, struct ark_err *err)
{
	if (strpbrk(letters_for(p, name), letters))
		return ARK_OK;
	return ark_fail(err, ARK_DENIED,
			"%s \"%s\": the permissions of this repository lack \"%.*s\"%s%s", doing,
			name, 1, letters, letters[1] ? " or " : "", letters + 1);
}

/* With w alone: nothing is replaced, but the same bytes may be put again. */
static enum ark_rc check_put(struct perm_store *p, const struct arkv_call *call,
			     struct ark_err *err)
{
	struct arkv_store *below = p->wrap.base.below;
	enum ark_rc rc = need(p, "wW", "put", call->name, err);
	if (rc || (below->caps & ARKV_STORE_NO_REPLACE) || strchr(letters_for(p, call->name), 'W'))
		return rc;
	ARK_AUTO(ark_buf_release) struct ark_buf there;
	ark_buf_init(&there);
	struct arkv_stat st;
	rc = arkv_store_stat(below, call->name, &st, err);
	if (rc)
		return rc == ARK_NOTFOUND ? ARK_OK : rc;
	if (st.size == call->bytes.len)
		rc = arkv_store_get(below, call->name, 0, ARKV_TO_END, &there, err);
	if (rc || ark_span_eq(ark_buf_span(&there), call->bytes))
		return rc;
	return need(p, "W", "replace", call->name, err);
}

struct perm_list {
	const struct perm_store *p;
	const struct arkv_call *call;
};

static enum ark_rc list_one(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	const struct perm_list *l = ctx;
	enum ark_rc rc = need(l->p, "l", "list", name, err);
	return rc ? rc : l->call->fn(l->call->ctx, name, size, err);
}

static enum ark_rc perm_list(struct perm_store *p, const struct arkv_call *call,
			     struct ark_err *err)
{
	char space[ARKV_NAME_MAX + 1] = "";
	if (*call->name)
		memcpy(space, call->name, strlen(call->name) - 1); /* without its slash */
	enum ark_rc rc = need(p, "l", "list", space, err);
	if (rc)
		return rc;
	struct perm_list list = { .p = p, .call = call };
	return arkv_store_list(p->wrap.base.below, call->name, list_one, &list, err);
}

static enum ark_rc perm_around(struct arkv_wrap *w, const struct arkv_call *call,
			       struct ark_err *err)
{
	struct perm_store *p = (struct perm_store *)w;
	enum ark_rc rc = ARK_OK;
	switch (call->op) {
	case ARKV_OP_CREATE: rc = need(p, "wW", "create", "", err); break;
	case ARKV_OP_DESTROY: rc = need(p, "D", "destroy", "", err); break;
	case ARKV_OP_PUT: rc = check_put(p, call, err); break;
	case ARKV_OP_GET: rc = need(p, "r", "get", call->name, err); break;
	case ARKV_OP_STAT: rc = need(p, "lr", "stat", call->name, err); break;
	case ARKV_OP_REMOVE: rc = need(p, "D", "delete", call->name, err); break;
	case ARKV_OP_LIST: return perm_list(p, call, err);
	case ARKV_OP_OPEN:
	case ARKV_OP_COUNT: break;
	}
	return rc ? rc : arkv_call_run(w->base.below, call, err);
}

static void perm_release(struct arkv_wrap *w)
{
	free(((struct perm_store *)w)->rules);
}

static enum ark_rc copy_rule(struct perm_store *p, const struct arkv_perm_rule *rule,
			     struct ark_err *err)
{
	if (*rule->name && !arkv_store_name_ok(rule->name))
		return ark_fail(err, ARK_USAGE, "permissions: \"%s\" is neither \"\" nor a name",
				rule->name);
	if (find_rule(p, rule->name))
		return ark_fail(err, ARK_USAGE, "permissions: two rules for \"%s\"", rule->name);
	size_t len = strlen(rule->letters);
	bool twice = false;
	for (size_t i = 0; i < len; i++)
		twice = twice || strchr(rule->letters + i + 1, rule->letters[i]);
	if (strspn(rule->letters, all_letters) != len || twice)
		return ark_fail(err, ARK_USAGE,
				"permissions: \"%s\" for \"%s\": write letters of %s",
				rule->letters, rule->name, all_letters);
	struct perm_rule *to = &p->rules[p->count++];
	memcpy(to->name, rule->name, strlen(rule->name) + 1);
	memcpy(to->letters, rule->letters, len + 1);
	return ARK_OK;
}

enum ark_rc arkv_store_perm(struct arkv_store **s, const struct arkv_perm_rule *rules, size_t count,
			    struct ark_err *err)
{
	struct perm_store copy = { .rules = calloc(count ? count : 1, sizeof *copy.rules) };
	enum ark_rc rc =
		copy.rules ? ARK_OK : ark_fail(err, ARK_NOMEM, "permissions: out of memory");
	for (size_t i = 0; i < count && !rc; i++)
		rc = copy_rule(&copy, &rules[i], err);
	struct arkv_wrap *w;
	if (!rc)
		rc = arkv_wrap_new(&w, sizeof(struct perm_store), "perm", s, err);
	if (rc) {
		free(copy.rules);
		return rc;
	}
	struct perm_store *p = (struct perm_store *)w;
	w->around = perm_around;
	w->release = perm_release;
	p->rules = copy.rules;
	p->count = copy.count;
	return ARK_OK;
}
