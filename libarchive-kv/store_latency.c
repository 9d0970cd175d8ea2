/* store_latency.c - see store_latency.h. */
#include "libarchive-kv/store_latency.h"

#include "libarchive-kv/store_wrap.h"

struct latency_store {
	struct arkv_wrap wrap;
	struct arkv_latency latency;
	const struct arkv_clock *clock;
};

static enum ark_rc latency_around(struct arkv_wrap *w, const struct arkv_call *call,
				  struct ark_err *err)
{
	const struct latency_store *l = (const struct latency_store *)w;
	size_t out_len = call->op == ARKV_OP_GET ? call->out->wr.len : 0;
	int64_t start_us = arkv_clock_mono_us(l->clock);
	enum ark_rc rc = arkv_call_run(w->base.below, call, err);
	double least_us = (double)l->latency.latency_us;
	if (l->latency.bandwidth_bits_per_s)
		least_us += (double)arkv_call_volume(call, out_len) * 8e6 /
			    (double)l->latency.bandwidth_bits_per_s;
	int64_t took_us = arkv_clock_mono_us(l->clock) - start_us;
	arkv_clock_sleep_us(l->clock,
			    (least_us < 3e13 ? (int64_t)least_us : (int64_t)3e13) - took_us);
	return rc;
}

enum ark_rc arkv_store_latency(struct arkv_store **s, struct arkv_latency latency,
			       const struct arkv_clock *clock, struct ark_err *err)
{
	struct arkv_wrap *w;
	enum ark_rc rc = arkv_wrap_new(&w, sizeof(struct latency_store), "latency", s, err);
	if (rc)
		return rc;
	struct latency_store *l = (struct latency_store *)w;
	w->around = latency_around;
	l->latency = latency;
	l->clock = clock;
	return ARK_OK;
}
