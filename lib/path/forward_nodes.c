/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of nodes, and the link addresses on the way to them: asked for by ARP and neighbour
 * solicitation, since nobody else here starts a conversation. */
#include "forward_nodes.h"

#include "neighbour.h"
#include "secret.h"
#include "stages.h"

#define FORWARD_MAC_KNOWN (UINT64_C(1) << 48)
#define SECOND            UINT64_C(1000000000)

void forward_nodes_init(struct forward_nodes *f, const struct cid_key *cid,
			const uint8_t key[CID_KEY_LEN], bool direct)
{
	static const uint8_t label[] = "sluice forwarded datagrams 1";
	struct hmac_key root;
	uint8_t derived[HMAC_SHA256_LEN];

	memset(f, 0, sizeof(*f));
	f->cid = cid;
	f->direct = direct;
	memset(f->gateways, FORWARD_NONE, sizeof(f->gateways));
	memset(f->by_id, FORWARD_NONE, sizeof(f->by_id));
	hmac_key_make(&root, key, CID_KEY_LEN);
	hmac_one(&root, label, sizeof(label) - 1, derived);
	hmac_key_init(&f->key, derived);
	secret_wipe(&root, sizeof(root));
	secret_wipe(derived, sizeof(derived));
}

void forward_nodes_free(struct forward_nodes *f) { secret_wipe(f, sizeof(*f)); }

/* The neighbour that is asked for; FORWARD_NONE: no room. */
static uint8_t neighbour_of(struct forward_nodes *f, const struct forward_way *way)
{
	struct forward_neighbour *n = f->neighbours;

	for (uint8_t i = 0; i < f->n_neighbours; i++)
		if (n[i].port == way->port && bytes_equal16(n[i].ip, way->ip))
			return i;
	if (f->n_neighbours == FORWARD_NEIGHBOURS_MAX)
		return FORWARD_NONE;
	n += f->n_neighbours;
	bytes_copy16(n->ip, way->ip);
	bytes_copy16(n->from, way->from);
	n->port = way->port;
	return f->n_neighbours++;
}

bool forward_nodes_add(struct forward_nodes *f, uint8_t id, const uint8_t ip[16], uint16_t port,
		       const struct forward_way *way)
{
	struct forward_node *node = &f->nodes[f->n_nodes];

	if (f->n_nodes == FORWARD_NODES_MAX || id == f->cid->node || f->by_id[id] != FORWARD_NONE)
		return false;
	node->neighbour = neighbour_of(f, way);
	if (node->neighbour == FORWARD_NONE)
		return false;
	node->id = id;
	node->port = port;
	bytes_copy16(node->ip, ip);
	f->by_id[id] = f->n_nodes++;
	return true;
}

bool forward_nodes_gateway(struct forward_nodes *f, const struct forward_way *way)
{
	uint8_t *gateway = &f->gateways[flow_ip_is_mapped(way->ip) ? 0 : 1];

	if (*gateway == FORWARD_NONE)
		*gateway = neighbour_of(f, way);
	return *gateway != FORWARD_NONE;
}

bool forward_nodes_link(const struct path_core *core, uint8_t neighbour, struct nexthop *out)
{
	const struct forward_neighbour *n = &core->cfg.forward->neighbours[neighbour];
	const struct path_port *port = &core->cfg.ports[n->port];
	const uint64_t mac = atomic_load_explicit(&n->mac, memory_order_relaxed);

	*out = (struct nexthop){ .vlan_tci = VLAN_NONE, .port_id = port->port_id };
	memcpy(out->local_mac, port->host.mac, sizeof(out->local_mac));
	memcpy(out->remote_mac, &mac, sizeof(out->remote_mac));
	return mac != 0;
}

bool forward_nodes_learn(struct path_core *core, unsigned port, const struct rte_mbuf *m)
{
	struct forward_nodes *f = core->cfg.forward;
	bool learned = false;

	if (likely(f == NULL))
		return false;
	for (unsigned i = 0; i < f->n_neighbours; i++) {
		struct forward_neighbour *n = &f->neighbours[i];
		uint64_t mac = FORWARD_MAC_KNOWN;

		if (n->port != port || !neighbour_learn(&core->cfg.ports[port].host, n->ip,
							rte_pktmbuf_mtod(m, const uint8_t *),
							rte_pktmbuf_data_len(m), (uint8_t *)&mac))
			continue;
		atomic_store_explicit(&n->mac, mac, memory_order_relaxed);
		learned = true;
	}
	return learned;
}

static void ask(struct path_core *core, const struct forward_neighbour *n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(core->cfg.pool);
	uint8_t *frame = m == NULL ? NULL : (uint8_t *)rte_pktmbuf_append(m, NEIGHBOUR_ASK_MAX);
	size_t len;

	if (frame == NULL) {
		rte_pktmbuf_free(m);
		core_count(core, STATUS_NO_MBUF);
		return;
	}
	len = neighbour_ask(&core->cfg.ports[n->port].host, n->from, n->ip, frame);
	rte_pktmbuf_trim(m, (uint16_t)(NEIGHBOUR_ASK_MAX - len));
	tx_frame(core, n->port, m);
}

/* Who has not answered is asked every second; who has, now and then, as its address may have moved
 * to another machine. */
void forward_nodes_ask(struct path_core *core)
{
	struct forward_nodes *f = core->cfg.forward;

	if (likely(f == NULL) || core->cfg.index != 0)
		return;
	for (unsigned i = 0; i < f->n_neighbours; i++) {
		struct forward_neighbour *n = &f->neighbours[i];
		const bool known = atomic_load_explicit(&n->mac, memory_order_relaxed) != 0;

		if (n->asked_ns != 0 && core->now_ns - n->asked_ns < (known ? 30 : 1) * SECOND)
			continue;
		n->asked_ns = core->now_ns;
		ask(core, n);
	}
}
