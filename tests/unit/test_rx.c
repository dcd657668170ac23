/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

/* A cookie-less hello: what any datagram can be to see that it was taken. */
static struct build_spec hello_spec(void)
{
	struct build_spec s = build_ip4("");

	s.body = hello_gnutls;
	s.body_len = sizeof(hello_gnutls);
	return s;
}

static bool verify_sent(void)
{
	struct rte_mbuf *m = world_sent();

	rte_pktmbuf_free(m);
	return m != NULL;
}

static struct rte_mbuf *arp_request(struct world *w, unsigned vlan_tci)
{
	static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t peer_mac[6] = BUILD_MAC_PEER, nobody[6];
	static const uint8_t peer_ip[4] = BUILD_IP4_PEER, our_ip[4] = BUILD_IP4_HOST;
	struct build f;

	build_ether(&f, everybody, peer_mac, vlan_tci, 0x0806);
	build_u16(&f, 1);
	build_u16(&f, 0x0800);
	build_u16(&f, 0x0604);
	build_u16(&f, 1);
	build_bytes(&f, peer_mac, 6);
	build_bytes(&f, peer_ip, 4);
	build_bytes(&f, nobody, 6);
	build_bytes(&f, our_ip, 4);
	return world_mbuf(w, f.b, f.len);
}

static void test_arp_is_answered(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *m;
	const uint8_t *p;

	world_rx(w, 0, arp_request(w, VLAN_NONE));
	m = world_sent();
	assert_non_null(m);
	p = rte_pktmbuf_mtod(m, const uint8_t *);
	assert_int_equal(build_get_u16(p + 12), 0x0806);
	assert_int_equal(build_get_u16(p + 20), 2); /* reply */
	assert_memory_equal(p + 22, build_host.mac, 6);
	rte_pktmbuf_free(m);
	assert_int_equal(world_count(w, 0, STATUS_FRAME_ANSWERED), 1);
}

/* The port took the tag off: the answer gets it back. */
static void test_arp_with_stripped_tag(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *m = arp_request(w, VLAN_NONE);
	const uint8_t *p;

	m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0x2005;
	world_rx(w, 0, m);
	m = world_sent();
	assert_non_null(m);
	p = rte_pktmbuf_mtod(m, const uint8_t *);
	assert_int_equal(build_get_u16(p + 12), 0x8100);
	assert_int_equal(build_get_u16(p + 14), 0x2005);
	assert_int_equal(build_get_u16(p + 16), 0x0806);
	rte_pktmbuf_free(m);
}

/* invariant 12: what the network can make us say is bounded in rate. */
static void test_answers_are_limited(void **state)
{
	struct world *w = *state;
	unsigned answered = 0;

	for (unsigned i = 0; i < 500; i++) {
		world_rx(w, 0, arp_request(w, VLAN_NONE));
		answered += verify_sent();
	}
	assert_int_equal(answered, 100);
	assert_int_equal(world_count(w, 0, STATUS_FRAME_ANSWER_LIMIT), 500 - answered);
	w->now += 1000000000;
	world_rx(w, 0, arp_request(w, VLAN_NONE));
	assert_true(verify_sent());
}

static void test_nobody_listens(void **state)
{
	struct world *w = *state;
	struct build_spec s = hello_spec();

	s.dst_port = 5683;
	world_rx(w, 0, world_frame(w, &s));
	assert_false(verify_sent());
	assert_int_equal(world_count(w, 0, STATUS_FRAME_PORT), 1);
}

static void test_listen_list(void **state)
{
	struct world *w = *state;
	struct path_config cfg = w->cfg[0];
	struct build_spec v4 = hello_spec(), v6 = build_ip6("");

	v6.body = v4.body;
	v6.body_len = v4.body_len;
	path_core_free(w->core[0]);
	cfg.n_listen = 2;
	cfg.listen[0] = (struct path_listen){ .port = 7000 };
	cfg.listen[1] = (struct path_listen){ .ip = BUILD_IP6_HOST, .port = 5684 };
	w->core[0] = path_core_new(&cfg, w->now);
	world_rx(w, 0, world_frame(w, &v4));
	assert_false(verify_sent());
	world_rx(w, 0, world_frame(w, &v6));
	assert_true(verify_sent());
	v4.dst_port = 7000;
	world_rx(w, 0, world_frame(w, &v4));
	assert_true(verify_sent());
}

/* Cuts a frame into segments of at most n bytes. */
static struct rte_mbuf *segmented(struct world *w, const struct build_spec *s, size_t n)
{
	struct rte_mbuf *head = NULL;
	struct build f;

	build_packet(&f, s);
	for (size_t at = 0; at < f.len; at += n) {
		struct rte_mbuf *m = world_mbuf(w, f.b + at, f.len - at < n ? f.len - at : n);

		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

/* bad-input A21 */
static void test_segments_are_joined(void **state)
{
	struct world *w = *state;
	struct build_spec s = hello_spec();

	world_rx(w, 0, segmented(w, &s, 50));
	assert_true(verify_sent());
	assert_int_equal(world_count(w, 0, STATUS_FRAME_SEGMENTS), 0);
}

/* bad-input A21 */
static void test_segments_too_long_to_join(void **state)
{
	struct world *w = *state;
	struct build_spec s = hello_spec();
	struct rte_mbuf *m = world_frame(w, &s);

	for (unsigned i = 0; i < 2; i++) {
		struct rte_mbuf *more = rte_pktmbuf_alloc(w->pool);

		assert_non_null(rte_pktmbuf_append(more, 1800));
		assert_int_equal(rte_pktmbuf_chain(m, more), 0);
	}
	world_rx(w, 0, m);
	assert_int_equal(world_count(w, 0, STATUS_FRAME_SEGMENTS), 1);
}

/* Checksums: ours to verify unless the port says that it did. */
static void test_checksum_offloads(void **state)
{
	struct world *w = *state;
	struct build_spec s = hello_spec();
	struct rte_mbuf *m = world_frame(w, &s);

	rte_pktmbuf_mtod(m, uint8_t *)[m->data_len - 1] ^= 1;
	world_rx(w, 0, m);
	assert_int_equal(world_count(w, 0, STATUS_FRAME_UDP_CHECKSUM), 1);
	assert_false(verify_sent());

	m = world_frame(w, &s);
	rte_pktmbuf_mtod(m, uint8_t *)[14 + 20 + 6] ^= 1;
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	world_rx(w, 0, m);
	assert_true(verify_sent());

	m = world_frame(w, &s);
	rte_pktmbuf_mtod(m, uint8_t *)[14 + 20 + 6] ^= 1;
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD;
	world_rx(w, 0, m);
	assert_int_equal(world_count(w, 0, STATUS_FRAME_UDP_CHECKSUM), 2);
}

/* architecture §4: veth and tap deliver checksums that are not done yet. */
static void test_unfinished_checksum_is_counted(void **state)
{
	struct world *w = *state;
	struct build_spec s = hello_spec();
	struct build f;

	build_packet(&f, &s);
	build_put_u16(f.b + 14 + 20 + 6, build_pseudo(&s, s.body_len + 8));
	world_rx(w, 0, world_mbuf(w, f.b, f.len));
	assert_true(verify_sent());
	assert_int_equal(world_stats(w, 0).rx_partial_csum, 1);
}

/* The tag that the port took off goes into the answer's headers. */
static void test_stripped_tag_comes_back(void **state)
{
	struct world *w = *state;
	struct build_spec s = hello_spec();
	struct rte_mbuf *m = world_frame(w, &s);

	m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0x6064;
	world_rx(w, 0, m);
	m = world_sent();
	assert_non_null(m);
	assert_int_equal(build_get_u16(rte_pktmbuf_mtod_offset(m, uint8_t *, 12)), 0x8100);
	assert_int_equal(build_get_u16(rte_pktmbuf_mtod_offset(m, uint8_t *, 14)), 0x6064);
	rte_pktmbuf_free(m);
}

/* bad-input A20 */
static void test_fragments_and_bad_lengths(void **state)
{
	struct world *w = *state;
	struct build_spec s = hello_spec();
	struct build f;

	build_packet(&f, &s);
	build_put_u16(f.b + 14 + 6, 0x2000); /* more fragments */
	build_fix_ip4(&f, &s);
	world_rx(w, 0, world_mbuf(w, f.b, f.len));
	assert_int_equal(world_count(w, 0, STATUS_FRAME_FRAGMENT), 1);
	build_packet(&f, &s);
	build_put_u16(f.b + 14 + 20 + 4, (unsigned)s.body_len);
	world_rx(w, 0, world_mbuf(w, f.b, f.len));
	assert_int_equal(world_count(w, 0, STATUS_FRAME_UDP_LENGTH), 1);
	for (size_t len = 0; len < 14 + 20 + 8; len++)
		world_rx(w, 0, world_mbuf(w, f.b, len));
	assert_false(verify_sent());
	assert_int_equal(world_stats(w, 0).rx_datagrams, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_arp_is_answered),
		WORLD_TEST(test_arp_with_stripped_tag),
		WORLD_TEST(test_answers_are_limited),
		WORLD_TEST(test_nobody_listens),
		WORLD_TEST(test_listen_list),
		WORLD_TEST(test_segments_are_joined),
		WORLD_TEST(test_segments_too_long_to_join),
		WORLD_TEST(test_checksum_offloads),
		WORLD_TEST(test_unfinished_checksum_is_counted),
		WORLD_TEST(test_stripped_tag_comes_back),
		WORLD_TEST(test_fragments_and_bad_lengths),
	};

	return world_main(tests);
}
