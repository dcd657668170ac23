/* SPDX-License-Identifier: BSD-3-Clause */
#include "storm.h"

#include "counter.h"

/* How many of the fleet's devices below this one stay: the storm's are spread over the cores. */
static uint32_t staying(const struct load_options *opt, uint64_t device)
{
	return (uint32_t)(device * (opt->devices - opt->storm) / opt->devices);
}

void storm_init(struct storm *s, const struct load_options *opt, struct load_share share)
{
	*s = (struct storm){ .at_ns = UINT64_MAX, .over_ns = UINT64_MAX };
	s->first = staying(opt, (uint64_t)share.first + share.n) - staying(opt, share.first);
	s->n = share.n - s->first;
	s->tries = s->n;
	counter_set(&s->result.devices, s->n);
}

void storm_at(struct storm *s, uint64_t at_ns) { s->at_ns = at_ns; }

uint32_t storm_take(struct storm *s, const struct load_counts *other)
{
	if (s->gone == 0)
		s->before = *other;
	return s->first + s->gone++;
}

void storm_served(struct storm *s, uint64_t now_ns, const struct load_counts *other)
{
	struct storm_result *r = &s->result;

	counter_add(&r->served, 1);
	counter_set(&r->resumed, other->resumed - s->before.resumed);
	counter_set(&r->repeats, other->handshake_repeats - s->before.handshake_repeats);
	histogram_add(&r->time, now_ns - s->at_ns);
	if (r->served == s->n && s->over_ns == UINT64_MAX)
		s->over_ns = now_ns;
}

void storm_lost(struct storm *s) { counter_set(&s->result.served, s->result.served - 1); }

bool storm_failed(struct storm *s)
{
	if (s->tries == 0)
		return false;
	s->tries--;
	counter_add(&s->result.again, 1);
	return true;
}

/* Only by when it was due: a request has the same phase when it is sent and when it is answered,
 * since nothing is due later than now when the storm turns out to be over. */
static struct storm_requests *phase_of(struct storm *s, uint64_t due_ns)
{
	enum storm_phase phase = due_ns < s->at_ns     ? STORM_BEFORE
				 : due_ns < s->over_ns ? STORM_DURING
						       : STORM_AFTER;

	return &s->result.requests[phase];
}

void storm_sent(struct storm *s, uint64_t due_ns) { counter_add(&phase_of(s, due_ns)->due, 1); }

void storm_answered(struct storm *s, uint64_t due_ns, uint64_t now_ns)
{
	struct storm_requests *r = phase_of(s, due_ns);

	counter_add(&r->answered, 1);
	histogram_add(&r->latency, now_ns - due_ns);
}

void storm_add(struct storm_result *to, const struct storm_result *from)
{
	to->devices += counter_get(&from->devices);
	to->served += counter_get(&from->served);
	to->resumed += counter_get(&from->resumed);
	to->again += counter_get(&from->again);
	to->repeats += counter_get(&from->repeats);
	histogram_merge(&to->time, &from->time);
	for (int phase = 0; phase < STORM_PHASES; phase++) {
		struct storm_requests *r = &to->requests[phase];
		const struct storm_requests *f = &from->requests[phase];

		r->due += counter_get(&f->due);
		r->answered += counter_get(&f->answered);
		histogram_merge(&r->latency, &f->latency);
	}
}
