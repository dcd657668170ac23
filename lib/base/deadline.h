/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Deadlines of up to n numbered things: a binary heap that knows where each stands, so that a
 * deadline can move. O(log n) to set, O(1) to look. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct deadlines;

/* Never due. */
#define DEADLINE_NONE UINT64_MAX

/* deadlines_new: for ids 0..n-1, none set; NULL without memory. Slow path only. */
struct deadlines *deadlines_new(uint32_t n);
void deadlines_free(struct deadlines *d);

/* deadlines_set: sets, moves or (DEADLINE_NONE) clears the deadline of id. */
void deadlines_set(struct deadlines *d, uint32_t id, uint64_t at_ns);

/* deadlines_due: takes one id whose deadline is at or before now_ns, earliest first; its deadline
 * is cleared. false: none is due. */
bool deadlines_due(struct deadlines *d, uint64_t now_ns, uint32_t *id);
