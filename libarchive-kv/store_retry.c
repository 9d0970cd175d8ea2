/* store_retry.c - see store_retry.h. */
#include "libarchive-kv/store_retry.h"

#include "libarchive-kv/seen.h"
#include "libarchive-kv/store_wrap.h"

#include <pthread.h>

enum { WAIT_SLICE_MS = 100 };

struct retry_store {
	struct arkv_wrap wrap;
	struct arkv_retry_options options;
	const struct arkv_clock *clock;
	pthread_mutex_t lock; /* guards rand */
	struct arkv_rand rand;
};

/* A list over several tries: each name reaches the caller once. */
struct relist {
	const struct arkv_call *call;
	struct arkv_seen seen;
	bool caller_failed;
};

static enum ark_rc relist_one(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct relist *l = ctx;
	bool is_new;
	enum ark_rc rc = arkv_seen_add(&l->seen, name, &is_new, err);
	if (!rc && is_new)
		rc = l->call->fn(l->call->ctx, name, size, err);
	l->caller_failed = rc != ARK_OK;
	return rc;
}

struct arkv_retry_options arkv_retry_defaults(void)
{
	return (struct arkv_retry_options){
		.tries_max = 10,
		.total_ms_max = 10 * 60 * 1000,
		.first_wait_ms = 250,
		.wait_max_ms = 30 * 1000,
	};
}

/* The wait before try number tries + 1. */
static int64_t wait_before(struct retry_store *r, unsigned tries)
{
	int64_t wait_ms = r->options.first_wait_ms;
	for (unsigned i = 1; i < tries && wait_ms < r->options.wait_max_ms; i++)
		wait_ms *= 2;
	if (wait_ms > r->options.wait_max_ms)
		wait_ms = r->options.wait_max_ms;
	if (wait_ms < 2)
		return wait_ms;
	pthread_mutex_lock(&r->lock);
	uint64_t off = arkv_rand_below(&r->rand, (uint64_t)wait_ms / 2);
	pthread_mutex_unlock(&r->lock);
	return wait_ms - (int64_t)off;
}

/* False when the caller wants no more. */
static bool wait_ms(const struct retry_store *r, int64_t left_ms)
{
	bool (*cancelled)(void *) = r->options.cancelled;
	for (; left_ms > 0; left_ms -= WAIT_SLICE_MS) {
		if (cancelled && cancelled(r->options.ctx))
			return false;
		arkv_clock_sleep_ms(r->clock, left_ms < WAIT_SLICE_MS ? left_ms : WAIT_SLICE_MS);
	}
	return !cancelled || !cancelled(r->options.ctx);
}

/* One try. A remove that finds nothing is a success. */
static enum ark_rc try_once(struct retry_store *r, const struct arkv_call *call, size_t out_len,
			    struct ark_err *err)
{
	if (call->op == ARKV_OP_GET)
		call->out->wr.len = out_len;
	err->in_doubt = false;
	enum ark_rc rc = arkv_call_run(r->wrap.base.below, call, err);
	return rc == ARK_NOTFOUND && call->op == ARKV_OP_REMOVE ? ARK_OK : rc;
}

static void tell_tries(const struct arkv_call *call, unsigned tries, int64_t took_ms,
		       struct ark_err *err)
{
	if (tries > 1)
		ark_err_prefix(err, "%s: failed %u times in %lld s, the last time",
			       arkv_op_name(call->op), tries, (long long)(took_ms / 1000));
}

static enum ark_rc retry_call(struct retry_store *r, const struct arkv_call *call,
			      const struct relist *list, struct ark_err *err)
{
	size_t out_len = call->op == ARKV_OP_GET ? call->out->wr.len : 0;
	int64_t start_ms = arkv_clock_mono_ms(r->clock);
	bool in_doubt = false;
	for (unsigned tries = 1;; tries++) {
		enum ark_rc rc = try_once(r, call, out_len, err);
		if (!rc)
			return ARK_OK;
		in_doubt = in_doubt || err->in_doubt;
		err->in_doubt = in_doubt;
		if (rc != ARK_AGAIN || (list && list->caller_failed))
			return rc;
		int64_t took_ms = arkv_clock_mono_ms(r->clock) - start_ms;
		int64_t next_ms = wait_before(r, tries);
		if (tries >= r->options.tries_max || took_ms + next_ms > r->options.total_ms_max) {
			tell_tries(call, tries, took_ms, err);
			return rc;
		}
		struct arkv_retry_event event = { .op = arkv_op_name(call->op),
						  .name = call->name,
						  .tries = tries,
						  .wait_ms = next_ms,
						  .err = err };
		if (r->options.notify)
			r->options.notify(r->options.ctx, &event);
		if (!wait_ms(r, next_ms)) {
			rc = ark_fail(err, ARK_CANCELLED, "%s %s: cancelled between two tries",
				      event.op, event.name);
			err->in_doubt = in_doubt;
			return rc;
		}
	}
}

static enum ark_rc retry_around(struct arkv_wrap *w, const struct arkv_call *call,
				struct ark_err *err)
{
	struct retry_store *r = (struct retry_store *)w;
	if (call->op != ARKV_OP_LIST)
		return retry_call(r, call, NULL, err);
	struct relist list = { .call = call };
	struct arkv_call listing = *call;
	listing.fn = relist_one;
	listing.ctx = &list;
	enum ark_rc rc = retry_call(r, &listing, &list, err);
	arkv_seen_release(&list.seen);
	return rc;
}

static void retry_release(struct arkv_wrap *w)
{
	pthread_mutex_destroy(&((struct retry_store *)w)->lock);
}

enum ark_rc arkv_store_retry(struct arkv_store **s, const struct arkv_retry_options *options,
			     const struct arkv_clock *clock, struct arkv_rand rand,
			     struct ark_err *err)
{
	if (!options->tries_max)
		return ark_fail(err, ARK_USAGE, "retry: tries_max must be at least 1");
	struct arkv_wrap *w;
	enum ark_rc rc = arkv_wrap_new(&w, sizeof(struct retry_store), "retry", s, err);
	if (rc)
		return rc;
	struct retry_store *r = (struct retry_store *)w;
	w->around = retry_around;
	w->release = retry_release;
	r->options = *options;
	r->clock = clock;
	r->rand = rand;
	pthread_mutex_init(&r->lock, NULL);
	return ARK_OK;
}
