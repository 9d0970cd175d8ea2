/* clock.c - see clock.h. */
#include "libarchive-kv/clock.h"

#include <errno.h>
#include <time.h>

static int64_t system_now_ms(const struct arkv_clock *clock)
{
	(void)clock;
	struct timespec ts = { 0 };
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_mono_us(const struct arkv_clock *clock)
{
	(void)clock;
	struct timespec ts = { 0 };
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void system_sleep_us(const struct arkv_clock *clock, int64_t duration_us)
{
	(void)clock;
	if (duration_us <= 0)
		return;
	struct timespec left = { .tv_sec = (time_t)(duration_us / 1000000),
				 .tv_nsec = (long)(duration_us % 1000000) * 1000 };
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

const struct arkv_clock *arkv_clock_system(void)
{
	static const struct arkv_clock system_clock = {
		.now_ms = system_now_ms,
		.mono_us = system_mono_us,
		.sleep_us = system_sleep_us,
	};
	return &system_clock;
}

static int64_t shut_mono_us(const struct arkv_clock *clock)
{
	struct arkv_clock_shut *shut = clock->ctx;
	return atomic_load(&shut->elapsed_us);
}

static int64_t shut_now_ms(const struct arkv_clock *clock)
{
	const struct arkv_clock_shut *shut = clock->ctx;
	return shut->start_ms + shut_mono_us(clock) / 1000;
}

static void shut_sleep_us(const struct arkv_clock *clock, int64_t duration_us)
{
	struct arkv_clock_shut *shut = clock->ctx;
	if (duration_us > 0)
		atomic_fetch_add(&shut->elapsed_us, duration_us);
}

void arkv_clock_shut_init(struct arkv_clock_shut *shut, int64_t start_ms)
{
	shut->clock = (struct arkv_clock){
		.now_ms = shut_now_ms,
		.mono_us = shut_mono_us,
		.sleep_us = shut_sleep_us,
		.ctx = shut,
	};
	atomic_init(&shut->elapsed_us, 0);
	shut->start_ms = start_ms;
}
