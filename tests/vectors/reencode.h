/*
 * reencode.h - decode, then encode, for each structure: the functions that handlers.c lists, and
 * what they share. Each returns what the decoder says; asserts hold what a decoder promises beyond.
 */
#pragma once

#include "format/err.h"
#include "format/keylist.h"
#include "format/packtable.h"

#include <assert.h>
#include <stdlib.h>

typedef enum ark_rc reencode_fn(struct ark_wr *out, struct ark_span in, struct ark_err *err);

reencode_fn reencode_pack;
reencode_fn reencode_frame;
reencode_fn reencode_footer;
reencode_fn reencode_hints;
reencode_fn reencode_block;
reencode_fn reencode_recipe;
reencode_fn reencode_page;
reencode_fn reencode_run;
reencode_fn reencode_root;
reencode_fn reencode_runrefs;
reencode_fn reencode_manifest;
reencode_fn reencode_head;
reencode_fn reencode_table;
reencode_fn reencode_stacks;
reencode_fn reencode_bounds;
reencode_fn reencode_sealed;
reencode_fn reencode_places;
reencode_fn reencode_remap;
reencode_fn reencode_session;
reencode_fn reencode_beat;
reencode_fn reencode_session_end;
reencode_fn reencode_reaped;
reencode_fn reencode_gc;
reencode_fn reencode_mark;
reencode_fn reencode_state_file;
reencode_fn reencode_state_page;
reencode_fn reencode_spill_file;
reencode_fn reencode_spill;

/* ---- what they share (reencode.c) ---- */

/* The end of a list: NOTFOUND is OK. */
enum ark_rc reencode_walked(enum ark_rc rc);
/* Encoders write no extensions: where in has some, and was written again up to them, they are
 * copied, so that out can be compared with in. */
void reencode_ext(struct ark_wr *out, struct ark_span in);
/* Walks a pack table that was begun, and writes it. */
enum ark_rc reencode_packtable(struct arkf_packtable_rd *it, struct ark_wr *out,
			       struct ark_err *err);

/* Keeps the keys that an iterator takes back with the next call. */
struct key_bag {
	uint8_t *p;
	size_t len;
};

enum { KEY_BAG_MAX = 4 << 20 };

void key_bag_release(struct key_bag *bag);
/* Makes *key a copy; LIMIT when front-coding unfolds to more than these tests care for. */
enum ark_rc key_bag_keep(struct key_bag *bag, struct ark_span *key, struct ark_err *err);
/* calloc, or the end. */
void *need_items(uint64_t count, size_t size);
void release_items(void *items_at);
