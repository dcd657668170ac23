/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame_single.h"
#include "path_fixture.h"
#include "stages.h"

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

enum { FULL = 8 }; /* frames of a full burst */

/* Core 0 anew, for bursts of so many frames. */
static void set_burst(struct world *w, uint8_t frames)
{
	struct path_config cfg = w->cfg[0];

	path_core_free(w->core[0]);
	cfg.burst = frames;
	w->core[0] = path_core_new(&cfg, w->now);
	assert_non_null(w->core[0]);
}

static struct build_spec hello_as(unsigned i)
{
	struct build_spec s = i % 2 == 0 ? hello_spec() : build_ip6("");

	s.body = hello_gnutls;
	s.body_len = sizeof(hello_gnutls);
	s.vlan_tci = i % 4 < 2 ? VLAN_NONE : 5;
	return s;
}

/* A burst with a record of the client's at the end, and hellos in front of it: over IPv4 and IPv6,
 * with a tag and without, and by turns with checksums that are wrong. */
static void hellos_and_record(struct world *w, struct client *c, unsigned n)
{
	uint8_t record[256];
	size_t len = client_record(w, c, record, RECORD_APPDATA, 1, c->seq++, "here", 4);
	struct build_spec last = c->spec, s;
	struct rte_mbuf *burst[FULL];

	last.body = record;
	last.body_len = len;
	for (unsigned i = 0; i + 1 < n; i++) {
		s = hello_as(i);
		burst[i] = world_frame(w, &s);
		if (i > PATH_BACKLOG_HELLOS && i % 2 != 0)
			rte_pktmbuf_mtod(burst[i], uint8_t *)[burst[i]->data_len - 1] ^= 1;
	}
	burst[n - 1] = world_frame(w, &last);
	path_rx_burst(w->core[0], 0, burst, n, w->now);
	path_flush(w->core[0], w->now);
	world_port_drain();
	client_delivers(w, 0, c, "here");
}

/* A full burst of good hellos. */
static void hellos_of_many(struct world *w)
{
	struct rte_mbuf *burst[FULL];

	for (unsigned i = 0; i < FULL; i++) {
		struct build_spec s = hello_as(i);

		burst[i] = world_frame(w, &s);
	}
	path_rx_burst(w->core[0], 0, burst, FULL, w->now);
	path_flush(w->core[0], w->now);
	world_port_drain();
}

/* Devices that say hello all at once fill bursts too, and are no flood yet. */
static void test_hellos_in_one_voice(void **state)
{
	struct world *w = *state;
	unsigned n = PATH_BACKLOG_ONCE / FULL;

	set_burst(w, FULL);
	for (unsigned i = 0; i < n; i++)
		hellos_of_many(w);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_BACKLOG), 0);
	assert_int_equal(world_stats(w, 0).hellos, (uint64_t)n * FULL);
}

/* A flood of hellos leaves the core to those with sessions: then of a burst that was full, one
 * reaches the gate, whatever the others look like. */
static void test_hellos_of_a_full_burst(void **state)
{
	struct world *w = *state;
	struct client c;
	uint64_t hellos, backlog;

	set_burst(w, FULL);
	c = client_up(w, 1, AEAD_AES_128_GCM);
	while (world_count(w, 0, STATUS_HELLO_BACKLOG) == 0)
		hellos_of_many(w);
	hellos = world_stats(w, 0).hellos;
	backlog = world_count(w, 0, STATUS_HELLO_BACKLOG);
	hellos_and_record(w, &c, FULL);
	assert_int_equal(world_stats(w, 0).hellos, hellos + PATH_BACKLOG_HELLOS);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_VERIFY_SENT), hellos + PATH_BACKLOG_HELLOS);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_BACKLOG),
			 backlog + FULL - 1 - PATH_BACKLOG_HELLOS);
	assert_int_equal(world_stats(w, 0).records_opened, 1);
	hellos_and_record(w, &c, FULL);
	assert_int_equal(world_stats(w, 0).hellos, hellos + 2 * PATH_BACKLOG_HELLOS);
	/* Tokens come back. */
	w->now += 1000000000 / PATH_BACKLOG_RATE * FULL;
	hellos_of_many(w);
	assert_int_equal(world_stats(w, 0).hellos, hellos + 2 * PATH_BACKLOG_HELLOS + FULL);
}

/* A bad record in front of each, which is skipped, does not get them past the limit. */
static void hellos_behind_bad_records(struct world *w, unsigned n)
{
	struct build_spec s = hello_spec();
	uint8_t body[RECORD_HEADER_LEN + sizeof(hello_gnutls)] = { 0 };
	struct rte_mbuf *burst[FULL];

	memcpy(body + RECORD_HEADER_LEN, hello_gnutls, sizeof(hello_gnutls));
	s.body = body;
	s.body_len = sizeof(body);
	for (unsigned i = 0; i < n; i++)
		burst[i] = world_frame(w, &s);
	path_rx_burst(w->core[0], 0, burst, n, w->now);
	path_flush(w->core[0], w->now);
	world_port_drain();
}

static void test_hellos_behind_bad_records(void **state)
{
	struct world *w = *state;

	set_burst(w, FULL);
	hellos_behind_bad_records(w, FULL);
	assert_int_equal(world_stats(w, 0).hellos, 0);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_BACKLOG), FULL);
	/* Of a burst that was not full they have their turn again. */
	hellos_behind_bad_records(w, FULL - 1);
	assert_int_equal(world_stats(w, 0).hellos, FULL - 1);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_BACKLOG), FULL);
}

/* What only looks like a hello at another place, or does not look like one, is not dropped as one
 * (an echo request, say). */
static void test_others_of_a_full_burst(void **state)
{
	struct world *w = *state;
	struct build_spec s = hello_spec();
	struct rte_mbuf *burst[FULL];
	uint8_t answer[sizeof(hello_gnutls)];

	set_burst(w, FULL);
	memcpy(answer, hello_gnutls, sizeof(answer));
	answer[RECORD_HEADER_LEN] = HS_HELLO_VERIFY_REQUEST;
	for (unsigned i = 0; i < FULL; i++) {
		s.body = i < PATH_BACKLOG_HELLOS ? hello_gnutls : answer;
		burst[i] = i == FULL - 1 ? arp_request(w, VLAN_NONE) : world_frame(w, &s);
	}
	path_rx_burst(w->core[0], 0, burst, FULL, w->now);
	path_flush(w->core[0], w->now);
	world_port_drain();
	assert_int_equal(world_count(w, 0, STATUS_HELLO_BACKLOG), 0);
	assert_int_equal(world_count(w, 0, STATUS_NO_SESSION), FULL - 1 - PATH_BACKLOG_HELLOS);
	assert_int_equal(world_count(w, 0, STATUS_FRAME_ANSWERED), 1);
}

static void hellos_have_their_turn(struct world *w, uint8_t burst, unsigned n)
{
	struct rte_mbuf *m[FULL];

	set_burst(w, burst);
	for (unsigned i = 0; i < n; i++) {
		struct build_spec s = hello_as(i);

		m[i] = world_frame(w, &s);
	}
	path_rx_burst(w->core[0], 0, m, n, w->now);
	path_flush(w->core[0], w->now);
	world_port_drain();
	assert_int_equal(world_count(w, 0, STATUS_HELLO_VERIFY_SENT), n);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_BACKLOG), 0);
}

/* Nobody waits behind them: every hello is answered. */
static void test_hellos_of_other_bursts(void **state)
{
	hellos_have_their_turn(*state, FULL, FULL - 1);
	hellos_have_their_turn(*state, 0, FULL);
}

/* A frame of one record of application data, or, now and then, another. */
static struct rte_mbuf *some_frame(struct world *w, unsigned i)
{
	static uint8_t body[RECORD_HEADER_LEN + 60];
	struct build_spec s = i % 5 == 3 ? build_ip6("") : build_ip4("");
	struct build f;

	s.body = body;
	s.body_len = sizeof(body) - i % 7;
	s.src_port = 1000 + i;
	s.dst_port = i % 11 == 10 ? 5683 : 5684;
	record_put_header(body, i % 6 == 5 ? RECORD_ALERT : RECORD_APPDATA, DTLS_1_2, 1, i,
			  (uint16_t)(s.body_len - RECORD_HEADER_LEN));
	build_packet(&f, &s);
	f.b[f.len - 1] ^= i % 13 == 12; /* a checksum that does not hold */
	if (i % 17 == 16)
		f.b[f.len++] = 0; /* padding */
	return world_mbuf(w, f.b, f.len);
}

static void check_datagram(const struct path_core *core, const struct rte_mbuf *m)
{
	const struct msg *msg = msg_of((struct rte_mbuf *)(uintptr_t)m);

	assert_int_equal(msg->hops, 0);
	assert_int_equal(msg->hop.vlan_tci, msg->flow.remote_port == 1007 ? 0x2005 : VLAN_NONE);
	assert_int_equal(msg->hop.port_id, core->cfg.ports[0].port_id);
}

/* Whether the CPU reads frames of one record in a way of their own makes no difference: the same
 * datagrams in the same order, the same reasons for the others. */
static void test_both_ways_are_alike(void **state)
{
	enum { N = PATH_BURST_MAX };
	struct world *w = *state;
	struct path_core *core = w->core[0];
	struct status_counts before, counts[2];
	struct rte_mbuf *m[N];
	unsigned n = 0;
	struct seen {
		uint16_t port, len;
	} seen[2][N];

	for (unsigned way = 0; way < 2; way++) {
		core->singles = way == 0 ? frame_single_usable() : false;
		for (unsigned i = 0; i < N; i++)
			m[i] = some_frame(w, i);
		m[7]->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m[7]->vlan_tci = 0x2005;
		before = *path_counts(core);
		rx_run(core, 0, m, N);
		assert_true(way == 0 || core->n_datagrams == n);
		n = core->n_datagrams;
		for (unsigned i = 0; i < n; i++) {
			check_datagram(core, core->datagrams[i]);
			seen[way][i] = (struct seen){ msg_of(core->datagrams[i])->flow.remote_port,
						      core->datagrams[i]->data_len };
		}
		path_flush(core, w->now);
		for (unsigned s = 0; s < STATUS_N; s++)
			counts[way].n[s] = path_counts(core)->n[s] - before.n[s];
	}
	assert_in_range(n, 20, N - 4);
	assert_memory_equal(seen[0], seen[1], n * sizeof(seen[0][0]));
	assert_memory_equal(&counts[0], &counts[1], sizeof(counts[0]));
	assert_true(counts[0].n[STATUS_FRAME_UDP_CHECKSUM] > 0 &&
		    counts[0].n[STATUS_FRAME_PORT] > 0 && counts[0].n[STATUS_NO_SESSION] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_both_ways_are_alike),
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
		WORLD_TEST(test_hellos_in_one_voice),
		WORLD_TEST(test_hellos_of_a_full_burst),
		WORLD_TEST(test_others_of_a_full_burst),
		WORLD_TEST(test_hellos_behind_bad_records),
		WORLD_TEST(test_hellos_of_other_bursts),
	};

	return world_main(tests);
}
