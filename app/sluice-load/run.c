/* SPDX-License-Identifier: BSD-3-Clause */
#include "run.h"

#include "mono_clock.h"
#include "report_table.h"
#include "trials.h"
#include "verdict.h"

#include <inttypes.h>
#include <stdlib.h>

/* Between an order and its first request: the threads take it up meanwhile. */
#define LEAD_NS UINT64_C(20000000)

void run_progress(struct run *r)
{
	fleet_total(r->fleet, &r->seen);
	report_progress_line(&r->progress, r->phase, &r->seen, mono_clock_ns());
}

static const char *connect_trouble(struct run *r)
{
	enum status why;

	if (fleet_failure(r->fleet, &why))
		return status_help(why);
	fleet_total(r->fleet, &r->total);
	return r->total.counts.sessions_lost > 0 ? "the server ends the sessions" : "no answer";
}

int run_task(struct run *r, const char *phase, const struct generator_order *order)
{
	r->phase = phase;
	switch (fleet_do(r->fleet, order)) {
	case FLEET_DONE:
		break;
	case FLEET_GAVE_UP:
		fprintf(stderr, "sluice-load: most handshakes fail: %s\n", connect_trouble(r));
		return VERDICT_FAILED;
	case FLEET_INTERRUPTED:
		fprintf(stderr, "sluice-load: interrupted\n");
		return VERDICT_INTERRUPTED;
	}
	return VERDICT_GOOD;
}

/* Those that could not connect are seen in the verdict; the others go on. */
static int establish(struct run *r)
{
	const struct generator_order order = { .task = GENERATOR_ESTABLISH };
	int rc = run_task(r, "connect", &order);

	if (rc != VERDICT_GOOD)
		return rc;
	fleet_total(r->fleet, &r->total);
	if (r->total.sessions == r->opt->devices)
		return VERDICT_GOOD;
	fprintf(stderr, "sluice-load: only %" PRIu64 " of %u devices have a session: %s\n",
		r->total.sessions, r->opt->devices, connect_trouble(r));
	return r->total.sessions > 0 ? VERDICT_GOOD : VERDICT_FAILED;
}

static void leave(struct run *r)
{
	const struct generator_order order = { .task = GENERATOR_CLOSE };

	(void)run_task(r, "leave", &order);
}

struct generator_order run_load_order(const struct load_options *opt, double rate)
{
	return (struct generator_order){
		.task = GENERATOR_LOAD,
		.rate = rate,
		.start_ns = mono_clock_ns() + LEAD_NS,
		.retransmit = opt->retransmit == LOAD_RETRANSMIT_COAP,
		.answer_timeout_ns = opt->answer_timeout_ns,
	};
}

static bool save_hgrm(const struct run *r, char *err, size_t err_len)
{
	return r->opt->hgrm == NULL ||
	       report_json_save_hgrm(&r->measured.latency, r->opt->hgrm, err, err_len);
}

static bool save_json(const struct run *r, int rc, char *err, size_t err_len)
{
	const struct report_json json = {
		.opt = r->opt,
		.measured = &r->measured,
		.total = &r->total,
		.storm = r->opt->storm > 0 ? &r->storm : NULL,
		.ndr = r->has_ndr ? &r->ndr : NULL,
		.pdr = r->has_pdr ? &r->pdr : NULL,
		.costs = r->n_costs > 0 ? r->costs : NULL,
		.n_costs = r->n_costs,
		.exit_status = rc,
	};

	return r->opt->json == NULL || report_json_save(&json, r->opt->json, err, err_len);
}

static int unsaved(int rc, const char *err)
{
	fprintf(stderr, "sluice-load: %s\n", err);
	return rc == VERDICT_GOOD ? VERDICT_FAILED : rc;
}

/* Returns the exit status: a report that cannot be written fails a run that was good. */
static int save(const struct run *r, int rc)
{
	char err[256];

	if (!save_hgrm(r, err, sizeof(err)))
		rc = unsaved(rc, err);
	if (!save_json(r, rc, err, sizeof(err)))
		rc = unsaved(rc, err);
	return rc;
}

static int run_load(struct run *r)
{
	bool storm = r->opt->storm > 0;
	struct generator_order order;
	int rc = establish(r);

	if (rc == VERDICT_GOOD) {
		order = run_load_order(r->opt, r->opt->rate);
		order.ramp_ns = r->opt->ramp_ns;
		order.measure_ns = order.start_ns + r->opt->ramp_ns + r->opt->warmup_ns;
		order.end_ns = order.measure_ns + r->opt->duration_ns;
		rc = run_task(r, "load", &order);
	}
	if (rc == VERDICT_GOOD)
		fleet_measured(r->fleet, &r->measured);
	fleet_total(r->fleet, &r->total);
	if (storm)
		fleet_storm(r->fleet, &r->storm);
	leave(r);
	if (rc != VERDICT_GOOD)
		return rc;
	report_table_run(stdout, r->opt, &r->measured, &r->total);
	if (storm)
		report_table_storm(stdout, &r->storm);
	rc = (int)verdict_of(stdout, r->opt, &r->total, &r->measured, storm ? &r->storm : NULL);
	return save(r, rc);
}

static int run_handshakes(struct run *r)
{
	const uint64_t now_ns = mono_clock_ns();
	const struct generator_order order = {
		.task = GENERATOR_HANDSHAKES,
		.start_ns = now_ns,
		.measure_ns = now_ns + r->opt->warmup_ns,
		.end_ns = now_ns + r->opt->warmup_ns + r->opt->duration_ns,
	};
	int rc = run_task(r, "handshakes", &order);

	if (rc != VERDICT_GOOD)
		return rc;
	fleet_measured(r->fleet, &r->measured);
	fleet_total(r->fleet, &r->total);
	report_table_handshakes(stdout, &r->measured);
	rc = (int)verdict_of(stdout, r->opt, &r->total, &r->measured, NULL);
	return save(r, rc);
}

/* Each of the suites and modes that there were. */
static size_t collect_costs(const struct run *r, struct report_cost costs[COSTS_MAX])
{
	bool raw_keys = r->opt->server_keys != NULL;
	struct connect_cost c;
	size_t n = 0;

	for (size_t suite = 0; suite < SUITE_N; suite++) {
		for (int mode = 0; mode < CONNECT_MODES; mode++) {
			fleet_cost(r->fleet, suite, (enum connect_mode)mode, &c);
			if (c.n == 0)
				continue;
			costs[n++] = (struct report_cost){
				.suite = suite_at(suite),
				.mode = (enum connect_mode)mode,
				.psk = load_options_by_psk(r->opt, suite_at(suite)),
				.raw_keys = raw_keys,
				.sum = c,
			};
		}
	}
	return n;
}

/* Every device connects, leaves, and connects again with what it knows from before. */
static int run_handshake_cost(struct run *r)
{
	int rc = establish(r);

	leave(r);
	if (rc == VERDICT_GOOD)
		rc = establish(r);
	leave(r);
	if (rc != VERDICT_GOOD)
		return rc;
	r->n_costs = collect_costs(r, r->costs);
	report_cost_print(stdout, r->costs, r->n_costs);
	rc = (int)verdict_of(stdout, r->opt, &r->total, &r->measured, NULL);
	return save(r, rc);
}

static int run_search(struct run *r)
{
	int rc = establish(r);

	if (rc == VERDICT_GOOD)
		rc = trials_search(r);
	fleet_total(r->fleet, &r->total);
	leave(r);
	return rc == VERDICT_GOOD || rc == VERDICT_SCHEDULE ? save(r, rc) : rc;
}

int run_action(struct run *r)
{
	switch (r->opt->action) {
	case LOAD_RUN:
		return run_load(r);
	case LOAD_HANDSHAKES:
		return run_handshakes(r);
	case LOAD_SEARCH:
		return run_search(r);
	case LOAD_HANDSHAKE_COST:
		return run_handshake_cost(r);
	case LOAD_WRITE_PSK: /* needs no fleet */
		break;
	}
	return EXIT_FAILURE;
}
