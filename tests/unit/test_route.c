/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

/* A plaintext record of epoch 0. */
static size_t plain_record(uint8_t *out, uint8_t type, uint64_t seq, const void *body, size_t len)
{
	struct wr w = wr_of(out, RECORD_HEADER_LEN + len);
	size_t n;

	record_write_header(&w, type, DTLS_1_2, 0, seq, (uint16_t)len);
	wr_bytes(&w, body, len);
	assert_true(wr_finish(&w, &n));
	return n;
}

/* A client's last flight but for its Finished: ClientKeyExchange | ChangeCipherSpec. */
static size_t plain_flight(uint8_t *out)
{
	static const uint8_t cke[12 + 6] = {
		HS_CLIENT_KEY_EXCHANGE, 0, 0, 6, 0, 2, 0, 0, 0, 0, 0, 6, 0, 4, 'd', 'e', 'v', '1'
	};
	static const uint8_t ccs[1] = { 1 };
	size_t n = plain_record(out, RECORD_HANDSHAKE, 2, cke, sizeof(cke));

	return n + plain_record(out + n, RECORD_CCS, 3, ccs, sizeof(ccs));
}

static struct client stranger(void)
{
	const struct build_spec spec = build_ip4("");

	return client_make(&spec, 9, AEAD_AES_128_GCM);
}

/* bad-input A1 */
static void test_datagrams_too_short_for_a_record(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM), unknown = stranger();
	uint8_t out[256];
	size_t n = client_record(w, &c, out, RECORD_APPDATA, 1, 1, "x", 1);

	for (size_t len = 0; len <= 12; len++) {
		client_send(w, 0, &c, out, len);
		client_send(w, 0, &unknown, out, len);
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_SHORT), 26);
	client_delivers_nothing(w, 0, &c);
	client_send(w, 0, &c, out, n);
	client_delivers(w, 0, &c, "x");
}

/* Earlier stacks' bug 58: the first datagram of a stranger holds any content type. */
static void test_any_first_datagram(void **state)
{
	struct world *w = *state;
	struct client c = stranger();
	const uint8_t body[4] = { 2, 40, 0, 0 };
	uint8_t out[64];

	for (unsigned type = 0; type < 256; type++)
		client_send(w, 0, &c, out, plain_record(out, (uint8_t)type, 0, body, sizeof(body)));
	/* 20, 21, 22 and 23 are types; 32 to 63 the headers of DTLS 1.3: with a connection ID, a
	 * length too long, or (four of them with more bytes behind) too short; the rest is
	 * bad-input A6 and A18. */
	assert_int_equal(world_count(w, 0, STATUS_NO_SESSION), 4);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_CID), 16);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_LENGTH), 4);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_SHORT), 8 + 2 * 4);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TYPE), 220);
	assert_null(world_sent());
	assert_int_equal(rte_ring_count(w->to_hs[0][0]) + rte_ring_count(w->to_hs[0][1]), 0);
}

static void test_handshake_under_way_gets_the_datagram(void **state)
{
	struct world *w = *state;
	struct client c = stranger();
	struct session_ref hs = world_pend(w, &c);
	uint8_t out[256];
	size_t n = plain_flight(out);
	struct rte_mbuf *m;

	n += client_record(w, &c, out + n, RECORD_HANDSHAKE, 1, 0, "finished", 8);
	client_send(w, 1, &c, out, n);
	m = world_take(w->to_hs[1][1]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_DATAGRAM);
	assert_int_equal(msg_of(m)->from, 1);
	assert_int_equal(msg_of(m)->peer_hs.slot, hs.slot);
	assert_int_equal(msg_of(m)->peer_hs.generation, hs.generation);
	assert_memory_equal(&msg_of(m)->flow, &c.keys.flow, sizeof(struct flow));
	assert_memory_equal(msg_of(m)->hop.remote_mac, c.keys.hop.remote_mac, 6);
	assert_int_equal(m->data_len, n);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), out, n);
	rte_pktmbuf_free(m);
}

/* checklist 30: the final flight repeated: what is in the clear is dropped, the Finished opens and
 * goes to the core that made the session. */
static void test_repeated_final_flight(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_CCM_8);
	uint8_t out[256];
	size_t n = plain_flight(out);
	struct rte_mbuf *m;

	n += client_record(w, &c, out + n, RECORD_HANDSHAKE, 1, 7, "finished", 8);
	client_send(w, 0, &c, out, n);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_PLAIN), 2);
	m = world_take(w->to_hs[0][c.keys.handshake_core]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_OPENED);
	assert_int_equal(msg_of(m)->type, RECORD_HANDSHAKE);
	assert_int_equal(msg_of(m)->peer_hs.slot, c.keys.handshake_slot);
	assert_int_equal(msg_of(m)->ref.generation, c.ref.generation);
	assert_int_equal(m->data_len, 8);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), "finished", 8);
	rte_pktmbuf_free(m);
}

/* A new handshake of a device with a live session: its flights in the clear go to the handshake,
 * the session's records stay the session's. */
static void test_live_session_with_handshake_under_way(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[256];
	size_t n = plain_flight(out);
	struct rte_mbuf *m;

	world_pend(w, &c);
	client_send(w, 0, &c, out, n);
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_DATAGRAM);
	assert_int_equal(m->data_len, n);
	rte_pktmbuf_free(m);
	client_say(w, 0, &c, "still me");
	client_delivers(w, 0, &c, "still me");
	assert_null(world_take(w->to_hs[0][1]));
}

/* architecture §1: two epochs 1. What does not open under the session goes to the handshake as it
 * was, also when its number is one that the session has seen. */
static void test_copy_for_the_handshake(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM), anew = c;
	uint8_t out[256];

	memset(anew.keys.rx_key, 0x77, sizeof(anew.keys.rx_key));
	world_pend(w, &c);
	for (uint64_t seq = 0; seq < 3; seq += 2) { /* 0: seen; 2: fails to open */
		size_t n = client_record(w, &anew, out, RECORD_HANDSHAKE, 1, seq, "finished", 8);
		struct rte_mbuf *m;

		client_send(w, 0, &c, out, n);
		m = world_take(w->to_hs[0][1]);
		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_DATAGRAM);
		assert_int_equal(msg_of(m)->peer_hs.slot, c.keys.handshake_slot);
		assert_int_equal(m->data_len, n);
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), out, n);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 1);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 1);
}

/* The same when the record cannot even be tried (too short for the session's suite). */
static void test_copy_of_a_datagram_without_records(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[64];
	struct wr wr = wr_of(out, sizeof(out));
	struct rte_mbuf *m;

	world_pend(w, &c);
	record_write_header(&wr, RECORD_HANDSHAKE, DTLS_1_2, 1, 0, 20);
	wr_bytes(&wr, "01234567890123456789", 20);
	client_send(w, 0, &c, out, wr_len(&wr));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_SHORT), 1);
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	assert_int_equal(m->data_len, wr_len(&wr));
	rte_pktmbuf_free(m);
}

/* bad-input A5, before there is a session: a bad record hides neither a hello nor a flight. */
static void test_bad_record_before_a_hello(void **state)
{
	struct world *w = *state;
	struct client c = stranger();
	uint8_t out[512];
	size_t n = plain_record(out, 99, 0, "junk", 4);
	struct rte_mbuf *m;

	memcpy(out + n, hello_gnutls, sizeof(hello_gnutls));
	client_send(w, 0, &c, out, n + sizeof(hello_gnutls));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TYPE), 1);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_VERIFY_SENT), 1);
	m = world_sent();
	assert_non_null(m);
	rte_pktmbuf_free(m);
}

/* bad-input A9 for strangers: a datagram of bad records ends after a fixed number. */
static void test_bad_records_only(void **state)
{
	struct world *w = *state;
	struct client c = stranger();
	uint8_t out[1400];
	size_t n = 0;

	while (n + RECORD_HEADER_LEN <= sizeof(out))
		n += plain_record(out + n, 99, 0, "", 0);
	client_send(w, 0, &c, out, n);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TYPE), RECORDS_PER_DATAGRAM);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TOO_MANY), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_datagrams_too_short_for_a_record),
		WORLD_TEST(test_any_first_datagram),
		WORLD_TEST(test_handshake_under_way_gets_the_datagram),
		WORLD_TEST(test_repeated_final_flight),
		WORLD_TEST(test_live_session_with_handshake_under_way),
		WORLD_TEST(test_copy_for_the_handshake),
		WORLD_TEST(test_copy_of_a_datagram_without_records),
		WORLD_TEST(test_bad_record_before_a_hello),
		WORLD_TEST(test_bad_records_only),
	};

	return world_main(tests);
}
