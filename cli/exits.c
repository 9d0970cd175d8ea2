/* exits.c - exit codes, and which error at which place means which of them: one table. */
#include "cli/exits.h"

#include <string.h>

struct rule {
	enum cli_place place;
	enum ark_rc rc;
	int code;
	const char *hint;
};

/* What is not in here: USAGE is 2, everything else 1; see general below for hints. */
static const struct rule rules[] = {
	{ CLI_AT_COMMAND, ARK_AUTH, CLI_AUTH, NULL },
	{ CLI_AT_REPOSITORY, ARK_NOTFOUND, CLI_NO_REPOSITORY,
	  "look at the location (-r, ARKV_REPO), or make a repository there: arkv init" },
	{ CLI_AT_REPOSITORY, ARK_AUTH, CLI_AUTH,
	  "look at the password or key file: ARKV_PASSWORD, --password-file, --key-file" },
	{ CLI_AT_REPOSITORY, ARK_CORRUPT, CLI_DAMAGED,
	  "put that object back from a copy of the repository; arkv debug dump shows it" },
	{ CLI_AT_REPOSITORY, ARK_DENIED, CLI_FAILED,
	  "look at the rights of this user on the repository" },
	{ CLI_AT_INIT, ARK_EXISTS, CLI_FAILED,
	  "name an empty place; a repository that is there already needs no init" },
	{ CLI_AT_INIT, ARK_NOTFOUND, CLI_FAILED, NULL },
	{ CLI_AT_KEYS, ARK_NOTFOUND, CLI_NOT_FOUND, "arkv key list shows the keys" },
	{ CLI_AT_KEYS, ARK_AUTH, CLI_AUTH, NULL },
	{ CLI_AT_KEYS, ARK_CORRUPT, CLI_DAMAGED, NULL },
	{ CLI_AT_ARCHIVE, ARK_NOTFOUND, CLI_NOT_FOUND, NULL },
	{ CLI_AT_ARCHIVE, ARK_AUTH, CLI_AUTH, NULL },
	{ CLI_AT_ARCHIVE, ARK_CORRUPT, CLI_DAMAGED, "arkv verify says what else is touched" },
	{ CLI_AT_BACKUP, ARK_EXISTS, CLI_BUSY, "wait for it to end, or give another --name" },
	{ CLI_AT_BACKUP, ARK_AUTH, CLI_AUTH, NULL },
	{ CLI_AT_BACKUP, ARK_CORRUPT, CLI_DAMAGED, "arkv verify says what is touched" },
	{ CLI_AT_SOURCE, ARK_NOTFOUND, CLI_UNREACHABLE, "look at the name of the source" },
	{ CLI_AT_SOURCE, ARK_IO, CLI_UNREACHABLE, NULL },
	{ CLI_AT_SOURCE, ARK_AGAIN, CLI_UNREACHABLE, "try again later" },
	{ CLI_AT_SOURCE, ARK_CORRUPT, CLI_FAILED, "nothing is stored; mend the source there" },
	{ CLI_AT_SOURCE, ARK_DENIED, CLI_DENIED, "look at the rights of this user on the source" },
	{ CLI_AT_TARGET, ARK_NOTFOUND, CLI_UNREACHABLE, "look at the name of the target" },
	{ CLI_AT_TARGET, ARK_IO, CLI_UNREACHABLE, NULL },
	{ CLI_AT_TARGET, ARK_AGAIN, CLI_UNREACHABLE, "try again later" },
	{ CLI_AT_TARGET, ARK_DENIED, CLI_DENIED, "look at the rights of this user on the target" },
	{ CLI_AT_TARGET, ARK_EXISTS, CLI_CONFLICT,
	  "choose what becomes of it: --on-conflict skip or replace" },
};

static const char *general_hint(enum ark_rc rc)
{
	switch (rc) {
	case ARK_UNSUPPORTED: return "a later version of arkv may know it";
	case ARK_NOSPACE: return "make room there and try again; nothing stored before is touched";
	case ARK_AGAIN: return "try again later";
	case ARK_NOMEM: return "give less --memory, or run it where more is free";
	case ARK_OK:
	case ARK_NOTFOUND:
	case ARK_EXISTS:
	case ARK_CORRUPT:
	case ARK_AUTH:
	case ARK_LIMIT:
	case ARK_DENIED:
	case ARK_IO:
	case ARK_CANCELLED:
	case ARK_USAGE: break;
	}
	return NULL;
}

int cli_exit_of(enum cli_place place, const struct ark_err *err, const char **hint)
{
	*hint = general_hint(err->rc);
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].place == place && rules[i].rc == err->rc) {
			if (rules[i].hint)
				*hint = rules[i].hint;
			return rules[i].code;
		}
	return err->rc == ARK_USAGE ? CLI_USAGE : CLI_FAILED;
}

enum cli_place cli_place_of(const struct ark_err *err, enum cli_place outside,
			    enum cli_place inside)
{
	const char *backend = err->file ? strstr(err->file, "backends/") : NULL;

	return backend && !strstr(backend, "backends/stores/") ? outside : inside;
}

const char *cli_exit_name(int code)
{
	static const struct {
		int code;
		const char *name;
	} names[] = {
		{ CLI_OK, "ok" },
		{ CLI_FAILED, "failed" },
		{ CLI_USAGE, "usage" },
		{ CLI_INCOMPLETE, "incomplete" },
		{ CLI_DIFFERENT, "differences found" },
		{ CLI_NOT_FOUND, "not found" },
		{ CLI_NO_REPOSITORY, "no repository" },
		{ CLI_BUSY, "busy" },
		{ CLI_AUTH, "wrong password or key" },
		{ CLI_DAMAGED, "repository damaged" },
		{ CLI_UNREACHABLE, "source or target unreachable" },
		{ CLI_INCONSISTENT, "consistency not available" },
		{ CLI_DENIED, "source or target denied permission" },
		{ CLI_CONFLICT, "target conflict" },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].code == code)
			return names[i].name;
	return code > CLI_SIGNAL ? "signal" : "failed";
}
