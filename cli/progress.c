/* progress.c - how far a job is. */
#include "cli/progress.h"

#include "cli/human.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "libarchive-kv/clock.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	TTY_EVERY_US = 100 * 1000,
	JSON_EVERY_US = 1000 * 1000,
	PLAIN_EVERY_US = 30 * 1000 * 1000,
	LINE_MAX_COLUMNS = 240,
	BAR_COLUMNS = 20,
};

static bool on_terminal(const struct cli *cli)
{
	return cli->opts.progress != CLI_NEVER && !cli->opts.quiet && !cli->opts.json &&
	       isatty(STDERR_FILENO);
}

/* How often something is shown; 0: never. */
static int64_t interval_us(const struct cli *cli)
{
	if (cli->opts.progress == CLI_NEVER || cli->opts.quiet)
		return 0;
	if (cli->opts.json)
		return JSON_EVERY_US;
	if (on_terminal(cli))
		return TTY_EVERY_US;
	return cli->opts.progress == CLI_ALWAYS ? PLAIN_EVERY_US : 0;
}

void cli_progress_hide(struct cli *cli)
{
	if (!cli->progress.is_shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	cli->progress.is_shown = false;
}

static size_t columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 79;
	return size.ws_col - 1u < LINE_MAX_COLUMNS ? size.ws_col - 1u : LINE_MAX_COLUMNS;
}

struct bar {
	char s[BAR_COLUMNS + 12];
};

static struct bar bar_of(const struct arkv_progress *now)
{
	struct bar bar = { .s = "" };
	uint64_t whole = now->bytes_total, part = now->bytes < whole ? now->bytes : whole;
	size_t done = whole ? (size_t)((double)BAR_COLUMNS * (double)part / (double)whole) : 0;

	if (!whole)
		return bar;
	bar.s[0] = '[';
	for (size_t i = 0; i < BAR_COLUMNS; i++)
		bar.s[1 + i] = i < done ? '=' : i == done ? '>' : ' ';
	snprintf(bar.s + 1 + BAR_COLUMNS, sizeof bar.s - 1 - BAR_COLUMNS, "] %3u%%  ",
		 (unsigned)(100.0 * (double)part / (double)whole));
	return bar;
}

static uint64_t per_second(uint64_t n, int64_t us)
{
	return us > 0 ? (uint64_t)((double)n * 1e6 / (double)us) : 0;
}

/* Milliseconds that are left, or 0 when nobody can know. */
static uint64_t eta_ms(const struct cli_progress *p, int64_t now_us)
{
	uint64_t whole = p->now.bytes_total, part = p->now.bytes;
	int64_t spent = now_us - p->job_us;

	if (!whole || part >= whole || part <= p->job_bytes || spent < 1000000)
		return 0;
	return (uint64_t)((double)spent / 1000 * (double)(whole - part) /
			  (double)(part - p->job_bytes));
}

/* "prod  [=====>    ] 71%  3,416,522 keys  2.2 GiB  118 MiB/s  402k keys/s  eta 7 s" */
static void make_line(char *line, size_t size, const struct cli_progress *p, int64_t now_us)
{
	int64_t spent = now_us - p->job_us;
	uint64_t left = eta_ms(p, now_us);
	uint64_t bytes = p->now.bytes > p->job_bytes ? p->now.bytes - p->job_bytes : 0;

	snprintf(line, size, "%s  %s%s  %s keys  %s  %s/s  %s keys/s%s%s", p->label,
		 bar_of(&p->now).s, p->now.phase ? p->now.phase : "", human_count(p->now.records).s,
		 human_bytes(p->now.bytes).s, human_bytes(per_second(bytes, spent)).s,
		 human_short(per_second(p->now.records, spent)).s, left ? "  eta " : "",
		 left ? human_duration(left).s : "");
}

static void show_json(struct cli *cli, int64_t now_us)
{
	const struct arkv_progress *now = &cli->progress.now;
	uint64_t left = eta_ms(&cli->progress, now_us);

	cli_json_begin(cli, "status");
	cli_json_text(cli, "phase", now->phase ? now->phase : "");
	cli_json_count(cli, "keys", now->records);
	cli_json_count(cli, "bytes", now->bytes);
	cli_json_count(cli, "stored_bytes", now->stored_bytes);
	cli_json_count(cli, "elapsed_ms", (uint64_t)(now_us - cli->progress.start_us) / 1000);
	if (now->bytes_total) {
		cli_json_count(cli, "bytes_total", now->bytes_total);
		cli_json_count(cli, "percent", now->bytes * 100 / now->bytes_total);
	}
	if (left)
		cli_json_count(cli, "eta_ms", left);
	cli_json_end(cli);
	fflush(stdout);
}

static void show(struct cli *cli, int64_t now_us, bool asked)
{
	char line[LINE_MAX_COLUMNS * 2];

	if (cli->opts.json && !asked) {
		show_json(cli, now_us);
		return;
	}
	make_line(line, sizeof line, &cli->progress, now_us);
	pthread_mutex_lock(&cli->lock);
	cli_progress_hide(cli);
	if (asked || !on_terminal(cli)) {
		fprintf(stderr, "%s\n", line);
	} else {
		fprintf(stderr, "%.*s", (int)columns(), line);
		cli->progress.is_shown = true;
	}
	fflush(stderr);
	pthread_mutex_unlock(&cli->lock);
}

static void on_progress(void *ctx, const struct arkv_progress *now)
{
	struct cli *cli = ctx;
	struct cli_progress *p = &cli->progress;
	int64_t now_us = arkv_clock_mono_us(arkv_clock_system());
	int64_t every = interval_us(cli);
	bool asked = cli_signals_status_asked();

	if (!p->phase || !now->phase || strcmp(p->phase, now->phase)) {
		p->phase = now->phase;
		p->job_us = now_us;
		p->job_bytes = now->bytes;
	}
	p->now = *now;
	if (!asked && (!every || now_us - p->shown_us < every))
		return;
	p->shown_us = now_us;
	show(cli, now_us, asked);
}

static void on_warning(void *ctx, const char *text)
{
	cli_warn(ctx, "%s", text);
}

void cli_progress_start(struct cli *cli, const char *label)
{
	int64_t now_us = arkv_clock_mono_us(arkv_clock_system());

	cli->progress = (struct cli_progress){
		.label = label, .start_us = now_us, .shown_us = now_us, .job_us = now_us
	};
	cli->job = (struct arkv_job){ .progress = on_progress,
				      .warn = on_warning,
				      .ctx = cli,
				      .cancel = cli_signals_cancel() };
}

void cli_progress_stop(struct cli *cli)
{
	pthread_mutex_lock(&cli->lock);
	cli_progress_hide(cli);
	pthread_mutex_unlock(&cli->lock);
}
