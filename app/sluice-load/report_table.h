/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run comes to, as plain text. */
#pragma once

#include "load_options.h"
#include "load_result.h"
#include "search.h"
#include "storm_result.h"

/* report_table_run: of requests: the measured part, and what else there was in all. */
void report_table_run(FILE *out, const struct load_options *opt, const struct load_result *measured,
		      const struct load_result *total);

/* report_table_storm: of --storm, behind the run's. */
void report_table_storm(FILE *out, const struct storm_result *s);

/* report_table_handshakes: of --handshakes-only. */
void report_table_handshakes(FILE *out, const struct load_result *measured);

/* report_table_search: one figure of --search; what is "NDR" or "PDR". */
void report_table_search(FILE *out, const char *what, double max_loss,
			 const struct search_result *r);
