/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What forwarding between nodes costs a poll core, in TSC cycles a datagram: a burst of records of
 * another node's sessions out to that node; in there, up to where it is as if the device had sent
 * it there; an answer back to the first; and on to the device. Two cores are the nodes; each step
 * has the frames of the one before.
 */
#include "benches.h"

#include "cid.h"
#include "forwarded.h"
#include "path_world.h"
#include "stages.h"
#include "stopwatch.h"

#include <stdio.h>

enum { BURST = 32, NODES = 2, RECORD_BODY = 8 + WORLD_LEN + 1 + 8, SESSIONS = 1000 };

enum step { STEP_OUT, STEP_IN, STEP_BACK, STEP_ON, STEP_N };
_Static_assert((int)STEP_N <= (int)STOPWATCH_PARTS, "a step is a part of a lap");

static const uint8_t key_bytes[CID_KEY_LEN] = "key of a cluster";

static struct node {
	struct cid_key key;
	struct cid_issuer issuer;
	struct forward_nodes nodes;
	struct path_core *core;
	uint8_t mac[6], ip[16];
} nodes[NODES];

static bool node_make(struct world *w, unsigned i)
{
	struct node *n = &nodes[i], *other = &nodes[1 - i];
	struct path_config cfg = w->core->cfg;
	struct forward_way way = { .port = 0 };
	uint64_t mac = UINT64_C(1) << 48;

	cid_key_init(&n->key, key_bytes, CID_LEN_MIN, (uint8_t)(i + 1));
	forward_nodes_init(&n->nodes, &n->key, key_bytes, false);
	memcpy(way.ip, other->ip, sizeof(way.ip));
	memcpy(way.from, n->ip, sizeof(way.from));
	if (!cid_issuer_init(&n->issuer, &n->key) ||
	    !forward_nodes_add(&n->nodes, (uint8_t)(2 - i), other->ip, 5684, &way))
		return false;
	memcpy(&mac, other->mac, sizeof(other->mac));
	n->nodes.neighbours[0].mac = mac;
	cfg.forward = &n->nodes;
	memcpy(cfg.ports[0].host.mac, n->mac, sizeof(n->mac));
	memcpy(cfg.ports[0].host.addrs[0].ip, n->ip, sizeof(n->ip));
	n->core = path_core_new(&cfg, w->now_ns);
	return n->core != NULL;
}

static bool nodes_make(void)
{
	struct world *w = world_get(AEAD_AES_128_CCM_8, SESSIONS, AEAD_ENGINE_AUTO);
	bool ok = w != NULL;

	for (unsigned i = 0; i < NODES; i++) {
		memcpy(nodes[i].mac, (const uint8_t[]){ 2, 0, 0, 0, 1, (uint8_t)i }, 6);
		flow_ip_map(nodes[i].ip, (const uint8_t[]){ 198, 18, 0, (uint8_t)(10 + i) });
	}
	for (unsigned i = 0; ok && i < NODES; i++)
		ok = nodes[i].core != NULL || node_make(w, i);
	return ok;
}

/* A device's record for node 1, which came to node 0. */
static struct rte_mbuf *datagram(unsigned i)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(world_rig.pool);
	uint8_t *p, cid[CID_LEN_MAX];

	(void)rte_pktmbuf_append(m,
				 FRAME_PLAIN_LEN + RECORD_HEADER_LEN + CID_LEN_MIN + RECORD_BODY);
	p = (uint8_t *)rte_pktmbuf_adj(m, FRAME_PLAIN_LEN);
	cid_issue(&nodes[1].issuer, 0, cid);
	record_put_cid_header(p, 1, i, cid, CID_LEN_MIN, RECORD_BODY);
	*msg_of(m) = (struct msg){
		.flow = { .local_port = 5684, .remote_port = (uint16_t)(40000 + i) },
		.hop = { .vlan_tci = VLAN_NONE, .port_id = world_rig.port_id },
	};
	memcpy(msg_of(m)->flow.local_ip, nodes[0].ip, 16);
	flow_ip_map(msg_of(m)->flow.remote_ip, (const uint8_t[]){ 198, 19, 0, (uint8_t)i });
	memcpy(msg_of(m)->hop.local_mac, nodes[0].mac, 6);
	return m;
}

static unsigned sent(struct rte_mbuf **m)
{
	return rte_ring_dequeue_burst(world_rig.port_ring, (void **)m, BURST, NULL);
}

static void transmit(struct path_core *core)
{
	forward_flush(core);
	tx_flush(core);
}

static void receive(struct path_core *core, struct rte_mbuf **m, unsigned n)
{
	rx_run(core, 0, m, n);
	forward_take(core);
}

/* A burst through all steps; false: not all of it came through. */
static bool turn(struct stopwatch *watch)
{
	struct path_core *met = nodes[0].core, *owner = nodes[1].core;
	struct rte_mbuf *m[BURST];
	unsigned n;

	for (unsigned i = 0; i < BURST; i++)
		m[i] = datagram(i);
	stopwatch_start(watch);
	for (unsigned i = 0; i < BURST; i++)
		forward_run(met, m[i], 2);
	transmit(met);
	stopwatch_stop(watch, STEP_OUT);
	n = sent(m);
	stopwatch_start(watch);
	receive(owner, m, n);
	stopwatch_stop(watch, STEP_IN);
	n = owner->n_datagrams;
	for (unsigned i = 0; i < n; i++)
		m[i] = owner->datagrams[i];
	owner->n_datagrams = owner->n_hashed = 0;
	stopwatch_start(watch);
	tx_datagrams(owner, m, n);
	transmit(owner);
	stopwatch_stop(watch, STEP_BACK);
	n = sent(m);
	stopwatch_start(watch);
	receive(met, m, n);
	tx_flush(met);
	stopwatch_stop(watch, STEP_ON);
	n = sent(m);
	rte_pktmbuf_free_bulk(m, n);
	return n == BURST;
}

static void run(struct bench *b)
{
	static const char *const names[STEP_N] = { "cycles_out", "cycles_in", "cycles_back",
						   "cycles_on" };
	struct stopwatch watch = { 0 };
	double total, parts[STOPWATCH_PARTS];
	uint64_t turns = 0;
	bool ok = nodes_make();

	for (; bench_next(b); turns++)
		ok = ok && turn(&watch) && stopwatch_lap(&watch);
	if (!ok || !stopwatch_mean(&watch, &total, parts)) {
		bench_fail(b, "not every datagram came through");
		stopwatch_free(&watch);
		return;
	}
	bench_measured(b, total / BURST, turns * BURST);
	for (unsigned i = 0; i < STEP_N; i++)
		bench_value(b, names[i], parts[i] / BURST);
	stopwatch_free(&watch);
}

void bench_forward_add(void) { bench_add("forward/burst:32", run, NULL, 0); }
