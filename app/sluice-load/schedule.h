/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open loop: when each request is due, whatever became of those before it. A constant rate behind a
 * ramp that rises in a straight line from nothing. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct schedule {
	double rate;               /* a second; 0: nothing is due ever */
	double ramp_ns, ramp_due;  /* how many are due in it: half of what the rate would make */
	uint64_t start_ns, end_ns; /* nothing is due at end_ns or later */
	uint64_t n;                /* taken so far */
	uint64_t next_ns;          /* when the next is due */
};

/* schedule_init: from start_ns to end_ns; the ramp is the first part of it. offset (0..1) moves it
 * all by a part of the gap between two requests, so that several cores do not send in step. */
void schedule_init(struct schedule *s, double rate, uint64_t start_ns, uint64_t ramp_ns,
		   uint64_t end_ns, double offset);

/* schedule_step: moves on to the next; for schedule_take. */
void schedule_step(struct schedule *s);

/* schedule_take: takes the next if it is due by now; when it was, in *due_ns. */
static inline bool schedule_take(struct schedule *s, uint64_t now_ns, uint64_t *due_ns)
{
	if (s->next_ns > now_ns || s->next_ns >= s->end_ns)
		return false;
	*due_ns = s->next_ns;
	schedule_step(s);
	return true;
}
