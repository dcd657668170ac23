/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run as JSON: options, what was measured, what there was in all, searches, costs of handshakes,
 * verdict. Names of counts are those of load_result.h. No secret is in it.
 */
#pragma once

#include "load_options.h"
#include "load_result.h"
#include "report_cost.h"
#include "search.h"
#include "storm_result.h"

/* What is NULL was not made. */
struct report_json {
	const struct load_options *opt;
	const struct load_result *measured, *total;
	const struct storm_result *storm;
	const struct search_result *ndr, *pdr;
	const struct report_cost *costs;
	size_t n_costs;
	int exit_status;
};

/* report_json_write: false: errno. */
bool report_json_write(const struct report_json *r, FILE *out) MUST_USE;

/* report_json_save, report_json_save_hgrm: to a file, as a whole or not at all. false: err says
 * why. */
bool report_json_save(const struct report_json *r, const char *path, char *err,
		      size_t err_len) MUST_USE;
bool report_json_save_hgrm(const struct histogram *h, const char *path, char *err,
			   size_t err_len) MUST_USE;
