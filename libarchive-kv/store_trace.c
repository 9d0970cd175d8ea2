/* store_trace.c - see store_trace.h. */
#include "libarchive-kv/store_trace.h"

#include "libarchive-kv/store_wrap.h"

#include <stdio.h>

enum {
	VOLUME_TEXT_MAX = 64,
	RANGE_TEXT_MAX = 64,
	LINE_MAX_LEN = ARKV_NAME_MAX + VOLUME_TEXT_MAX + RANGE_TEXT_MAX + ARK_ERR_TEXT_MAX + 128,
};

struct trace_store {
	struct arkv_wrap wrap;
	arkv_trace_fn *fn;
	void *ctx;
	const struct arkv_clock *clock;
};

struct traced_list {
	const struct arkv_call *call;
	uint64_t listed;
};

static enum ark_rc trace_listed(void *ctx, const char *name, uint64_t size, struct ark_err *err)
{
	struct traced_list *l = ctx;
	l->listed++;
	return l->call->fn(l->call->ctx, name, size, err);
}

/* " [4096,+512)" for a get of a part, else nothing. */
static void range_text(char text[RANGE_TEXT_MAX], const struct arkv_call *call)
{
	text[0] = '\0';
	if (call->op != ARKV_OP_GET || (call->off == 0 && call->len == ARKV_TO_END))
		return;
	if (call->len == ARKV_TO_END)
		snprintf(text, RANGE_TEXT_MAX, " [%llu,)", (unsigned long long)call->off);
	else
		snprintf(text, RANGE_TEXT_MAX, " [%llu,+%llu)", (unsigned long long)call->off,
			 (unsigned long long)call->len);
}

static void volume_text(char text[VOLUME_TEXT_MAX], const struct arkv_call *call, size_t out_len,
			uint64_t listed)
{
	text[0] = '\0';
	if (call->op == ARKV_OP_PUT || call->op == ARKV_OP_GET)
		snprintf(text, VOLUME_TEXT_MAX, "%llu B, ",
			 (unsigned long long)arkv_call_volume(call, out_len));
	if (call->op == ARKV_OP_LIST)
		snprintf(text, VOLUME_TEXT_MAX, "%llu objects, ", (unsigned long long)listed);
}

static enum ark_rc trace_around(struct arkv_wrap *w, const struct arkv_call *call,
				struct ark_err *err)
{
	const struct trace_store *t = (const struct trace_store *)w;
	struct traced_list list = { .call = call };
	struct arkv_call traced = *call;
	if (call->op == ARKV_OP_LIST) {
		traced.fn = trace_listed;
		traced.ctx = &list;
	}
	size_t out_len = call->op == ARKV_OP_GET ? call->out->wr.len : 0;
	int64_t start_us = arkv_clock_mono_us(t->clock);
	enum ark_rc rc = arkv_call_run(w->base.below, &traced, err);
	double took_ms = (double)(arkv_clock_mono_us(t->clock) - start_us) / 1000;
	char range[RANGE_TEXT_MAX], volume[VOLUME_TEXT_MAX], line[LINE_MAX_LEN];
	range_text(range, call);
	volume_text(volume, call, out_len, list.listed);
	snprintf(line, sizeof line, "%s%s%.*s%s: %s%.1f ms, %s%s%s", arkv_op_name(call->op),
		 *call->name ? " " : "", ARKV_NAME_MAX, call->name, range, volume, took_ms,
		 ark_rc_name(rc), rc ? ": " : "", rc ? err->text : "");
	t->fn(t->ctx, line);
	return rc;
}

enum ark_rc arkv_store_trace(struct arkv_store **s, arkv_trace_fn *fn, void *ctx,
			     const struct arkv_clock *clock, struct ark_err *err)
{
	struct arkv_wrap *w;
	enum ark_rc rc = arkv_wrap_new(&w, sizeof(struct trace_store), "trace", s, err);
	if (rc)
		return rc;
	struct trace_store *t = (struct trace_store *)w;
	w->around = trace_around;
	t->fn = fn;
	t->ctx = ctx;
	t->clock = clock;
	return ARK_OK;
}
