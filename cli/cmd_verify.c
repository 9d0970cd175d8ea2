/* cmd_verify.c - arkv verify: whether everything that archives need is there and whole. */
#include "cli/archive_ref.h"
#include "cli/commands.h"
#include "cli/human.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/repo_open.h"
#include "cli/say.h"
#include "libarchive-kv/verify.h"

#include <errno.h>
#include <stdlib.h>

enum { KEY_STRUCTURE = CLI_KEYS_COMMAND, KEY_PRESENCE, KEY_READ_DATA };

struct args {
	struct cli *cli;
	struct cli_source_opt source;
	char **refs; /* of argv */
	size_t ref_count;
	struct arkv_verify_options options;
};

static const struct argp_option options[] = {
	{ "structure", KEY_STRUCTURE, NULL, 0, "Archives, runs and their index pages", 0 },
	{ "presence", KEY_PRESENCE, NULL, 0,
	  "And whether every pack is there in its size (the default)", 0 },
	{ "read-data", KEY_READ_DATA, NULL, 0,
	  "And every byte: decrypt, unpack, compare with ids, counts and digests", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->source;
		state->child_inputs[1] = &a->cli->opts;
		return 0;
	case KEY_STRUCTURE: a->options.level = ARKV_VERIFY_STRUCTURE; return 0;
	case KEY_PRESENCE: a->options.level = ARKV_VERIFY_PRESENCE; return 0;
	case KEY_READ_DATA: a->options.level = ARKV_VERIFY_DATA; return 0;
	case ARGP_KEY_ARG:
		(void)arg;
		a->refs = &state->argv[state->next - 1];
		a->ref_count = (size_t)(state->argc - state->next) + 1;
		state->next = state->argc;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { CLI_SOURCE_CHILD,
					      CLI_OPTS_CHILD,
					      { NULL, 0, NULL, 0 } };
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[ARCHIVE...]",
	.doc = "Looks whether everything that archives need is there and whole: of the whole "
	       "repository when no archive is named.\v"
	       "What is wrong is listed with the archives and keys that it touches, and never ends "
	       "the search. The exit status is 13 when there is damage.",
	.children = children,
};

static const char *kind_name(enum arkv_damage_kind kind)
{
	switch (kind) {
	case ARKV_DAMAGE_MANIFEST: return "manifest";
	case ARKV_DAMAGE_RUN: return "run";
	case ARKV_DAMAGE_PAGE: return "page";
	case ARKV_DAMAGE_PACK: return "pack";
	case ARKV_DAMAGE_BLOCK: return "block";
	case ARKV_DAMAGE_CHUNK: return "chunk";
	case ARKV_DAMAGE_CONTENT: return "content";
	case ARKV_DAMAGE_SERVICE: return "service";
	}
	return "damage";
}

static void json_key(struct cli *cli, const char *name, const struct arkf_key *key)
{
	cli_json_object(cli, name);
	cli_json_bytes(cli, "space", key->space);
	cli_json_bytes(cli, "key", key->key);
	cli_json_object_end(cli);
}

static void damage_json(struct cli *cli, const struct arkv_damage *d)
{
	cli_json_begin(cli, "damage");
	cli_json_text(cli, "kind", kind_name(d->kind));
	cli_json_text(cli, "object", d->object);
	cli_json_text(cli, "what", d->what);
	cli_json_list(cli, "archives");
	for (size_t i = 0; i < d->archive_count; i++)
		cli_json_text(cli, NULL, ark_uid_hex(&d->archives[i]).s);
	cli_json_list_end(cli);
	cli_json_count(cli, "entries", d->entry_count);
	if (d->has_range)
		json_key(cli, "first", &d->first);
	if (d->has_range && d->has_last)
		json_key(cli, "before", &d->last);
	cli_json_list(cli, "keys");
	for (size_t i = 0; i < d->key_count; i++)
		json_key(cli, NULL, &d->keys[i]);
	cli_json_list_end(cli);
	cli_json_end(cli);
}

static void out_key(struct cli *cli, const struct arkf_key *key)
{
	if (key->space.len) {
		cli_out_safe(cli, key->space);
		cli_out(cli, " / ");
	}
	cli_out(cli, "\"");
	cli_out_safe(cli, key->key);
	cli_out(cli, "\"");
}

static void damage_archives(struct cli *cli, const struct arkv_damage *d)
{
	if (!d->archive_count)
		return;
	cli_out(cli, "  in %s", d->archive_count == 1 ? "archive" : "archives");
	for (size_t i = 0; i < d->archive_count && i < 8; i++)
		cli_out(cli, " %s", cli_short_id(&d->archives[i]).s);
	if (d->archive_count > 8)
		cli_out(cli, " and %s more", human_count(d->archive_count - 8).s);
	if (d->entry_count)
		cli_out(cli, ": %s", human_items(d->entry_count, "entry").s);
	cli_out(cli, "\n");
}

static void damage_keys(struct cli *cli, const struct arkv_damage *d)
{
	if (d->has_range) {
		cli_out(cli, "  keys from ");
		out_key(cli, &d->first);
		cli_out(cli, d->has_last ? " up to, without, " : " to the end");
		if (d->has_last)
			out_key(cli, &d->last);
		cli_out(cli, "\n");
	}
	for (size_t i = 0; i < d->key_count; i++) {
		cli_out(cli, "  key ");
		out_key(cli, &d->keys[i]);
		cli_out(cli, "\n");
	}
}

static void on_damage(void *ctx, const struct arkv_damage *d)
{
	struct cli *cli = ctx;

	cli_progress_stop(cli);
	if (cli->opts.json) {
		damage_json(cli, d);
		return;
	}
	cli_out(cli, "damaged %s: %s: ", kind_name(d->kind), d->object);
	cli_out_safe(cli, ark_span_str(d->what));
	cli_out(cli, "\n");
	damage_archives(cli, d);
	damage_keys(cli, d);
}

static void on_note(void *ctx, const char *object, uint64_t len, const char *what)
{
	struct cli *cli = ctx;

	if (cli->opts.json) {
		cli_json_begin(cli, "note");
		cli_json_text(cli, "object", object);
		cli_json_count(cli, "bytes", len);
		cli_json_text(cli, "what", what);
		cli_json_end(cli);
		return;
	}
	cli_verbose(cli, 1, "%s (%s): %s", object, human_bytes(len).s, what);
}

static void say_json(struct cli *cli, const struct arkv_verify_result *r)
{
	cli_json_begin(cli, "summary");
	cli_json_count(cli, "archives", r->archives);
	cli_json_count(cli, "runs", r->runs);
	cli_json_count(cli, "pages", r->pages);
	cli_json_count(cli, "packs", r->packs);
	cli_json_count(cli, "frames", r->frames);
	cli_json_count(cli, "records", r->records);
	cli_json_count(cli, "bytes_read", r->bytes_read);
	cli_json_count(cli, "damages", r->damages);
	cli_json_count(cli, "lost_archives", r->lost_archives);
	cli_json_count(cli, "lost_entries", r->lost_entries);
	cli_json_count(cli, "notes", r->notes);
	cli_json_count(cli, "unneeded_bytes", r->unneeded_bytes);
	cli_json_end(cli);
}

static void say(const struct args *a, const struct arkv_verify_result *r)
{
	struct cli *cli = a->cli;
	bool data = a->options.level == ARKV_VERIFY_DATA;

	cli_out(cli, "%s, %s, %s", human_items(r->archives, "archive").s,
		human_items(r->runs, "run").s, human_items(r->pages, "index page").s);
	if (a->options.level >= ARKV_VERIFY_PRESENCE)
		cli_out(cli, ", %s", human_items(r->packs, "pack").s);
	if (data)
		cli_out(cli, ", %s, %s", human_items(r->frames, "frame").s,
			human_items(r->records, "record").s);
	cli_out(cli, "; read %s\n", human_bytes(r->bytes_read).s);
	if (r->damages)
		cli_out(cli, "%s: %s touched, %s lost\n", human_items(r->damages, "damage").s,
			human_items(r->lost_archives, "archive").s,
			human_items(r->lost_entries, "entry").s);
	else
		cli_out(cli, "no damage%s\n",
			data ? "" : " found; --read-data looks at every byte");
	if (r->notes)
		cli_out(cli, "no archive needs %s of %s\n", human_items(r->notes, "object").s,
			human_bytes(r->unneeded_bytes).s);
}

static int verify(struct args *a, struct cli_archive *open)
{
	struct arkv_verify_result result = { .archives = 0 };
	struct arkv_verify_report report = {
		.damage = on_damage,
		.note = on_note,
		.ctx = a->cli,
	};
	struct ark_err err = { .rc = ARK_OK };

	cli_progress_start(a->cli, "verify");
	enum ark_rc rc = arkv_verify(open->repo, &a->options, &report, &a->cli->job, &result, &err);
	cli_progress_stop(a->cli);
	if (rc)
		return cli_report(a->cli, CLI_AT_ARCHIVE, &err);
	if (a->cli->opts.json)
		say_json(a->cli, &result);
	else if (!a->cli->opts.quiet)
		say(a, &result);
	if (result.damages && !a->cli->opts.json)
		return cli_error(a->cli, CLI_DAMAGED, NULL, "verify: the repository is damaged");
	return result.damages ? CLI_DAMAGED : CLI_OK;
}

/* The references as uids. */
static int pick(struct args *a, struct cli_archive *open, struct ark_uid *uids)
{
	for (size_t i = 0; i < a->ref_count; i++) {
		const struct arkv_archive_info *info;
		struct ark_err err = { .rc = ARK_OK };

		if (arkv_archives_find(&info, &open->list, a->refs[i], a->source.name, &err))
			return cli_report(a->cli, CLI_AT_ARCHIVE, &err);
		uids[i] = info->uid;
	}
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(cli_archive_release) struct cli_archive open = { .repo = NULL };
	struct args a = { .cli = cli, .options.level = ARKV_VERIFY_PRESENCE };
	int code = cli_parse(cli, &argp, argc, argv, &a);

	if (code)
		return code;
	struct ark_uid *uids = calloc(a.ref_count + 1, sizeof *uids);
	if (!uids)
		return cli_error(cli, CLI_FAILED, NULL, "verify: out of memory");
	code = a.ref_count ? cli_archives_open(&open, cli, a.source.name)
			   : cli_repo_open(&open.repo, cli);
	if (!code)
		code = pick(&a, &open, uids);
	a.options.archives = a.ref_count ? uids : NULL;
	a.options.archive_count = a.ref_count;
	if (!code)
		code = verify(&a, &open);
	free(uids);
	return code;
}

const struct cli_command cmd_verify = {
	.name = "verify",
	.aliases = "check",
	.group = "maintain",
	.summary = "look for damage",
	.argp = &argp,
	.run = run,
};
