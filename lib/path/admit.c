/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

#include <rte_memcpy.h>

void admit_add(struct path_core *core, struct rte_mbuf *m)
{
	struct gate_item *item;

	if (atomic_load_explicit(core->cfg.drain, memory_order_relaxed)) {
		core_drop(core, m, STATUS_HELLO_REFUSED);
		return;
	}
	if (core->n_hellos == PATH_BURST_MAX)
		admit_run(core);
	core->hellos[core->n_hellos] = m;
	item = &core->hello_items[core->n_hellos++];
	item->flow = &msg_of(m)->flow;
	item->datagram = rd_of(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
}

/* Other bytes in an mbuf. false: they do not fit, and it is gone. */
static bool replace(struct path_core *core, struct rte_mbuf *m, const void *bytes, size_t len)
{
	void *at;

	rte_pktmbuf_trim(m, rte_pktmbuf_data_len(m));
	at = rte_pktmbuf_append(m, (uint16_t)len);
	if (at == NULL) {
		core_drop(core, m, STATUS_HELLO_SIZE);
		return false;
	}
	rte_memcpy(at, bytes, len);
	return true;
}

/* What the gate answers takes the hello's place in its mbuf. */
static void send_reply(struct path_core *core, struct rte_mbuf *m, const struct gate_item *item)
{
	if (!replace(core, m, item->reply, item->reply_len))
		return;
	core_count(core, item->status);
	tx_datagrams(core, &m, 1);
}

/* The hello that goes on is the mbuf's, or what its last part made whole. Returns how many do. */
static unsigned keep_whole(struct path_core *core, unsigned to, unsigned from,
			   const struct gate_item *item)
{
	struct rte_mbuf *m = core->hellos[from];

	if (item->datagram.p != rte_pktmbuf_mtod(m, const uint8_t *) &&
	    !replace(core, m, item->datagram.p, rd_len(&item->datagram)))
		return 0;
	core->hellos[to] = m;
	return 1;
}

/* To the owner of the flow's session, else to the core that has its handshake, else to the one that
 * its hash names. Guesses coalesced behind the hello are left behind (bad-input C16). */
static void admit(struct path_core *core, struct rte_mbuf *m, const struct flow_hash *hash,
		  const struct table_hit *session)
{
	struct rd left = rd_of(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	struct table_hit pending;
	struct record hello;

	if (session->ref.generation != 0 && session->owner != core->cfg.index) {
		core_hand_off(core, m, session->owner);
		return;
	}
	if (record_next(&left, &hello) != STATUS_OK) {
		core_drop(core, m, STATUS_HELLO_MALFORMED);
		return;
	}
	rte_pktmbuf_trim(m, (uint16_t)rd_len(&left));
	if (!core_pending(core, hash, &pending)) {
		pending.owner = (uint8_t)(hash->signature % core->cfg.n_handshake);
		pending.ref = (struct session_ref){ 0, 0 };
	}
	CORE_STAT(core, hellos_admitted, 1);
	core_to_handshake(core, m, MSG_HELLO, &pending);
}

static void admit_all(struct path_core *core, unsigned n)
{
	const struct store *store = core->cfg.store;
	const struct flow *flows[PATH_BURST_MAX];

	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		flows[i] = &msg_of(core->hellos[i])->flow;
	flow_hash_burst(&store->hash_key, flows, core->hello_hashes, n);
	table_prefetch(store->flows, core->hello_hashes, n);
	(void)table_lookup_burst(store->flows, core->hello_hashes, core->hello_hits, n);
	for (unsigned i = 0; i < n; i++)
		admit(core, core->hellos[i], &core->hello_hashes[i], &core->hello_hits[i]);
}

void admit_run(struct path_core *core)
{
	const struct cookie_secrets *secrets;
	unsigned n = core->n_hellos, admitted = 0;

	if (n == 0)
		return;
	core->n_hellos = 0;
	CORE_STAT(core, hellos, n);
	secrets = atomic_load_explicit(core->cfg.cookie_secrets, memory_order_acquire);
	gate_burst(core->cfg.gate, secrets, core->now_ns, core->hello_items, n);
	for (unsigned i = 0; i < n; i++) {
		const struct gate_item *item = &core->hello_items[i];

		if (item->status == STATUS_OK)
			admitted += keep_whole(core, admitted, i, item);
		else if (item->reply_len > 0)
			send_reply(core, core->hellos[i], item);
		else
			core_drop(core, core->hellos[i], item->status);
	}
	admit_all(core, admitted);
}
