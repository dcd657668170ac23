/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done with a fleet: the actions of the command line. Slow path only. */
#pragma once

#include "fleet.h"
#include "report_json.h"
#include "report_progress.h"

enum { COSTS_MAX = SUITE_N * CONNECT_MODES };

struct run {
	struct fleet *fleet;
	const struct load_options *opt;
	struct report_progress progress;
	const char *phase; /* a word for the progress lines */
	struct load_result measured, total;
	struct load_result seen; /* by the last progress line */
	struct storm_result storm;
	bool has_ndr, has_pdr;
	struct search_result ndr, pdr;
	struct report_cost costs[COSTS_MAX];
	size_t n_costs;
};

/* run_action: does what the options ask for and prints what came of it. Returns the exit status:
 * 0, or an enum verdict. r->fleet, opt and progress are set. */
int run_action(struct run *r);

/* Inside: run_task: a task of the whole fleet; 0, or the exit status. run_load_order: requests at
 * a rate (0: max) from now on, as the options say but for the times. */
int run_task(struct run *r, const char *phase, const struct generator_order *order);
struct generator_order run_load_order(const struct load_options *opt, double rate);

/* run_progress: a line on what the fleet does; every second of a task. */
void run_progress(struct run *r);
