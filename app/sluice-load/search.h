/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The highest rate that a system under test sustains with at most so much loss (RFC 2544's
 * throughput, as FD.io's MLRsearch finds it: short trials to converge, long ones to confirm).
 *
 * Knows nothing of packets: a trial is a function. Slow path only.
 */
#pragma once

#include "cursor.h"

#include <stdbool.h>
#include <stdint.h>

struct search_trial {
	double rate;          /* offered, as it really was: may be below what was asked for */
	double loss;          /* share of 1 */
	bool generator_limit; /* the generator could not hold its schedule: says nothing */
};

struct search_config {
	double min_rate, max_rate;  /* max_rate: what a trial with --rate max reached */
	double max_loss;            /* 0: NDR */
	double precision;           /* relative width at which it has converged: 0.01 */
	uint64_t short_ns, long_ns; /* trials to converge, to confirm */
	unsigned repetitions;       /* of the confirmed figure: at least 10; up to 256 */
	/* false: the trial could not be made at all; the search ends */
	bool (*trial)(void *arg, double rate, uint64_t duration_ns, struct search_trial *out);
	void *arg;
};

struct search_result {
	double rate; /* median of the repetitions that held; 0: nothing from min_rate on held */
	double min, max;
	unsigned held, repetitions; /* of so many long trials at the rate, how many held */
	bool generator_limit;       /* the generator, not the system under test, is the limit */
};

/* search_run: a rate is refused when two trials at it fail, so that one disturbance does not
 * decide; at the figure that is reported at most one in ten of the repetitions failed. false: a
 * trial could not be made. Slow path only. */
bool search_run(const struct search_config *cfg, struct search_result *out) MUST_USE;
