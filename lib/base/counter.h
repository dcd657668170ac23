/* SPDX-License-Identifier: BSD-3-Clause */
/* A counter with one writer, which any thread may read: relaxed, never torn. */
#pragma once

#include <stdint.h>

/* counter_add, counter_set: the one writer only. */
static inline void counter_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void counter_set(uint64_t *counter, uint64_t value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

/* counter_get: Any thread. */
static inline uint64_t counter_get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}
