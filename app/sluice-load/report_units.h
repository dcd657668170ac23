/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as the reports show them: short, with a unit. Each fills and returns out. */
#pragma once

#include "cursor.h"

enum { REPORT_UNITS_MAX = 24 };

/* report_units_number: three significant digits and more: "0", "12.3", "999", "12.3k", "4.51M". */
const char *report_units_number(char out[REPORT_UNITS_MAX], double v);

/* report_units_time: "850 ns", "12.3 us", "4.51 ms", "2.00 s". */
const char *report_units_time(char out[REPORT_UNITS_MAX], uint64_t ns);

/* report_units_share: a share of a whole in percent, "0.35 %"; of nothing: "-". */
const char *report_units_share(char out[REPORT_UNITS_MAX], uint64_t part, uint64_t whole);
