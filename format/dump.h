/*
 * dump.h - shows a structure field by field, offset by offset: for `arkv debug dump` and the
 * vectors.
 *
 * Each codec has  void arkf_<structure>_dump(struct arkf_dump *d);  which walks its bytes with the
 * calls below, in their order, each naming its field. Whatever is read is emitted; what cannot be
 * read stops the dump, names the field in d->stopped and says why, and all later calls do nothing.
 * A dump shows; it does not judge as the decoder does: a wrong value is shown, and only what leaves
 * no way on (a cut, a bad varint, a count above its maximum) stops it.
 */
#pragma once

#include "format/id.h"

enum {
	ARKF_DUMP_NAME_MAX = 96,
	/* Of a longer field the first half of these bytes is shown, then "...". */
	ARKF_DUMP_SHOWN_MAX = 200,
	ARKF_DUMP_TEXT_MAX = 4 * ARKF_DUMP_SHOWN_MAX + 4,
};

/* One field: size bytes at offset. name and text are terminated and borrowed for the call; text is
 * a number in decimal, lower-case hexadecimal, or text with \xHH for what is not printable. */
typedef void arkf_dump_fn(void *ctx, size_t offset, size_t size, const char *name,
			  const char *text);

struct arkf_dump {
	arkf_dump_fn *emit;
	void *ctx;
	struct ark_span bytes;
	struct ark_rd rd;		     /* over bytes */
	char prefix[ARKF_DUMP_NAME_MAX];     /* "pair[3]." */
	char stopped_at[ARKF_DUMP_NAME_MAX]; /* the field's name, behind stopped */
	const char *stopped;		     /* NULL: all is well so far */
	const char *why;		     /* a static text, once stopped */
	size_t stopped_off;
};

void arkf_dump_init(struct arkf_dump *d, struct ark_span bytes, arkf_dump_fn *emit, void *ctx);

/* Each reads one field, emits it, and returns it: zero (empty) when the dump has stopped. */
uint64_t arkf_dump_u8(struct arkf_dump *d, const char *name);
uint64_t arkf_dump_u16(struct arkf_dump *d, const char *name);
uint64_t arkf_dump_u32(struct arkf_dump *d, const char *name);
uint64_t arkf_dump_u64(struct arkf_dump *d, const char *name);
uint64_t arkf_dump_varint(struct arkf_dump *d, const char *name);
int64_t arkf_dump_zigzag(struct arkf_dump *d, const char *name);
/* A varint that counts or measures: stops when it is above max. */
uint64_t arkf_dump_count(struct arkf_dump *d, const char *name, uint64_t max);
struct ark_span arkf_dump_hex(struct arkf_dump *d, const char *name, uint64_t len);
struct ark_span arkf_dump_text(struct arkf_dump *d, const char *name, uint64_t len);
/* `bytes` of spec/00: the length is emitted as "name.length", then the bytes. */
struct ark_span arkf_dump_lenhex(struct arkf_dump *d, const char *name, uint64_t max);
struct ark_span arkf_dump_lentext(struct arkf_dump *d, const char *name, uint64_t max);

/* The object header: magic, kind, version, suite, flags. Stops at another magic or kind; a later
 * version is shown, and stops too, as what follows may look different. Returns the suite. */
uint64_t arkf_dump_header(struct arkf_dump *d, const char *kind);
/* The extension list. */
void arkf_dump_ext(struct arkf_dump *d);
/* Names that follow get "name[index]." in front, until arkf_dump_item_end; one inside another. */
void arkf_dump_item(struct arkf_dump *d, const char *name, uint64_t index);
void arkf_dump_item_end(struct arkf_dump *d);

/* Stops the dump at the field that comes next. why is a static text. */
void arkf_dump_stop(struct arkf_dump *d, const char *name, const char *why);
/* Left-over bytes stop it, as "end". */
void arkf_dump_end(struct arkf_dump *d);
static inline size_t arkf_dump_left(const struct arkf_dump *d)
{
	return d->stopped ? 0 : ark_rd_left(&d->rd);
}
