/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices in random order without a list of them: every device once a round, each round another
 * permutation, all from a seed. One thread.
 *
 * A round walks the numbers below the next power of two through a mixing function that is one to
 * one, and leaves out those that are no device: at most half.
 */
#pragma once

#include "mix.h"

struct order {
	uint64_t seed;
	uint32_t n, at;
	uint32_t mask, shift;
	uint32_t add, multiply; /* of this round */
};

static inline void order_round(struct order *o)
{
	uint64_t random = mix_random(&o->seed);

	o->add = (uint32_t)random;
	o->multiply = (uint32_t)(random >> 32) | 1;
	o->at = 0;
}

/* order_init: of the devices 0..n-1, n > 0. */
static inline void order_init(struct order *o, uint32_t n, uint64_t seed)
{
	unsigned bits = n > 1 ? 32 - (unsigned)__builtin_clz(n - 1) : 1;

	*o = (struct order){ .seed = seed,
			     .n = n,
			     .mask = (uint32_t)(UINT64_C(1) << bits) - 1,
			     .shift = (bits + 1) / 2 };
	order_round(o);
}

/* Each step is one to one below the power of two. */
static inline uint32_t order_mixed(const struct order *o, uint32_t x)
{
	x = (x + o->add) & o->mask;
	x ^= x >> o->shift;
	x = x * o->multiply & o->mask;
	x ^= x >> o->shift;
	x = x * 0x9e3779b1 & o->mask;
	return x ^ x >> o->shift;
}

/* order_next: the next device. */
static inline uint32_t order_next(struct order *o)
{
	uint32_t device;

	do {
		if (o->at > o->mask)
			order_round(o);
		device = order_mixed(o, o->at++);
	} while (device >= o->n);
	return device;
}
