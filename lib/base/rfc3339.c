/* SPDX-License-Identifier: BSD-3-Clause */
#include "rfc3339.h"

#include <string.h>

struct date {
	unsigned year, month, day;
};

/*
 * The day that is so many days after 1970-01-01 (the Gregorian rule). Years begin in March here, so
 * that the leap day is their last, and the months' lengths repeat: 31 30 31 30 31, in 153 days.
 */
static struct date date_of(uint64_t days)
{
	enum { CYCLE = 146097, CENTURY = 36524, FOUR = 1461, YEAR = 365, BEFORE_1970 = 719468 };
	const uint64_t all = days + BEFORE_1970; /* since 0000-03-01 */
	unsigned rest = (unsigned)(all % CYCLE), centuries, fours, years, months;

	/* The last day of four centuries, and of four years, is one more than fits their quarters.
	 */
	centuries = rest / CENTURY < 3 ? rest / CENTURY : 3;
	rest -= centuries * CENTURY;
	fours = rest / FOUR;
	rest -= fours * FOUR;
	years = rest / YEAR < 3 ? rest / YEAR : 3;
	rest -= years * YEAR;
	months = (5 * rest + 2) / 153; /* since March */
	return (struct date){
		.year = (unsigned)(all / CYCLE * 400) + centuries * 100 + fours * 4 + years +
			(months >= 10),
		.month = months < 10 ? months + 3 : months - 9,
		.day = rest - (153 * months + 2) / 5 + 1,
	};
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
	const uint64_t us = wall_ns / 1000, seconds = us / 1000000;
	const struct date date = date_of(seconds / 86400);
	char *at = out;

	memcpy(out, "0000-00-00T00:00:00.000000Z", RFC3339_LEN + 1);
	at = put(at, 4, date.year);
	at = put(at, 2, date.month);
	at = put(at, 2, date.day);
	at = put(at, 2, seconds / 3600 % 24);
	at = put(at, 2, seconds / 60 % 60);
	at = put(at, 2, seconds % 60);
	put(at, 6, us % 1000000);
}
