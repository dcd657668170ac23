/* SPDX-License-Identifier: BSD-3-Clause */
#include "timer_wheel.h"

#include <stdlib.h>

/* In a ring of its slot; alone in a ring of itself when not set. */
struct node {
	uint64_t at_ns;
	uint32_t prev, next;
};

struct timer_wheel {
	uint64_t tick; /* the next to be looked at */
	uint32_t n;
	/* ids, then a head for every slot, then the head of those taken from a slot. */
	struct node nodes[];
};

static uint32_t slot_head(const struct timer_wheel *w, uint64_t tick)
{
	return w->n + (uint32_t)(tick % TIMER_WHEEL_SLOTS);
}

static uint32_t ripe_head(const struct timer_wheel *w) { return w->n + TIMER_WHEEL_SLOTS; }

static void link_alone(struct timer_wheel *w, uint32_t i)
{
	w->nodes[i].prev = w->nodes[i].next = i;
}

struct timer_wheel *timer_wheel_new(uint32_t n, uint64_t now_ns)
{
	size_t n_nodes = (size_t)n + TIMER_WHEEL_SLOTS + 1;
	struct timer_wheel *w = malloc(sizeof(*w) + n_nodes * sizeof(w->nodes[0]));

	if (w == NULL)
		return NULL;
	w->n = n;
	w->tick = now_ns >> TIMER_WHEEL_TICK_BITS;
	for (uint32_t i = 0; i < n_nodes; i++)
		link_alone(w, i);
	return w;
}

void timer_wheel_free(struct timer_wheel *w) { free(w); }

static void unlink_node(struct timer_wheel *w, uint32_t i)
{
	struct node *node = &w->nodes[i];

	w->nodes[node->prev].next = node->next;
	w->nodes[node->next].prev = node->prev;
}

static void link_behind(struct timer_wheel *w, uint32_t head, uint32_t i)
{
	uint32_t last = w->nodes[head].prev;

	w->nodes[i].prev = last;
	w->nodes[i].next = head;
	w->nodes[last].next = i;
	w->nodes[head].prev = i;
}

void timer_wheel_set(struct timer_wheel *w, uint32_t id, uint64_t at_ns)
{
	uint64_t tick = at_ns >> TIMER_WHEEL_TICK_BITS;

	unlink_node(w, id);
	w->nodes[id].at_ns = at_ns;
	link_behind(w, slot_head(w, tick > w->tick ? tick : w->tick), id);
}

void timer_wheel_clear(struct timer_wheel *w, uint32_t id)
{
	unlink_node(w, id);
	link_alone(w, id);
}

/* Moves a slot's ring over: what is left of it for a later round goes back. */
static void ripen(struct timer_wheel *w)
{
	uint32_t head = slot_head(w, w->tick++), ripe = ripe_head(w);
	uint32_t first = w->nodes[head].next, last = w->nodes[head].prev;

	if (first == head)
		return;
	link_alone(w, head);
	w->nodes[ripe].next = first;
	w->nodes[ripe].prev = last;
	w->nodes[first].prev = ripe;
	w->nodes[last].next = ripe;
}

bool timer_wheel_due(struct timer_wheel *w, uint64_t now_ns, uint32_t *id)
{
	uint64_t end = now_ns >> TIMER_WHEEL_TICK_BITS; /* this tick has not passed */
	uint32_t ripe = ripe_head(w), i;

	/* After a long sleep one round meets every slot. */
	if (end > w->tick + TIMER_WHEEL_SLOTS)
		w->tick = end - TIMER_WHEEL_SLOTS;
	for (;;) {
		while ((i = w->nodes[ripe].next) == ripe) {
			if (w->tick >= end)
				return false;
			ripen(w);
		}
		timer_wheel_clear(w, i);
		if (w->nodes[i].at_ns <= now_ns) {
			*id = i;
			return true;
		}
		link_behind(w, slot_head(w, w->nodes[i].at_ns >> TIMER_WHEEL_TICK_BITS), i);
	}
}
