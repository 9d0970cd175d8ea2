/* cmd_cat.c - arkv cat: the values of keys, exactly. */
#include "cli/archive_ref.h"
#include "cli/cat_out.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/spaces.h"
#include "libarchive-kv/cursor.h"

#include <errno.h>
#include <stdlib.h>

enum { KEY_SPACE = CLI_KEYS_COMMAND, KEY_KEYS_FROM };
enum { LIST_MAX = 1 << 30 };

struct args {
	struct cli *cli;
	const char *archive;
	struct cli_source_opt source;
	char **keys; /* of argv */
	size_t key_count;
	const char *keys_from;
	struct ark_buf list; /* what stands there */
	const char *space;   /* NULL: the first that has the key */
	const char *output;
	bool nul_separated;
	bool is_missing; /* a key was not found */
	bool is_damaged;
};

static const struct argp_option options[] = {
	{ "space", KEY_SPACE, "SPACE", 0,
	  "In this space (default: the first that has the key, in their order)", 0 },
	{ "db", 0, NULL, OPTION_ALIAS, NULL, 0 },
	{ "keys-from", KEY_KEYS_FROM, "FILE", 0,
	  "Further keys, one a line, or NUL-separated with -0; - is standard input", 0 },
	{ "output", 'o', "FILE", 0,
	  "Into this file, which appears when it is complete; one that is there is replaced", 0 },
	{ NULL, '0', NULL, 0, "A NUL byte behind each value, and between the keys of --keys-from",
	  0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_arg(struct args *a, char *arg, struct argp_state *state)
{
	if (!a->archive) {
		a->archive = arg;
		return 0;
	}
	a->keys = &state->argv[state->next - 1];
	a->key_count = (size_t)(state->argc - state->next) + 1;
	state->next = state->argc;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->source;
		state->child_inputs[1] = &a->cli->opts;
		return 0;
	case KEY_SPACE: a->space = arg; return 0;
	case KEY_KEYS_FROM: a->keys_from = arg; return 0;
	case 'o': a->output = arg; return 0;
	case '0': a->nul_separated = true; return 0;
	case ARGP_KEY_ARG: return parse_arg(a, arg, state);
	case ARGP_KEY_END:
		if (a->archive && (a->key_count || a->keys_from))
			return 0;
		argp_error(state, "name an archive and a key: cat latest user:123");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { CLI_SOURCE_CHILD,
					      CLI_OPTS_CHILD,
					      { NULL, 0, NULL, 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "ARCHIVE KEY...",
	.doc = "Writes the values of keys, exactly their bytes, in the order of the keys.\v"
	       "The exit status is 5 when a key is not there. With --json each value stands in a "
	       "line as value_b64.",
	.children = children,
};

struct job {
	struct args *a;
	struct arkv_cursor *cursor;
	struct cli_spaces spaces;
	struct cli_cat_out out;
};

/* OK, NOTFOUND, or what went wrong. */
static enum ark_rc look_up(struct job *j, struct ark_span key, struct ark_record *r,
			   struct ark_err *err)
{
	if (j->a->space)
		return arkv_cursor_get(j->cursor, ark_span_str(j->a->space), key, r, err);
	return cli_spaces_get(&j->spaces, j->cursor, key, r, err);
}

static void missing(struct job *j, struct ark_span key, const struct ark_err *err)
{
	char name[200];
	struct ark_wr wr = ark_wr(name, sizeof name - 1);

	cli_key_text(&wr, key);
	name[wr.len] = 0;
	if (err->rc == ARK_NOTFOUND) {
		j->a->is_missing = true;
		(void)cli_error(j->a->cli, CLI_NOT_FOUND, NULL, "%s: not in archive %s", name,
				j->a->archive);
		return;
	}
	j->a->is_damaged = true;
	(void)cli_error(j->a->cli, CLI_DAMAGED, NULL, "%s: %s", name, err->text);
}

/* What is missing or damaged is named, and the next key is tried; all else ends it. */
static enum ark_rc one_key(struct job *j, struct ark_span key, struct ark_err *err)
{
	struct ark_record r;
	enum ark_rc rc = arkv_job_check(&j->a->cli->job, err);

	if (!rc)
		rc = look_up(j, key, &r, err);
	if (!rc)
		rc = cli_cat_value(&j->out, j->cursor, &r, err);
	if (rc != ARK_NOTFOUND && rc != ARK_CORRUPT)
		return rc;
	missing(j, key, err);
	return ARK_OK;
}

static enum ark_rc listed_keys(struct job *j, struct ark_err *err)
{
	char separator = j->a->nul_separated ? 0 : '\n';
	enum ark_rc rc = ARK_OK;

	for (struct ark_span left = ark_buf_span(&j->a->list); !rc && left.len;) {
		const uint8_t *end = memchr(left.p, separator, left.len);
		size_t len = end ? (size_t)(end - left.p) : left.len;

		if (len || !separator)
			rc = one_key(j, ark_span(left.p, len), err);
		len += end != NULL;
		left = ark_span(left.p + len, left.len - len);
	}
	return rc;
}

static enum ark_rc all_keys(struct job *j, struct ark_err *err)
{
	enum ark_rc rc = ARK_OK;

	for (size_t i = 0; !rc && i < j->a->key_count; i++)
		rc = one_key(j, ark_span_str(j->a->keys[i]), err);
	return rc ? rc : listed_keys(j, err);
}

static int cat(struct args *a)
{
	ARK_AUTO(cli_archive_release) struct cli_archive open = { .repo = NULL };
	ARK_AUTO(arkv_cursor_freep) struct arkv_cursor *cursor = NULL;
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_archive_open(&open, a->cli, a->archive, a->source.name);

	if (code)
		return code;
	if (arkv_cursor_open(&cursor, open.archive, NULL, &err))
		return cli_report(a->cli, CLI_AT_ARCHIVE, &err);
	struct job j = { .a = a, .cursor = cursor };
	cli_progress_start(a->cli, "cat");
	if (cli_cat_begin(&j.out, a->cli, a->output, a->nul_separated, &err))
		return cli_report(a->cli, CLI_AT_COMMAND, &err);
	enum ark_rc rc = all_keys(&j, &err);
	bool complete = !rc && !a->is_missing && !a->is_damaged;
	enum ark_rc last = cli_cat_end(&j.out, complete, rc ? NULL : &err);
	cli_spaces_release(&j.spaces);
	if (rc || last)
		return cli_report(a->cli, rc ? CLI_AT_ARCHIVE : CLI_AT_COMMAND, &err);
	if (a->is_damaged)
		return CLI_DAMAGED;
	return a->is_missing ? CLI_NOT_FOUND : CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct args a = { .cli = cli };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_parse(cli, &argp, argc, argv, &a);

	ark_buf_init(&a.list);
	if (!code && a.keys_from &&
	    cli_file_read(&a.list, a.keys_from, "--keys-from", LIST_MAX, &err))
		code = cli_report(cli, CLI_AT_COMMAND, &err);
	if (!code)
		code = cat(&a);
	ark_buf_release(&a.list);
	return code;
}

const struct cli_command cmd_cat = {
	.name = "cat",
	.aliases = "dump get",
	.group = "look",
	.summary = "write the values of keys",
	.argp = &argp,
	.run = run,
};
