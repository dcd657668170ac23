/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a storm did (storm.h): to the devices that came back, and to those that stayed. The measured
 * time has three phases; each generator core's second one ends when all its devices are back.
 *
 * One writer a generator core; others read relaxed.
 */
#pragma once

#include "histogram.h"

enum storm_phase { STORM_BEFORE, STORM_DURING, STORM_AFTER, STORM_PHASES };

/* Requests of the devices that stay, by when they were due. */
struct storm_requests {
	uint64_t due, answered;
	struct histogram latency; /* ns */
};

struct storm_result {
	uint64_t devices;      /* that are to come back */
	uint64_t served;       /* have a session again */
	uint64_t resumed;      /* of these */
	uint64_t again;        /* handshakes begun anew after one that failed */
	uint64_t repeats;      /* flights sent again */
	struct histogram time; /* from the storm's moment to the session, of those served, ns */
	struct storm_requests requests[STORM_PHASES];
};

/* What an established fleet may expect (verdict.h). */
#define STORM_GOODPUT 0.9

/* storm_goodput: the answered share of what was due; 1 when nothing was. */
static inline double storm_goodput(const struct storm_requests *r)
{
	return r->due > 0 ? (double)r->answered / (double)r->due : 1;
}
