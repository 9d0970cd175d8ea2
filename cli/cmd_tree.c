/* cmd_tree.c - arkv tree: how many records and bytes stand under each prefix. */
#include "cli/archive_ref.h"
#include "cli/commands.h"
#include "cli/filter_opts.h"
#include "cli/human.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "libarchive-kv/tree.h"

#include <errno.h>
#include <stdlib.h>

/* A node kept until all are known: parents come after their children, and are shown before them. */
struct node {
	struct ark_span space; /* both owned, in one piece of memory */
	struct ark_span prefix;
	unsigned depth;
	uint64_t records;
	uint64_t bytes;
};

struct args {
	struct cli *cli;
	const char *archive;
	struct cli_source_opt source;
	struct cli_filter filter;
	const char *delimiter;
	unsigned depth;
	struct node *nodes;
	size_t count;
	size_t cap;
};

static const struct argp_option options[] = {
	{ "depth", 'd', "N", 0, "How many levels are told apart (1)", 0 },
	{ "delimiter", 'D', "TEXT", 0, "What ends a level (:)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_depth(struct args *a, const char *arg, struct argp_state *state)
{
	char *end;
	long depth = strtol(arg, &end, 10);

	if (*end || !*arg || depth < 1 || depth > ARKV_TREE_DEPTH_MAX) {
		argp_error(state, "--depth: \"%s\": write 1 to %d", arg, ARKV_TREE_DEPTH_MAX);
		return EINVAL;
	}
	a->depth = (unsigned)depth;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->source;
		state->child_inputs[1] = &a->filter;
		state->child_inputs[2] = &a->cli->opts;
		return 0;
	case 'd': return parse_depth(a, arg, state);
	case 'D':
		if (!*arg || strlen(arg) > ARKV_DELIMITER_MAX) {
			argp_error(state, "--delimiter: 1 to %d bytes", ARKV_DELIMITER_MAX);
			return EINVAL;
		}
		a->delimiter = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (a->archive) {
			argp_error(state, "one archive, please: %s", arg);
			return EINVAL;
		}
		a->archive = arg;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	CLI_SOURCE_CHILD, CLI_FILTER_CHILD, CLI_OPTS_CHILD, { NULL, 0, NULL, 0 }
};
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[ARCHIVE]",
	.doc = "Shows how many keys and bytes stand under each prefix of the keys.",
	.children = children,
};

static enum ark_rc keep(struct args *a, const struct arkv_tree_node *n, struct ark_err *err)
{
	if (a->count == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 64;
		struct node *more = reallocarray(a->nodes, cap, sizeof *more);
		if (!more)
			return ark_fail(err, ARK_NOMEM, "tree: out of memory: give less --depth");
		a->nodes = more;
		a->cap = cap;
	}
	uint8_t *text = malloc(n->space.len + n->prefix.len + 1);
	if (!text)
		return ark_fail(err, ARK_NOMEM, "tree: out of memory: give less --depth");
	if (n->space.len)
		memcpy(text, n->space.p, n->space.len);
	if (n->prefix.len)
		memcpy(text + n->space.len, n->prefix.p, n->prefix.len);
	a->nodes[a->count++] = (struct node){
		.space = ark_span(text, n->space.len),
		.prefix = ark_span(text + n->space.len, n->prefix.len),
		.depth = n->depth,
		.records = n->records,
		.bytes = n->key_bytes + n->value_bytes,
	};
	return ARK_OK;
}

static enum ark_rc on_node(void *ctx, const struct arkv_tree_node *n, struct ark_err *err)
{
	struct args *a = ctx;

	if (!a->cli->opts.json)
		return keep(a, n, err);
	cli_json_begin(a->cli, "prefix");
	cli_json_bytes(a->cli, "space", n->space);
	cli_json_bytes(a->cli, "prefix", n->prefix);
	cli_json_count(a->cli, "depth", n->depth);
	cli_json_count(a->cli, "keys", n->records);
	cli_json_count(a->cli, "key_bytes", n->key_bytes);
	cli_json_count(a->cli, "value_bytes", n->value_bytes);
	cli_json_end(a->cli);
	return cli_out_check(a->cli, err);
}

static int in_order(const void *left, const void *right)
{
	const struct node *a = left, *b = right;
	int spaces = ark_span_cmp(a->space, b->space);

	if (spaces)
		return spaces;
	int prefixes = ark_span_cmp(a->prefix, b->prefix);
	return prefixes ? prefixes : (int)a->depth - (int)b->depth;
}

static void show(struct args *a)
{
	if (a->count)
		qsort(a->nodes, a->count, sizeof *a->nodes, in_order);
	for (size_t i = 0; i < a->count; i++) {
		const struct node *n = &a->nodes[i];

		cli_out(a->cli, "%12s %s  %10s  %*s", human_count(n->records).s,
			n->records == 1 ? "key " : "keys", human_bytes(n->bytes).s,
			2 * (int)n->depth, "");
		if (n->depth)
			cli_out_safe(a->cli, n->prefix);
		else if (n->space.len)
			cli_out_safe(a->cli, n->space);
		cli_out(a->cli, "%s\n", n->depth || n->space.len ? "" : "(all)");
	}
}

static int walk(struct args *a, struct cli_archive *open)
{
	struct arkv_find_result result = { .seen = 0 };
	struct ark_err err = { .rc = ARK_OK };
	struct arkv_tree_options options_ = {
		.delimiter = ark_span_str(a->delimiter),
		.depth = a->depth,
		.filter = a->filter.filter,
	};

	cli_progress_start(a->cli, "tree");
	enum ark_rc rc =
		arkv_tree(open->archive, &options_, on_node, a, &a->cli->job, &result, &err);
	cli_progress_stop(a->cli);
	if (rc)
		return cli_report(a->cli, CLI_AT_ARCHIVE, &err);
	show(a);
	return result.lost.places ? CLI_DAMAGED : CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	ARK_AUTO(cli_archive_release) struct cli_archive open = { .repo = NULL };
	struct args a = { .cli = cli, .delimiter = ":", .depth = 1 };
	int code = cli_parse(cli, &argp, argc, argv, &a);

	if (!code)
		code = cli_filter_finish(&a.filter, cli);
	if (!code)
		code = cli_archive_open(&open, cli, a.archive ? a.archive : "latest",
					a.source.name);
	if (!code)
		code = walk(&a, &open);
	for (size_t i = 0; i < a.count; i++)
		free((void *)(uintptr_t)a.nodes[i].space.p);
	free(a.nodes);
	cli_filter_release(&a.filter);
	return code;
}

const struct cli_command cmd_tree = {
	.name = "tree",
	.group = "look",
	.summary = "count keys and bytes by prefix",
	.argp = &argp,
	.run = run,
};
