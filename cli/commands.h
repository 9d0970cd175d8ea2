/* commands.h - all commands by name: one file cmd_<verb>.c each. */
#pragma once

#include "cli/cli.h"

extern const struct cli_command cmd_archives;
extern const struct cli_command cmd_backup;
extern const struct cli_command cmd_cat;
extern const struct cli_command cmd_debug;
extern const struct cli_command cmd_export;
extern const struct cli_command cmd_find;
extern const struct cli_command cmd_help;
extern const struct cli_command cmd_init;
extern const struct cli_command cmd_key;
extern const struct cli_command cmd_ls;
extern const struct cli_command cmd_restore;
extern const struct cli_command cmd_stats;
extern const struct cli_command cmd_tree;
extern const struct cli_command cmd_verify;
extern const struct cli_command cmd_version;
