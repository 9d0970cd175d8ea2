/*
 * table.h - rows with aligned columns, on stdout.
 */
#pragma once

#include "cli/cli.h"
#include "format/bytes.h"

enum { CLI_COLUMNS_MAX = 12 };

struct cli_table;

/* columns: headings, in order; one that begins with '>' is aligned to the right. Ends with NULL.
 * NULL: no memory. */
struct cli_table *cli_table_new(const char *const *columns);
/* The next cell, row after row. Text is made safe (human.h) and copied. */
void cli_table_cell(struct cli_table *table, const char *text);
void cli_table_bytes(struct cli_table *table, struct ark_span bytes);
/* Prints everything; the headings only when heads. NOMEM when a cell was lost. */
enum ark_rc cli_table_print(struct cli_table *table, struct cli *cli, bool heads,
			    struct ark_err *err) ARK_CHECK;
void cli_table_freep(struct cli_table **table);
