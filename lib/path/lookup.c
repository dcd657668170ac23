/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

/* Those that begin with a connection ID of ours are looked up by that: its stand-in takes the place
 * of their flow, whose hash is kept. */
static void stand_in(struct path_core *core, const struct flow **flows,
		     struct flow stand_ins[LOOKUP_AHEAD], unsigned n)
{
	const unsigned first = core->n_hashed;
	struct flow_hash *hashes = core->hashes + first;
	uint64_t cids = 0;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = core->datagrams[first + i];
		const uint8_t *cid = core_cid_at(core, rte_pktmbuf_mtod(m, const uint8_t *),
						 rte_pktmbuf_data_len(m));

		if (cid == NULL)
			continue;
		flow_hash_stand_in(&stand_ins[i], cid, core->cid_len);
		cids |= UINT64_C(1) << i;
	}
	if (cids == 0)
		return;
	flow_hash_burst(&core->cfg.store->hash_key, flows, hashes, n);
	core->cid |= cids << first;
	for (; cids != 0; cids &= cids - 1) {
		const unsigned i = (unsigned)__builtin_ctzll(cids);

		core->paths[first + i] = flow_hash_tag(&hashes[i]);
		flows[i] = &stand_ins[i];
	}
}

/* The next n of those that are not hashed. */
static void send_for(struct path_core *core, unsigned n)
{
	const struct store *store = core->cfg.store;
	struct rte_mbuf **m = core->datagrams + core->n_hashed;
	struct flow_hash *hashes = core->hashes + core->n_hashed;
	const struct flow *flows[LOOKUP_AHEAD];
	struct flow stand_ins[LOOKUP_AHEAD];

	for (unsigned i = 0; i < n; i++)
		flows[i] = &msg_of(m[i])->flow;
	if (core->cid_len != 0)
		stand_in(core, flows, stand_ins, n);
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
	const struct table_follow hot = { .lines = store->hot,
					  .owner = core->cfg.index,
					  .more = store->read13,
					  .more_class = SESSION_CLASS_13 };

	lookup_ahead(core);
	if (core->n_hashed < core->n_datagrams)
		send_for(core, core->n_datagrams - core->n_hashed);
	(void)table_follow_burst(store->flows, core->hashes, &hot, core->hits, core->n_datagrams);
	core->n_hashed = 0;
}
