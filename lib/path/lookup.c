/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

/* The next n of those that are not hashed. */
static void send_for(struct path_core *core, unsigned n)
{
	const struct store *store = core->cfg.store;
	struct rte_mbuf **m = core->datagrams + core->n_hashed;
	struct flow_hash *hashes = core->hashes + core->n_hashed;
	const struct flow *flows[LOOKUP_AHEAD];

	for (unsigned i = 0; i < n; i++)
		flows[i] = &msg_of(m[i])->flow;
	flow_hash_burst(&store->hash_key, flows, hashes, n);
	table_prefetch(store->flows, hashes, n);
	core->n_hashed += n;
}

void lookup_ahead(struct path_core *core)
{
	while (core->n_datagrams - core->n_hashed >= LOOKUP_AHEAD)
		send_for(core, LOOKUP_AHEAD);
}

void lookup_run(struct path_core *core)
{
	const struct store *store = core->cfg.store;
	const struct table_follow hot = { .lines = store->hot, .owner = core->cfg.index };

	lookup_ahead(core);
	if (core->n_hashed < core->n_datagrams)
		send_for(core, core->n_datagrams - core->n_hashed);
	(void)table_follow_burst(store->flows, core->hashes, &hot, core->hits, core->n_datagrams);
	core->n_hashed = 0;
}
