/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions that another thread wants closed, on their way to their owner: a ring with one writer
 * and one reader that never wait for each other.
 */
#pragma once

#include "path.h"

#include <stdatomic.h>

enum { EVICT_RING = 4096 }; /* a power of two */

struct evict_ring {
	_Atomic uint32_t put; /* the writer's */
	uint8_t apart[60];
	_Atomic uint32_t taken; /* the reader's */
	struct path_eviction at[EVICT_RING];
};

/* evict_put: as many of n as there is room for; returns how many. One thread at a time. */
static inline size_t evict_put(struct evict_ring *r, const struct path_eviction *e, size_t n)
{
	uint32_t put = atomic_load_explicit(&r->put, memory_order_relaxed);
	uint32_t room = EVICT_RING - (put - atomic_load_explicit(&r->taken, memory_order_acquire));

	if (n > room)
		n = room;
	for (size_t i = 0; i < n; i++)
		r->at[(put + i) % EVICT_RING] = e[i];
	atomic_store_explicit(&r->put, put + (uint32_t)n, memory_order_release);
	return n;
}

/* evict_take: up to n; returns how many. The reader only. */
static inline size_t evict_take(struct evict_ring *r, struct path_eviction *e, size_t n)
{
	uint32_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
	uint32_t there = atomic_load_explicit(&r->put, memory_order_acquire) - taken;

	if (n > there)
		n = there;
	for (size_t i = 0; i < n; i++)
		e[i] = r->at[(taken + i) % EVICT_RING];
	if (n > 0)
		atomic_store_explicit(&r->taken, taken + (uint32_t)n, memory_order_release);
	return n;
}
