/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of up to n numbered things on a hashed wheel: O(1) to set, to move and to clear, where a
 * heap would touch a line a level for each of millions of requests that are answered in time.
 *
 * A timer is due within TIMER_WHEEL_TICK_NS after its time, never before it. One thread.
 */
#pragma once

#include "cursor.h"

enum { TIMER_WHEEL_TICK_BITS = 20, TIMER_WHEEL_SLOTS = 4096 };
#define TIMER_WHEEL_TICK_NS (UINT64_C(1) << TIMER_WHEEL_TICK_BITS)

struct timer_wheel;

/* timer_wheel_new: for ids 0..n-1, none set; NULL without memory. Slow path only. */
struct timer_wheel *timer_wheel_new(uint32_t n, uint64_t now_ns);
void timer_wheel_free(struct timer_wheel *w);

/* timer_wheel_set: sets or moves. timer_wheel_clear: none set is fine. */
void timer_wheel_set(struct timer_wheel *w, uint32_t id, uint64_t at_ns);
void timer_wheel_clear(struct timer_wheel *w, uint32_t id);

/* timer_wheel_due: takes one timer whose tick has passed; false: there is none. */
bool timer_wheel_due(struct timer_wheel *w, uint64_t now_ns, uint32_t *id) MUST_USE;
