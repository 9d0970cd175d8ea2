/*
 * gen_text.h - words, numbers and dates, appended to an ark_wr.
 *
 * Words come from a list of 4,096 (common English ones, then made-up ones), frequent ones often.
 */
#pragma once

#include "format/bytes.h"

enum { GEN_WORD_COUNT = 4096, GEN_WORD_MAX = 16 };

struct gen_words {
	uint8_t len[GEN_WORD_COUNT];
	char text[GEN_WORD_COUNT][GEN_WORD_MAX]; /* without a terminator */
	uint16_t pick[65536];			 /* 16 random bits -> a word, by Zipf's law */
};

void gen_words_init(struct gen_words *words);

void gen_put_text(struct ark_wr *wr, const char *text);
void gen_put_char(struct ark_wr *wr, char c);
/* The word that the low 16 bits of random choose. */
void gen_put_word(struct ark_wr *wr, const struct gen_words *words, uint64_t random);
void gen_put_number(struct ark_wr *wr, uint64_t v);
/* Exactly digits (at most 20), with leading zeros; higher ones are cut off. */
void gen_put_digits(struct ark_wr *wr, uint64_t v, size_t digits);
/* The same in lower-case hexadecimal, at most 16. */
void gen_put_hex(struct ark_wr *wr, uint64_t v, size_t digits);
/* A second of the year 2025: 2025-12-31T23:59:59Z. */
void gen_put_date(struct ark_wr *wr, uint64_t random);
