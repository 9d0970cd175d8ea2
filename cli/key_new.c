/* key_new.c - arkv key add, passwd, import, export: all that needs the root key. */
#include "cli/files.h"
#include "cli/key.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/password.h"
#include "cli/say.h"
#include "libarchive-kv/clock.h"

#include <errno.h>

enum {
	KEY_LABEL = CLI_KEYS_COMMAND,
	KEY_NEW_PASSWORD_FILE,
	KEY_KEY_FILE_NEW,
	KEY_PUBLIC,
	KEY_WRITE_ONLY,
	KEY_SEAL,
};

struct args {
	struct cli *cli;
	struct cli_new_key key;
	const char *file; /* import's argument, export's -o */
	bool takes_file;
	bool write_only;
	bool seal;
};

static const struct argp_option add_options[] = {
	{ "label", KEY_LABEL, "TEXT", 0, "What key list shows for it", 0 },
	{ "new-password-file", KEY_NEW_PASSWORD_FILE, "FILE", 0,
	  "Its first line is the new password (default: asked for twice)", 0 },
	{ "key-file-new", KEY_KEY_FILE_NEW, "FILE", 0, "Make a key file instead of a password", 0 },
	{ "public", KEY_PUBLIC, "HEX", 0, "For the holder of this X25519 public key", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static const struct argp_option export_options[] = {
	{ "write-only", KEY_WRITE_ONLY, NULL, 0,
	  "What a host needs to back up and deduplicate; it cannot read", 0 },
	{ "seal", KEY_SEAL, NULL, 0, "Under a password of its own", 0 },
	{ "new-password-file", KEY_NEW_PASSWORD_FILE, "FILE", 0,
	  "With --seal: its first line is that password (default: asked for twice)", 0 },
	{ "output", 'o', "FILE", 0, "Into this new file, which only this user can read", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_file(struct args *a, const char *arg, struct argp_state *state)
{
	if (!a->takes_file || a->file) {
		argp_error(state, "too many arguments: %s", arg);
		return EINVAL;
	}
	a->file = arg;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->cli->opts; return 0;
	case KEY_LABEL: a->key.label = arg; return 0;
	case KEY_NEW_PASSWORD_FILE: a->key.password_file = arg; return 0;
	case KEY_KEY_FILE_NEW: a->key.key_file = arg; return 0;
	case KEY_PUBLIC: a->key.recipient = arg; return 0;
	case KEY_WRITE_ONLY: a->write_only = true; return 0;
	case KEY_SEAL: a->seal = true; return 0;
	case 'o': a->file = arg; return 0;
	case ARGP_KEY_ARG: return parse_file(a, arg, state);
	case ARGP_KEY_END:
		if (a->file || !a->takes_file)
			return 0;
		argp_error(state, "which file? key import FILE");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { CLI_OPTS_CHILD, { NULL, 0, NULL, 0 } };

void cli_new_key_release(struct cli_new_key *k)
{
	ark_secret_release(&k->password);
	if (k->is_reserved)
		cli_secret_drop(k->key_file);
}

enum ark_rc cli_new_key_fill(struct cli_new_key *k, struct cli *cli, struct ark_err *err)
{
	k->slot.created_ms = arkv_clock_now_ms(arkv_clock_system());
	k->slot.label = ark_span_str(k->label ? k->label : "");
	if (k->key_file && k->recipient)
		return ark_fail(err, ARK_USAGE, "--key-file-new and --public: choose one");
	if (k->key_file) {
		k->slot.kind = ARKF_SLOT_KEYFILE;
		enum ark_rc reserved = cli_secret_reserve(k->key_file, err);
		k->is_reserved = !reserved;
		return reserved;
	}
	if (k->recipient) {
		k->slot.kind = ARKF_SLOT_PUBLIC;
		k->slot.recipient = &k->public;
		if (ark_id_from_hex(&k->public, ark_span_str(k->recipient)))
			return ARK_OK;
		return ark_fail(err, ARK_USAGE, "--public: 64 hexadecimal digits");
	}
	k->slot.kind = ARKF_SLOT_PASSPHRASE;
	enum ark_rc rc = cli_password_new(&k->password, cli, k->password_file, "new password", err);
	if (!rc)
		k->slot.passphrase = ark_secret_span(&k->password);
	return rc;
}

enum ark_rc cli_new_key_write(struct cli_new_key *k, const struct arkv_slot_made *made,
			      struct ark_err *err)
{
	if (!k->key_file)
		return ARK_OK;
	enum ark_rc rc = cli_secret_write(k->key_file, ark_secret_span(&made->key_file), err);
	k->is_reserved = rc != ARK_OK;
	return rc;
}

/* ---- a store and the root key ---- */

struct opened {
	struct arkv_store *store;
	struct cli_unlock unlock;
	struct arkv_unlocked who;
};

static void opened_release(struct opened *o)
{
	arkv_unlocked_release(&o->who);
	cli_unlock_release(&o->unlock);
	arkv_store_free(o->store);
}

static int open_with_root(struct opened *o, struct cli *cli)
{
	struct arkf_config config;
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_config_read(&config, &o->store, cli);

	if (code)
		return code;
	if (cli_unlock_fill(&o->unlock, cli, &err))
		return cli_report(cli, CLI_AT_COMMAND, &err);
	if (arkv_slots_open(&o->who, o->store, &o->unlock.unlock, &err))
		return cli_report(cli, CLI_AT_REPOSITORY, &err);
	return CLI_OK;
}

/* Makes the slot that a->key asks for. */
static int add_slot(struct args *a, struct opened *o)
{
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct ark_err err = { .rc = ARK_OK };

	if (cli_new_key_fill(&a->key, a->cli, &err))
		return cli_report(a->cli, CLI_AT_COMMAND, &err);
	if (arkv_slots_add(&made, o->store, &o->who, &a->key.slot, &err))
		return cli_report(a->cli, CLI_AT_KEYS, &err);
	if (cli_new_key_write(&a->key, &made, &err))
		return cli_report(a->cli, CLI_AT_COMMAND, &err);
	cli_note(a->cli, "added key %.8s%s%s", ark_uid_hex(&made.uid).s,
		 a->key.key_file ? "; it stands nowhere but in " : "",
		 a->key.key_file ? a->key.key_file : "");
	return CLI_OK;
}

static int run_add(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(opened_release) struct opened o = { .store = NULL };
	struct args a = { .cli = cli };
	int code = cli_parse(cli, cmd_key_add.argp, argc, argv, &a);

	if (!code)
		code = open_with_root(&o, cli);
	if (!code)
		code = add_slot(&a, &o);
	cli_new_key_release(&a.key);
	return code;
}

const struct cli_command cmd_key_add = {
	.name = "add",
	.summary = "add a password, key file or public key",
	.argp =
		&(const struct argp){
			.options = add_options,
			.parser = parse,
			.doc = "Adds a key to the repository, which is opened by one that "
			       "it has.",
			.children = children },
	.run = run_add,
};

/* ---- passwd ---- */

static int passwd(struct args *a, struct opened *o)
{
	ARK_AUTO(arkv_slot_made_release) struct arkv_slot_made made = { .key_file.p = NULL };
	struct ark_err err = { .rc = ARK_OK };

	if (cli_new_key_fill(&a->key, a->cli, &err))
		return cli_report(a->cli, CLI_AT_COMMAND, &err);
	if (arkv_slots_passwd(&made, o->store, &o->who, &a->key.slot, &err))
		return cli_report(a->cli, CLI_AT_KEYS, &err);
	cli_note(a->cli, "the password is changed; key %.8s takes the place of %.8s",
		 ark_uid_hex(&made.uid).s, ark_uid_hex(&o->who.slot).s);
	return CLI_OK;
}

static int run_passwd(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(opened_release) struct opened o = { .store = NULL };
	struct args a = { .cli = cli };
	int code = cli_parse(cli, cmd_key_passwd.argp, argc, argv, &a);

	if (!code)
		code = open_with_root(&o, cli);
	if (!code)
		code = passwd(&a, &o);
	cli_new_key_release(&a.key);
	return code;
}

static const struct argp_option passwd_options[] = {
	{ "new-password-file", KEY_NEW_PASSWORD_FILE, "FILE", 0,
	  "Its first line is the new password (default: asked for twice)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

const struct cli_command cmd_key_passwd = {
	.name = "passwd",
	.summary = "change the password",
	.argp =
		&(const struct argp){
			.options = passwd_options,
			.parser = parse,
			.doc = "Puts a new password in the place of the one that opened the "
			       "repository.",
			.children = children },
	.run = run_passwd,
};

/* ---- import ---- */

static int run_import(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(opened_release) struct opened o = { .store = NULL };
	struct args a = { .cli = cli, .takes_file = true };
	int code = cli_parse(cli, cmd_key_import.argp, argc, argv, &a);

	cli->opts.key_file = a.file ? a.file : cli->opts.key_file;
	if (!code)
		code = open_with_root(&o, cli);
	if (!code)
		code = add_slot(&a, &o);
	cli_new_key_release(&a.key);
	return code;
}

const struct cli_command cmd_key_import = {
	.name = "import",
	.summary = "make a new key from an export",
	.argp =
		&(const struct argp){
			.options = add_options,
			.parser = parse,
			.args_doc = "FILE",
			.doc = "Opens the repository by an export of its key, and adds a new "
			       "password (or key file): the way back when all keys are lost.",
			.children = children },
	.run = run_import,
};

/* ---- export ---- */

static enum ark_rc export_text(struct ark_secret *text, struct args *a, struct opened *o,
			       struct ark_err *err)
{
	if (a->write_only && a->seal)
		return ark_fail(err, ARK_USAGE, "--seal is not for --write-only: choose one");
	if (a->write_only)
		return arkv_keyfile_write_only(text, o->who.keys, err);
	enum ark_rc rc = a->seal ? cli_new_key_fill(&a->key, a->cli, err) : ARK_OK;
	return rc ? rc : arkv_slots_export(text, &o->who, a->seal ? &a->key.slot : NULL, err);
}

static int export(struct args *a, struct opened *o)
{
	ARK_AUTO(ark_secret_release) struct ark_secret text = { .p = NULL };
	struct ark_err err = { .rc = ARK_OK };

	if (!a->file && a->cli->out_is_tty)
		return cli_error(a->cli, CLI_USAGE, "give -o FILE, or send it to a file",
				 "key export: not onto a terminal");
	if (export_text(&text, a, o, &err))
		return cli_report(a->cli, CLI_AT_KEYS, &err);
	if ((a->file && cli_secret_reserve(a->file, &err)) ||
	    cli_secret_write(a->file ? a->file : "-", ark_secret_span(&text), &err))
		return cli_report(a->cli, CLI_AT_COMMAND, &err);
	if (!a->write_only && !a->seal)
		cli_note(a->cli,
			 "whoever has this export can read the repository: keep it offline");
	return CLI_OK;
}

static int run_export(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(opened_release) struct opened o = { .store = NULL };
	struct args a = { .cli = cli };
	int code = cli_parse(cli, cmd_key_export.argp, argc, argv, &a);

	if (!code && cli->opts.json)
		return cli_error(cli, CLI_USAGE, NULL, "key export: it has no JSON form");
	if (!code)
		code = open_with_root(&o, cli);
	if (!code)
		code = export(&a, &o);
	cli_new_key_release(&a.key);
	return code;
}

const struct cli_command cmd_key_export = {
	.name = "export",
	.summary = "write the key to keep it safe, or for a host that only writes",
	.argp =
		&(const struct argp){
			.options = export_options,
			.parser = parse,
			.doc = "Writes the root key as text. With it the repository opens even "
			       "when all keys in it are lost.",
			.children = children },
	.run = run_export,
};
