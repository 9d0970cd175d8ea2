/* filter_opts.c - the filter options. */
#include "cli/filter_opts.h"

#include "cli/files.h"
#include "cli/opts.h"
#include "cli/say.h"
#include "libarchive-kv/clock.h"

#include <errno.h>

enum { KEY_FIRST = CLI_KEYS_FILTER, KEY_KEYS_FROM = CLI_KEYS_FILTER + 100 };
enum { LIST_MAX = 1 << 30 };

#define OPTION(name, option, arg, doc)                     \
	{                                                  \
		name, KEY_FIRST + (option), arg, 0, doc, 0 \
	}

static const struct argp_option options[] = {
	OPTION("include", ARKV_FILTER_INCLUDE, "GLOB",
	       "Keys that match; of several rules the last that matches a key decides"),
	OPTION("exclude", ARKV_FILTER_EXCLUDE, "GLOB", "No keys that match"),
	OPTION("include-regex", ARKV_FILTER_INCLUDE_REGEX, "REGEX",
	       "The same by a POSIX extended regular expression"),
	OPTION("exclude-regex", ARKV_FILTER_EXCLUDE_REGEX, "REGEX", "The same"),
	{ "keys-from", KEY_KEYS_FROM, "FILE", 0,
	  "Only the keys in FILE, one a line, or NUL-separated with -0; - is standard input", 0 },
	OPTION("prefix", ARKV_FILTER_PREFIX, "BYTES", "Keys that begin so; given again: or so"),
	OPTION("type", ARKV_FILTER_TYPE, "TYPES", "Only these types: string,hash"),
	OPTION("space", ARKV_FILTER_SPACE, "SPACE",
	       "Only this space, or these numbers: 0,3-5; =NAME for a name that looks like "
	       "numbers"),
	{ "db", 0, NULL, OPTION_ALIAS, NULL, 0 },
	OPTION("min-size", ARKV_FILTER_MIN_SIZE, "SIZE", "Values of at least so many bytes: 64K"),
	OPTION("max-size", ARKV_FILTER_MAX_SIZE, "SIZE", "Values of at most so many bytes"),
	OPTION("ttl", ARKV_FILTER_TTL, "TTL",
	       "Records without expiry (none), with (any), <1h, >7d"),
	{ NULL, '0', NULL, 0, "Keys end with a NUL byte instead of a newline", 1 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

enum ark_rc cli_filter_add(struct cli_filter *f, enum arkv_filter_option option, const char *text,
			   struct ark_err *err)
{
	uint64_t now = (uint64_t)arkv_clock_now_ms(arkv_clock_system());
	enum ark_rc rc = f->filter ? ARK_OK : arkv_filter_new(&f->filter, now, err);

	return rc ? rc : arkv_filter_add(f->filter, option, text, err);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli_filter *f = state->input;
	struct ark_err err;

	if (key == '0') {
		f->nul_separated = true;
		return 0;
	}
	if (key == KEY_KEYS_FROM) {
		if (f->list_count == sizeof f->lists / sizeof *f->lists) {
			argp_error(state, "--keys-from: at most 64 lists");
			return EINVAL;
		}
		f->lists[f->list_count++] = arg;
		return 0;
	}
	if (key < KEY_FIRST || key > KEY_FIRST + ARKV_FILTER_TTL)
		return ARGP_ERR_UNKNOWN;
	if (!cli_filter_add(f, (enum arkv_filter_option)(key - KEY_FIRST), arg, &err))
		return 0;
	argp_error(state, "%s", err.text);
	return EINVAL;
}

const struct argp cli_filter_argp = { .options = options, .parser = parse };

static enum ark_rc add_list(struct cli_filter *f, const char *path, struct ark_err *err)
{
	ARK_AUTO(ark_buf_release) struct ark_buf list;

	ark_buf_init(&list);
	uint64_t now = (uint64_t)arkv_clock_now_ms(arkv_clock_system());
	enum ark_rc rc = cli_file_read(&list, path, "--keys-from", LIST_MAX, err);
	if (!rc && !f->filter)
		rc = arkv_filter_new(&f->filter, now, err);
	if (rc)
		return rc;
	return arkv_filter_add_keys(f->filter, ark_buf_span(&list), f->nul_separated ? 0 : '\n',
				    err);
}

int cli_filter_finish(struct cli_filter *f, struct cli *cli)
{
	for (size_t i = 0; i < f->list_count; i++) {
		struct ark_err err;

		if (add_list(f, f->lists[i], &err))
			return cli_report(cli, CLI_AT_COMMAND, &err);
	}
	return CLI_OK;
}

void cli_filter_release(struct cli_filter *f)
{
	arkv_filter_free(f->filter);
}
