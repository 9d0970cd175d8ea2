/*
 * spaces.h - looks a key up when nobody has said in which space it is.
 *
 * The empty space is tried first, as it is the first in order and most stores have no other. Only
 * a key that is not there makes the spaces of the archive be looked for, once: a seek for each.
 */
#pragma once

#include "libarchive-kv/cursor.h"

/* Starts as zeros. */
struct cli_spaces {
	struct ark_buf names; /* length (u32) and bytes of each, the empty one left out */
	bool is_known;
};
void cli_spaces_release(struct cli_spaces *s);

/* The record of key in the first space that has it. As arkv_cursor_get. */
enum ark_rc cli_spaces_get(struct cli_spaces *s, struct arkv_cursor *cursor, struct ark_span key,
			   struct ark_record *out, struct ark_err *err) ARK_CHECK;
