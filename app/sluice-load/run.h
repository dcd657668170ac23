/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done with a fleet: the actions of the command line. Slow path only. */
#pragma once

#include "fleet.h"
#include "report_progress.h"

struct run {
	struct fleet *fleet;
	const struct load_options *opt;
	struct report_progress progress;
	const char *phase; /* a word for the progress lines */
	struct load_result measured, total;
};

/* run_action: does what the options ask for and prints what came of it. Returns the exit status:
 * 0, or an enum verdict. r->fleet, opt and progress are set. */
int run_action(struct run *r);

/* run_progress: a line on what the fleet does; every second of a task. */
void run_progress(struct run *r);
