/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stopwatch for benches whose measured party takes turns with one that is not measured: a lap is
 * the time between starts and stops, in TSC cycles, by parts.
 *
 * The clock of the thread's CPU time is a system call, too slow for laps of microseconds; the TSC
 * goes on while others have the core. So laps of more than twice the median are left out of the
 * mean: no work of the measured party makes a lap so long, losing the core does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <x86intrin.h>

enum { STOPWATCH_PARTS = 6 };

struct stopwatch_lap {
	uint64_t total, parts[STOPWATCH_PARTS];
};

struct stopwatch {
	uint64_t from;
	struct stopwatch_lap now; /* the lap under way */
	struct stopwatch_lap *laps;
	size_t n, room;
};

static inline void stopwatch_start(struct stopwatch *s) { s->from = __rdtsc(); }

/* stopwatch_stop: the time since the start is a part of the lap. */
static inline void stopwatch_stop(struct stopwatch *s, unsigned part)
{
	uint64_t cycles = __rdtsc() - s->from;

	s->now.parts[part] += cycles;
	s->now.total += cycles;
}

/* stopwatch_lap: the lap is over; false: no memory. */
bool stopwatch_lap(struct stopwatch *s) __attribute__((warn_unused_result));

/* stopwatch_mean: the mean lap, laps of more than twice the median apart; false: there is none.
 * Ends with s empty. */
bool stopwatch_mean(struct stopwatch *s, double *total, double parts[STOPWATCH_PARTS])
	__attribute__((warn_unused_result));

/* stopwatch_free: what s holds. */
void stopwatch_free(struct stopwatch *s);
