/* SPDX-License-Identifier: BSD-3-Clause */
#include "search.h"

#include <stdlib.h>

/*
 * Between lo, which held, and hi, which did not, the width is halved: with short trials until it is
 * narrow, with long ones until those agree (a short trial may hold because queues took what was too
 * much), then the rate that is left is confirmed. What fails below is looked for in steps that
 * double, so that a short trial's error of any size is mended in few.
 *
 * A machine that is disturbed fails trials that would hold: a rate is refused by two trials, not by
 * one, and a confirmed figure may have one in ten against it, which the result tells.
 */
enum { REFUSALS = 2, MISSES_OF_TEN = 1, GROWTHS_MAX = 12, TRIALS_KEPT = 256 };

enum outcome {
	HELD,
	LOST,
	LIMIT,  /* the generator's */
	BROKEN, /* no trial could be made */
};

struct search {
	const struct search_config *cfg;
	double lo, hi;     /* lo 0: nothing held so far; hi 0: nothing failed so far */
	bool hi_generator; /* hi is the generator's limit */
};

static enum outcome once(const struct search *s, double rate, uint64_t ns,
			 struct search_trial *trial)
{
	*trial = (struct search_trial){ .rate = rate };
	if (!s->cfg->trial(s->cfg->arg, rate, ns, trial))
		return BROKEN;
	if (trial->generator_limit)
		return LIMIT;
	return trial->loss <= s->cfg->max_loss ? HELD : LOST;
}

static enum outcome attempt(struct search *s, double rate, uint64_t ns)
{
	enum outcome o = HELD;
	struct search_trial trial;

	for (unsigned refusals = 0; refusals < REFUSALS; refusals++) {
		o = once(s, rate, ns, &trial);
		if (o == HELD) {
			s->lo = rate;
			return o;
		}
		if (o == BROKEN)
			return o;
	}
	s->hi = rate;
	s->hi_generator = o == LIMIT;
	return o;
}

/* From a rate that held upwards until one does not. */
static bool grow(struct search *s, uint64_t ns)
{
	double rate = s->cfg->max_rate;

	for (unsigned i = 0; i < GROWTHS_MAX; i++) {
		enum outcome o = attempt(s, rate, ns);

		if (o != HELD)
			return o != BROKEN;
		rate *= 1.25;
	}
	/* Whoever offers ever more and never loses is not at its limit. */
	s->hi = rate;
	s->hi_generator = true;
	return true;
}

static double precision_of(const struct search *s) { return s->cfg->precision; }

/* The next rate below, further away each time; false: there is none. */
static bool step_down(const struct search *s, double *rate, double *width)
{
	*rate *= 1 - *width;
	*width = *width < 0.25 ? *width * 2 : 0.5;
	return *rate >= s->cfg->min_rate;
}

/* Down from hi until a rate holds. *found: whether one did. */
static bool descend(struct search *s, uint64_t ns, bool *found)
{
	double rate = s->hi, width = precision_of(s);
	enum outcome o;

	*found = false;
	while (!*found && step_down(s, &rate, &width)) {
		o = attempt(s, rate, ns);
		if (o == BROKEN)
			return false;
		*found = o == HELD;
	}
	return true;
}

static bool halve(struct search *s, uint64_t ns)
{
	while (s->hi - s->lo > precision_of(s) * s->lo) {
		if (attempt(s, (s->lo + s->hi) / 2, ns) == BROKEN)
			return false;
	}
	return true;
}

/* Long trials about what short ones found. */
static bool settle(struct search *s, uint64_t ns, bool *found)
{
	enum outcome o = attempt(s, s->lo, ns);

	*found = o == HELD;
	if (o == BROKEN)
		return false;
	if (o != HELD && !descend(s, ns, found))
		return false;
	return !*found || halve(s, ns);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void summarise(struct search_result *out, double *rates, unsigned n)
{
	qsort(rates, n, sizeof(*rates), compare);
	out->min = rates[0];
	out->max = rates[n - 1];
	out->rate = n % 2 ? rates[n / 2] : (rates[n / 2 - 1] + rates[n / 2]) / 2;
}

/* Long trials at one rate, until it is clear that too few hold. */
static bool repeat(struct search *s, double rate, struct search_result *out, bool *confirmed)
{
	double rates[TRIALS_KEPT];
	unsigned wanted = s->cfg->repetitions < TRIALS_KEPT ? s->cfg->repetitions : TRIALS_KEPT;
	unsigned misses_max = wanted * MISSES_OF_TEN / 10, limits = 0;
	struct search_trial trial;

	out->held = out->repetitions = 0;
	while (out->repetitions < wanted && out->repetitions - out->held <= misses_max) {
		enum outcome o = once(s, rate, s->cfg->long_ns, &trial);

		if (o == BROKEN)
			return false;
		/* Says nothing of the system, unless it goes on like that. */
		if (o == LIMIT && limits++ < wanted)
			continue;
		out->repetitions++;
		if (o == HELD)
			rates[out->held++] = trial.rate;
		else
			s->hi_generator = o == LIMIT;
	}
	*confirmed = out->repetitions - out->held <= misses_max && out->held > 0;
	if (*confirmed)
		summarise(out, rates, out->held);
	return true;
}

static bool confirm(struct search *s, struct search_result *out)
{
	double rate = s->lo, width = precision_of(s);
	bool confirmed = false;

	do {
		if (!repeat(s, rate, out, &confirmed))
			return false;
	} while (!confirmed && step_down(s, &rate, &width));
	return true;
}

bool search_run(const struct search_config *cfg, struct search_result *out)
{
	struct search s = { .cfg = cfg };
	bool found = true;

	*out = (struct search_result){ .rate = 0 };
	if (!grow(&s, cfg->short_ns))
		return false;
	if (s.lo == 0 && !descend(&s, cfg->short_ns, &found))
		return false;
	if (found && (!halve(&s, cfg->short_ns) || !settle(&s, cfg->long_ns, &found)))
		return false;
	if (found && !confirm(&s, out))
		return false;
	out->generator_limit = s.hi_generator;
	return true;
}
