/* SPDX-License-Identifier: BSD-3-Clause */
#include "histogram.h"

#include "counter.h"

#include <math.h>

/*
 * Slots, with 128 steps:
 *
 *   0..127      a nanosecond each
 *   128..255    128..255 ns, a nanosecond each
 *   256..383    256..511 ns, two nanoseconds each
 *   …           each power of two as many slots, twice as wide
 */
static const uint64_t longest = (UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1;

static unsigned slot_of(uint64_t v)
{
	unsigned shift;

	if (v < HISTOGRAM_STEPS)
		return (unsigned)v;
	shift = 63U - (unsigned)__builtin_clzll(v) - HISTOGRAM_STEP_BITS;
	return shift * HISTOGRAM_STEPS + (unsigned)(v >> shift);
}

static uint64_t slot_first(unsigned slot)
{
	unsigned shift = slot / HISTOGRAM_STEPS;

	if (shift == 0)
		return slot;
	shift--;
	return (uint64_t)(HISTOGRAM_STEPS + slot % HISTOGRAM_STEPS) << shift;
}

static uint64_t slot_last(unsigned slot) { return slot_first(slot + 1) - 1; }

void histogram_clear(struct histogram *h) { memset(h, 0, sizeof(*h)); }

void histogram_add(struct histogram *h, uint64_t ns)
{
	if (ns > longest)
		ns = longest;
	counter_add(&h->slots[slot_of(ns)], 1);
	counter_add(&h->count, 1);
	if (ns > h->max)
		counter_set(&h->max, ns);
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	uint64_t max = counter_get(&from->max);

	/* The count is what the slots say, whatever was added between two reads. */
	for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++) {
		uint64_t n = counter_get(&from->slots[i]);

		to->slots[i] += n;
		to->count += n;
		if (n != 0 && slot_first(i) > max)
			max = slot_last(i);
	}
	if (max > to->max)
		to->max = max;
}

void histogram_subtract(struct histogram *from, const struct histogram *before)
{
	uint64_t max = 0;

	from->count = 0;
	for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++) {
		from->slots[i] -= before->slots[i];
		from->count += from->slots[i];
		if (from->slots[i] != 0)
			max = slot_last(i);
	}
	if (max < from->max)
		from->max = max;
}

/* The slot of the value with this rank, counted from 1; *below: values up to its end. */
static unsigned slot_of_rank(const struct histogram *h, uint64_t rank, uint64_t *below)
{
	uint64_t seen = 0;
	unsigned i = 0;

	while (i < HISTOGRAM_SLOTS - 1 && seen + h->slots[i] < rank)
		seen += h->slots[i++];
	*below = seen + h->slots[i];
	return i;
}

static uint64_t end_of(const struct histogram *h, unsigned slot)
{
	uint64_t last = slot_last(slot);

	return last < h->max ? last : h->max;
}

static uint64_t rank_of(const struct histogram *h, double q)
{
	uint64_t rank = (uint64_t)ceil(q * (double)h->count);

	if (rank > h->count)
		return h->count;
	return rank > 0 ? rank : 1;
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
	uint64_t below;

	return h->count == 0 ? 0 : end_of(h, slot_of_rank(h, rank_of(h, q), &below));
}

static double middle(unsigned slot) { return (double)(slot_first(slot) + slot_last(slot)) / 2; }

double histogram_mean(const struct histogram *h)
{
	double sum = 0;

	for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++)
		sum += (double)h->slots[i] * middle(i);
	return h->count != 0 ? sum / (double)h->count : 0;
}

static double deviation(const struct histogram *h, double mean)
{
	double sum = 0;

	for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++)
		sum += (double)h->slots[i] * (middle(i) - mean) * (middle(i) - mean);
	return h->count != 0 ? sqrt(sum / (double)h->count) : 0;
}

/* Five steps for every halving of what is left above, as HdrHistogram's tools do. */
static double next_share(double share)
{
	double halvings = floor(-log2(1 - share)) + 1;

	return share + 1 / (5 * exp2(halvings));
}

static void write_rows(const struct histogram *h, FILE *out)
{
	double share = 0;
	uint64_t below = 0;

	while (below < h->count) {
		unsigned slot = slot_of_rank(h, rank_of(h, share), &below);

		if (below == h->count)
			break;
		fprintf(out, "%12.3f %2.12f %10llu %14.2f\n", (double)end_of(h, slot) / 1e3, share,
			(unsigned long long)below, 1 / (1 - share));
		share = next_share(share);
	}
	fprintf(out, "%12.3f %2.12f %10llu %14s\n", (double)h->max / 1e3, 1.0,
		(unsigned long long)h->count, "inf");
}

bool histogram_write(const struct histogram *h, FILE *out)
{
	double mean = histogram_mean(h);

	fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	write_rows(h, out);
	fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean / 1e3,
		deviation(h, mean) / 1e3);
	fprintf(out, "#[Max     = %12.3f, Total count    = %12llu]\n", (double)h->max / 1e3,
		(unsigned long long)h->count);
	fprintf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n",
		HISTOGRAM_SLOTS / HISTOGRAM_STEPS, HISTOGRAM_STEPS);
	return fflush(out) == 0 && ferror(out) == 0;
}
