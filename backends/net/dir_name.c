/* dir_name.c - see dir_name.h. */
#include "backends/net/dir_name.h"

#include "format/id.h"

#include <sodium.h>
#include <stdio.h>

enum arkv_dir_form arkv_dir_form_of(const char *name)
{
	if (name[0] != '%')
		return ARKV_DIR_PLAIN;
	switch (name[1]) {
	case '=': return ARKV_DIR_COMPONENT;
	case ':': return ARKV_DIR_OTHER;
	case '@': return ARKV_DIR_SPACE;
	case '#': return ARKV_DIR_HASH;
	case '~': return ARKV_DIR_SIDECAR;
	case '!': return ARKV_DIR_TEMP;
	default: return ARKV_DIR_PLAIN;
	}
}

bool arkv_dir_is_plain(struct ark_span c, bool top)
{
	if (c.len == 0 || c.len > ARKV_DIR_NAME_MAX || memchr(c.p, '\0', c.len))
		return false;
	if (c.p[0] == '%' && c.len > 1 && memchr("=:@#~!", c.p[1], 6))
		return false;
	if (c.p[0] != '.')
		return true;
	return !ark_span_eq(c, ark_span_str(".")) && !ark_span_eq(c, ark_span_str("..")) &&
	       !(top && ark_span_eq(c, ark_span_str(ARKV_DIR_MARKER)));
}

bool arkv_dir_escape(struct arkv_dir_name *out, enum arkv_dir_form form, struct ark_span c)
{
	size_t n = 2;
	out->s[0] = '%';
	out->s[1] = (char)form;
	for (size_t i = 0; i < c.len; i++) {
		bool escaped = c.p[i] == '%' || c.p[i] == '/' || c.p[i] == '\0';
		if (n + (escaped ? 3 : 1) > ARKV_DIR_NAME_MAX)
			return false;
		if (escaped) {
			snprintf(out->s + n, 4, "%%%02X", c.p[i]);
			n += 3;
		} else {
			out->s[n++] = (char)c.p[i];
		}
	}
	out->s[n] = '\0';
	return true;
}

static int upper_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool arkv_dir_unescape(struct ark_wr *out, const char *name)
{
	bool slash_allowed = name[1] == ARKV_DIR_SPACE;
	for (const char *p = name + 2; *p; p++) {
		uint8_t c = (uint8_t)*p;
		if (c == '%') {
			int high = upper_digit(p[1]);
			int low = high < 0 ? -1 : upper_digit(p[2]);
			if (low < 0)
				return false;
			c = (uint8_t)(high << 4 | low);
			p += 2;
		}
		if (c == '/' && !slash_allowed)
			return false;
		ark_wr_u8(out, c);
	}
	return true;
}

struct arkv_dir_name arkv_dir_hash_name(struct ark_span space, struct ark_span key)
{
	uint8_t mem[ARK_VARINT_MAX];
	struct ark_wr len = ark_wr(mem, sizeof mem);
	struct ark_id id;
	struct arkv_dir_name name;
	crypto_generichash_state state;
	ark_wr_varint(&len, space.len);
	crypto_generichash_init(&state, NULL, 0, sizeof id.b);
	crypto_generichash_update(&state, len.p, len.len);
	crypto_generichash_update(&state, space.p, space.len);
	crypto_generichash_update(&state, key.p, key.len);
	crypto_generichash_final(&state, id.b, sizeof id.b);
	snprintf(name.s, sizeof name.s, "%%#%s", ark_id_hex(&id).s);
	return name;
}

struct arkv_dir_name arkv_dir_sidecar_name(const char *name)
{
	struct arkv_dir_name out;
	struct ark_id id;
	size_t len = strlen(name);
	if (len + 2 <= ARKV_DIR_NAME_MAX) {
		snprintf(out.s, sizeof out.s, "%%~%.253s", name);
		return out;
	}
	crypto_generichash(id.b, sizeof id.b, (const uint8_t *)name, len, NULL, 0);
	snprintf(out.s, sizeof out.s, "%%~%%~%s", ark_id_hex(&id).s);
	return out;
}
