/* SPDX-License-Identifier: BSD-3-Clause */
#include "schedule.h"

#include <math.h>

/* Requests due until t on the ramp: rate t^2 / (2 ramp); the inverse of that, then a line. */
static double due_after_ns(const struct schedule *s, double n)
{
	if (n < s->ramp_due)
		return s->ramp_ns * sqrt(n / s->ramp_due);
	return s->ramp_ns + (n - s->ramp_due) * 1e9 / s->rate;
}

static void set_next(struct schedule *s, double offset)
{
	s->next_ns = s->start_ns + (uint64_t)due_after_ns(s, (double)s->n + offset);
}

void schedule_init(struct schedule *s, double rate, uint64_t start_ns, uint64_t ramp_ns,
		   uint64_t end_ns, double offset)
{
	*s = (struct schedule){
		.rate = rate,
		.ramp_ns = (double)ramp_ns,
		.ramp_due = rate * (double)ramp_ns / 2e9,
		.start_ns = start_ns,
		.end_ns = end_ns,
		.next_ns = UINT64_MAX,
	};
	/* The offset stays, as the time that everything is later by. */
	if (rate > 0) {
		s->start_ns += (uint64_t)(offset * 1e9 / rate);
		set_next(s, 0);
	}
}

void schedule_step(struct schedule *s)
{
	s->n++;
	set_next(s, 0);
}
