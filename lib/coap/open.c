/* SPDX-License-Identifier: BSD-3-Clause */
#include "open.h"
#include "deadline.h"

#include <stdlib.h>

struct open_pool {
	struct open_exchange *items;
	uint32_t *chains; /* by hash of (slot, message ID): index + 1, 0 ends */
	struct deadlines *timers;
	uint32_t n, n_taken, mask;
	uint32_t free; /* index + 1 */
};

struct open_pool *open_pool_new(uint32_t n)
{
	struct open_pool *p = calloc(1, sizeof(*p));
	uint32_t n_chains = 1;

	if (p == NULL)
		return NULL;
	if (n == 0)
		n = 1;
	while (n_chains < n && n_chains < UINT32_C(1) << 30)
		n_chains *= 2;
	p->n = n;
	p->mask = n_chains - 1;
	p->items = calloc(n, sizeof(*p->items));
	p->chains = calloc(n_chains, sizeof(*p->chains));
	p->timers = deadlines_new(n);
	if (p->items == NULL || p->chains == NULL || p->timers == NULL) {
		open_pool_free(p);
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++)
		p->items[i].next = i + 1 < n ? i + 2 : 0;
	p->free = 1;
	return p;
}

void open_pool_free(struct open_pool *p)
{
	if (p == NULL)
		return;
	if (p->timers != NULL)
		deadlines_free(p->timers);
	free(p->chains);
	free(p->items);
	free(p);
}

static uint32_t index_of(const struct open_pool *p, const struct open_exchange *o)
{
	return (uint32_t)(o - p->items);
}

static uint32_t *chain_of(struct open_pool *p, struct session_ref ref, uint16_t mid)
{
	/* Message IDs count up per device: consecutive ones spread, whatever the slot. */
	uint32_t h = ref.slot * UINT32_C(0x9e3779b1) + mid * UINT32_C(0x85ebca6b);

	return &p->chains[(h ^ h >> 15) & p->mask];
}

struct open_exchange *open_take(struct open_pool *p)
{
	struct open_exchange *o;

	if (p->free == 0)
		return NULL;
	o = &p->items[p->free - 1];
	p->free = o->next;
	p->n_taken++;
	*o = (struct open_exchange){ .generation = o->generation + 1 };
	if (o->generation == 0)
		o->generation = 1;
	return o;
}

static void unchain(struct open_pool *p, struct open_exchange *o)
{
	uint32_t *at = chain_of(p, o->ref, o->response_mid);

	while (*at != index_of(p, o) + 1)
		at = &p->items[*at - 1].next;
	*at = o->next;
}

void open_release(struct open_pool *p, struct open_exchange *o)
{
	if (o->state == OPEN_RESPONSE)
		unchain(p, o);
	deadlines_set(p->timers, index_of(p, o), DEADLINE_NONE);
	o->state = OPEN_FREE;
	o->next = p->free;
	p->free = index_of(p, o) + 1;
	p->n_taken--;
}

uint64_t open_cookie(const struct open_pool *p, const struct open_exchange *o)
{
	return (uint64_t)o->generation << 32 | index_of(p, o);
}

struct open_exchange *open_find(struct open_pool *p, uint64_t cookie)
{
	uint32_t index = (uint32_t)cookie;
	struct open_exchange *o;

	if (index >= p->n)
		return NULL;
	o = &p->items[index];
	return o->state != OPEN_FREE && o->generation == cookie >> 32 ? o : NULL;
}

void open_respond(struct open_pool *p, struct open_exchange *o, uint16_t response_mid)
{
	uint32_t *chain = chain_of(p, o->ref, response_mid);

	o->state = OPEN_RESPONSE;
	o->response_mid = response_mid;
	o->next = *chain;
	*chain = index_of(p, o) + 1;
}

struct open_exchange *open_by_mid(struct open_pool *p, struct session_ref ref, uint16_t mid)
{
	for (uint32_t at = *chain_of(p, ref, mid); at != 0; at = p->items[at - 1].next) {
		struct open_exchange *o = &p->items[at - 1];

		if (o->ref.slot == ref.slot && o->ref.generation == ref.generation &&
		    o->response_mid == mid)
			return o;
	}
	return NULL;
}

void open_timer(struct open_pool *p, struct open_exchange *o, uint64_t at_ns)
{
	deadlines_set(p->timers, index_of(p, o), at_ns);
}

struct open_exchange *open_due(struct open_pool *p, uint64_t now_ns)
{
	uint32_t index;

	return deadlines_due(p->timers, now_ns, &index) ? &p->items[index] : NULL;
}

uint32_t open_count(const struct open_pool *p) { return p->n_taken; }
