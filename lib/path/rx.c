/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

#include <rte_ether.h>

/* "NONE" means that the packet's checksum field is not right but its bytes are known to be: between
 * virtio peers, for instance. "BAD" is looked at again in software, which names the reason. */
static unsigned checked_by_port(uint64_t ol_flags)
{
	uint64_t ip = ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	uint64_t l4 = ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	unsigned checked = 0;

	if (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD || ip == RTE_MBUF_F_RX_IP_CKSUM_NONE)
		checked |= FRAME_IP_CHECKED;
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		checked |= FRAME_L4_CHECKED;
	return checked;
}

static bool listens(const struct path_config *cfg, const struct flow *flow)
{
	for (unsigned i = 0; i < cfg->n_listen; i++) {
		const struct path_listen *l = &cfg->listen[i];

		if (l->port == flow->local_port &&
		    (bytes_equal16(l->ip, flow->local_ip) || bytes_zero16(l->ip)))
			return true;
	}
	return false;
}

/* ARP, neighbour discovery and echo: answered in place, out of the port it came from. */
static void answer(struct path_core *core, unsigned port, struct rte_mbuf *m)
{
	const struct frame_host *host = &core->cfg.ports[port].host;
	size_t cap = rte_pktmbuf_data_len(m) + rte_pktmbuf_tailroom(m), len;
	uint16_t tci = m->vlan_tci;
	bool stripped = m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED;
	enum status s = frame_answer(host, rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m),
				     cap, &len);

	if (s != STATUS_FRAME_ANSWERED) {
		core_drop(core, m, s);
		return;
	}
	if (!throttle_take(&core->answers, THROTTLE_RATE, core->now_ns)) {
		core_drop(core, m, STATUS_FRAME_ANSWER_LIMIT);
		return;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	m->ol_flags = 0;
	m->vlan_tci = tci;
	if (stripped && rte_vlan_insert(&m) != 0) {
		core_drop(core, m, STATUS_TX_SIZE);
		return;
	}
	core_count(core, s);
	tx_frame(core, port, m);
}

/* What a burst adds up to: counted once, when it is through. */
struct rx_sums {
	uint64_t bytes, partial_csum;
};

static enum status parse(const struct path_core *core, unsigned port, struct rte_mbuf *m,
			 struct rx_sums *sums)
{
	struct msg *msg = msg_of(m);
	struct frame f;
	enum status s;

	/* Everything behind this line takes a packet for one run of bytes (bad-input A21). */
	if (m->nb_segs > 1 && rte_pktmbuf_linearize(m) != 0)
		return STATUS_FRAME_SEGMENTS;
	s = frame_parse(&core->cfg.ports[port].host, rte_pktmbuf_mtod(m, const uint8_t *),
			rte_pktmbuf_data_len(m), checked_by_port(m->ol_flags), &msg->flow,
			&msg->hop, &f);
	if (s != STATUS_OK)
		return s;
	if (!listens(&core->cfg, &msg->flow))
		return STATUS_FRAME_PORT;
	/* The UDP payload; what crosses cores later is filled in then. */
	msg->hop.port_id = core->cfg.ports[port].port_id;
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		msg->hop.vlan_tci = m->vlan_tci;
	msg->hops = 0;
	m->data_off = (uint16_t)(m->data_off + f.payload_off);
	m->data_len = f.payload_len;
	m->pkt_len = f.payload_len;
	m->ol_flags = 0;
	sums->partial_csum += f.checksum_partial;
	return STATUS_OK;
}

void rx_run(struct path_core *core, unsigned port, struct rte_mbuf **mbufs, unsigned n)
{
	struct rx_sums sums = { 0 };
	unsigned before = core->n_datagrams;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];
		enum status s;

		if (i + 2 < n)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + 2], void *));
		sums.bytes += rte_pktmbuf_pkt_len(m);
		s = parse(core, port, m, &sums);
		if (s == STATUS_OK)
			core->datagrams[core->n_datagrams++] = m;
		else if (s == STATUS_FRAME_PROTOCOL)
			answer(core, port, m);
		else
			core_drop(core, m, s);
	}
	CORE_STAT(core, rx_bursts, n != 0);
	CORE_STAT(core, rx_frames, n);
	CORE_STAT(core, rx_bytes, sums.bytes);
	CORE_STAT(core, rx_datagrams, core->n_datagrams - before);
	CORE_STAT(core, rx_partial_csum, sums.partial_csum);
}
