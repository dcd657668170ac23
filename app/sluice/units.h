/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as people write them: 64k, 1m, 30s, 5ms, 1.5M/s, 0.5%. Pure functions; any thread. */
#pragma once

#include "cursor.h"

/* units_count: a decimal number with an optional k, m or g (powers of 1024); false on anything
 * else or a result beyond max. */
bool units_count(uint64_t *out, const char *text, uint64_t max) MUST_USE;

/* units_time: a decimal number with us, ms, s, m, h or d (none: seconds), as nanoseconds; false on
 * anything else or beyond 2^63. */
bool units_time(uint64_t *out_ns, const char *text) MUST_USE;

/* units_time_between: such a time from min to max; *out_ns may be written all the same. */
bool units_time_between(uint64_t *out_ns, const char *text, uint64_t min_ns,
			uint64_t max_ns) MUST_USE;

/* units_decimal: a decimal number, also with a fraction, with an optional k, m or g in either case
 * (powers of 1000), that comes to a whole number; false on anything else or a result beyond max. */
bool units_decimal(uint64_t *out, const char *text, uint64_t max) MUST_USE;

/* units_rate: such a number, whole or not, with an optional "/s"; false on anything else. */
bool units_rate(double *out, const char *text) MUST_USE;

/* units_share: a percentage from 0 to 100, with or without its sign, as a share of 1; false on
 * anything else. */
bool units_share(double *out, const char *text) MUST_USE;
