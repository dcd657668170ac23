/* SPDX-License-Identifier: BSD-3-Clause */
#include "trials.h"

#include "report_table.h"
#include "verdict.h"

/*
 * A trial is a task of the fleet of its own: a short start that is not measured, then what is. It
 * ends when the last request has its answer or is given up, so that none meets another's.
 */
#define SETTLE_NS UINT64_C(200000000)
#define SHORT_NS  UINT64_C(1000000000)

enum { REPETITIONS = 10, LOWEST = 1000 };
#define PRECISION 0.01

static bool run_trial(struct run *r, double rate, uint64_t duration_ns)
{
	struct generator_order order = run_load_order(r->opt, rate);

	order.measure_ns = order.start_ns + SETTLE_NS;
	order.end_ns = order.measure_ns + duration_ns;
	if (run_task(r, rate > 0 ? "trial" : "max", &order) != VERDICT_GOOD)
		return false;
	fleet_measured(r->fleet, &r->measured);
	return true;
}

/* What RFC 7252 had to send again was lost on the way, though its request was answered in the end.
 */
static double loss_of(const struct load_counts *c)
{
	uint64_t lost = c->lost + c->refused + c->retransmitted;

	if (c->sent == 0)
		return 1;
	return lost < c->sent ? (double)lost / (double)c->sent : 1;
}

static bool trial(void *arg, double rate, uint64_t duration_ns, struct search_trial *out)
{
	struct run *r = arg;
	const struct load_counts *c = &r->measured.counts;

	if (!run_trial(r, rate, duration_ns))
		return false;
	*out = (struct search_trial){
		.rate = (double)c->sent * 1e9 / (double)r->measured.elapsed_ns,
		.loss = loss_of(c),
		.generator_limit = !verdict_schedule_held(c),
	};
	return true;
}

static bool find(struct run *r, double max_rate, double max_loss, struct search_result *out)
{
	const struct search_config cfg = {
		.min_rate = max_rate / LOWEST,
		.max_rate = max_rate,
		.max_loss = max_loss,
		.precision = PRECISION,
		.short_ns = SHORT_NS < r->opt->duration_ns ? SHORT_NS : r->opt->duration_ns,
		.long_ns = r->opt->duration_ns,
		.repetitions = REPETITIONS,
		.trial = trial,
		.arg = r,
	};

	return search_run(&cfg, out);
}

static void tell(const char *what, double max_loss, const struct search_result *found)
{
	report_table_search(stdout, what, max_loss, found);
	fflush(stdout);
}

int trials_search(struct run *r)
{
	const struct load_options *opt = r->opt;
	double max_rate;

	if (!run_trial(r, 0, SHORT_NS))
		return VERDICT_INTERRUPTED;
	max_rate = (double)r->measured.counts.answered * 1e9 / (double)r->measured.elapsed_ns;
	if (max_rate <= 0) {
		fprintf(stderr, "sluice-load: no request is answered\n");
		return VERDICT_FAILED;
	}
	r->has_ndr = opt->search_ndr && find(r, max_rate, 0, &r->ndr);
	if (r->has_ndr)
		tell("NDR", 0, &r->ndr);
	r->has_pdr = opt->search_pdr && find(r, max_rate, opt->pdr_loss, &r->pdr);
	/* A rate without a loss is one with so much at most: the machine was quieter then. */
	if (r->has_ndr && r->has_pdr && r->pdr.rate < r->ndr.rate)
		r->pdr = r->ndr;
	if (r->has_pdr)
		tell("PDR", opt->pdr_loss, &r->pdr);
	/* Nothing but an interruption ends a search early. */
	if (r->has_ndr != opt->search_ndr || r->has_pdr != opt->search_pdr)
		return VERDICT_INTERRUPTED;
	return (r->has_ndr && r->ndr.generator_limit) || (r->has_pdr && r->pdr.generator_limit)
		       ? VERDICT_SCHEDULE
		       : VERDICT_GOOD;
}
