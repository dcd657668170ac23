/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock that programs give to lib/, which reads none itself. Any thread. */
#pragma once

#include <stdint.h>
#include <time.h>

/* mono_clock_ns: the monotonic clock. */
static inline uint64_t mono_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
