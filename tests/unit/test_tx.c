/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

static struct rte_mbuf *datagram(struct world *w, const struct client *c, size_t len)
{
	static const uint8_t zeros[2000];
	struct rte_mbuf *m = world_mbuf(w, zeros, len);

	*msg_of(m) = (struct msg){ .kind = MSG_SEND, .flow = c->keys.flow, .hop = c->keys.hop };
	return m;
}

static struct client device(struct build_spec spec) { return client_make(&spec, 1, 0); }

static void test_port_that_is_not_ours(void **state)
{
	struct world *w = *state;
	struct client c = device(build_ip4(""));

	for (unsigned i = 0; i < 3; i++) {
		static const uint16_t ports[3] = { 1, RTE_MAX_ETHPORTS, MSG_COLD_HOP };
		struct rte_mbuf *m = datagram(w, &c, 10);

		msg_of(m)->hop.port_id = ports[i];
		world_inbox(w, 0, m);
	}
	assert_int_equal(world_count(w, 0, STATUS_TX_NO_QUEUE), 3);
	assert_null(world_sent());
}

/* The MTU counts IP and UDP headers, with or without a tag. */
static void test_mtu(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct build_spec spec = i & 1 ? build_ip6("") : build_ip4("");
		size_t most = i & 1 ? 1500 - 48 : 1500 - 28;
		struct rte_mbuf *m;
		struct client c;

		spec.vlan_tci = i & 2 ? 7 : VLAN_NONE;
		c = device(spec);
		world_inbox(w, 0, datagram(w, &c, most));
		m = world_sent();
		assert_non_null(m);
		assert_int_equal(m->pkt_len, 1500 + (i & 2 ? 18 : 14));
		rte_pktmbuf_free(m);
		world_inbox(w, 0, datagram(w, &c, most + 1));
		assert_null(world_sent());
		assert_int_equal(world_count(w, 0, STATUS_TX_SIZE), i + 1);
	}
}

/* With offloads the flags and lengths are what DPDK's ports want. */
static void test_offload_flags(void **state)
{
	struct world *w = *state;
	struct path_config cfg = w->cfg[0];
	struct client v4 = device(build_ip4("")), v6 = device(build_ip6(""));
	struct rte_mbuf *m;

	world_inbox(w, 0, datagram(w, &v4, 10));
	m = world_sent();
	assert_non_null(m);
	assert_int_equal(m->ol_flags, 0);
	rte_pktmbuf_free(m);
	path_core_free(w->core[0]);
	cfg.ports[0].tx_offload = FRAME_IP_OFFLOAD | FRAME_L4_OFFLOAD;
	w->core[0] = path_core_new(&cfg, w->now);
	world_inbox(w, 0, datagram(w, &v4, 10));
	m = world_sent();
	assert_non_null(m);
	assert_int_equal(m->ol_flags,
			 RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM);
	assert_int_equal(m->l2_len, 14);
	assert_int_equal(m->l3_len, 20);
	rte_pktmbuf_free(m);
	world_inbox(w, 0, datagram(w, &v6, 10));
	m = world_sent();
	assert_non_null(m);
	assert_int_equal(m->ol_flags, RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM);
	assert_int_equal(m->l3_len, 40);
	rte_pktmbuf_free(m);
}

/* bad-input N8: a queue that takes no more drops, counts and does not block. */
static void test_full_queue(void **state)
{
	struct world *w = *state;
	struct client c = device(build_ip4(""));
	struct rte_mempool *filler = rte_pktmbuf_pool_create("filler", 4095, 0, 0, 256, 0);
	struct rte_mbuf *burst[8];

	assert_non_null(filler);
	while ((burst[0] = rte_pktmbuf_alloc(filler)) != NULL &&
	       rte_eth_tx_burst(0, 0, burst, 1) == 1)
		;
	assert_non_null(burst[0]); /* the queue was full before the pool was empty */
	rte_pktmbuf_free(burst[0]);
	rte_pktmbuf_free(world_sent());
	rte_pktmbuf_free(world_sent());
	for (unsigned i = 0; i < 8; i++)
		burst[i] = datagram(w, &c, 10);
	path_inbox_burst(w->core[0], burst, 8, w->now);
	path_flush(w->core[0], w->now);
	assert_int_equal(world_count(w, 0, STATUS_TX_FULL), 6);
	assert_int_equal(world_stats(w, 0).tx_frames, 2);
	assert_int_equal(world_stats(w, 0).tx_bytes, 2 * (14 + 28 + 10));
	world_port_drain();
	rte_mempool_free(filler);
}

/* A core without a queue on a port drops what would go there, and nothing else. */
static void test_port_without_a_queue(void **state)
{
	struct world *w = *state;
	struct path_config cfg = w->cfg[0];
	struct client c;

	path_core_free(w->core[0]);
	cfg.ports[0].tx_queue = PATH_NO_QUEUE;
	w->core[0] = path_core_new(&cfg, w->now);
	c = client_up(w, 1, AEAD_AES_128_GCM);
	world_inbox(w, 0, datagram(w, &c, 10));
	client_send(w, 0, &c, hello_gnutls, sizeof(hello_gnutls));
	assert_int_equal(world_count(w, 0, STATUS_TX_NO_QUEUE), 2);
	assert_null(world_sent());
	client_say(w, 0, &c, "received all the same");
	client_delivers(w, 0, &c, "received all the same");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_port_that_is_not_ours), WORLD_TEST(test_mtu),
		WORLD_TEST(test_offload_flags),         WORLD_TEST(test_full_queue),
		WORLD_TEST(test_port_without_a_queue),
	};

	return world_main(tests);
}
