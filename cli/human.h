/*
 * human.h - numbers, times and foreign bytes as people read them.
 *
 * Results are small structs, so that a call stands inside a printf's arguments: human_count(n).s
 */
#pragma once

#include "format/bytes.h"
#include "libarchive-kv/buf.h"

struct human {
	char s[56];
};

/* "1 archive", "4,812 archives"; "2 entries", "2 keys". */
struct human human_items(uint64_t n, const char *noun);
struct human human_count(uint64_t n);	  /* 4,812,003 */
struct human human_short(uint64_t n);	  /* 402k, 4.8M: rates */
struct human human_bytes(uint64_t n);	  /* 512 B, 41.8 MiB */
struct human human_duration(uint64_t ms); /* 0.4 s, 26 s, 4 min 10 s, 2 h 5 min, 3 d 4 h */
struct human human_percent(uint64_t part, uint64_t whole); /* 1.3%; "-" of nothing */
struct human human_time(uint64_t ms);			   /* 2026-11-20 03:00:04Z */
struct human human_minute(uint64_t ms);			   /* 2026-11-20 03:00 */
struct human human_iso(uint64_t ms);			   /* 2026-11-20T03:00:04.123Z */

/* Appends bytes as safe text: valid UTF-8 without control characters as it is, a backslash twice,
 * all else as \xHH. What a store holds must not steer anybody's terminal. */
void human_text(struct ark_wr *out, struct ark_span bytes);
/* How many columns that text takes, one a character. */
size_t human_width(struct ark_span text);
