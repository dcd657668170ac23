/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

void lookup_ahead(struct path_core *core)
{
	const struct store *store = core->cfg.store;
	const struct flow *flows[LOOKUP_AHEAD];

	while (core->n_hashed < core->n_datagrams) {
		struct rte_mbuf **m = core->datagrams + core->n_hashed;
		struct flow_hash *hashes = core->hashes + core->n_hashed;
		unsigned n = RTE_MIN(core->n_datagrams - core->n_hashed, (unsigned)LOOKUP_AHEAD);

		for (unsigned i = 0; i < n; i++)
			flows[i] = &msg_of(m[i])->flow;
		flow_hash_burst(&store->hash_key, flows, hashes, n);
		table_prefetch(store->flows, hashes, n);
		core->n_hashed += n;
	}
}

void lookup_run(struct path_core *core)
{
	const struct store *store = core->cfg.store;
	const struct table_follow hot = { .lines = store->hot, .owner = core->cfg.index };

	lookup_ahead(core);
	(void)table_follow_burst(store->flows, core->hashes, &hot, core->hits, core->n_datagrams);
	core->n_hashed = 0;
}
