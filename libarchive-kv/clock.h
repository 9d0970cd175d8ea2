/*
 * clock.h - the only door to time.
 *
 * A clock is three functions, so that tests can put their own in. Library code takes a
 * const struct arkv_clock * and never asks the system by itself. Wall time is for what people read
 * and for stamps in objects; all waiting and measuring uses the monotonic time, whose zero means
 * nothing.
 */
#pragma once

#include "format/macros.h"

#include <stdatomic.h>

struct arkv_clock {
	/* Milliseconds since 1970-01-01 UTC; jumps when the host's clock is set. */
	int64_t (*now_ms)(const struct arkv_clock *clock);
	/* Microseconds since some moment; never goes back. */
	int64_t (*mono_us)(const struct arkv_clock *clock);
	/* Returns after that many microseconds, signals notwithstanding; at once when it is not
	 * positive. */
	void (*sleep_us)(const struct arkv_clock *clock, int64_t duration_us);
	void *ctx; /* for the clock's own use */
};

/* The system's clock: static, for all threads. */
const struct arkv_clock *arkv_clock_system(void);

static inline int64_t arkv_clock_now_ms(const struct arkv_clock *clock)
{
	return clock->now_ms(clock);
}

static inline int64_t arkv_clock_mono_us(const struct arkv_clock *clock)
{
	return clock->mono_us(clock);
}

static inline int64_t arkv_clock_mono_ms(const struct arkv_clock *clock)
{
	return clock->mono_us(clock) / 1000;
}

static inline void arkv_clock_sleep_us(const struct arkv_clock *clock, int64_t duration_us)
{
	clock->sleep_us(clock, duration_us);
}

static inline void arkv_clock_sleep_ms(const struct arkv_clock *clock, int64_t duration_ms)
{
	clock->sleep_us(clock, duration_ms > INT64_MAX / 1000 ? INT64_MAX : duration_ms * 1000);
}

/* A clock that stands still, and jumps ahead by every sleep: for tests. Any number of threads. */
struct arkv_clock_shut {
	struct arkv_clock clock;    /* give &clock to what is tested */
	_Atomic int64_t elapsed_us; /* the sum of all sleeps; may be set */
	int64_t start_ms;	    /* wall time when elapsed_us is 0 */
};

/* shut must not move afterwards: its clock points to it. */
void arkv_clock_shut_init(struct arkv_clock_shut *shut, int64_t start_ms);
