/* store_limit.c - see store_limit.h. Each direction is a moment up to which all bytes are paid for.
 */
#include "libarchive-kv/store_limit.h"

#include "libarchive-kv/store_wrap.h"

#include <pthread.h>

enum { BURST_US = 100 * 1000 };

struct lane {
	uint64_t bytes_per_s;
	int64_t paid_until_us;
};

struct limit_store {
	struct arkv_wrap wrap;
	const struct arkv_clock *clock;
	pthread_mutex_t lock; /* guards the lanes */
	struct lane up;
	struct lane down;
};

/* How long bytes take at rate; capped at about a year, which keeps sums of it far from overflow. */
static int64_t duration_us(uint64_t bytes, uint64_t bytes_per_s)
{
	double us = (double)bytes * 1e6 / (double)bytes_per_s;
	return us < 3e13 ? (int64_t)us : (int64_t)3e13;
}

static void pay(struct limit_store *l, struct lane *lane, uint64_t bytes)
{
	if (!lane->bytes_per_s || !bytes)
		return;
	pthread_mutex_lock(&l->lock);
	int64_t now_us = arkv_clock_mono_us(l->clock);
	if (lane->paid_until_us < now_us - BURST_US)
		lane->paid_until_us = now_us - BURST_US;
	lane->paid_until_us += duration_us(bytes, lane->bytes_per_s);
	int64_t wait_us = lane->paid_until_us - now_us;
	pthread_mutex_unlock(&l->lock);
	arkv_clock_sleep_us(l->clock, wait_us);
}

static enum ark_rc limit_around(struct arkv_wrap *w, const struct arkv_call *call,
				struct ark_err *err)
{
	struct limit_store *l = (struct limit_store *)w;
	size_t out_len = call->op == ARKV_OP_GET ? call->out->wr.len : 0;
	if (call->op == ARKV_OP_PUT)
		pay(l, &l->up, call->bytes.len);
	enum ark_rc rc = arkv_call_run(w->base.below, call, err);
	if (call->op == ARKV_OP_GET)
		pay(l, &l->down, arkv_call_volume(call, out_len));
	return rc;
}

static void limit_release(struct arkv_wrap *w)
{
	pthread_mutex_destroy(&((struct limit_store *)w)->lock);
}

enum ark_rc arkv_store_limit(struct arkv_store **s, struct arkv_limits limits,
			     const struct arkv_clock *clock, struct ark_err *err)
{
	struct arkv_wrap *w;
	enum ark_rc rc = arkv_wrap_new(&w, sizeof(struct limit_store), "limit", s, err);
	if (rc)
		return rc;
	struct limit_store *l = (struct limit_store *)w;
	w->around = limit_around;
	w->release = limit_release;
	l->clock = clock;
	l->up.bytes_per_s = limits.upload_bytes_per_s;
	l->down.bytes_per_s = limits.download_bytes_per_s;
	l->up.paid_until_us = l->down.paid_until_us = arkv_clock_mono_us(clock) - BURST_US;
	pthread_mutex_init(&l->lock, NULL);
	return ARK_OK;
}
