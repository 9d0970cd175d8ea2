/*
 * password.h - where a password comes from: an option, the environment, or the terminal; never an
 * argument.
 */
#pragma once

#include "cli/cli.h"
#include "libarchive-kv/secret.h"

enum { CLI_PASSWORD_MAX = 4096 };

/* True when options or environment name one, so that nobody has to be asked. */
bool cli_password_is_named(const struct cli *cli);
/* The password to open the repository with. AUTH: there is none to be had, or it is empty. The
 * first line counts, without its end. */
enum ark_rc cli_password(struct ark_secret *out, struct cli *cli, struct ark_err *err) ARK_CHECK;
/* A new one: the first line of file, or, with NULL, asked for twice on the terminal. what: "new
 * password". AUTH: there is no terminal, too. */
enum ark_rc cli_password_new(struct ark_secret *out, struct cli *cli, const char *file,
			     const char *what, struct ark_err *err) ARK_CHECK;
