/* SPDX-License-Identifier: BSD-3-Clause */
#include "units.h"

#include <errno.h>
#include <stdlib.h>

struct unit {
	char suffix[3];
	uint64_t factor;
};

static const struct unit count_units[] = {
	{ "", 1 },
	{ "k", 1 << 10 },
	{ "m", 1 << 20 },
	{ "g", 1 << 30 },
};

#define SECOND UINT64_C(1000000000)

static const struct unit time_units[] = {
	{ "", SECOND },       { "us", 1000 },         { "ms", 1000000 },       { "s", SECOND },
	{ "m", 60 * SECOND }, { "h", 3600 * SECOND }, { "d", 86400 * SECOND },
};

static bool parse(uint64_t *out, const char *text, const struct unit *units, size_t n)
{
	unsigned long long v;
	char *end;

	/* strtoull takes signs and blanks; we do not. */
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(end, units[i].suffix) == 0)
			return !__builtin_mul_overflow((uint64_t)v, units[i].factor, out);
	}
	return false;
}

bool units_count(uint64_t *out, const char *text, uint64_t max)
{
	uint64_t v;

	if (!parse(&v, text, count_units, sizeof(count_units) / sizeof(*count_units)) || v > max)
		return false;
	*out = v;
	return true;
}

bool units_time(uint64_t *out_ns, const char *text)
{
	uint64_t v;

	if (!parse(&v, text, time_units, sizeof(time_units) / sizeof(*time_units)) || v > INT64_MAX)
		return false;
	*out_ns = v;
	return true;
}
