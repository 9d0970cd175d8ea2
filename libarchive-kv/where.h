/*
 * where.h - a struct arkv_where as the local LMDB files hold it: 22 bytes, little-endian.
 */
#pragma once

#include "libarchive-kv/dedup.h"

enum { ARKV_WHERE_LEN = 5 * 4 + 2 };

void arkv_where_encode(uint8_t out[ARKV_WHERE_LEN], const struct arkv_where *where);
/* False unless bytes are 22. */
bool arkv_where_decode(struct arkv_where *out, struct ark_span bytes);
