/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_places.h"

#include <stdlib.h>

static uint32_t divisor(uint32_t a, uint32_t b)
{
	while (b != 0) {
		const uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* About as many turns of the share as an address has, and every place is come to in the end. */
static uint32_t step_of(uint32_t turns, uint32_t each)
{
	uint32_t step = turns < each ? turns : 1;

	while (divisor(step, each) != 1)
		step++;
	return step;
}

bool load_places_init(struct load_places *p, const struct load_sources *s, uint32_t devices,
		      struct load_share share, bool moves)
{
	*p = (struct load_places){ .share = share, .each = 1, .step = 1 };
	if (!moves || share.n == 0)
		return true;
	p->each = load_places_each(s, devices);
	p->step = step_of((load_sources_ports(s) + share.n - 1) / share.n, p->each);
	p->at = calloc(share.n, sizeof(*p->at));
	return p->at != NULL;
}

void load_places_free(struct load_places *p)
{
	free(p->at);
	p->at = NULL;
}
