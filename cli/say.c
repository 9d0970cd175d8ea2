/* say.c - what the tool says on stderr and in the log. */
#include "cli/say.h"

#include "cli/human.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "libarchive-kv/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 1200, WARNINGS_SHOWN = 20 };

struct text {
	char s[TEXT_MAX];
};

static const char *color(const struct cli *cli, const char *sequence)
{
	return cli->opts.no_color || !isatty(STDERR_FILENO) ? "" : sequence;
}

/* Messages carry names of foreign objects: control characters in them must not reach a terminal. */
static void make_safe(struct text *text)
{
	for (char *c = text->s; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static void line(struct cli *cli, const char *on, const char *kind, const char *text)
{
	pthread_mutex_lock(&cli->lock);
	cli_progress_hide(cli);
	fprintf(stderr, "%sarkv: %s%s%s\n", color(cli, on), kind, *on ? color(cli, "\033[0m") : "",
		text);
	if (cli->log) {
		uint64_t now = (uint64_t)arkv_clock_now_ms(arkv_clock_system());
		fprintf(cli->log, "%s %s%s\n", human_iso(now).s, kind, text);
		fflush(cli->log);
	}
	pthread_mutex_unlock(&cli->lock);
}

static void say_error(struct cli *cli, int code, const char *rc, const char *text, const char *hint)
{
	line(cli, "\033[1;31m", "", text);
	if (hint && !cli->opts.quiet) {
		pthread_mutex_lock(&cli->lock);
		fprintf(stderr, "      %s\n", hint);
		pthread_mutex_unlock(&cli->lock);
	}
	if (!cli->opts.json)
		return;
	cli_json_begin(cli, "error");
	cli_json_text(cli, "code", rc);
	cli_json_count(cli, "exit", (uint64_t)code);
	cli_json_text(cli, "text", text);
	if (hint)
		cli_json_text(cli, "hint", hint);
	cli_json_end(cli);
}

int cli_report(struct cli *cli, enum cli_place place, const struct ark_err *err)
{
	const char *hint;
	int number = cli_signals_got();

	if (cli->out_errno == EPIPE)
		return CLI_FAILED;
	if (number && (err->rc == ARK_CANCELLED || err->sys == EINTR)) {
		line(cli, "", "stopped: ", "what was stored before is as it was");
		return CLI_SIGNAL + number;
	}
	int code = cli_exit_of(place, err, &hint);
	struct text text;
	snprintf(text.s, sizeof text.s, "%s", err->text);
	make_safe(&text);
	if (cli->opts.verbose > 1 && err->file)
		cli_verbose(cli, 2, "raised at %s:%d", err->file, err->line);
	say_error(cli, code, ark_rc_name(err->rc), text.s, hint);
	return code;
}

int cli_error(struct cli *cli, int code, const char *hint, const char *format, ...)
{
	struct text text;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text.s, sizeof text.s, format, ap);
	va_end(ap);
	make_safe(&text);
	say_error(cli, code, cli_exit_name(code), text.s, hint);
	return code;
}

void cli_warn(struct cli *cli, const char *format, ...)
{
	struct text text;
	va_list ap;

	if (cli->warnings++ >= WARNINGS_SHOWN && !cli->opts.verbose)
		return;
	va_start(ap, format);
	vsnprintf(text.s, sizeof text.s, format, ap);
	va_end(ap);
	make_safe(&text);
	line(cli, "\033[33m", "warning: ", text.s);
	if (cli->opts.json) {
		cli_json_begin(cli, "warning");
		cli_json_text(cli, "text", text.s);
		cli_json_end(cli);
	}
}

void cli_warnings_end(struct cli *cli)
{
	if (cli->warnings > WARNINGS_SHOWN && !cli->opts.verbose)
		line(cli, "\033[33m",
		     "warning: ", "there were more warnings than are shown: -v shows all");
}

void cli_note(struct cli *cli, const char *format, ...)
{
	struct text text;
	va_list ap;

	if (cli->opts.quiet || cli->opts.json)
		return;
	va_start(ap, format);
	vsnprintf(text.s, sizeof text.s, format, ap);
	va_end(ap);
	make_safe(&text);
	line(cli, "", "", text.s);
}

void cli_verbose(struct cli *cli, unsigned level, const char *format, ...)
{
	struct text text;
	va_list ap;

	if (cli->opts.verbose < level)
		return;
	va_start(ap, format);
	vsnprintf(text.s, sizeof text.s, format, ap);
	va_end(ap);
	make_safe(&text);
	line(cli, "", "", text.s);
}

void cli_trace(struct cli *cli, const char *text)
{
	struct text safe;

	snprintf(safe.s, sizeof safe.s, "%s", text);
	make_safe(&safe);
	line(cli, "", "trace: ", safe.s);
}
