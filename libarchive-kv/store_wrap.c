/* store_wrap.c - see store_wrap.h. */
#include "libarchive-kv/store_wrap.h"

#include <stdlib.h>

const char *arkv_op_name(enum arkv_op op)
{
	switch (op) {
	case ARKV_OP_CREATE: return "create";
	case ARKV_OP_OPEN: return "open";
	case ARKV_OP_PUT: return "put";
	case ARKV_OP_GET: return "get";
	case ARKV_OP_STAT: return "stat";
	case ARKV_OP_LIST: return "list";
	case ARKV_OP_REMOVE: return "remove";
	case ARKV_OP_DESTROY: return "destroy";
	case ARKV_OP_COUNT: break;
	}
	return "?";
}

enum ark_rc arkv_call_run(struct arkv_store *store, const struct arkv_call *call,
			  struct ark_err *err)
{
	switch (call->op) {
	case ARKV_OP_CREATE: return arkv_store_create(store, err);
	case ARKV_OP_OPEN: return arkv_store_open(store, err);
	case ARKV_OP_PUT: return arkv_store_put(store, call->name, call->bytes, err);
	case ARKV_OP_GET:
		return arkv_store_get(store, call->name, call->off, call->len, call->out, err);
	case ARKV_OP_STAT: return arkv_store_stat(store, call->name, call->stat, err);
	case ARKV_OP_LIST: return arkv_store_list(store, call->name, call->fn, call->ctx, err);
	case ARKV_OP_REMOVE: return arkv_store_remove(store, call->name, err);
	case ARKV_OP_DESTROY: return arkv_store_destroy(store, err);
	case ARKV_OP_COUNT: break;
	}
	return ark_fail(err, ARK_USAGE, "%d: no such store operation", (int)call->op);
}

uint64_t arkv_call_volume(const struct arkv_call *call, size_t out_len_before)
{
	if (call->op == ARKV_OP_PUT)
		return call->bytes.len;
	return call->op == ARKV_OP_GET ? call->out->wr.len - out_len_before : 0;
}

static enum ark_rc around(struct arkv_store *s, const struct arkv_call *call, struct ark_err *err)
{
	struct arkv_wrap *w = (struct arkv_wrap *)s;
	struct ark_err own = { 0 };
	enum ark_rc rc = w->around(w, call, &own);
	if (rc && err)
		*err = own;
	return rc;
}

/* Some stores know what they can do only now. */
static void take_over_caps(struct arkv_store *s)
{
	s->caps = s->below->caps;
	s->max_parallel = s->below->max_parallel;
}

static enum ark_rc wrap_create(struct arkv_store *s, struct ark_err *err)
{
	struct arkv_call call = { .op = ARKV_OP_CREATE, .name = "" };
	enum ark_rc rc = around(s, &call, err);
	if (!rc)
		take_over_caps(s);
	return rc;
}

static enum ark_rc wrap_open(struct arkv_store *s, struct ark_err *err)
{
	struct arkv_call call = { .op = ARKV_OP_OPEN, .name = "" };
	enum ark_rc rc = around(s, &call, err);
	if (!rc)
		take_over_caps(s);
	return rc;
}

static enum ark_rc wrap_put(struct arkv_store *s, const char *name, struct ark_span bytes,
			    struct ark_err *err)
{
	struct arkv_call call = { .op = ARKV_OP_PUT, .name = name, .bytes = bytes };
	return around(s, &call, err);
}

static enum ark_rc wrap_get(struct arkv_store *s, const char *name, uint64_t off, uint64_t len,
			    struct ark_buf *out, struct ark_err *err)
{
	struct arkv_call call = {
		.op = ARKV_OP_GET, .name = name, .off = off, .len = len, .out = out
	};
	return around(s, &call, err);
}

static enum ark_rc wrap_stat(struct arkv_store *s, const char *name, struct arkv_stat *out,
			     struct ark_err *err)
{
	struct arkv_call call = { .op = ARKV_OP_STAT, .name = name, .stat = out };
	return around(s, &call, err);
}

static enum ark_rc wrap_list(struct arkv_store *s, const char *prefix, arkv_list_fn *fn, void *ctx,
			     struct ark_err *err)
{
	struct arkv_call call = { .op = ARKV_OP_LIST, .name = prefix, .fn = fn, .ctx = ctx };
	return around(s, &call, err);
}

static enum ark_rc wrap_remove(struct arkv_store *s, const char *name, struct ark_err *err)
{
	struct arkv_call call = { .op = ARKV_OP_REMOVE, .name = name };
	return around(s, &call, err);
}

static enum ark_rc wrap_destroy(struct arkv_store *s, struct ark_err *err)
{
	struct arkv_call call = { .op = ARKV_OP_DESTROY, .name = "" };
	return around(s, &call, err);
}

static void wrap_free(struct arkv_store *s)
{
	struct arkv_wrap *w = (struct arkv_wrap *)s;
	if (w->release)
		w->release(w);
	free(w);
}

enum ark_rc arkv_wrap_new(struct arkv_wrap **out, size_t size, const char *kind,
			  struct arkv_store **s, struct ark_err *err)
{
	struct arkv_store *below = *s;
	struct arkv_wrap *w = calloc(1, size);
	if (!w)
		return ark_fail(err, ARK_NOMEM, "%s: out of memory", kind);
	w->ops = (struct arkv_store_ops){
		.kind = kind,
		.create = wrap_create,
		.open = wrap_open,
		.put = wrap_put,
		.get = wrap_get,
		.stat = wrap_stat,
		.list = wrap_list,
		.remove = wrap_remove,
		.destroy = wrap_destroy,
		.free = wrap_free,
	};
	w->base = (struct arkv_store){
		.ops = &w->ops,
		.below = below,
		.caps = below->caps,
		.max_parallel = below->max_parallel,
	};
	*s = &w->base;
	*out = w;
	return ARK_OK;
}
