/* jsonl_out.c - see jsonl_out.h. */
#include "backends/net/jsonl_out.h"

#include "backends/net/base64.h"
#include "backends/net/json_text.h"

#include <stdio.h>

static void put(struct ark_wr *wr, const char *text)
{
	ark_wr_bytes(wr, ark_span_str(text));
}

/* The name of a member, after a comma unless it is the first. */
static void put_name(struct ark_wr *wr, const char *name, bool twin)
{
	if (wr->len && wr->p[wr->len - 1] != '{')
		put(wr, ",");
	put(wr, "\"");
	put(wr, name);
	put(wr, twin ? "_b64\":" : "\":");
}

static void put_base64(struct ark_wr *wr, struct ark_span s)
{
	put(wr, "\"");
	uint8_t *p = ark_wr_room(wr, (size_t)arkv_base64_len(s.len));
	if (p && s.len)
		arkv_base64_encode(p, s);
	put(wr, "\"");
}

static void put_bytes(struct ark_wr *wr, const char *name, struct ark_span s)
{
	bool text = arkv_utf8_valid(s);
	put_name(wr, name, !text);
	if (!text) {
		put_base64(wr, s);
		return;
	}
	put(wr, "\"");
	arkv_json_put_text(wr, s);
	put(wr, "\"");
}

static void put_integer(struct ark_wr *wr, const char *name, uint64_t v)
{
	char text[24];
	put_name(wr, name, false);
	snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	put(wr, text);
}

static void put_meta(struct ark_wr *wr, struct ark_span meta, struct arkv_json_scan *scan)
{
	bool json = arkv_json_is_canonical(scan, meta);
	put_name(wr, "meta", !json);
	if (json)
		ark_wr_bytes(wr, meta);
	else
		put_base64(wr, meta);
}

void arkv_jsonl_put_attributes(struct ark_wr *wr, const struct ark_record *r,
			       enum arkv_jsonl_members which, struct arkv_json_scan *scan)
{
	put(wr, "{");
	if (which == ARKV_JSONL_NAMED) {
		if (r->space.len)
			put_bytes(wr, "space", r->space);
		put_bytes(wr, "key", r->key);
	}
	if (r->type != ARK_TYPE_STRING)
		put_bytes(wr, "type", ark_span_str(ark_type_name(r->type).s));
	if (r->expires_ms != ARK_NO_EXPIRY)
		put_integer(wr, "expire_at", r->expires_ms);
	if (r->flags)
		put_integer(wr, "flags", r->flags);
	if (r->meta.len)
		put_meta(wr, r->meta, scan);
}
