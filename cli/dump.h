/*
 * dump.h - arkv debug dump: an object field by field, and what its boxes hold.
 */
#pragma once

#include "cli/cli.h"
#include "format/dump.h"
#include "libarchive-kv/keys.h"

/* Shows bytes, which begin with a structure of dump, under a heading (NULL: none). CLI_OK, or
 * CLI_DAMAGED with a message that names the field. */
int cli_dump(struct cli *cli, const char *heading, void (*dump)(struct arkf_dump *d),
	     struct ark_span bytes) ARK_CHECK;

/* Opens the boxes of a whole object and shows each: of a manifest head, table, stacks and bounds;
 * of a pack the footer, and with -v each block; of a run root and refs, and with -v its pages; all
 * others are one box. Parts that this key cannot open are named. kind: of format/object.h. */
int cli_dump_boxes(struct cli *cli, struct arkv_keys *keys, const char *kind, struct ark_span bytes)
	ARK_CHECK;
