/*
 * dir_place.h - where in a folder a record stands (spec/21-dir.md section 3), for the target dir:.
 *
 * The folders on the way to the last place stay open: records come in order, so the next one is
 * near.
 */
#pragma once

#include "backends/net/dir_name.h"
#include "format/err.h"
#include "libarchive-kv/buf.h"

struct dir_level {
	int fd;
	size_t end; /* of its component in dir_tree.open_key; a slash follows */
};

struct dir_tree {
	char *path; /* of the folder, for messages */
	int root;   /* -1: not there yet, in a dry run */
	bool dry_run;
	bool marked;
	bool was_empty;	   /* when it was opened */
	bool many_devices; /* something is mounted below */
	uint64_t device;
	struct dir_level levels[ARKV_DIR_DEPTH_MAX + 1];
	size_t level_count; /* open below root */
	struct ark_buf open_space;
	struct ark_buf open_key;
	bool has_space_level; /* levels[0] is the space's */
	char why[256];	      /* of a refusal */
};

enum dir_place_state {
	DIR_PLACE_FREE,	   /* nothing is there */
	DIR_PLACE_TAKEN,   /* a regular file is there */
	DIR_PLACE_REFUSED, /* nothing of ours can be there: tree.why */
};

struct dir_place {
	enum dir_place_state state;
	int fd; /* the folder; borrowed until the next find; -1 in a dry run when it is not there */
	struct arkv_dir_name name;
	bool hashed;
	uint64_t size; /* of what is there */
};

enum ark_rc arkv_dir_init(struct dir_tree *t, const char *path, struct ark_err *err) ARK_CHECK;
void arkv_dir_close(struct dir_tree *t);
/* Opens the folder, and makes it when it is not there and its parent is; reads the marker. */
enum ark_rc arkv_dir_open(struct dir_tree *t, bool dry_run, struct ark_err *err) ARK_CHECK;
/* Finds the place of a record, and makes the folders to it (not in a dry run). The marker is
 * written when the place or the sidecar needs one. IO, NOSPACE and DENIED when the folder cannot be
 * used; what is wrong with this one record is DIR_PLACE_REFUSED. */
enum ark_rc arkv_dir_find(struct dir_tree *t, struct ark_span space, struct ark_span key,
			  bool has_sidecar, struct dir_place *out, struct ark_err *err) ARK_CHECK;
/* All that was written is on disk when this returns OK. */
enum ark_rc arkv_dir_flush(struct dir_tree *t, struct ark_err *err) ARK_CHECK;
