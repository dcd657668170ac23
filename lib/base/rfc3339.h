/* SPDX-License-Identifier: BSD-3-Clause */
/* Times as text (RFC 3339, UTC). Pure; any thread. */
#pragma once

#include <stdint.h>

/* "2026-11-22T13:39:30.123456Z" and its NUL. */
enum { RFC3339_LEN = 27 };

/* rfc3339_write: wall clock nanoseconds since 1970, cut to microseconds. Takes no lock and knows
 * no time zone, unlike libc's calls. */
void rfc3339_write(char out[RFC3339_LEN + 1], uint64_t wall_ns);
