/* repo_open.c - from the options to an open repository. */
#include "cli/repo_open.h"

#include "cli/files.h"
#include "cli/password.h"
#include "cli/say.h"

#include <stdio.h>
#include <stdlib.h>

/* root/arkv; NULL when it does not fit. */
static const char *below(struct cli_path *out, const char *root, const char *rest)
{
	int len = snprintf(out->s, sizeof out->s, "%s/%s", root, rest);

	return len > 0 && (size_t)len < sizeof out->s ? out->s : NULL;
}

const char *cli_cache_root(struct cli_path *out, const struct cli *cli)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cli->opts.cache_dir)
		return cli->opts.cache_dir;
	if (xdg && *xdg == '/')
		return below(out, xdg, "arkv");
	return home && *home == '/' ? below(out, home, ".cache/arkv") : NULL;
}

void cli_unlock_release(struct cli_unlock *u)
{
	ark_secret_release(&u->password);
	ark_secret_release(&u->key_file);
}

/* A sealed export says in its text that it takes a password. */
static bool is_sealed(struct ark_span text)
{
	struct ark_secret mem = { .p = NULL };
	struct arkf_keyfile file;
	bool sealed = !arkv_keyfile_parse(&file, &mem, text, NULL) &&
		      file.kind == ARKF_KEYFILE_ROOT_SEALED;

	ark_secret_release(&mem);
	return sealed;
}

static enum ark_rc read_key_file(struct cli_unlock *u, struct cli *cli, struct ark_err *err)
{
	const char *path = cli->opts.key_file;
	enum ark_rc rc =
		cli_secret_read(&u->key_file, path, "key file", ARKV_KEYFILE_TEXT_MAX, err);

	if (rc)
		return rc;
	if (cli_file_is_open_to_others(path))
		cli_warn(cli, "key file: others can read %s: chmod 600", path);
	u->unlock.key_file = ark_secret_span(&u->key_file);
	if (!is_sealed(u->unlock.key_file))
		return ARK_OK;
	rc = cli_password(&u->password, cli, err);
	if (!rc)
		u->unlock.passphrase = ark_secret_span(&u->password);
	return rc;
}

enum ark_rc cli_unlock_fill(struct cli_unlock *u, struct cli *cli, struct ark_err *err)
{
	if (cli->opts.key_file)
		return read_key_file(u, cli, err);
	enum ark_rc rc = cli_password(&u->password, cli, err);
	if (!rc)
		u->unlock.passphrase = ark_secret_span(&u->password);
	return rc;
}

/* One try: the store is made anew each time, as a failed opening frees it. */
static enum ark_rc open_with(struct arkv_repo **out, struct cli *cli,
			     const struct arkv_unlock *unlock, struct ark_err *err)
{
	struct cli_path path;
	struct arkv_store *store = NULL;
	enum ark_rc rc = cli_store(&store, cli, err);

	if (rc)
		return rc;
	return arkv_repo_open(
		out,
		&(struct arkv_repo_options){ .store = store,
					     .unlock = unlock,
					     .where = cli->opts.repo,
					     .cache_root = cli_cache_root(&path, cli) },
		err);
}

int cli_repo_open(struct arkv_repo **out, struct cli *cli)
{
	ARK_AUTO(cli_unlock_release) struct cli_unlock u = { .unlock = { .memory_kib_max = 0 } };
	bool named = cli->opts.key_file || cli_password_is_named(cli);
	struct ark_err err = { .rc = ARK_OK };
	enum ark_rc rc = cli_location_check(cli, &err);

	if (!rc && named)
		rc = cli_unlock_fill(&u, cli, &err);
	if (!rc)
		rc = open_with(out, cli, named ? &u.unlock : NULL, &err);
	if (rc == ARK_AUTH && !named) {
		rc = cli_unlock_fill(&u, cli, &err);
		if (!rc)
			rc = open_with(out, cli, &u.unlock, &err);
	}
	if (rc == ARK_NOTFOUND && err.sys) /* of a file of this host */
		return cli_report(cli, CLI_AT_COMMAND, &err);
	return rc ? cli_report(cli, CLI_AT_REPOSITORY, &err) : CLI_OK;
}
