/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * forward: datagrams of devices whose session another node has, to that node; and from other nodes,
 * those of sessions here, and answers to devices that came by way of us (forward_nodes.h).
 *
 * MACs are made and verified a burst at a time.
 */
#include "forward_nodes.h"

#include "forwarded.h"
#include "secret.h"
#include "stages.h"

_Static_assert((int)PATH_BURST_MAX <= (int)HMAC_BATCH_MAX, "a burst is one batch");

static const struct forward_node *node_of(const struct forward_nodes *f, uint8_t id)
{
	return f->by_id[id] == FORWARD_NONE ? NULL : &f->nodes[f->by_id[id]];
}

/* Room for what goes in front: the datagram moves back where it came too close to the front. */
static bool make_headroom(struct rte_mbuf *m)
{
	enum { NEED = FORWARDED_HEADER_LEN + FRAME_HEADERS_MAX };
	const uint16_t headroom = rte_pktmbuf_headroom(m);
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

	if (headroom >= NEED)
		return true;
	if (m->nb_segs != 1 || rte_pktmbuf_tailroom(m) < NEED - headroom)
		return false;
	memmove(at + (NEED - headroom), at, rte_pktmbuf_data_len(m));
	m->data_off = NEED;
	return true;
}

/* Whoever the device is, the same source port again, so that what spreads flows over queues spreads
 * devices. */
static uint16_t source_port(const struct flow *device)
{
	enum { DYNAMIC = 0xc000 };

	return (uint16_t)(DYNAMIC | device->remote_port);
}

/* Puts the header of this node in front. */
static enum status put_header(const struct path_core *core, struct rte_mbuf *m, uint8_t id,
			      enum forwarded_kind kind)
{
	const struct forward_nodes *f = core->cfg.forward;
	const struct forward_node *node = node_of(f, id);
	struct msg *msg = msg_of(m);
	const struct forwarded header = { kind, f->cid->node, id, msg->flow, msg->hop };

	if (node == NULL)
		return STATUS_FORWARD_NODE;
	if (!make_headroom(m))
		return STATUS_TX_SIZE;
	if (!forward_nodes_link(core, node->neighbour, &msg->hop))
		return STATUS_FORWARD_LINK;
	forwarded_put((uint8_t *)rte_pktmbuf_prepend(m, FORWARDED_HEADER_LEN), &header);
	msg->flow.local_port = source_port(&header.flow);
	msg->flow.remote_port = node->port;
	bytes_copy16(msg->flow.local_ip, f->neighbours[node->neighbour].from);
	bytes_copy16(msg->flow.remote_ip, node->ip);
	return STATUS_OK;
}

/* To a node, with all that its msg says of the device; waits for its MAC. */
static void wrap(struct path_core *core, struct rte_mbuf *m, uint8_t id, enum forwarded_kind kind)
{
	enum status s = put_header(core, m, id, kind);

	if (s != STATUS_OK) {
		core_drop(core, m, s);
		return;
	}
	if (core->n_forward_out == PATH_BURST_MAX)
		forward_flush(core);
	core->forward_out[core->n_forward_out++] = m;
}

void forward_run(struct path_core *core, struct rte_mbuf *m, uint8_t node)
{
	if (core->cfg.forward == NULL) {
		core_drop(core, m, STATUS_FORWARD_NODE);
		return;
	}
	if (forward_hop_is(&msg_of(m)->hop)) {
		core_drop(core, m, STATUS_FORWARD_LOOP);
		return;
	}
	CORE_STAT(core, forwards_out, 1);
	wrap(core, m, node, FORWARDED_TO_OWNER);
}

void forward_back(struct path_core *core, struct rte_mbuf *m)
{
	wrap(core, m, (uint8_t)msg_of(m)->hop.port_id, FORWARDED_TO_DEVICE);
}

/* MACs of datagrams that are wrapped, their own taken for zeros. */
static void run_macs(struct path_core *core, struct rte_mbuf **m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		core->macs[i].key = &core->cfg.forward->key;
		core->macs[i].msg = rte_pktmbuf_mtod(m[i], const uint8_t *);
		core->macs[i].len = rte_pktmbuf_data_len(m[i]);
	}
	hmac_batch_run(core->hmac, core->macs, n);
}

void forward_flush(struct path_core *core)
{
	const unsigned n = core->n_forward_out;

	if (likely(n == 0))
		return;
	core->n_forward_out = 0;
	run_macs(core, core->forward_out, n);
	for (unsigned i = 0; i < n; i++)
		memcpy(rte_pktmbuf_mtod_offset(core->forward_out[i], uint8_t *, FORWARDED_MAC_AT),
		       core->macs[i].mac, FORWARDED_MAC_LEN);
	tx_datagrams(core, core->forward_out, n);
}

bool forward_add(struct path_core *core, struct rte_mbuf *m)
{
	if (!forwarded_is(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m)))
		return false;
	core->forward_in[core->n_forward_in++] = m;
	return true;
}

/* What can be told before the MAC. */
static enum status acceptable(const struct path_core *core, struct rte_mbuf *m,
			      struct forwarded *out)
{
	const struct forward_nodes *f = core->cfg.forward;
	const struct forward_node *from;

	if (!forwarded_parse(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), out))
		return STATUS_FORWARD_FORM;
	from = node_of(f, out->from);
	if (from == NULL || out->to != f->cid->node ||
	    !bytes_equal16(from->ip, msg_of(m)->flow.remote_ip))
		return STATUS_FORWARD_NODE;
	return STATUS_OK;
}

/* A device's datagram, as if it had come to us. */
static void to_owner(struct path_core *core, struct rte_mbuf *m, const struct forwarded *f)
{
	const struct forward_nodes *nodes = core->cfg.forward;
	const uint8_t gateway = nodes->gateways[flow_ip_is_mapped(f->flow.remote_ip) ? 0 : 1];
	const uint8_t *cid =
		core_cid_at(core, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m));
	struct msg *msg = msg_of(m);
	struct cid_route route;

	/* Nodes that disagree who is who do not send it to and fro. */
	if (cid == NULL || !cid_open(nodes->cid, cid, &route) || route.node != nodes->cid->node) {
		core_drop(core, m, cid == NULL ? STATUS_FORWARD_FORM : STATUS_FORWARD_NODE);
		return;
	}
	msg->flow = f->flow;
	msg->hops = 0;
	if (!nodes->direct || gateway == FORWARD_NONE ||
	    !forward_nodes_link(core, gateway, &msg->hop)) {
		msg->hop = f->hop;
		msg->hop.port_id = FORWARD_HOP | f->from;
	}
	CORE_STAT(core, forwards_in, 1);
	core->datagrams[core->n_datagrams++] = m;
}

/* An answer to a device that we met: from an address of ours, over the link it came by. */
static void to_device(struct path_core *core, struct rte_mbuf *m, const struct forwarded *f)
{
	struct msg *msg = msg_of(m);

	for (unsigned i = 0; i < core->cfg.n_ports; i++) {
		const struct path_port *port = &core->cfg.ports[i];

		if (!bytes_equal6(port->host.mac, f->hop.local_mac) ||
		    !rx_is_ours(core, i, &f->flow))
			continue;
		msg->flow = f->flow;
		msg->hop = f->hop;
		msg->hop.port_id = port->port_id;
		CORE_STAT(core, forwards_back, 1);
		tx_datagrams(core, &m, 1);
		return;
	}
	core_drop(core, m, STATUS_FORWARD_FORM);
}

/* Drops what cannot be, and takes MACs off; returns how many are left, at the front. */
static unsigned prepare(struct path_core *core, struct forwarded *headers,
			uint8_t macs[][FORWARDED_MAC_LEN])
{
	unsigned n = 0;

	for (unsigned i = 0; i < core->n_forward_in; i++) {
		struct rte_mbuf *m = core->forward_in[i];
		uint8_t *mac = rte_pktmbuf_mtod_offset(m, uint8_t *, FORWARDED_MAC_AT);
		enum status s = acceptable(core, m, &headers[n]);

		if (s != STATUS_OK) {
			core_drop(core, m, s);
			continue;
		}
		memcpy(macs[n], mac, FORWARDED_MAC_LEN);
		memset(mac, 0, FORWARDED_MAC_LEN);
		core->forward_in[n++] = m;
	}
	return n;
}

void forward_take(struct path_core *core)
{
	uint8_t macs[PATH_BURST_MAX][FORWARDED_MAC_LEN];
	struct forwarded headers[PATH_BURST_MAX];
	unsigned n;

	if (likely(core->n_forward_in == 0))
		return;
	n = prepare(core, headers, macs);
	core->n_forward_in = 0;
	run_macs(core, core->forward_in, n);
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = core->forward_in[i];

		if (!secret_equal(macs[i], core->macs[i].mac, FORWARDED_MAC_LEN)) {
			core_drop(core, m, STATUS_FORWARD_MAC);
			continue;
		}
		rte_pktmbuf_adj(m, FORWARDED_HEADER_LEN);
		if (headers[i].kind == FORWARDED_TO_OWNER)
			to_owner(core, m, &headers[i]);
		else
			to_device(core, m, &headers[i]);
	}
}
