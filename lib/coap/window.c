/* SPDX-License-Identifier: BSD-3-Clause */
#include "window.h"

#include <stddef.h>
#include <string.h>

/* An entry is at most this old at one use and the next use comes at most this much later (longer
 * pauses empty the window), so that an age stays below twice this: the 256 ticks that the byte in
 * an entry can tell apart. */
enum { LIFETIME_TICKS = (WINDOW_LIFETIME_S + WINDOW_TICK_S - 1) / WINDOW_TICK_S };
_Static_assert(2 * LIFETIME_TICKS < 256, "ages fit the tick of an entry");

uint32_t window_tick(uint64_t now_ns)
{
	return (uint32_t)(now_ns / ((uint64_t)WINDOW_TICK_S * 1000000000));
}

static void forget_old(struct window *w, uint32_t tick)
{
	bool all = tick - w->tick > LIFETIME_TICKS;

	for (size_t i = 0; i < WINDOW_LEN; i++)
		if (all || (uint8_t)(tick - w->entries[i].tick) > LIFETIME_TICKS)
			w->entries[i].state = WINDOW_FREE;
	w->tick = tick;
}

bool window_enter(struct window *w, uint32_t generation, uint32_t tick, uint16_t first_mid)
{
	if (w->generation == 0 || (int32_t)(generation - w->generation) > 0) {
		*w = (struct window){ .generation = generation,
				      .tick = tick,
				      .next_mid = first_mid };
		return true;
	}
	if (generation != w->generation)
		return false;
	if ((int32_t)(tick - w->tick) > 0)
		forget_old(w, tick);
	return true;
}

struct window_entry *window_find(struct window *w, uint16_t mid)
{
	for (size_t i = WINDOW_LEN; i-- > 0;)
		if (w->entries[i].mid == mid && w->entries[i].state != WINDOW_FREE)
			return &w->entries[i];
	return NULL;
}

/* How gladly an entry is given up, 0 first. 3: not at all. */
static unsigned reluctance(const struct window_entry *e)
{
	switch (e->state) {
	case WINDOW_FREE:
		return 0;
	case WINDOW_PENDING_NON:
		return 2;
	case WINDOW_PENDING_CON:
	case WINDOW_ACKED:
		return 3;
	}
	return 1;
}

bool window_insert(struct window *w, uint16_t mid, uint8_t state)
{
	size_t victim = 0;

	for (size_t i = 1; i < WINDOW_LEN; i++)
		if (reluctance(&w->entries[i]) < reluctance(&w->entries[victim]))
			victim = i;
	if (reluctance(&w->entries[victim]) == 3)
		return false;
	memmove(&w->entries[victim], &w->entries[victim + 1],
		(WINDOW_LEN - 1 - victim) * sizeof(w->entries[0]));
	w->entries[WINDOW_LEN - 1] =
		(struct window_entry){ .mid = mid, .state = state, .tick = (uint8_t)w->tick };
	return true;
}

void window_update(struct window *w, uint16_t mid, uint8_t state)
{
	struct window_entry *e = window_find(w, mid);

	if (e != NULL)
		e->state = state;
}
