/* cmd_init.c - arkv init: a new repository in an empty place. */
#include "cli/commands.h"
#include "cli/human.h"
#include "cli/key.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/password.h"
#include "cli/say.h"
#include "libarchive-kv/clock.h"

#include <errno.h>
#include <string.h>

enum { KEY_ENCRYPTION = CLI_KEYS_COMMAND, KEY_KEY_FILE_NEW };

struct args {
	struct cli *cli;
	enum ark_suite suite;
	struct cli_new_key key;
};

static const struct argp_option options[] = {
	{ "encryption", KEY_ENCRYPTION, "SUITE", 0, "xchacha20-poly1305 (the default) or none", 0 },
	{ "key-file-new", KEY_KEY_FILE_NEW, "FILE", 0,
	  "Make this key file, and no password; whoever loses it loses the data", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_suite(struct args *a, const char *arg, struct argp_state *state)
{
	if (!strcmp(arg, "none"))
		a->suite = ARK_SUITE_NONE;
	else if (!strcmp(arg, "xchacha20-poly1305"))
		a->suite = ARK_SUITE_XCHACHA;
	else
		argp_error(state, "--encryption: \"%s\": write xchacha20-poly1305 or none", arg);
	return strcmp(arg, "none") && strcmp(arg, "xchacha20-poly1305") ? EINVAL : 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->cli->opts; return 0;
	case KEY_ENCRYPTION: return parse_suite(a, arg, state);
	case KEY_KEY_FILE_NEW: a->key.key_file = arg; return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "the location is given with -r, or ARKV_REPO: %s", arg);
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { CLI_OPTS_CHILD, { NULL, 0, NULL, 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Makes a repository in an empty place. The password comes from where all commands "
	       "take it, or is asked for twice.",
	.children = children,
};

/* The slot of the new repository: its password is that of all commands, if one is named. */
static enum ark_rc fill_key(struct args *a, struct ark_err *err)
{
	if (a->key.key_file || !cli_password_is_named(a->cli))
		return cli_new_key_fill(&a->key, a->cli, err);
	enum ark_rc rc = cli_password(&a->key.password, a->cli, err);
	a->key.slot.kind = ARKF_SLOT_PASSPHRASE;
	a->key.slot.created_ms = arkv_clock_now_ms(arkv_clock_system());
	a->key.slot.passphrase = ark_secret_span(&a->key.password);
	return rc;
}

static void say(const struct args *a, const struct ark_uid *id)
{
	struct cli *cli = a->cli;
	bool encrypted = a->suite != ARK_SUITE_NONE;

	if (cli->opts.json) {
		cli_json_begin(cli, "summary");
		cli_json_text(cli, "repository", ark_uid_hex(id).s);
		cli_json_text(cli, "location", cli->opts.repo);
		cli_json_text(cli, "encryption", encrypted ? "xchacha20-poly1305" : "none");
		cli_json_end(cli);
		return;
	}
	if (cli->opts.quiet)
		return;
	cli_out(cli, "created repository %.8s at %s (%s)\n", ark_uid_hex(id).s, cli->opts.repo,
		!encrypted	  ? "not encrypted, zstd"
		: a->key.key_file ? "xchacha20-poly1305, key file, zstd"
				  : "xchacha20-poly1305, argon2id, zstd");
	if (a->key.key_file)
		cli_out(cli, "Keep copies of %s    Losing it loses the data.\n", a->key.key_file);
	else if (encrypted)
		cli_out(cli, "Keep an export of the key: arkv key export > kv.key    "
			     "Losing password and key loses the data.\n");
	else
		cli_out(cli, "Whoever can read the repository can read the data.\n");
}

static int init(struct args *a)
{
	ARK_AUTO(arkv_repo_freep) struct arkv_repo *repo = NULL;
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	bool encrypted = a->suite != ARK_SUITE_NONE;
	struct cli_path path;
	struct arkv_store *store = NULL;
	struct ark_err err = { .rc = ARK_OK };

	if (cli_location_check(a->cli, &err))
		return cli_report(a->cli, CLI_AT_COMMAND, &err);
	if (encrypted && fill_key(a, &err))
		return cli_report(a->cli, CLI_AT_COMMAND, &err);
	if (cli_store(&store, a->cli, &err))
		return cli_report(a->cli, CLI_AT_COMMAND, &err);
	struct arkv_repo_options options_ = { .store = store,
					      .where = a->cli->opts.repo,
					      .cache_root = cli_cache_root(&path, a->cli) };
	struct arkv_repo_new what = { .suite = a->suite,
				      .slot = encrypted ? &a->key.slot : NULL,
				      .made = encrypted ? &made : NULL };
	if (arkv_repo_init(&repo, &options_, &what, &err))
		return cli_report(a->cli, CLI_AT_INIT, &err);
	if (cli_new_key_write(&a->key, &made, &err))
		return cli_report(a->cli, CLI_AT_INIT, &err);
	say(a, arkv_repo_id(repo));
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct args a = { .cli = cli, .suite = ARK_SUITE_XCHACHA };
	int code = cli_parse(cli, &argp, argc, argv, &a);

	if (!code && a.key.key_file && a.suite == ARK_SUITE_NONE)
		code = cli_error(cli, CLI_USAGE, NULL,
				 "init: --encryption none takes no --key-file-new");
	if (!code)
		code = init(&a);
	cli_new_key_release(&a.key);
	return code;
}

const struct cli_command cmd_init = {
	.name = "init",
	.group = "setup",
	.summary = "make a repository in an empty place",
	.argp = &argp,
	.run = run,
};
