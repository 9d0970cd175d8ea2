/* debug.h - the parts of arkv debug. */
#pragma once

#include "cli/cli.h"

extern const struct cli_command cmd_debug_cat_object;
extern const struct cli_command cmd_debug_check_store;
extern const struct cli_command cmd_debug_dump;
extern const struct cli_command cmd_debug_list;
extern const struct cli_command cmd_debug_options;

/* Every command and option as lines, for completions, the manual and their test:
 *	command<TAB>key add<TAB>aliases
 *	option<TAB>key add<TAB>--label<TAB>-l<TAB>TEXT
 * path: the words so far, each with a blank. */
void cli_debug_options(struct cli *cli, const struct cli_command *const *commands,
		       const char *path);
