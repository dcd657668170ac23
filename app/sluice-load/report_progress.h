/* SPDX-License-Identifier: BSD-3-Clause */
/* A line a second while the fleet is at work: what happened since the line before. */
#pragma once

#include "load_result.h"

#include <stdio.h>

struct report_progress {
	FILE *out; /* NULL: nothing is printed */
	uint64_t start_ns, last_ns;
	unsigned lines;
	struct load_result last;
};

/* report_progress_begin: of a process that has done nothing yet. */
void report_progress_begin(struct report_progress *p, FILE *out, uint64_t now_ns);

/* report_progress_line: phase is a word, "connect"; total: everything since the start. The
 * latencies in it may begin anew between lines. */
void report_progress_line(struct report_progress *p, const char *phase,
			  const struct load_result *total, uint64_t now_ns);
