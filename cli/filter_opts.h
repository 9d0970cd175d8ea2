/*
 * filter_opts.h - the filter options, the same for every command that takes them.
 */
#pragma once

#include "cli/cli.h"
#include "libarchive-kv/filter.h"

/* The input of cli_filter_argp. Starts as zeros; the filter is made when the first option comes. */
struct cli_filter {
	struct arkv_filter *filter; /* NULL: everything is wanted */
	bool nul_separated;	    /* -0: for lists of keys */
	const char *lists[64];	    /* --keys-from, read by cli_filter_finish */
	size_t list_count;
};

extern const struct argp cli_filter_argp;
#define CLI_FILTER_CHILD                                  \
	{                                                 \
		&cli_filter_argp, 0, "Which records:", 50 \
	}

/* All options are known: reads the lists. CLI_OK, or what was reported. */
int cli_filter_finish(struct cli_filter *f, struct cli *cli) ARK_CHECK;
/* Adds one option as if it had been given. */
enum ark_rc cli_filter_add(struct cli_filter *f, enum arkv_filter_option option, const char *text,
			   struct ark_err *err) ARK_CHECK;
void cli_filter_release(struct cli_filter *f);
