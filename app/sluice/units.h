/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as people write them: 64k, 1m, 30s, 5ms. Pure functions; any thread. */
#pragma once

#include "cursor.h"

/* units_count: a decimal number with an optional k, m or g (powers of 1024); false on anything
 * else or a result beyond max. */
bool units_count(uint64_t *out, const char *text, uint64_t max) MUST_USE;

/* units_time: a decimal number with us, ms, s, m, h or d (none: seconds), as nanoseconds; false on
 * anything else or beyond 2^63. */
bool units_time(uint64_t *out_ns, const char *text) MUST_USE;
