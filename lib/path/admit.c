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

static bool has_room(const struct rte_mempool *pool, size_t len)
{
	return pool != NULL && rte_pktmbuf_data_room_size((struct rte_mempool *)(uintptr_t)pool) >=
				       RTE_PKTMBUF_HEADROOM + len;
}

/* An empty message of m's flow for len bytes: m itself where they fit, and where it is of the pool
 * that they belong in: only mbufs of core->cfg.pool are sent. NULL: there is none, and m is gone.
 */
static struct rte_mbuf *mbuf_for(struct path_core *core, struct rte_mbuf *m, size_t len)
{
	struct rte_mempool *pool =
		has_room(core->cfg.pool, len) ? core->cfg.pool : core->cfg.hello_pool;
	struct rte_mbuf *to = NULL;

	rte_pktmbuf_trim(m, rte_pktmbuf_data_len(m));
	if (m->pool == pool && rte_pktmbuf_tailroom(m) >= len)
		return m;
	if (has_room(pool, len))
		to = rte_pktmbuf_alloc(pool);
	if (to == NULL) {
		core_drop(core, m, has_room(pool, len) ? STATUS_NO_MBUF : STATUS_HELLO_SIZE);
		return NULL;
	}
	*msg_of(to) = *msg_of(m);
	rte_pktmbuf_free(m);
	return to;
}

/* Other bytes in a message; NULL: there is no room for them, and it is gone. */
static struct rte_mbuf *replace(struct path_core *core, struct rte_mbuf *m, const void *bytes,
				size_t len)
{
	m = mbuf_for(core, m, len);
	if (m != NULL)
		rte_memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	return m;
}

static bool is_alert(const struct gate_item *item)
{
	return item->reply_len > 0 && *item->reply == RECORD_ALERT;
}

/* What the gate answers takes the hello's place. A hello that is answered by an alert is as cheap
 * to send as any; who asks for them at a rate is not told why (invariant 12). */
static void send_reply(struct path_core *core, struct rte_mbuf *m, const struct gate_item *item)
{
	if (is_alert(item) && !throttle_source_take(&core->alerts, item->flow->remote_ip,
						    THROTTLE_ALERTS, core->now_ns)) {
		core_drop(core, m, STATUS_HELLO_ALERT_LIMIT);
		return;
	}
	m = replace(core, m, item->reply, item->reply_len);
	if (m == NULL)
		return;
	core_count(core, item->status);
	tx_datagrams(core, &m, 1);
}

/* The hello that goes on is the mbuf's, or what its last part made whole. Returns how many do. */
static unsigned keep_whole(struct path_core *core, unsigned to, unsigned from,
			   const struct gate_item *item)
{
	struct rte_mbuf *m = core->hellos[from];

	if (item->datagram.p != rte_pktmbuf_mtod(m, const uint8_t *))
		m = replace(core, m, item->datagram.p, rd_len(&item->datagram));
	if (m == NULL)
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
