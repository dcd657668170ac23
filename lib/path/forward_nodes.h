/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other endpoints of a cluster, and how they are reached: what all poll cores share.
 *
 * A record whose connection ID names another node is forwarded to it, wrapped (lib/wire/
 * forwarded.h), as a UDP datagram of ours; the owner of its session gets it with the device's own
 * addresses, and answers through us or by itself. What was forwarded is never forwarded again, goes
 * to listed nodes only, and is taken from them only, with a MAC under a key that is derived from
 * that of the connection IDs. There is no other state, and none is shared.
 */
#pragma once

#include "cid.h"
#include "flow.h"
#include "hmac_batch.h"

enum {
	FORWARD_NODES_MAX = 16,
	FORWARD_NEIGHBOURS_MAX = 64,
	/* hop.port_id of what came through another node: this, and the node. It is answered through
	 * that node; hop's other fields are that node's. */
	FORWARD_HOP = 0xfe00,
};

/* forward_hop_is: whether a datagram came, or goes, through another node. */
static inline bool forward_hop_is(const struct nexthop *hop)
{
	return (hop->port_id & 0xff00) == FORWARD_HOP;
}

/* A host on a link of ours whose link address is asked for: a node, or a gateway. */
struct forward_neighbour {
	uint8_t ip[16];
	uint8_t from[16];     /* an address of ours on its link */
	uint8_t port;         /* of path_config.ports */
	uint64_t asked_ns;    /* by poll core 0; 0: never */
	_Atomic uint64_t mac; /* raw, and FORWARD_MAC_KNOWN; 0: not known */
};

struct forward_node {
	uint8_t id;
	uint8_t ip[16];
	uint16_t port;
	uint8_t neighbour; /* the way to it */
};

/* Made at start, then read-only but for neighbours' atomics: any thread. Holds a key. */
struct forward_nodes {
	const struct cid_key *cid; /* borrowed; with this node's own number */
	struct hmac_key key;
	bool direct; /* devices are answered over a gateway of ours */
	uint8_t n_nodes, n_neighbours;
	uint8_t gateways[2]; /* IPv4's, IPv6's; FORWARD_NONE */
	struct forward_node nodes[FORWARD_NODES_MAX];
	struct forward_neighbour neighbours[FORWARD_NEIGHBOURS_MAX];
	uint8_t by_id[256]; /* index in nodes; FORWARD_NONE */
};

enum { FORWARD_NONE = 0xff };

/* forward_nodes_init: none yet. key: that of the connection IDs, which the MAC's is derived from.
 * forward_nodes_free: wipes. Slow path only. */
void forward_nodes_init(struct forward_nodes *f, const struct cid_key *cid,
			const uint8_t key[CID_KEY_LEN], bool direct);
void forward_nodes_free(struct forward_nodes *f);

/* Who is asked for a link address, on which port, from which of our addresses there. */
struct forward_way {
	uint8_t ip[16], from[16];
	uint8_t port;
};

/* forward_nodes_add: a node at ip and port, reached by way of itself or a gateway.
 * forward_nodes_gateway: who takes answers of its IP version to devices. false: there are too many,
 * or it is one too many. Slow path only. */
bool forward_nodes_add(struct forward_nodes *f, uint8_t id, const uint8_t ip[16], uint16_t port,
		       const struct forward_way *way) __attribute__((warn_unused_result));
bool forward_nodes_gateway(struct forward_nodes *f, const struct forward_way *way)
	__attribute__((warn_unused_result));
