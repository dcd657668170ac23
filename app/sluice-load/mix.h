/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers from a seed: what is random in a fleet is the same again with the same seed. Not for
 * secrets. Any thread, each with its own state. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* mix_random: 64 random bits (splitmix64). */
static inline uint64_t mix_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* mix_below: 0 .. n-1, n > 0 (multiply and shift: the bias is below n / 2^32). */
static inline uint32_t mix_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((mix_random(state) >> 32) * n >> 32);
}

/* mix_chance: true with this probability. */
static inline bool mix_chance(uint64_t *state, double share)
{
	return (double)(mix_random(state) >> 11) * 0x1p-53 < share;
}
