/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the devices of a share are among the sources, as numbers that load_sources_at makes
 * addresses and ports of. A device that moves has several places, one at a time; nobody else has
 * them, so that which device a place is of is arithmetic, too.
 *
 * Its places are `each`, a turn of the share apart, and a move goes on to the one that is an
 * address further, as far as there are addresses. One thread.
 */
#pragma once

#include "load_sources.h"

struct load_places {
	struct load_share share;
	uint32_t each; /* places a device has, > 0 */
	uint32_t step; /* of a move; no divisor in common with each */
	uint32_t *at;  /* by device: which of them it has; NULL: nobody moves */
};

/* load_places_each: how many places each of so many devices can have. */
static inline uint32_t load_places_each(const struct load_sources *s, uint32_t devices)
{
	const uint64_t all = (uint64_t)s->n_addrs * load_sources_ports(s);

	return (uint32_t)((all < UINT32_MAX ? all : UINT32_MAX) / devices);
}

/* load_places_init: of a share of so many devices of these sources, at their first places; moves:
 * they have all that there are. false without memory. Slow path only. */
bool load_places_init(struct load_places *p, const struct load_sources *s, uint32_t devices,
		      struct load_share share, bool moves) MUST_USE;
void load_places_free(struct load_places *p);

/* load_places_first, load_places_last: of the whole share. */
static inline uint32_t load_places_first(const struct load_places *p)
{
	return p->share.first * p->each;
}

static inline uint32_t load_places_last(const struct load_places *p)
{
	return load_places_first(p) + p->share.n * p->each - 1;
}

/* load_places_of: where a device of the share is. */
static inline uint32_t load_places_of(const struct load_places *p, uint32_t device)
{
	return load_places_first(p) + device + (p->at != NULL ? p->at[device] * p->share.n : 0);
}

/* load_places_find: who is there; LOAD_NO_DEVICE: nobody, any more or yet. */
static inline uint32_t load_places_find(const struct load_places *p, uint32_t place)
{
	const uint32_t off = place - load_places_first(p);

	if (p->at == NULL)
		return off < p->share.n ? off : LOAD_NO_DEVICE;
	if (off >= p->share.n * p->each || p->at[off % p->share.n] != off / p->share.n)
		return LOAD_NO_DEVICE;
	return off % p->share.n;
}

/* load_places_move: to its next place; the device is at another one if `each` is more than 1. */
static inline void load_places_move(struct load_places *p, uint32_t device)
{
	p->at[device] = (p->at[device] + p->step) % p->each;
}
