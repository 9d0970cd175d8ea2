/*
 * jsonl_model.h - what a line of arkv JSONL means, by jansson: an opinion to hold the source
 * against.
 *
 * Where jansson itself knows less than the grammar asks, the opinion is "unsure": numbers beyond
 * its integers and doubles, "\u0000" in member names, repeated member names, negative zero.
 */
#pragma once

#include "format/record.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum model { MODEL_NO, MODEL_YES, MODEL_UNSURE };

struct model_record {
	struct ark_record r; /* meta is not filled: see root */
	struct ark_span value;
	json_t *root;
	uint8_t *mem[3]; /* decoded base64 of space, key, value */
};

static inline void model_release(struct model_record *m)
{
	json_decref(m->root);
	for (int i = 0; i < 3; i++)
		free(m->mem[i]);
	*m = (struct model_record){ .root = NULL };
}

static inline int model_sextet(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

/* Slow and plain, to differ from backends/net/base64.c. */
static inline bool model_base64(struct ark_span *out, uint8_t **mem, const char *text, size_t len)
{
	size_t pad = len && text[len - 1] == '=' ? (len > 1 && text[len - 2] == '=' ? 2 : 1) : 0;
	*mem = malloc(len + 1);
	if (len % 4 || !*mem)
		return false;
	size_t n = 0;
	unsigned bits = 0, have = 0;
	for (size_t i = 0; i < len - pad; i++) {
		int v = model_sextet(text[i]);
		if (v < 0)
			return false;
		bits = bits << 6 | (unsigned)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			(*mem)[n++] = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	*out = ark_span(*mem, n);
	return bits == 0;
}

/* False when both twins are there or one is not what it should be; *there: one is. */
static inline bool model_bytes(json_t *root, const char *name, struct ark_span *out, uint8_t **mem,
			       bool *there)
{
	char twin_name[16];
	snprintf(twin_name, sizeof twin_name, "%s_b64", name);
	json_t *text = json_object_get(root, name);
	json_t *twin = json_object_get(root, twin_name);
	*there = text || twin;
	if (!*there)
		return true;
	if ((text && twin) || !json_is_string(text ? text : twin))
		return false;
	if (twin)
		return model_base64(out, mem, json_string_value(twin), json_string_length(twin));
	*out = ark_span(json_string_value(text), json_string_length(text));
	return true;
}

static inline bool model_known(const char *name)
{
	static const char *const known[] = { "space",	 "space_b64", "key",	  "key_b64",
					     "type",	 "expire_at", "flags",	  "meta",
					     "meta_b64", "value",     "value_b64" };
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (!strcmp(name, known[i]))
			return true;
	return false;
}

static inline bool model_integer(json_t *root, const char *name, uint64_t max, uint64_t *out)
{
	json_t *v = json_object_get(root, name);
	if (!v)
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    (uint64_t)json_integer_value(v) > max)
		return false;
	*out = (uint64_t)json_integer_value(v);
	return true;
}

static inline enum model model_fields(struct model_record *m)
{
	bool has_key, has_value, has_space, has_meta;
	uint64_t flags = 0;
	const char *name;
	json_t *member;
	json_object_foreach(m->root, name, member) if (!model_known(name)) return MODEL_NO;
	json_t *type = json_object_get(m->root, "type");
	json_t *meta = json_object_get(m->root, "meta");
	struct ark_span ignored;
	uint8_t *mem = NULL;
	bool meta_ok = true;
	if (json_object_get(m->root, "meta_b64"))
		meta_ok = !meta && model_bytes(m->root, "meta", &ignored, &mem, &has_meta);
	free(mem);
	m->r = (struct ark_record){ .type = ARK_TYPE_STRING, .expires_ms = ARK_NO_EXPIRY };
	if (type)
		m->r.type = json_is_string(type)
				    ? ark_type_from_name(ark_span(json_string_value(type),
								  json_string_length(type)))
				    : 0;
	if (!meta_ok || !m->r.type ||
	    !model_bytes(m->root, "space", &m->r.space, &m->mem[0], &has_space) ||
	    !model_bytes(m->root, "key", &m->r.key, &m->mem[1], &has_key) ||
	    !model_bytes(m->root, "value", &m->value, &m->mem[2], &has_value) || !has_key ||
	    !has_value ||
	    !model_integer(m->root, "expire_at", ARK_NO_EXPIRY - 1, &m->r.expires_ms) ||
	    !model_integer(m->root, "flags", UINT32_MAX, &flags))
		return MODEL_NO;
	m->r.flags = (uint32_t)flags;
	m->r.value_len = m->value.len;
	return MODEL_YES;
}

/* One line without its '\n', not blank. m is to be released whatever comes back. */
static inline enum model model_line(struct model_record *m, struct ark_span line)
{
	json_error_t why;
	*m = (struct model_record){ .root = NULL };
	if (memchr(line.p, '\0', line.len))
		return MODEL_NO; /* no JSON has one; jansson 2.14 steps over one behind a number */
	if (memmem(line.p, line.len, "-0", 2))
		return MODEL_UNSURE;
	/* Never JSON; yet jansson 2.14 loses a NUL byte that follows a number, and goes on. */
	if (memchr(line.p, '\0', line.len))
		return MODEL_NO;
	m->root = json_loadb((const char *)line.p, line.len,
			     JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
	if (!m->root &&
	    (strstr(why.text, "too big") || strstr(why.text, "overflow") ||
	     strstr(why.text, "NUL byte in object key") || strstr(why.text, "duplicate")))
		return MODEL_UNSURE;
	if (!json_is_object(m->root))
		return MODEL_NO;
	return model_fields(m);
}
