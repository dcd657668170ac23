/* SPDX-License-Identifier: BSD-3-Clause */
#include "rfc3339.h"

#include <stdbool.h>
#include <string.h>

static bool leap(unsigned year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static unsigned days_in(unsigned year, unsigned month)
{
	static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month] + (month == 1 && leap(year) ? 1U : 0U);
}

/* Writes v in decimal, width digits, and steps over the separator behind it. */
static char *put(char *at, unsigned width, uint64_t v)
{
	for (unsigned i = width; i-- > 0; v /= 10)
		at[i] = (char)('0' + v % 10);
	return at + width + 1;
}

void rfc3339_write(char out[RFC3339_LEN + 1], uint64_t wall_ns)
{
	uint64_t us = wall_ns / 1000, seconds = us / 1000000, days = seconds / 86400;
	unsigned year = 1970, month = 0;
	char *at = out;

	/* 64 bits of nanoseconds end in 2554: a few hundred turns at most. */
	for (; days >= (leap(year) ? 366U : 365U); year++)
		days -= leap(year) ? 366U : 365U;
	for (; days >= days_in(year, month); month++)
		days -= days_in(year, month);
	memcpy(out, "0000-00-00T00:00:00.000000Z", RFC3339_LEN + 1);
	at = put(at, 4, year);
	at = put(at, 2, month + 1);
	at = put(at, 2, days + 1);
	at = put(at, 2, seconds / 3600 % 24);
	at = put(at, 2, seconds / 60 % 60);
	at = put(at, 2, seconds % 60);
	put(at, 6, us % 1000000);
}
