/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A log-linear histogram of times: every power of two is cut into HISTOGRAM_STEPS equal steps, so a
 * value is known to 1/HISTOGRAM_STEPS of itself (two significant digits and more).
 *
 * One writer; histogram_merge may read it meanwhile (counters are relaxed), and is then a moment
 * behind.
 */
#pragma once

#include "cursor.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	HISTOGRAM_STEP_BITS = 7,
	HISTOGRAM_STEPS = 1 << HISTOGRAM_STEP_BITS,
	HISTOGRAM_MAX_BITS = 40, /* 2^40 ns: 18 minutes; what is longer counts as that */
	HISTOGRAM_SLOTS = (HISTOGRAM_MAX_BITS - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS,
};

struct histogram {
	uint64_t count, max;
	uint64_t slots[HISTOGRAM_SLOTS];
};

void histogram_clear(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t ns);
void histogram_merge(struct histogram *to, const struct histogram *from);

/* histogram_subtract: what came after before, an earlier moment of the same histogram. Its max is
 * then known to a step only. */
void histogram_subtract(struct histogram *from, const struct histogram *before);

/* histogram_quantile: a value that at least the share q (0..1] of all values does not exceed: the
 * upper end of the step that the exact quantile is in, and never more than the greatest value.
 * 0 when empty. */
uint64_t histogram_quantile(const struct histogram *h, double q);

/* histogram_mean: to within half a step; 0 when empty. */
double histogram_mean(const struct histogram *h);

/* histogram_write: as HdrHistogram's percentile output (.hgrm), in microseconds. false: errno. */
bool histogram_write(const struct histogram *h, FILE *out) MUST_USE;
