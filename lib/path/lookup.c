/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

void lookup_run(struct path_core *core)
{
	const struct store *store = core->cfg.store;
	const struct flow *flows[PATH_BURST_MAX];
	unsigned n = core->n_datagrams;

	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		flows[i] = &msg_of(core->datagrams[i])->flow;
	flow_hash_burst(&store->hash_key, flows, core->hashes, n);
	if (table_lookup_burst(store->flows, core->hashes, core->hits, n) == 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		if (core->hits[i].ref.generation != 0 && core->hits[i].owner == core->cfg.index)
			rte_prefetch0(&store->hot[core->hits[i].ref.slot]);
	}
}
