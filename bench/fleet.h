/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of a fleet's sessions, for benches that ask what a key costs that has to be fetched.
 *
 * Four million sessions take seconds to write, so that each kind of session has one array, on huge
 * pages where the kernel gives them, which grows to the greatest number asked for and stays. All
 * sessions are copies of one: no engine can tell, since it knows a key by its address.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { FLEET_MAX = 4000000 };

struct fleet {
	size_t stride; /* of a session: a multiple of 64 */
	size_t filled;
	uint8_t *sessions;
};

/* fleet_fill: f has at least n sessions, all as the first stride bytes at session. n <= FLEET_MAX.
 * NULL when the machine has too little memory for that. */
const uint8_t *fleet_fill(struct fleet *f, const void *session, size_t n);

/* fleet_order: a permutation of 0..n-1, the same every time. NULL: no memory. */
const uint32_t *fleet_order(size_t n);

/* fleet_fetch: a line that will be needed in a burst or so. Into the second level cache: a row of
 * such requests does not fill the few buffers between the first level and all else. */
static inline void fleet_fetch(const void *line) { __builtin_prefetch(line, 0, 1); }
