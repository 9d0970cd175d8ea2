/*
 * record_out.h - one record on stdout: its name, a long line, or JSON.
 */
#pragma once

#include "cli/cli.h"
#include "format/record.h"

/* The members of a JSON record, without value: space, key, type, size, expires. */
void cli_json_record(struct cli *cli, const struct ark_record *r);
/* "hash  412 B  2026-11-20 03:00  0  " in front of the key. */
void cli_out_long(struct cli *cli, const struct ark_record *r);
