/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

#include "frame_plain_avx512.h"

#include <rte_ethdev.h>

static void port_flush(struct path_core *core, unsigned port)
{
	const struct path_port *p = &core->cfg.ports[port];
	struct core_tx *tx = &core->tx[port];
	unsigned n = tx->n, sent;
	uint64_t bytes = tx->bytes;

	if (n == 0)
		return;
	sent = rte_eth_tx_burst(p->port_id, p->tx_queue, tx->m, (uint16_t)n);
	for (unsigned i = sent; i < n; i++) {
		bytes -= rte_pktmbuf_pkt_len(tx->m[i]);
		core_drop(core, tx->m[i], STATUS_TX_FULL);
	}
	tx->n = 0;
	tx->bytes = 0;
	CORE_STAT(core, tx_frames, sent);
	CORE_STAT(core, tx_bytes, bytes);
}

static inline void queue(struct path_core *core, unsigned port, struct rte_mbuf *m)
{
	struct core_tx *tx = &core->tx[port];

	if (tx->n == CORE_TX_MAX)
		port_flush(core, port);
	tx->m[tx->n++] = m;
	tx->bytes += rte_pktmbuf_pkt_len(m);
}

void tx_frame(struct path_core *core, unsigned port, struct rte_mbuf *m)
{
	if (core->cfg.ports[port].tx_queue == PATH_NO_QUEUE)
		core_drop(core, m, STATUS_TX_NO_QUEUE);
	else
		queue(core, port, m);
}

static void offload(struct rte_mbuf *m, unsigned bits, unsigned l2_len, unsigned l3_len)
{
	m->ol_flags = 0;
	if (bits == 0)
		return;
	m->l2_len = (uint64_t)l2_len & 0x7f;
	m->l3_len = (uint64_t)l3_len & 0x1ff;
	m->ol_flags = l3_len == FRAME_IP4_LEN ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	if (bits & FRAME_IP_OFFLOAD && l3_len == FRAME_IP4_LEN)
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	if (bits & FRAME_L4_OFFLOAD)
		m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
}

/* Any datagram of a port that is there. */
static __attribute__((noinline)) void general_datagram(struct path_core *core, uint8_t index,
						       struct rte_mbuf *m)
{
	const struct path_port *port = &core->cfg.ports[index];
	const struct msg *msg = msg_of(m);
	size_t headers_len = frame_headers_len(&msg->flow, &msg->hop);
	unsigned l2_len = FRAME_ETHER_LEN + (msg->hop.vlan_tci == VLAN_NONE ? 0 : FRAME_VLAN_LEN);
	uint8_t *payload = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t len = rte_pktmbuf_data_len(m);

	if (headers_len > rte_pktmbuf_headroom(m) || headers_len - l2_len + len > port->mtu ||
	    m->nb_segs != 1) {
		core_drop(core, m, STATUS_TX_SIZE);
		return;
	}
	frame_write(&msg->flow, &msg->hop, port->tx_offload, payload - headers_len, payload, len);
	offload(m, port->tx_offload, l2_len, (unsigned)headers_len - l2_len - FRAME_UDP_LEN);
	rte_pktmbuf_prepend(m, (uint16_t)headers_len);
	tx_frame(core, index, m);
}

/* The longest payload of frames that are made here and now, plain and without offloads; -1: none.
 */
static int plain_max(const struct path_port *port)
{
	if (port->tx_offload != 0 || port->tx_queue == PATH_NO_QUEUE)
		return -1;
	return (int)port->mtu - (FRAME_IP4_LEN + FRAME_UDP_LEN);
}

/* Plain IPv4, and no longer than that: otherwise untouched. */
static __rte_always_inline bool plain_datagram(frame_plain_writer *write, struct rte_mbuf *m,
					       int max)
{
	const struct msg *msg = msg_of(m);
	const unsigned off = m->data_off, len = m->data_len;
	uint8_t *payload = (uint8_t *)m->buf_addr + off;

	if (!frame_is_plain(&msg->flow, &msg->hop) || off < FRAME_PLAIN_LEN || (int)len > max ||
	    m->nb_segs != 1)
		return false;
	m->ol_flags = 0;
	m->data_off = (uint16_t)(off - FRAME_PLAIN_LEN);
	m->data_len = (uint16_t)(len + FRAME_PLAIN_LEN);
	m->pkt_len = len + FRAME_PLAIN_LEN;
	write(&msg->flow, &msg->hop, payload - FRAME_PLAIN_LEN, payload, len);
	return true;
}

/* What nearly all are: plain datagrams for one port, up to the first that is another, or has no
 * room; returns how many. */
static __rte_always_inline unsigned plain_datagrams(frame_plain_writer *write,
						    const struct path_port *port,
						    struct core_tx *tx, struct rte_mbuf **m,
						    unsigned n)
{
	const unsigned room = CORE_TX_MAX - tx->n;
	const uint16_t port_id = port->port_id;
	const int max = plain_max(port);
	struct rte_mbuf **to = &tx->m[tx->n];
	uint64_t bytes = 0;
	unsigned i;

	n = RTE_MIN(n, room);
	for (i = 0; i < n; i++) {
		struct rte_mbuf *one = m[i];

		if (msg_of(one)->hop.port_id != port_id || !plain_datagram(write, one, max))
			break;
		to[i] = one;
		bytes += rte_pktmbuf_pkt_len(one);
	}
	tx->n += i;
	tx->bytes += bytes;
	return i;
}

static FRAME_PLAIN_TARGET unsigned plain_datagrams_avx512(const struct path_port *port,
							  struct core_tx *tx, struct rte_mbuf **m,
							  unsigned n)
{
	return plain_datagrams(frame_plain_write_avx512, port, tx, m, n);
}

/* The first of n datagrams, and those behind it that go the same way; returns how many. */
static unsigned some_datagrams(struct path_core *core, struct rte_mbuf **m, unsigned n)
{
	const uint16_t port_id = msg_of(*m)->hop.port_id;
	const uint8_t index = port_id < RTE_MAX_ETHPORTS ? core->port_index[port_id] : CORE_NO_PORT;
	const struct path_port *port;
	unsigned done;

	if (unlikely(index >= PATH_PORTS_MAX)) {
		if (core->cfg.forward != NULL && forward_hop_is(&msg_of(*m)->hop))
			forward_back(core, *m);
		else
			core_drop(core, *m, STATUS_TX_NO_QUEUE);
		return 1;
	}
	port = &core->cfg.ports[index];
	if (core->plains)
		done = plain_datagrams_avx512(port, &core->tx[index], m, n);
	else
		done = plain_datagrams(frame_plain_write, port, &core->tx[index], m, n);
	if (done > 0)
		return done;
	general_datagram(core, index, *m);
	return 1;
}

void tx_datagrams(struct path_core *core, struct rte_mbuf **m, unsigned n)
{
	for (unsigned i = 0; i < n;)
		i += some_datagrams(core, m + i, n - i);
}

void tx_flush(struct path_core *core)
{
	for (unsigned i = 0; i < core->cfg.n_ports; i++)
		port_flush(core, i);
}
