/* store_count.c - see store_count.h. */
#include "libarchive-kv/store_count.h"

#include <pthread.h>

struct arkv_counter {
	struct arkv_wrap wrap;
	pthread_mutex_t lock;	   /* guards all below */
	struct arkv_counts counts; /* trips: the longest chain among the calls that have ended */
	unsigned running;
	unsigned resets;
};

struct counted_list {
	const struct arkv_call *call;
	uint64_t listed;
};

static enum ark_rc count_listed(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct counted_list *l = ctx;
	l->listed++;
	return l->call->fn(l->call->ctx, name, size, err);
}

/* One call between its begin and its end. */
struct span {
	uint64_t depth; /* of the chain that it ends */
	unsigned resets;
};

static struct span begin(struct arkv_counter *c)
{
	pthread_mutex_lock(&c->lock);
	struct span span = { .depth = c->counts.trips + 1, .resets = c->resets };
	if (++c->running > c->counts.peak_parallel)
		c->counts.peak_parallel = c->running;
	pthread_mutex_unlock(&c->lock);
	return span;
}

static void end(struct arkv_counter *c, struct span span, enum arkv_op op, enum ark_rc rc,
		uint64_t bytes, uint64_t listed)
{
	pthread_mutex_lock(&c->lock);
	struct arkv_op_counts *counts = &c->counts.op[op];
	c->running--;
	c->counts.calls++;
	c->counts.listed += listed;
	counts->calls++;
	counts->failures += rc != ARK_OK;
	counts->bytes += rc ? 0 : bytes;
	uint64_t depth = span.resets == c->resets ? span.depth : 1;
	if (depth > c->counts.trips)
		c->counts.trips = depth;
	pthread_mutex_unlock(&c->lock);
}

static enum ark_rc count_around(struct arkv_wrap *w, const struct arkv_call *call,
				struct ark_err *err)
{
	struct arkv_counter *c = (struct arkv_counter *)w;
	struct counted_list list = { .call = call };
	struct arkv_call counted = *call;
	if (call->op == ARKV_OP_LIST) {
		counted.fn = count_listed;
		counted.ctx = &list;
	}
	size_t out_len = call->op == ARKV_OP_GET ? call->out->wr.len : 0;
	struct span span = begin(c);
	enum ark_rc rc = arkv_call_run(w->base.below, &counted, err);
	end(c, span, call->op, rc, arkv_call_volume(call, out_len), list.listed);
	return rc;
}

static void count_release(struct arkv_wrap *w)
{
	pthread_mutex_destroy(&((struct arkv_counter *)w)->lock);
}

struct arkv_counts arkv_counter_read(struct arkv_counter *counter)
{
	pthread_mutex_lock(&counter->lock);
	struct arkv_counts counts = counter->counts;
	pthread_mutex_unlock(&counter->lock);
	return counts;
}

void arkv_counter_reset(struct arkv_counter *counter)
{
	pthread_mutex_lock(&counter->lock);
	counter->counts = (struct arkv_counts){ .peak_parallel = counter->running };
	counter->resets++;
	pthread_mutex_unlock(&counter->lock);
}

enum ark_rc arkv_store_count(struct arkv_store **s, struct arkv_counter **counter,
			     struct ark_err *err)
{
	struct arkv_wrap *w;
	enum ark_rc rc = arkv_wrap_new(&w, sizeof(struct arkv_counter), "count", s, err);
	if (rc)
		return rc;
	struct arkv_counter *c = (struct arkv_counter *)w;
	w->around = count_around;
	w->release = count_release;
	pthread_mutex_init(&c->lock, NULL);
	*counter = c;
	return ARK_OK;
}
