/*
 * keytext.h - a key as a message for people shows it.
 */
#pragma once

#include "format/bytes.h"

enum { ARKV_KEYTEXT_MAX = 120 };

struct arkv_keytext {
	char s[ARKV_KEYTEXT_MAX + 4];
};

/* Printable ASCII as it stands, other bytes and backslashes as \xHH; cut with "..." where it is
 * long. */
struct arkv_keytext arkv_key_text(struct ark_span key);
