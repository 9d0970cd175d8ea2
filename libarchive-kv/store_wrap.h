/*
 * store_wrap.h - what all wrappers of a store share: any call as one struct.
 *
 * A wrapper that treats all calls alike (retry, count, trace ...) writes one function, "around",
 * which gets the call, does what it is for, and runs the call on the store below when it sees fit.
 * A wrapper struct starts with struct arkv_wrap.
 */
#pragma once

#include "libarchive-kv/store.h"

enum arkv_op {
	ARKV_OP_CREATE,
	ARKV_OP_OPEN,
	ARKV_OP_PUT,
	ARKV_OP_GET,
	ARKV_OP_STAT,
	ARKV_OP_LIST,
	ARKV_OP_REMOVE,
	ARKV_OP_DESTROY,
	ARKV_OP_COUNT,
};

/* "create", "put" ...: the words of traces and fault scripts; "?" for what is none. */
const char *arkv_op_name(enum arkv_op op);

/* The arguments of one call; those that its operation does not take are zero. All are borrowed. */
struct arkv_call {
	enum arkv_op op;
	const char *name; /* list: the prefix; create, open, destroy: "" */
	struct ark_span bytes;
	uint64_t off;
	uint64_t len;
	struct ark_buf *out;
	struct arkv_stat *stat;
	arkv_list_fn *fn;
	void *ctx;
};

struct arkv_wrap;
/* err is never NULL here, and blank: a code that a list's callback returned bare leaves it so. */
typedef enum ark_rc arkv_around_fn(struct arkv_wrap *w, const struct arkv_call *call,
				   struct ark_err *err);

struct arkv_wrap {
	struct arkv_store base;
	arkv_around_fn *around;
	void (*release)(
		struct arkv_wrap *w); /* frees what the wrapper holds, not itself; may be NULL */
	struct arkv_store_ops ops;
};

/* Runs call on store, checks included. */
enum ark_rc arkv_call_run(struct arkv_store *store, const struct arkv_call *call,
			  struct ark_err *err) ARK_CHECK;
/* Bytes that a call which went well has moved: of a put its bytes, of a get what it appended to an
 * out that held out_len_before. */
uint64_t arkv_call_volume(const struct arkv_call *call, size_t out_len_before);

/* Makes a wrapper of size bytes (it begins with a struct arkv_wrap, all behind that is zero) around
 * *s, and puts it into *s, which owns what was there before. kind is static. NOMEM, and *s stays as
 * it was. Every wrapper's own constructor works in the same way. */
enum ark_rc arkv_wrap_new(struct arkv_wrap **out, size_t size, const char *kind,
			  struct arkv_store **s, struct ark_err *err) ARK_CHECK;
