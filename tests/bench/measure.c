/*
 * measure.c - runs a command, and says how long it took and how much memory it had of its own.
 *
 *   bench-measure OUTPUT COMMAND...
 *
 * Appends one line to OUTPUT: wall seconds, CPU seconds, peak RssAnon in KiB, exit status, peak RSS
 * in KiB. RssAnon (anonymous memory: what the program asked for, without files that it has mapped)
 * is looked at every millisecond in /proc, so a short peak may be missed; RSS, files included, is
 * the kernel's own count and misses none. Exits as the command does.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { POLL_NS = 1000000, STATUS_MAX = 8192 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* KiB; 0 once the process has ended. */
static long rss_anon(pid_t pid)
{
	char path[64], text[STATUS_MAX];

	snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
	FILE *file = fopen(path, "r");

	if (!file)
		return 0;
	size_t len = fread(text, 1, sizeof text - 1, file);

	fclose(file);
	text[len] = '\0';
	const char *line = strstr(text, "RssAnon:");

	return line ? strtol(line + strlen("RssAnon:"), NULL, 10) : 0;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Waits for the command; gives its status as a shell would. SIGCHLD is blocked, and waited for. */
static int watch(pid_t pid, const sigset_t *ends, long *peak_kib)
{
	int status;

	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (ended < 0 && errno != EINTR)
			return 127;
		long kib = rss_anon(pid);

		if (kib > *peak_kib)
			*peak_kib = kib;
		(void)sigtimedwait(ends, NULL, &(struct timespec){ .tv_nsec = POLL_NS });
	}
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: bench-measure OUTPUT COMMAND...\n", stderr);
		return 2;
	}
	sigset_t ends, before;

	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ends, &before);
	double begin = now();
	pid_t pid = fork();

	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		execvp(argv[2], argv + 2);
		fprintf(stderr, "bench-measure: %s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	if (pid < 0) {
		perror("bench-measure: fork");
		return 127;
	}
	long peak_kib = 0;
	int status = watch(pid, &ends, &peak_kib);
	double wall = now() - begin;
	struct rusage used;

	getrusage(RUSAGE_CHILDREN, &used);
	FILE *out = fopen(argv[1], "a");

	if (!out ||
	    fprintf(out, "%.3f %.3f %ld %d %ld\n", wall,
		    seconds(used.ru_utime) + seconds(used.ru_stime), peak_kib, status,
		    used.ru_maxrss) < 0 ||
	    fclose(out) != 0) {
		fprintf(stderr, "bench-measure: %s: %s\n", argv[1], strerror(errno));
		return 127;
	}
	return status;
}
