/*
 * fuzz_jsonl.c - a line of arkv JSONL, read with a window that holds it and with a small one: both
 * give the same, and jansson agrees with them (jsonl_model.h). The first byte is the size of the
 * small one.
 */
#include "backends/sources/jsonl.h"
#include "fuzz/fuzz.h"
#include "fuzz/jsonl_model.h"
#include "libarchive-kv/buf.h"

struct input {
	struct ark_span left;
};

static enum ark_rc read_input(void *ctx, uint8_t *p, size_t cap, size_t *len, struct ark_err *err)
{
	struct input *in = ctx;
	(void)err;
	*len = in->left.len < cap ? in->left.len : cap;
	if (*len)
		memcpy(p, in->left.p, *len);
	in->left.p += *len;
	in->left.len -= *len;
	return ARK_OK;
}

/* What the source gave: at most one record, all its fields in one buffer. */
struct given {
	struct arkv_sink sink;
	struct ark_buf pieces;
	struct ark_buf fields;
	struct ark_buf value;
	struct ark_record r; /* its spans are not kept */
	unsigned count;
	unsigned refused;
	enum ark_rc rc;
	struct ark_err err;
};

static enum ark_rc take_record(struct arkv_sink *sink, const struct ark_record *r,
			       struct ark_span value, struct ark_err *err)
{
	struct given *g = (struct given *)sink;
	(void)err;
	assert(r->value_len == value.len && r->key.len <= ARK_KEY_MAX);
	assert(r->space.len <= ARK_SPACE_MAX && r->meta.len <= ARK_META_MAX && r->type);
	g->count++;
	g->r = *r;
	ark_wr_lenbytes(&g->fields.wr, r->space);
	ark_wr_lenbytes(&g->fields.wr, r->key);
	ark_wr_lenbytes(&g->fields.wr, r->meta);
	ark_wr_u64(&g->fields.wr, r->expires_ms);
	ark_wr_u32(&g->fields.wr, r->flags);
	ark_wr_u8(&g->fields.wr, r->type);
	ark_wr_bytes(&g->value.wr, value);
	return ARK_OK;
}

static enum ark_rc take_piece(struct arkv_sink *sink, struct ark_span bytes, struct ark_err *err)
{
	struct given *g = (struct given *)sink;
	(void)err;
	ark_wr_bytes(&g->pieces.wr, bytes);
	return ARK_OK;
}

static enum ark_rc take_end(struct arkv_sink *sink, const struct ark_record *r, struct ark_err *err)
{
	return take_record(sink, r, ark_buf_span(&((struct given *)sink)->pieces), err);
}

static void take_drop(struct arkv_sink *sink)
{
	(void)sink;
}

static enum ark_rc take_refused(struct arkv_sink *sink, struct ark_span key, const char *why,
				struct ark_err *err)
{
	(void)key;
	(void)why;
	(void)err;
	((struct given *)sink)->refused++;
	return ARK_OK;
}

static enum ark_rc take_tick(struct arkv_sink *sink, uint64_t bytes, struct ark_err *err)
{
	(void)sink;
	(void)bytes;
	(void)err;
	return ARK_OK;
}

static void scan(struct given *g, struct ark_span line, size_t window)
{
	struct input in = { .left = line };
	struct arkv_source *s;
	*g = (struct given){ .sink = { take_record, take_piece, take_end, take_drop, take_refused,
				       take_tick } };
	ark_buf_init(&g->pieces);
	ark_buf_init(&g->fields);
	ark_buf_init(&g->value);
	if (arkv_jsonl_source_new(&s, read_input, &in, window, &g->err))
		abort();
	g->rc = s->ops->scan(s, &g->sink, &g->err);
	arkv_source_free(s);
}

static void release(struct given *g)
{
	ark_buf_release(&g->pieces);
	ark_buf_release(&g->fields);
	ark_buf_release(&g->value);
}

static void compare_with_jansson(const struct given *g, struct ark_span line)
{
	struct model_record m;
	enum model said = model_line(&m, line);
	if (g->rc && strstr(g->err.text, "nested deeper"))
		said = MODEL_UNSURE;
	assert(said == MODEL_UNSURE || (g->rc == ARK_OK) == (said == MODEL_YES));
	if (said == MODEL_YES && g->count == 1) {
		struct ark_rd rd = ark_rd(ark_buf_span(&g->fields));
		assert(ark_span_eq(ark_rd_lenbytes(&rd, ARK_SPACE_MAX), m.r.space));
		assert(ark_span_eq(ark_rd_lenbytes(&rd, ARK_KEY_MAX), m.r.key));
		assert(ark_span_eq(ark_buf_span(&g->value), m.value));
		assert(g->r.expires_ms == m.r.expires_ms && g->r.flags == m.r.flags &&
		       g->r.type == m.r.type);
	}
	model_release(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || memchr(data + 1, '\n', size - 1))
		return 0;
	struct ark_span line = ark_span(data + 1, size - 1);
	struct given whole, cut;
	scan(&whole, line, size + ARKV_JSON_CAP_MIN);
	scan(&cut, line, ARKV_JSON_CAP_MIN + data[0]);
	assert(whole.rc == cut.rc && whole.count == cut.count && whole.refused == cut.refused);
	assert(ark_span_eq(ark_buf_span(&whole.fields), ark_buf_span(&cut.fields)));
	assert(ark_span_eq(ark_buf_span(&whole.value), ark_buf_span(&cut.value)));
	bool mark = line.len >= 3 && !memcmp(line.p, "\xef\xbb\xbf", 3);
	bool blank = !whole.rc && !whole.count && !whole.refused;
	if (!mark && !blank)
		compare_with_jansson(&whole, line);
	release(&whole);
	release(&cut);
	return 0;
}
