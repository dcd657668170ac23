/* SPDX-License-Identifier: BSD-3-Clause */
#include "deadline.h"

#include <stdlib.h>

struct deadline {
	uint64_t at_ns;
	uint32_t id;
};

struct deadlines {
	uint32_t n;      /* in the heap */
	uint32_t *place; /* by id: index in the heap + 1; 0: not set */
	struct deadline *heap;
};

struct deadlines *deadlines_new(uint32_t n)
{
	struct deadlines *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->place = calloc(n, sizeof(*d->place));
	d->heap = calloc(n, sizeof(*d->heap));
	if (d->place == NULL || d->heap == NULL) {
		deadlines_free(d);
		return NULL;
	}
	return d;
}

void deadlines_free(struct deadlines *d)
{
	if (d == NULL)
		return;
	free(d->place);
	free(d->heap);
	free(d);
}

static void put(struct deadlines *d, uint32_t i, struct deadline e)
{
	d->heap[i] = e;
	d->place[e.id] = i + 1;
}

static void sift_up(struct deadlines *d, uint32_t i, struct deadline e)
{
	while (i > 0 && d->heap[(i - 1) / 2].at_ns > e.at_ns) {
		put(d, i, d->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(d, i, e);
}

static void sift_down(struct deadlines *d, uint32_t i, struct deadline e)
{
	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= d->n)
			break;
		if (child + 1 < d->n && d->heap[child + 1].at_ns < d->heap[child].at_ns)
			child++;
		if (d->heap[child].at_ns >= e.at_ns)
			break;
		put(d, i, d->heap[child]);
		i = child;
	}
	put(d, i, e);
}

/* Puts e where the heap has a hole at i. */
static void settle(struct deadlines *d, uint32_t i, struct deadline e)
{
	if (i > 0 && d->heap[(i - 1) / 2].at_ns > e.at_ns)
		sift_up(d, i, e);
	else
		sift_down(d, i, e);
}

static void clear(struct deadlines *d, uint32_t id)
{
	uint32_t i = d->place[id] - 1;
	struct deadline last = d->heap[--d->n];

	d->place[id] = 0;
	if (last.id != id)
		settle(d, i, last);
}

void deadlines_set(struct deadlines *d, uint32_t id, uint64_t at_ns)
{
	struct deadline e = { at_ns, id };

	if (at_ns == DEADLINE_NONE) {
		if (d->place[id] != 0)
			clear(d, id);
		return;
	}
	if (d->place[id] != 0)
		settle(d, d->place[id] - 1, e);
	else
		sift_up(d, d->n++, e);
}

bool deadlines_due(struct deadlines *d, uint64_t now_ns, uint32_t *id)
{
	if (d->n == 0 || d->heap[0].at_ns > now_ns)
		return false;
	*id = d->heap[0].id;
	clear(d, *id);
	return true;
}
