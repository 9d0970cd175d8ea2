/* cmd_key.c - arkv key: who can open the repository. list and remove here, making keys in
 * key_new.c. */
#include "cli/commands.h"
#include "cli/human.h"
#include "cli/key.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/table.h"

#include <errno.h>
#include <string.h>

struct args {
	struct cli *cli;
	const char *id;
	bool takes_id;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->cli->opts; return 0;
	case ARGP_KEY_ARG:
		if (a->id || !a->takes_id) {
			argp_error(state, "too many arguments: %s", arg);
			return EINVAL;
		}
		a->id = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->id || !a->takes_id)
			return 0;
		argp_error(state, "which key? arkv key list shows their ids");
		return EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { CLI_OPTS_CHILD, { NULL, 0, NULL, 0 } };

int cli_config_read(struct arkf_config *out, struct arkv_store **store, struct cli *cli)
{
	ARK_AUTO(ark_buf_release) struct ark_buf bytes;
	struct ark_err err = { .rc = ARK_OK };

	ark_buf_init(&bytes);
	if (cli_store(store, cli, &err) || arkv_store_open(*store, &err) ||
	    arkv_store_get(*store, "config", 0, ARKV_TO_END, &bytes, &err) ||
	    arkf_config_decode(out, ark_buf_span(&bytes), &err))
		return cli_report(cli, CLI_AT_REPOSITORY, &err);
	if (out->suite == ARK_SUITE_NONE)
		return cli_error(cli, CLI_FAILED, NULL,
				 "%s: this repository is not encrypted, and has no keys",
				 cli->opts.repo);
	return CLI_OK;
}

/* ---- list ---- */

static const char *kind_name(enum arkf_slot_kind kind)
{
	switch (kind) {
	case ARKF_SLOT_PASSPHRASE: return "password";
	case ARKF_SLOT_KEYFILE: return "key file";
	case ARKF_SLOT_PUBLIC: return "public key";
	}
	return "?";
}

struct list {
	struct cli *cli;
	struct cli_table *table; /* NULL: JSON */
	bool is_damaged;
};

static void slot_json(struct cli *cli, const struct arkv_slot_info *info)
{
	cli_json_begin(cli, "key");
	cli_json_text(cli, "id", ark_uid_hex(&info->uid).s);
	if (info->state) {
		cli_json_text(cli, "problem", info->problem);
		cli_json_end(cli);
		return;
	}
	cli_json_text(cli, "kind", kind_name(info->kind));
	cli_json_text(cli, "label", info->label);
	cli_json_text(cli, "created", human_iso(info->created_ms).s);
	if (info->kind == ARKF_SLOT_PASSPHRASE) {
		cli_json_count(cli, "argon2id_passes", info->passes);
		cli_json_count(cli, "argon2id_memory_kib", info->memory_kib);
	}
	if (info->kind == ARKF_SLOT_PUBLIC)
		cli_json_text(cli, "recipient", ark_id_hex(&info->recipient).s);
	cli_json_end(cli);
}

static void slot_row(struct cli_table *table, const struct arkv_slot_info *info)
{
	char cost[96] = "";

	cli_table_cell(table, ark_hex_prefix(info->uid.b, 8).s);
	if (info->state) {
		cli_table_cell(table, "(damaged)");
		cli_table_cell(table, "");
		cli_table_cell(table, info->problem);
		cli_table_cell(table, "");
		return;
	}
	if (info->kind == ARKF_SLOT_PASSPHRASE)
		snprintf(cost, sizeof cost, "argon2id %s, %u passes",
			 human_bytes((uint64_t)info->memory_kib << 10).s, info->passes);
	if (info->kind == ARKF_SLOT_PUBLIC)
		snprintf(cost, sizeof cost, "to %.16s", ark_id_hex(&info->recipient).s);
	cli_table_cell(table, kind_name(info->kind));
	cli_table_cell(table, human_minute(info->created_ms).s);
	cli_table_cell(table, info->label);
	cli_table_cell(table, cost);
}

static enum ark_rc on_slot(void *ctx, const struct arkv_slot_info *info, struct ark_err *err)
{
	struct list *list = ctx;

	list->is_damaged = list->is_damaged || info->state;
	if (list->table)
		slot_row(list->table, info);
	else
		slot_json(list->cli, info);
	return cli_out_check(list->cli, err);
}

static int run_list(struct cli *cli, int argc, char **argv)
{
	static const char *const columns[] = {
		"ID", "KIND", "CREATED (UTC)", "LABEL", "COST", NULL
	};
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
	ARK_AUTO(cli_table_freep) struct cli_table *table = NULL;
	struct args a = { .cli = cli };
	struct arkf_config config;
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_parse(cli, cmd_key_list.argp, argc, argv, &a);

	if (!code)
		code = cli_config_read(&config, &store, cli);
	if (code)
		return code;
	if (!cli->opts.json && !(table = cli_table_new(columns)))
		return cli_error(cli, CLI_FAILED, NULL, "key list: out of memory");
	struct list list = { .cli = cli, .table = table };
	enum ark_rc rc = arkv_slots_list(store, &config, on_slot, &list, &err);
	if (!rc && table)
		rc = cli_table_print(table, cli, true, &err);
	if (rc)
		return cli_report(cli, CLI_AT_KEYS, &err);
	return list.is_damaged ? CLI_DAMAGED : CLI_OK;
}

const struct cli_command cmd_key_list = {
	.name = "list",
	.summary = "list keys",
	.argp = &(
		const struct argp){ .parser = parse,
				    .doc = "Lists the keys that open the repository. Needs none of "
					   "them.",
				    .children = children },
	.run = run_list,
};

/* ---- remove ---- */

struct match {
	const char *digits;
	struct ark_uid uid;
	unsigned count;
};

static enum ark_rc on_match(void *ctx, const struct arkv_slot_info *info, struct ark_err *err)
{
	struct match *m = ctx;

	(void)err;
	if (strncmp(ark_uid_hex(&info->uid).s, m->digits, strlen(m->digits)))
		return ARK_OK;
	m->uid = info->uid;
	m->count++;
	return ARK_OK;
}

static int remove_slot(struct cli *cli, const char *id)
{
	ARK_AUTO(arkv_store_freep) struct arkv_store *store = NULL;
	struct arkf_config config;
	struct match m = { .digits = id };
	struct ark_err err = { .rc = ARK_OK };
	int code = cli_config_read(&config, &store, cli);

	if (code)
		return code;
	if (strlen(id) < 4)
		return cli_error(cli, CLI_USAGE, NULL, "key remove: %s: at least 4 digits", id);
	if (arkv_slots_list(store, &config, on_match, &m, &err))
		return cli_report(cli, CLI_AT_KEYS, &err);
	if (m.count != 1)
		return cli_error(cli, m.count ? CLI_USAGE : CLI_NOT_FOUND,
				 "arkv key list shows the keys", "key remove: %s: %s", id,
				 m.count ? "several keys begin so" : "no such key");
	if (arkv_slots_remove(store, &config, &m.uid, &err))
		return cli_report(cli, CLI_AT_KEYS, &err);
	cli_note(cli,
		 "removed key %.8s; a copy of it that somebody kept still opens this repository",
		 ark_uid_hex(&m.uid).s);
	return CLI_OK;
}

static int run_remove(struct cli *cli, int argc, char **argv)
{
	struct args a = { .cli = cli, .takes_id = true };
	int code = cli_parse(cli, cmd_key_remove.argp, argc, argv, &a);

	return code ? code : remove_slot(cli, a.id);
}

const struct cli_command cmd_key_remove = {
	.name = "remove",
	.summary = "remove a key",
	.argp = &(const struct argp){ .parser = parse,
				      .args_doc = "ID",
				      .doc = "Removes a key. The last one stays.",
				      .children = children },
	.run = run_remove,
};

static const struct cli_command *const subs[] = {
	&cmd_key_list,	 &cmd_key_add, &cmd_key_remove, &cmd_key_passwd, &cmd_key_export,
	&cmd_key_import, NULL,
};

const struct cli_command cmd_key = {
	.name = "key",
	.group = "setup",
	.summary = "list, add, remove and export keys",
	.subs = subs,
};
