/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_units.h"

#include <stdio.h>

/* Three significant digits; whole numbers below 1000 as they are. */
static void print_short(char *out, double v, const char *unit)
{
	int digits = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;

	snprintf(out, REPORT_UNITS_MAX, "%.*f%s", digits, v, unit);
}

const char *report_units_number(char out[REPORT_UNITS_MAX], double v)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	unsigned i = 0;

	if (v < 999.5 && v - (double)(uint64_t)v < 1e-9) {
		snprintf(out, REPORT_UNITS_MAX, "%.0f", v);
		return out;
	}
	while (v >= 999.5 && i + 1 < sizeof(units) / sizeof(*units)) {
		v /= 1000;
		i++;
	}
	print_short(out, v, units[i]);
	return out;
}

const char *report_units_time(char out[REPORT_UNITS_MAX], uint64_t ns)
{
	double v = (double)ns;

	if (ns < 1000)
		snprintf(out, REPORT_UNITS_MAX, "%u ns", (unsigned)ns);
	else if (v < 999.5e3)
		print_short(out, v / 1e3, " us");
	else if (v < 999.5e6)
		print_short(out, v / 1e6, " ms");
	else
		print_short(out, v / 1e9, " s");
	return out;
}

const char *report_units_share(char out[REPORT_UNITS_MAX], uint64_t part, uint64_t whole)
{
	double percent = whole != 0 ? 100 * (double)part / (double)whole : 0;

	if (whole == 0)
		snprintf(out, REPORT_UNITS_MAX, "-");
	else if (part != 0 && percent < 0.001)
		snprintf(out, REPORT_UNITS_MAX, "<0.001 %%");
	else if (part < whole && percent > 99.999)
		snprintf(out, REPORT_UNITS_MAX, ">99.999 %%");
	else
		snprintf(out, REPORT_UNITS_MAX, "%.3f %%", percent);
	return out;
}
