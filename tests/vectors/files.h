/* files.h - the files of spec/vectors: commented hexadecimal, SHA256SUMS, and dumps as JSON. */
#pragma once

#include "format/bytes.h"

#include <jansson.h>

struct vector {
	char path[160];	    /* "config/good-plain.hex", under the tree */
	char structure[64]; /* "config" */
	char name[96];	    /* "good-plain" */
	uint8_t *bytes;
	size_t len;
};

struct vector_list {
	struct vector *items; /* sorted by path */
	size_t count;
	char tree[512];
};

/* Reads all of <tree>/<structure>/<name>.hex. Ends the program with a message when a file is not
 * commented hexadecimal: digits in pairs, blanks, and '#' to the end of a line. */
void vector_list_load(struct vector_list *list, const char *tree);
void vector_list_free(struct vector_list *list);

/* The whole file, terminated behind its end; NULL when it cannot be read. */
char *file_read(const char *tree, const char *path, size_t *len);

struct arkf_dump;
/* What a dump of bytes shows: {"structure", "fields": [[offset, size, name, value] ...]} and, when
 * it stopped, "stopped": [offset, name, why]. The fields are checked to cover bytes without gap or
 * overlap up to there: *gap is the first offset that breaks this, or SIZE_MAX. */
json_t *dump_to_json(const char *structure, void (*dump)(struct arkf_dump *d),
		     struct ark_span bytes, size_t *gap);
/* One field a line. */
void json_print(json_t *dumped);
