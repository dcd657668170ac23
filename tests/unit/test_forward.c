/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nodes: the two cores of the world are two of them, which share nothing but the key, at the
 * address build_host has and at another one. Frames that one sends are given to the other. Devices
 * have their sessions at the second, and speak to the first.
 */
#include "path_cid_fixture.h"

#include "forwarded.h"
#include "stages.h"

enum { NODE_A = 1, NODE_B = 2, NODE_C = 3, PORT = 5684 };

static const uint8_t key_bytes[CID_KEY_LEN] = "key of a cluster";
static uint8_t ip_a[16], ip_b[16], ip_c[16], ip_device[16], ip_gateway[16];

struct cluster {
	struct world *w;
	struct cid_key keys[WORLD_CORES];
	struct forward_nodes nodes[WORLD_CORES];
	struct cid_issuer issuers[WORLD_CORES];
	struct store *empty; /* node A's sessions */
};

static struct cluster cluster;

static void address(uint8_t out[16], uint8_t last)
{
	flow_ip_map(out, (const uint8_t[]){ 198, 18, 0, last });
}

static struct forward_way way_of(const uint8_t ip[16], const uint8_t from[16])
{
	struct forward_way way = { .port = 0 };

	memcpy(way.ip, ip, 16);
	memcpy(way.from, from, 16);
	return way;
}

/* Core i is node i + 1; both list each other, and C, who never answers. */
static void node_make(unsigned i, bool direct)
{
	struct world *w = cluster.w;
	struct forward_nodes *f = &cluster.nodes[i];
	const uint8_t *own = i == 0 ? ip_a : ip_b, *other = i == 0 ? ip_b : ip_a;
	struct forward_way way = way_of(other, own), far = way_of(ip_c, own),
			   gateway = way_of(ip_gateway, own);
	struct frame_host *host = &w->cfg[i].ports[0].host;

	assert_non_null(own);
	cid_key_init(&cluster.keys[i], key_bytes, 8, (uint8_t)(i + 1));
	assert_true(cid_issuer_init(&cluster.issuers[i], &cluster.keys[i]));
	forward_nodes_init(f, &cluster.keys[i], key_bytes, direct);
	assert_true(forward_nodes_add(f, i == 0 ? NODE_B : NODE_A, other, PORT, &way));
	assert_true(forward_nodes_add(f, NODE_C, ip_c, PORT, &far));
	if (direct)
		assert_true(forward_nodes_gateway(f, &gateway));
	memcpy(host->addrs[0].ip, own, 16);
	host->mac[4] = (uint8_t)i;
	path_core_free(w->core[i]);
	w->cfg[i].cid = &cluster.keys[i];
	w->cfg[i].forward = f;
	if (i == 0)
		w->cfg[i].store = cluster.empty;
	w->core[i] = path_core_new(&w->cfg[i], w->now);
	assert_non_null(w->core[i]);
}

static int cluster_setup(void **state, bool direct)
{
	static const uint8_t seed[32] = { 8 };
	const struct store_config sc = { .max_sessions = 64,
					 .replay_window = 64,
					 .hash_seed = seed };

	address(ip_a, 2);
	address(ip_b, 3);
	address(ip_c, 4);
	address(ip_device, 1);
	address(ip_gateway, 254);
	world_setup(state);
	cluster.w = *state;
	cluster.empty = store_new(&sc);
	assert_non_null(cluster.empty);
	for (unsigned i = 0; i < WORLD_CORES; i++)
		node_make(i, direct);
	return 0;
}

static int cluster_teardown(void **state)
{
	int rc = world_teardown(state);

	store_free(cluster.empty);
	return rc;
}

static int setup_through(void **state) { return cluster_setup(state, false); }
static int setup_direct(void **state) { return cluster_setup(state, true); }

/* Which node a frame is for: its MAC's; -1: none. */
static int node_of_frame(const struct rte_mbuf *m)
{
	for (int i = 0; i < WORLD_CORES; i++)
		if (memcmp(rte_pktmbuf_mtod(m, const uint8_t *),
			   cluster.w->cfg[i].ports[0].host.mac, 6) == 0)
			return i;
	return -1;
}

/* A asks for B's link address, by which B learns A's; C is not there. */
static void meet(void)
{
	struct world *w = cluster.w;
	struct rte_mbuf *m;

	path_sweep(w->core[0], w->now);
	path_flush(w->core[0], w->now);
	while ((m = world_sent()) != NULL)
		world_rx(w, node_of_frame(m) < 0 ? 1 : (unsigned)node_of_frame(m), m);
}

/* A datagram, with a record whose ID leads to a node, as a stage has it. */
static struct rte_mbuf *datagram(unsigned node, size_t body_len)
{
	static uint8_t record[2048];
	struct rte_mbuf *m;
	uint8_t cid[CID_LEN_MAX];

	cid_issue(&cluster.issuers[node], 0, cid);
	record_put_cid_header(record, 1, 7, cid, 8, (uint16_t)body_len);
	memset(record + RECORD_HEADER_LEN + 8, 0x77, body_len);
	m = world_mbuf(cluster.w, record, RECORD_HEADER_LEN + 8 + body_len);
	*msg_of(m) = (struct msg){
		.flow = { .local_port = PORT, .remote_port = 41000 },
		.hop = { .local_mac = BUILD_MAC_HOST,
			 .remote_mac = BUILD_MAC_PEER,
			 .vlan_tci = VLAN_NONE },
	};
	memcpy(msg_of(m)->flow.local_ip, ip_a, 16);
	memcpy(msg_of(m)->flow.remote_ip, ip_device, 16);
	return m;
}

/* The frame that node A makes of such. */
static struct rte_mbuf *forwarded_frame(uint8_t to, unsigned cid_of)
{
	struct world *w = cluster.w;
	struct rte_mbuf *m;

	forward_run(w->core[0], datagram(cid_of, 40), to);
	path_flush(w->core[0], w->now);
	m = world_sent();
	assert_non_null(m);
	return m;
}

/* A device with a session at node B. */
static struct client device(bool is_13)
{
	const struct cid_kind kind = { .own_len = CID_LEN, .is_13 = is_13 };

	cluster.w->cid_key = cluster.keys[1];
	return cid_up(cluster.w, 1, 1, AEAD_AES_128_GCM, &kind);
}

/* What the device says to node A, as A sends it to B. */
static struct rte_mbuf *said_to_a(struct client *c, const char *text)
{
	struct rte_mbuf *m;

	cid_say(cluster.w, 0, c, text);
	m = world_sent();
	assert_non_null(m);
	assert_int_equal(node_of_frame(m), 1);
	return m;
}

static void link_addresses_are_asked_for_and_learned(void **state)
{
	struct world *w = *state;

	assert_int_equal(cluster.nodes[0].neighbours[0].mac, 0);
	forward_run(w->core[0], datagram(1, 40), NODE_B);
	path_flush(w->core[0], w->now);
	assert_int_equal(world_count(w, 0, STATUS_FORWARD_LINK), 1);
	meet();
	assert_true(cluster.nodes[0].neighbours[0].mac != 0);
	assert_true(cluster.nodes[1].neighbours[0].mac != 0);
	assert_int_equal(cluster.nodes[0].neighbours[1].mac, 0);
	assert_true(world_count(w, 0, STATUS_FRAME_NEIGHBOUR) > 0);
	/* Not again at once; those that did not answer, in a second. */
	w->now += 1000;
	path_sweep(w->core[0], w->now);
	path_flush(w->core[0], w->now);
	assert_null(world_sent());
	w->now += 1000000000;
	path_sweep(w->core[0], w->now);
	path_flush(w->core[0], w->now);
	rte_pktmbuf_free(world_sent());
	assert_null(world_sent());
}

/* There and back: the device hears who it spoke to. */
static void converse(bool is_13)
{
	struct world *w = cluster.w;
	struct client c = device(is_13);
	struct rte_mbuf *m;

	world_rx(w, 1, said_to_a(&c, "reading"));
	m = world_coap(w, 1, &c);
	assert_non_null(m);
	assert_int_equal(m->data_len, 7);
	assert_int_equal(msg_of(m)->hop.port_id, FORWARD_HOP | NODE_A);
	assert_memory_equal(&msg_of(m)->flow, &c.keys.flow, sizeof(struct flow));
	rte_pktmbuf_free(m);
	world_rx(w, 1, said_to_a(&c, "again"));
	cid_answer(w, 1, &c, "answer");
	m = world_sent();
	assert_non_null(m);
	assert_int_equal(node_of_frame(m), 0);
	world_rx(w, 0, m);
	cid_hears_text(w, &c, "answer");
	assert_int_equal(world_stats(w, 0).forwards_out, 2);
	assert_int_equal(world_stats(w, 1).forwards_in, 2);
	assert_int_equal(world_stats(w, 0).forwards_back, 1);
}

static void a_device_of_another_node(void **state)
{
	(void)state;
	meet();
	converse(false);
}

static void a_device_of_another_node_13(void **state)
{
	(void)state;
	meet();
	converse(true);
}

/* A copy of what was forwarded is a record seen before. */
static void copies_are_replays(void **state)
{
	struct world *w = *state;
	struct client c = device(false);
	struct rte_mbuf *m, *copy;

	meet();
	m = said_to_a(&c, "once");
	copy = rte_pktmbuf_copy(m, w->pool, 0, UINT32_MAX);
	assert_non_null(copy);
	world_rx(w, 1, m);
	world_rx(w, 1, copy);
	client_delivers(w, 1, &c, "once");
	client_delivers_nothing(w, 1, &c);
	assert_int_equal(world_stats(w, 1).forwards_in, 2);
	assert_int_equal(world_count(w, 1, STATUS_RECORD_REPLAY), 1);
	assert_null(world_sent());
}

/* From an address that is not the session's it is asked for there whether the device is: the
 * challenge goes through the other node, too. */
static void challenges_go_through_the_other_node(void **state)
{
	const struct cid_kind kind = { .own_len = CID_LEN, .rrc = true };
	struct world *w = *state;
	struct client c;
	struct heard h;

	meet();
	w->cid_key = cluster.keys[1];
	c = cid_up(w, 1, 1, AEAD_AES_128_GCM, &kind);
	cid_moved(&c, 47000);
	world_rx(w, 1, said_to_a(&c, "from elsewhere"));
	client_delivers(w, 1, &c, "from elsewhere");
	path_flush(w->core[1], w->now);
	world_rx(w, 0, world_sent());
	h = cid_hears(w, &c);
	assert_int_equal(h.type, RECORD_RRC);
	assert_int_equal(h.text[0], RRC_PATH_CHALLENGE);
}

/* An answer of node B to the device by way of A. */
static void answer(const struct flow *flow, const struct nexthop *hop)
{
	struct world *w = cluster.w;
	struct rte_mbuf *m = world_mbuf(w, "answer", 6);

	*msg_of(m) = (struct msg){ .kind = MSG_SEND, .flow = *flow, .hop = *hop };
	world_inbox(w, 1, m);
	m = world_sent();
	assert_non_null(m);
	assert_int_equal(node_of_frame(m), 0);
	world_rx(w, 0, m);
}

/* Nobody has a node send from an address that is not its own, or over a link it does not have. */
static void answers_from_elsewhere_are_dropped(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *m = datagram(1, 40);
	struct flow flow = msg_of(m)->flow;
	struct nexthop hop = msg_of(m)->hop;

	rte_pktmbuf_free(m);
	meet();
	hop.port_id = FORWARD_HOP | NODE_A;
	memcpy(flow.local_ip, ip_c, 16);
	answer(&flow, &hop);
	memcpy(flow.local_ip, ip_a, 16);
	flow.local_port = PORT + 1;
	answer(&flow, &hop);
	flow.local_port = PORT;
	hop.local_mac[5] ^= 1;
	answer(&flow, &hop);
	assert_null(world_sent());
	assert_int_equal(world_count(w, 0, STATUS_FORWARD_FORM), 3);
	assert_int_equal(world_stats(w, 0).forwards_back, 0);
}

/* Flips a bit of a frame's UDP payload, and mends the UDP checksum away. */
static void flip(struct rte_mbuf *m, unsigned bit)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	frame[FRAME_PLAIN_LEN + bit / 8] ^= (uint8_t)(1U << bit % 8);
	frame[FRAME_PLAIN_LEN - 2] = frame[FRAME_PLAIN_LEN - 1] = 0;
}

/* Every bit of header, MAC and datagram is under the MAC. */
static void forged_ones_are_dropped(void **state)
{
	struct world *w = *state;
	struct client c = device(false);
	unsigned bits;
	uint64_t refused;
	struct rte_mbuf *m;

	meet();
	m = said_to_a(&c, "x");
	bits = 8U * (m->data_len - FRAME_PLAIN_LEN);
	rte_pktmbuf_free(m);
	for (unsigned bit = 8; bit < bits; bit++) { /* the first byte says that it is one */
		m = said_to_a(&c, "x");
		flip(m, bit);
		world_rx(w, 1, m);
	}
	assert_int_equal(world_stats(w, 1).forwards_in, 0);
	client_delivers_nothing(w, 1, &c);
	assert_null(world_sent());
	refused = world_count(w, 1, STATUS_FORWARD_MAC) + world_count(w, 1, STATUS_FORWARD_FORM) +
		  world_count(w, 1, STATUS_FORWARD_NODE);
	assert_int_equal(refused, bits - 8);
	assert_true(world_count(w, 1, STATUS_FORWARD_MAC) > bits / 2);
	world_rx(w, 1, said_to_a(&c, "as it was"));
	client_delivers(w, 1, &c, "as it was");
}

/* A node with another key: its MACs are nothing here. */
static void another_key_is_forged(void **state)
{
	static const uint8_t other[CID_KEY_LEN] = "key of nobody...";
	struct world *w = *state;
	struct forward_nodes fresh;

	meet();
	forward_nodes_init(&fresh, &cluster.keys[0], other, false);
	cluster.nodes[0].key = fresh.key;
	world_rx(w, 1, forwarded_frame(NODE_B, 1));
	assert_int_equal(world_count(w, 1, STATUS_FORWARD_MAC), 1);
	assert_int_equal(world_stats(w, 1).forwards_in, 0);
}

/* Only from where it is listed. */
static void other_senders_are_refused(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *m;

	meet();
	m = forwarded_frame(NODE_B, 1);
	cluster.nodes[1].nodes[0].ip[15] = 77;
	world_rx(w, 1, m);
	assert_int_equal(world_count(w, 1, STATUS_FORWARD_NODE), 1);
	m = forwarded_frame(NODE_B, 1);
	cluster.nodes[1].by_id[NODE_A] = FORWARD_NONE;
	world_rx(w, 1, m);
	assert_int_equal(world_count(w, 1, STATUS_FORWARD_NODE), 2);
	assert_int_equal(world_stats(w, 1).forwards_in, 0);
}

/* Nodes that disagree do not send a datagram to and fro: A takes B for who B is not. */
static void what_was_forwarded_goes_no_further(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *m;

	meet();
	world_rx(w, 1, forwarded_frame(NODE_B, 0)); /* the record names A */
	assert_int_equal(world_count(w, 1, STATUS_FORWARD_NODE), 1);
	assert_int_equal(world_stats(w, 1).forwards_in, 0);
	assert_null(world_sent());
	m = datagram(0, 40);
	msg_of(m)->hop.port_id = FORWARD_HOP | NODE_A;
	forward_run(w->core[1], m, NODE_A);
	path_flush(w->core[1], w->now);
	assert_int_equal(world_count(w, 1, STATUS_FORWARD_LOOP), 1);
	assert_null(world_sent());
}

static void unlisted_nodes_get_nothing(void **state)
{
	struct world *w = *state;

	meet();
	for (unsigned node = 0; node < 256; node++)
		if (node != NODE_B && node != NODE_C)
			forward_run(w->core[0], datagram(1, 40), (uint8_t)node);
	path_flush(w->core[0], w->now);
	assert_int_equal(world_count(w, 0, STATUS_FORWARD_NODE), 254);
	assert_null(world_sent());
}

/* Header and frame have to fit the MTU; nothing is cut. */
static void too_long_ones_are_dropped(void **state)
{
	enum { MTU = 1500, MOST = MTU - 28 - FORWARDED_HEADER_LEN - RECORD_HEADER_LEN - 8 };
	struct world *w = *state;
	struct rte_mbuf *m;

	meet();
	forward_run(w->core[0], datagram(1, MOST + 1), NODE_B);
	path_flush(w->core[0], w->now);
	assert_int_equal(world_count(w, 0, STATUS_TX_SIZE), 1);
	assert_null(world_sent());
	forward_run(w->core[0], datagram(1, MOST), NODE_B);
	path_flush(w->core[0], w->now);
	m = world_sent();
	assert_non_null(m);
	assert_int_equal(m->pkt_len, MTU + 14);
	rte_pktmbuf_free(m);
}

/* A datagram at the front of its buffer moves back. */
static void room_is_made_in_front(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *m = datagram(1, 40);
	const uint16_t len = m->data_len;
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

	meet();
	memmove(m->buf_addr, at, len);
	m->data_off = 0;
	forward_run(w->core[0], m, NODE_B);
	path_flush(w->core[0], w->now);
	m = world_sent();
	assert_non_null(m);
	assert_int_equal(m->data_len, FRAME_PLAIN_LEN + FORWARDED_HEADER_LEN + len);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[m->data_len - 1], 0x77);
	world_rx(w, 1, m);
	assert_int_equal(world_stats(w, 1).forwards_in, 1);
}

/* A burst and more at once, one of them bad: each by itself. */
static void bursts(void **state)
{
	enum { N = 100 };
	struct world *w = *state;
	struct client c = device(false);
	struct rte_mbuf *frames[N], *m;
	unsigned got = 0;

	meet();
	for (unsigned i = 0; i < N; i++)
		frames[i] = said_to_a(&c, "one of many");
	flip(frames[17], 8 * 80);
	path_rx_burst(w->core[1], 0, frames, 60, w->now);
	path_rx_burst(w->core[1], 0, frames + 60, N - 60, w->now);
	path_flush(w->core[1], w->now);
	while ((m = world_coap(w, 1, &c)) != NULL) {
		rte_pktmbuf_free(m);
		got++;
	}
	assert_int_equal(got, N - 1);
	assert_int_equal(world_count(w, 1, STATUS_FORWARD_MAC), 1);
}

/* --node-reply direct: the next hop is the gateway's, and where it is not known, the other node. */
static void direct_answers_go_over_the_gateway(void **state)
{
	static const uint8_t mac[6] = { 2, 9, 9, 9, 9, 9 };
	struct world *w = *state;
	struct client c = device(false);
	const uint8_t index = cluster.nodes[1].gateways[0];
	uint64_t raw = UINT64_C(1) << 48;
	struct rte_mbuf *m;

	meet();
	world_rx(w, 1, said_to_a(&c, "x"));
	m = world_coap(w, 1, &c);
	assert_int_equal(msg_of(m)->hop.port_id, FORWARD_HOP | NODE_A);
	rte_pktmbuf_free(m);
	memcpy(&raw, mac, sizeof(mac));
	cluster.nodes[1].neighbours[index].mac = raw;
	world_rx(w, 1, said_to_a(&c, "x"));
	cid_answer(w, 1, &c, "over there");
	m = world_sent();
	assert_non_null(m);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), mac, 6);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *) + 6, w->cfg[1].ports[0].host.mac, 6);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *) + 26, ip_a + 12, 4);
	rte_pktmbuf_free(m);
}

/* What a process without --node gets of all this. */
static void without_nodes_there_is_no_forwarding(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *m;

	meet();
	m = forwarded_frame(NODE_B, 1);
	path_core_free(w->core[1]);
	w->cfg[1].forward = NULL;
	w->core[1] = path_core_new(&w->cfg[1], w->now);
	world_rx(w, 1, m);
	assert_int_equal(world_stats(w, 1).forwards_in, 0);
	forward_run(w->core[1], datagram(0, 40), NODE_A);
	path_flush(w->core[1], w->now);
	assert_int_equal(world_count(w, 1, STATUS_FORWARD_NODE), 1);
	assert_null(world_sent());
}

#define THROUGH(name) cmocka_unit_test_setup_teardown(name, setup_through, cluster_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		THROUGH(link_addresses_are_asked_for_and_learned),
		THROUGH(a_device_of_another_node),
		THROUGH(a_device_of_another_node_13),
		THROUGH(copies_are_replays),
		THROUGH(challenges_go_through_the_other_node),
		THROUGH(answers_from_elsewhere_are_dropped),
		THROUGH(forged_ones_are_dropped),
		THROUGH(another_key_is_forged),
		THROUGH(other_senders_are_refused),
		THROUGH(what_was_forwarded_goes_no_further),
		THROUGH(unlisted_nodes_get_nothing),
		THROUGH(too_long_ones_are_dropped),
		THROUGH(room_is_made_in_front),
		THROUGH(bursts),
		cmocka_unit_test_setup_teardown(direct_answers_go_over_the_gateway, setup_direct,
						cluster_teardown),
		THROUGH(without_nodes_there_is_no_forwarding),
	};

	return world_main(tests);
}
