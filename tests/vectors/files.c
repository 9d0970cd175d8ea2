/* files.c - see files.h. */
#include "tests/vectors/files.h"

#include "format/dump.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void die(const char *tree, const char *path, const char *why)
{
	fprintf(stderr, "%s/%s: %s\n", tree, path, why);
	exit(1);
}

char *file_read(const char *tree, const char *path, size_t *len)
{
	char full[768];
	snprintf(full, sizeof full, "%s/%s", tree, path);
	FILE *file = fopen(full, "rb");
	if (!file)
		return NULL;
	size_t cap = 1 << 16;
	char *text = malloc(cap);
	*len = 0;
	while (text) {
		*len += fread(text + *len, 1, cap - 1 - *len, file);
		if (*len < cap - 1)
			break;
		cap *= 2;
		char *more = realloc(text, cap);
		if (!more)
			free(text);
		text = more;
	}
	fclose(file);
	if (text)
		text[*len] = '\0';
	return text;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

static uint8_t *parse_hex(const struct vector_list *list, const char *path, size_t *len)
{
	size_t text_len;
	char *text = file_read(list->tree, path, &text_len);
	uint8_t *out = malloc(text_len / 2 + 1);
	if (!text || !out)
		die(list->tree, path, "cannot be read");
	*len = 0;
	for (const char *p = text; *p; p++) {
		if (*p == '#')
			p += strcspn(p, "\n") - 1;
		else if (!isspace((unsigned char)*p)) {
			if (digit(p[0]) < 0 || digit(p[1]) < 0)
				die(list->tree, path, "is not commented hexadecimal");
			out[(*len)++] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
			p++;
		}
	}
	free(text);
	return out;
}

static void add(struct vector_list *list, const char *structure, const char *file)
{
	struct vector *more = realloc(list->items, (list->count + 1) * sizeof *more);
	if (!more)
		die(list->tree, structure, "out of memory");
	list->items = more;
	struct vector *v = &more[list->count++];
	snprintf(v->path, sizeof v->path, "%s/%s", structure, file);
	snprintf(v->structure, sizeof v->structure, "%s", structure);
	snprintf(v->name, sizeof v->name, "%.*s", (int)(strlen(file) - 4), file);
	v->bytes = parse_hex(list, v->path, &v->len);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n > m && strcmp(s + n - m, end) == 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct vector *)a)->path, ((const struct vector *)b)->path);
}

static void add_folder(struct vector_list *list, const char *structure)
{
	char path[768];
	snprintf(path, sizeof path, "%s/%s", list->tree, structure);
	DIR *dir = opendir(path);
	if (!dir && errno == ENOTDIR)
		return;
	if (!dir)
		die(list->tree, structure, "cannot be opened");
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (ends_with(e->d_name, ".hex"))
			add(list, structure, e->d_name);
	closedir(dir);
}

void vector_list_load(struct vector_list *list, const char *tree)
{
	*list = (struct vector_list){ .items = NULL };
	snprintf(list->tree, sizeof list->tree, "%s", tree);
	DIR *dir = opendir(tree);
	if (!dir)
		die(tree, "", "cannot be opened");
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (e->d_name[0] != '.')
			add_folder(list, e->d_name);
	closedir(dir);
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, by_path);
}

void vector_list_free(struct vector_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].bytes);
	free(list->items);
	*list = (struct vector_list){ .items = NULL };
}

struct dumping {
	json_t *fields;
	size_t next; /* where the next field has to begin */
	size_t gap;
};

static void emit(void *ctx, size_t offset, size_t size, const char *name, const char *text)
{
	struct dumping *dumping = ctx;
	if (offset != dumping->next && dumping->gap == SIZE_MAX)
		dumping->gap = dumping->next;
	dumping->next = offset + size;
	json_array_append_new(dumping->fields, json_pack("[I,I,s,s]", (json_int_t)offset,
							 (json_int_t)size, name, text));
}

json_t *dump_to_json(const char *structure, void (*dump)(struct arkf_dump *d),
		     struct ark_span bytes, size_t *gap)
{
	struct dumping dumping = { .fields = json_array(), .gap = SIZE_MAX };
	struct arkf_dump d;
	arkf_dump_init(&d, bytes, emit, &dumping);
	dump(&d);
	json_t *out = json_pack("{s:s,s:o}", "structure", structure, "fields", dumping.fields);
	if (d.stopped)
		json_object_set_new(
			out, "stopped",
			json_pack("[I,s,s]", (json_int_t)d.stopped_off, d.stopped, d.why));
	else if (dumping.next != bytes.len && dumping.gap == SIZE_MAX)
		dumping.gap = dumping.next;
	*gap = dumping.gap;
	return out;
}

void json_print(json_t *dumped)
{
	json_t *fields = json_object_get(dumped, "fields");
	printf("{\"structure\": \"%s\", \"fields\": [",
	       json_string_value(json_object_get(dumped, "structure")));
	for (size_t i = 0; i < json_array_size(fields); i++) {
		char *row = json_dumps(json_array_get(fields, i), JSON_COMPACT);
		printf("%s\n  %s", i ? "," : "", row);
		free(row);
	}
	printf("\n]}\n");
}
