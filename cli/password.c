/* password.c - where a password comes from. */
#include "cli/password.h"

#include "cli/files.h"
#include "cli/say.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { TRIES = 3 };

/* The first line of raw, without its end. */
static enum ark_rc first_line(struct ark_secret *out, const struct ark_secret *raw,
			      const char *what, struct ark_err *err)
{
	const uint8_t *end = raw->len ? memchr(raw->p, '\n', raw->len) : NULL;
	size_t len = end ? (size_t)(end - raw->p) : raw->len;

	if (len && raw->p[len - 1] == '\r')
		len--;
	if (!len)
		return ark_fail(err, ARK_AUTH, "%s: an empty password", what);
	if (memchr(raw->p, 0, len))
		return ark_fail(err, ARK_AUTH, "%s: a password with a NUL byte", what);
	return ark_secret_copy(out, ark_span(raw->p, len), err);
}

static enum ark_rc from_file(struct ark_secret *out, struct cli *cli, const char *path,
			     struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret raw = { .p = NULL };
	enum ark_rc rc = cli_secret_read(&raw, path, "password file", CLI_PASSWORD_MAX, err);

	if (rc)
		return rc;
	if (cli_file_is_open_to_others(path))
		cli_warn(cli, "password file: others can read %s: chmod 600", path);
	return first_line(out, &raw, "password file", err);
}

static enum ark_rc from_fd(struct ark_secret *out, int fd, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret raw = { .p = NULL };
	enum ark_rc rc = cli_secret_read_fd(&raw, fd, "password descriptor", CLI_PASSWORD_MAX, err);

	return rc ? rc : first_line(out, &raw, "password descriptor", err);
}

static void run_shell(const char *command, int out)
{
	dup2(out, STDOUT_FILENO);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* What a shell command prints. It has the terminal, so it may ask. */
static enum ark_rc from_command(struct ark_secret *out, const char *command, struct ark_err *err)
{
	ARK_AUTO(ark_secret_release) struct ark_secret raw = { .p = NULL };
	int ends[2], status = 0;

	if (pipe2(ends, O_CLOEXEC))
		return ark_fail_sys(err, ARK_IO, errno, "password command: pipe");
	pid_t child = fork();
	if (!child)
		run_shell(command, ends[1]);
	int sys = errno;
	close(ends[1]);
	enum ark_rc rc = child < 0 ? ark_fail_sys(err, ARK_IO, sys, "password command")
				   : cli_secret_read_fd(&raw, ends[0], "password command",
							CLI_PASSWORD_MAX, err);
	close(ends[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (rc)
		return rc;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return ark_fail(err, ARK_AUTH, "password command: it ended with status %d",
				WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return first_line(out, &raw, "password command", err);
}

/* ---- the terminal ---- */

/* Reads a line from the terminal without echo. */
static enum ark_rc ask(struct ark_secret *out, const char *prompt, struct ark_err *err)
{
	ARK_AUTO(cli_closep) FILE *tty = fopen("/dev/tty", "r+e");
	ARK_AUTO(ark_secret_release) struct ark_secret room = { .p = NULL };
	struct termios before, silent;

	if (!tty || tcgetattr(fileno(tty), &before))
		return ark_fail(err, ARK_AUTH,
				"no password: set ARKV_PASSWORD_FILE, ARKV_PASSWORD_COMMAND or "
				"ARKV_PASSWORD; there is no terminal to ask on");
	enum ark_rc rc = ark_secret_new(&room, CLI_PASSWORD_MAX, err);
	if (rc)
		return rc;
	silent = before;
	silent.c_lflag &= (tcflag_t)~ECHO;
	tcsetattr(fileno(tty), TCSAFLUSH, &silent); /* before anybody can answer */
	fprintf(tty, "%s: ", prompt);
	fflush(tty);
	ssize_t n = read(fileno(tty), room.p, room.len);
	int sys = errno;
	tcsetattr(fileno(tty), TCSADRAIN, &before);
	fprintf(tty, "\n");
	if (n < 0)
		return ark_fail_sys(err, sys == EINTR ? ARK_CANCELLED : ARK_IO, sys, "password");
	struct ark_secret line = { .p = room.p, .len = (size_t)n };
	return first_line(out, &line, "password", err);
}

static enum ark_rc ask_twice(struct ark_secret *out, struct cli *cli, const char *what,
			     struct ark_err *err)
{
	for (int i = 0; i < TRIES; i++) {
		ARK_AUTO(ark_secret_release) struct ark_secret one = { .p = NULL };
		ARK_AUTO(ark_secret_release) struct ark_secret two = { .p = NULL };
		enum ark_rc rc = ask(&one, what, err);
		if (!rc)
			rc = ask(&two, "the same again", err);
		if (rc)
			return rc;
		if (one.len == two.len && !sodium_memcmp(one.p, two.p, one.len))
			return ark_secret_copy(out, ark_secret_span(&one), err);
		cli_note(cli, "these were not the same: once more");
	}
	return ark_fail(err, ARK_AUTH, "%s: typed differently %d times", what, TRIES);
}

bool cli_password_is_named(const struct cli *cli)
{
	static const char *const names[] = { "ARKV_PASSWORD", "ARKV_PASSWORD_FILE",
					     "ARKV_PASSWORD_COMMAND", "ARKV_PASSWORD_FD" };

	if (!cli->opts.password_from_environment)
		return true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (getenv(names[i]))
			return true;
	return false;
}

/* NOTFOUND: neither options nor environment name one. */
static enum ark_rc without_asking(struct ark_secret *out, struct cli *cli, struct ark_err *err)
{
	const struct cli_opts *opts = &cli->opts;
	bool env = opts->password_from_environment;
	const char *file = env ? getenv("ARKV_PASSWORD_FILE") : opts->password_file;
	const char *command = env ? getenv("ARKV_PASSWORD_COMMAND") : opts->password_command;
	const char *plain = env ? getenv("ARKV_PASSWORD") : NULL;
	const char *fd = env ? getenv("ARKV_PASSWORD_FD") : NULL;

	if (plain) {
		if (!*plain || strlen(plain) > CLI_PASSWORD_MAX)
			return ark_fail(err, ARK_AUTH, "ARKV_PASSWORD: %s",
					*plain ? "it is too long" : "an empty password");
		return ark_secret_copy(out, ark_span_str(plain), err);
	}
	if (file)
		return from_file(out, cli, file, err);
	if (command)
		return from_command(out, command, err);
	if (opts->password_fd >= 0)
		return from_fd(out, opts->password_fd, err);
	if (!fd)
		return ark_fail(err, ARK_NOTFOUND, "no password");
	if (!*fd || strspn(fd, "0123456789") != strlen(fd) || strlen(fd) > 6)
		return ark_fail(err, ARK_USAGE, "ARKV_PASSWORD_FD: \"%s\" is no descriptor", fd);
	return from_fd(out, (int)strtol(fd, NULL, 10), err);
}

enum ark_rc cli_password(struct ark_secret *out, struct cli *cli, struct ark_err *err)
{
	char prompt[300];
	enum ark_rc rc = without_asking(out, cli, err);

	if (rc != ARK_NOTFOUND || err->sys)
		return rc;
	snprintf(prompt, sizeof prompt, "password for %s", cli->opts.repo);
	return ask(out, prompt, err);
}

enum ark_rc cli_password_new(struct ark_secret *out, struct cli *cli, const char *file,
			     const char *what, struct ark_err *err)
{
	return file ? from_file(out, cli, file, err) : ask_twice(out, cli, what, err);
}
