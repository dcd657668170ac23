/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A storm: at one moment of the measured time the last n of a generator core's devices lose their
 * sessions without a word, as in a power cut, and all connect again at once. Requests are the other
 * devices', and are told apart by whether they were due before, during or after it.
 *
 * Owner core only; result may be read meanwhile (relaxed).
 */
#pragma once

#include "load_port.h"
#include "load_result.h"
#include "storm_result.h"

struct storm {
	uint32_t first, n;       /* the devices; n is 0 without a storm */
	uint32_t gone;           /* of n, that have lost their sessions */
	uint64_t at_ns, over_ns; /* over: UINT64_MAX until all are back */
	uint32_t tries;          /* failed handshakes that are made again */
	struct load_counts before;
	struct storm_result result;
};

/* storm_init: of a share of the fleet, whose first devices stay: at least one. */
void storm_init(struct storm *s, const struct load_options *opt, struct load_share share);

/* storm_at: a new load: the moment. Slow path only. */
void storm_at(struct storm *s, uint64_t at_ns);

/* storm_has: whether a device has lost its session in the storm. */
static inline bool storm_has(const struct storm *s, uint32_t device)
{
	return device >= s->first && device - s->first < s->gone;
}

/* storm_due_now: whether there are devices whose session is to end now. */
static inline bool storm_due_now(const struct storm *s, uint64_t now_ns)
{
	return s->gone < s->n && now_ns >= s->at_ns;
}

/* storm_take: the next of them. other: the core's counts of all but requests. */
uint32_t storm_take(struct storm *s, const struct load_counts *other);

/* storm_served: a device is back. storm_lost: its new session was ended, too. storm_failed: its
 * handshake failed; returns whether to try again: as often as there are devices. */
void storm_served(struct storm *s, uint64_t now_ns, const struct load_counts *other);
void storm_lost(struct storm *s);
bool storm_failed(struct storm *s) MUST_USE;

/* storm_sent, storm_answered: a measured request of a device that stays. */
void storm_sent(struct storm *s, uint64_t due_ns);
void storm_answered(struct storm *s, uint64_t due_ns, uint64_t now_ns);

/* storm_add: sums; *to begins as all zero. */
void storm_add(struct storm_result *to, const struct storm_result *from);
