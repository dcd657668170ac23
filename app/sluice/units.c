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

bool units_time_between(uint64_t *out_ns, const char *text, uint64_t min_ns, uint64_t max_ns)
{
	return units_time(out_ns, text) && *out_ns >= min_ns && *out_ns <= max_ns;
}

/* Digits, and a point with digits behind it; no sign, exponent, hexadecimal, infinity. */
static bool parse_decimal(double *out, const char *text, const char **end)
{
	static const char digits[] = "0123456789";
	size_t len = strspn(text, digits), fraction = 0;
	char *stop;

	if (len == 0)
		return false;
	if (text[len] == '.') {
		fraction = strspn(text + len + 1, digits);
		if (fraction == 0)
			return false;
		len += 1 + fraction;
	}
	*out = strtod(text, &stop);
	*end = text + len;
	/* Exponents: strtod takes them, and then ends elsewhere. */
	return stop == *end;
}

static double decimal_factor(const char **end)
{
	static const char suffixes[] = "kmg";
	double factor = 1;

	for (size_t i = 0; suffixes[i] != '\0'; i++) {
		factor *= 1000;
		if ((**end | 0x20) == suffixes[i]) {
			++*end;
			return factor;
		}
	}
	return 1;
}

static bool parse_thousands(double *out, const char *text, const char **end)
{
	if (!parse_decimal(out, text, end))
		return false;
	*out *= decimal_factor(end);
	return true;
}

bool units_decimal(uint64_t *out, const char *text, uint64_t max)
{
	const char *end;
	double v;

	/* Beyond 2^53 a double does not know every whole number. */
	if (!parse_thousands(&v, text, &end) || *end != '\0' || v > 9007199254740992.0)
		return false;
	*out = (uint64_t)(v + 0.5);
	/* 1.001k is 1001 but for rounding. */
	return *out <= max && v - (double)*out < 1e-6 && (double)*out - v < 1e-6;
}

bool units_rate(double *out, const char *text)
{
	const char *end;

	return parse_thousands(out, text, &end) && (*end == '\0' || strcmp(end, "/s") == 0);
}

bool units_share(double *out, const char *text)
{
	const char *end;
	double v;

	if (!parse_decimal(&v, text, &end) || (*end != '\0' && strcmp(end, "%") != 0) || v > 100)
		return false;
	*out = v / 100;
	return true;
}
