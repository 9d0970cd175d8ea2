/* debug_options.c - the option tables as lines: what completions and manual are held against. */
#include "cli/debug.h"
#include "cli/out.h"

#include <ctype.h>
#include <string.h>

static void option_line(struct cli *cli, const char *path, const struct argp_option *o,
			const char *arg)
{
	bool has_short = o->key > ' ' && o->key < 127 && isgraph(o->key);

	if (!o->name && !has_short)
		return;
	cli_out(cli, "option\t%s\t%s%s\t", path, o->name ? "--" : "", o->name ? o->name : "");
	if (has_short)
		cli_out(cli, "-%c", o->key);
	cli_out(cli, "\t%s\n", arg ? arg : "");
}

static void argp_lines(struct cli *cli, const char *path, const struct argp *argp)
{
	const char *arg = NULL;

	for (const struct argp_option *o = argp->options; o && (o->name || o->key || o->doc); o++) {
		if (!(o->flags & OPTION_ALIAS))
			arg = o->arg;
		if (!(o->flags & OPTION_HIDDEN))
			option_line(cli, path, o, arg);
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		argp_lines(cli, path, c->argp);
}

void cli_debug_options(struct cli *cli, const struct cli_command *const *commands, const char *path)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct cli_command *command = commands[i];
		char words[64];

		snprintf(words, sizeof words, "%s%s", path, command->name);
		cli_out(cli, "command\t%s\t%s\n", words, command->aliases ? command->aliases : "");
		if (command->argp)
			argp_lines(cli, words, command->argp);
		if (!command->subs)
			continue;
		snprintf(words, sizeof words, "%s%s ", path, command->name);
		cli_debug_options(cli, command->subs, words);
	}
}
