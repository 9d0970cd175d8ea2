/*
 * dir_name.h - names of files in folders that arkv writes (spec/21-dir.md sections 2 and 3).
 *
 * Pure functions. A component is the part of a key between two slashes.
 */
#pragma once

#include "format/bytes.h"

#define ARKV_DIR_MARKER ".arkv-dir"
#define ARKV_DIR_MARKER_TEXT "arkv dir 1\n"
#define ARKV_DIR_MARKER_ANY "arkv dir " /* how those of other versions begin */

enum {
	ARKV_DIR_NAME_MAX = 255,
	ARKV_DIR_DEPTH_MAX = 100, /* components of a path that is written */
};

struct arkv_dir_name {
	char s[ARKV_DIR_NAME_MAX + 1];
};

enum arkv_dir_form {
	ARKV_DIR_COMPONENT = '=',
	ARKV_DIR_OTHER = ':', /* the second spelling of a component */
	ARKV_DIR_SPACE = '@',
	ARKV_DIR_HASH = '#',
	ARKV_DIR_SIDECAR = '~',
	ARKV_DIR_TEMP = '!',
	ARKV_DIR_PLAIN = 0, /* the name stands for itself */
};

/* What a name is, by its beginning. */
enum arkv_dir_form arkv_dir_form_of(const char *name);
/* True when the component can be a name as it stands. top: it is the first one, without a space. */
bool arkv_dir_is_plain(struct ark_span component, bool top);
/* The name of a component or space in an escaped form; false when it is longer than a name can be.
 * */
bool arkv_dir_escape(struct arkv_dir_name *out, enum arkv_dir_form form, struct ark_span component);
/* The component or space that an escaped name stands for, appended to out; false when it is
 * malformed. */
bool arkv_dir_unescape(struct ark_wr *out, const char *name);
/* "%#..." of a record. */
struct arkv_dir_name arkv_dir_hash_name(struct ark_span space, struct ark_span key);
/* "%~name", or "%~%~" and a hash when that is too long. */
struct arkv_dir_name arkv_dir_sidecar_name(const char *name);
