/* table.c - rows with aligned columns, on stdout. */
#include "cli/table.h"

#include "cli/human.h"
#include "cli/out.h"

#include <stdlib.h>
#include <string.h>

struct cli_table {
	const char *const *columns;
	size_t column_count;
	size_t width[CLI_COLUMNS_MAX];
	size_t cell_count;
	struct ark_buf text; /* cells one behind the other */
	struct ark_buf ends; /* where each one ends in text: 8 bytes */
};

static const char *heading(const struct cli_table *table, size_t column)
{
	const char *name = table->columns[column];

	return *name == '>' ? name + 1 : name;
}

struct cli_table *cli_table_new(const char *const *columns)
{
	struct cli_table *table = calloc(1, sizeof *table);

	if (!table)
		return NULL;
	table->columns = columns;
	while (columns[table->column_count] && table->column_count < CLI_COLUMNS_MAX) {
		table->width[table->column_count] = 0;
		table->column_count++;
	}
	ark_buf_init(&table->text);
	ark_buf_init(&table->ends);
	return table;
}

void cli_table_freep(struct cli_table **table)
{
	if (!*table)
		return;
	ark_buf_release(&(*table)->text);
	ark_buf_release(&(*table)->ends);
	free(*table);
}

void cli_table_bytes(struct cli_table *table, struct ark_span bytes)
{
	size_t start = table->text.wr.len, column = table->cell_count++ % table->column_count;

	human_text(&table->text.wr, bytes);
	ark_wr_u64(&table->ends.wr, table->text.wr.len);
	if (table->text.wr.full || table->ends.wr.full)
		return;
	size_t width = human_width(ark_span(table->text.wr.p + start, table->text.wr.len - start));
	if (width > table->width[column])
		table->width[column] = width;
}

void cli_table_cell(struct cli_table *table, const char *text)
{
	cli_table_bytes(table, ark_span_str(text));
}

static void print_cell(const struct cli_table *table, struct cli *cli, size_t column,
		       struct ark_span text)
{
	bool last = column + 1 == table->column_count, right = *table->columns[column] == '>';
	size_t pad = table->width[column] - human_width(text);

	if (right)
		cli_out(cli, "%*s", (int)pad, "");
	cli_out_bytes(cli, text);
	if (!right && !last)
		cli_out(cli, "%*s", (int)pad, "");
	cli_out(cli, "%s", last ? "\n" : "  ");
}

enum ark_rc cli_table_print(struct cli_table *table, struct cli *cli, bool heads,
			    struct ark_err *err)
{
	enum ark_rc rc = ark_buf_check(&table->text, "table", err);
	size_t start = 0;

	if (!rc)
		rc = ark_buf_check(&table->ends, "table", err);
	if (rc)
		return rc;
	for (size_t i = 0; heads && i < table->column_count; i++) {
		size_t width = strlen(heading(table, i));
		if (width > table->width[i])
			table->width[i] = width;
	}
	for (size_t i = 0; heads && i < table->column_count; i++)
		print_cell(table, cli, i, ark_span_str(heading(table, i)));
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t end = (size_t)ark_le64(table->ends.wr.p + 8 * i);
		print_cell(table, cli, i % table->column_count,
			   ark_span(table->text.wr.p + start, end - start));
		start = end;
	}
	return cli_out_check(cli, err);
}
