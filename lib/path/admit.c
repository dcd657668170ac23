/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

#include <rte_memcpy.h>

void admit_add(struct path_core *core, struct rte_mbuf *m, const struct flow_hash *hash)
{
	unsigned n = core->n_hellos;

	if (atomic_load_explicit(core->cfg.drain, memory_order_relaxed)) {
		core_drop(core, m, STATUS_HELLO_REFUSED);
		return;
	}
	core->hellos[n] = m;
	core->hello_hashes[n] = *hash;
	core->hello_items[n].flow = &msg_of(m)->flow;
	core->hello_items[n].datagram =
		rd_of(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	core->n_hellos++;
}

/* The HelloVerifyRequest takes the hello's place in its mbuf. */
static void send_verify(struct path_core *core, struct rte_mbuf *m, const struct gate_item *item)
{
	if (item->reply_len > rte_pktmbuf_data_len(m)) {
		core_drop(core, m, STATUS_HELLO_MALFORMED); /* never send more than was received */
		return;
	}
	rte_memcpy(rte_pktmbuf_mtod(m, void *), item->reply, item->reply_len);
	rte_pktmbuf_trim(m, (uint16_t)(rte_pktmbuf_data_len(m) - item->reply_len));
	core_count(core, STATUS_HELLO_VERIFY_SENT);
	tx_datagram(core, m);
}

/* To the core that has this flow's handshake, else to the one that its hash names. Guesses
 * coalesced behind the hello are left behind (bad-input C16). */
static void admit(struct path_core *core, struct rte_mbuf *m, const struct flow_hash *hash)
{
	struct rd left = rd_of(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	struct table_hit pending;
	struct record hello;

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

void admit_run(struct path_core *core)
{
	const struct cookie_secrets *secrets;
	unsigned n = core->n_hellos;

	if (n == 0)
		return;
	core->n_hellos = 0;
	CORE_STAT(core, hellos, n);
	secrets = atomic_load_explicit(core->cfg.cookie_secrets, memory_order_acquire);
	gate_burst(core->cfg.gate, secrets, core->hello_items, n);
	for (unsigned i = 0; i < n; i++) {
		const struct gate_item *item = &core->hello_items[i];

		if (item->status == STATUS_OK)
			admit(core, core->hellos[i], &core->hello_hashes[i]);
		else if (item->status == STATUS_HELLO_VERIFY_SENT)
			send_verify(core, core->hellos[i], item);
		else
			core_drop(core, core->hellos[i], item->status);
	}
}
