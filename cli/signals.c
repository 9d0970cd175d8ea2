/* signals.c - Ctrl-C and its kin. */
#include "cli/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* A handler has no other way to reach anything: the only state of the program that stands alone. */
static atomic_bool cancel;
static atomic_bool status_asked;
static atomic_int got;

static void on_stop(int number)
{
	static const char text[] = "\narkv: stopping; once more stops at once\n";

	if (atomic_exchange(&cancel, true))
		_exit(128 + number);
	atomic_store(&got, number);
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	(void)written;
}

static void on_status(int number)
{
	(void)number;
	atomic_store(&status_asked, true);
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* A program that is started with a closed descriptor would else open its files as its own output.
 * The stand-in is of the wrong direction, so that use of it fails as use of a closed one would. */
static void take_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			_exit(1);
}

void cli_signals_start(void)
{
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP };

	take_descriptors();
	handle(SIGPIPE, SIG_IGN, 0);
	handle(SIGUSR1, on_status, SA_RESTART);
	for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
		struct sigaction now;

		/* nohup, and jobs in the background of a plain shell, ignore some: let them. */
		if (!sigaction(stops[i], NULL, &now) && now.sa_handler == SIG_IGN)
			continue;
		handle(stops[i], on_stop, 0);
	}
}

const atomic_bool *cli_signals_cancel(void)
{
	return &cancel;
}

int cli_signals_got(void)
{
	return atomic_load(&got);
}

bool cli_signals_status_asked(void)
{
	return atomic_exchange(&status_asked, false);
}
