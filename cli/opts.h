/*
 * opts.h - the options that all commands share, and the parsing of any command's arguments.
 *
 * The command line comes before the environment. Secrets are never arguments.
 */
#pragma once

#include "cli/cli.h"

/* A child of every command's argp; its input is a struct cli_opts. */
extern const struct argp cli_opts_argp;
#define CLI_OPTS_CHILD                                            \
	{                                                         \
		&cli_opts_argp, 0, "Options of all commands:", 90 \
	}

/* The options that stand before the command. Gives the index of the command in *next (argc: there
 * is none). */
int cli_parse_front(struct cli *cli, int argc, char **argv, int *next) ARK_CHECK;
/* The arguments of a command: CLI_OK, or CLI_USAGE after argp has said what is wrong. inputs go to
 * argp's children in their order through the parser's ARGP_KEY_INIT. */
int cli_parse(struct cli *cli, const struct argp *argp, int argc, char **argv, void *input)
	ARK_CHECK;
/* What the command line left open, from the environment. CLI_OK, or CLI_USAGE with a message. */
int cli_opts_environment(struct cli *cli) ARK_CHECK;

/* Keys of long options: each file has a range of its own. */
enum {
	CLI_KEYS_COMMON = 0x1000,
	CLI_KEYS_FILTER = 0x2000,
	CLI_KEYS_COMMAND = 0x3000,
};
