/*
 * cat_out.h - where cat writes: stdout, a file that appears when it is complete, or JSON lines.
 */
#pragma once

#include "cli/cli.h"
#include "libarchive-kv/cursor.h"

struct cli_cat_out {
	struct cli *cli;
	FILE *file;	  /* NULL: stdout */
	const char *path; /* of the file that is to be */
	char *temp;	  /* its name until then */
	bool nul_ended;
};

/* path NULL: stdout. nul_ended: a zero byte behind each value. */
enum ark_rc cli_cat_begin(struct cli_cat_out *out, struct cli *cli, const char *path,
			  bool nul_ended, struct ark_err *err) ARK_CHECK;
/* The value of r, which cursor gave last. After CORRUPT a part of it may have been written. */
enum ark_rc cli_cat_value(struct cli_cat_out *out, struct arkv_cursor *cursor,
			  const struct ark_record *r, struct ark_err *err) ARK_CHECK;
/* Puts the file in its place when all is complete, else removes it. Frees. err may be NULL. */
enum ark_rc cli_cat_end(struct cli_cat_out *out, bool complete, struct ark_err *err) ARK_CHECK;

/* Safe text of a key for messages, cut where it does not fit. */
void cli_key_text(struct ark_wr *wr, struct ark_span key);
