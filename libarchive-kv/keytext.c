/* keytext.c - see keytext.h. */
#include "libarchive-kv/keytext.h"

#include "format/id.h"

struct arkv_keytext arkv_key_text(struct ark_span key)
{
	struct arkv_keytext out;
	struct ark_wr wr = ark_wr(out.s, ARKV_KEYTEXT_MAX);
	for (size_t i = 0; i < key.len && !wr.full; i++) {
		uint8_t c = key.p[i];
		bool plain = c >= 0x20 && c < 0x7f && c != '\\';
		struct ark_hex hex = ark_hex_prefix(&c, 2);
		uint8_t escaped[4] = { '\\', 'x', (uint8_t)hex.s[0], (uint8_t)hex.s[1] };
		ark_wr_bytes(&wr, plain ? ark_span(&c, 1) : ark_span(escaped, sizeof escaped));
	}
	memcpy(out.s + wr.len, wr.full ? "..." : "", wr.full ? 4 : 1);
	return out;
}
