/* SPDX-License-Identifier: BSD-3-Clause */
#include "hellos13.h"
#include "path_fixture.h"
#include "throttle.h"

static struct client device(unsigned n)
{
	const struct build_spec spec = build_ip4("");

	return client_make(&spec, n, AEAD_AES_128_GCM);
}

/* The hello with the cookie that the gate gave for the one without; returns its length. */
static size_t with_cookie(struct world *w, const struct client *c, uint8_t out[HELLO_MAX])
{
	struct hs_fragment frag;
	struct rte_mbuf *m;
	struct record rec;
	struct rd r, cookie;
	size_t n;

	client_send(w, 0, c, hello_openssl, sizeof(hello_openssl));
	m = world_sent();
	assert_non_null(m);
	r = client_datagram(c, m);
	assert_true(rd_len(&r) <= sizeof(hello_openssl));
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_true(hs_fragment_next(&rec.body, &frag));
	assert_int_equal(frag.type, HS_HELLO_VERIFY_REQUEST);
	assert_int_equal(hello_verify_request_parse(frag.body, &cookie), HS_PARSE_OK);
	n = hello_with_cookie(out, hello_openssl, sizeof(hello_openssl), cookie.p, rd_len(&cookie));
	rte_pktmbuf_free(m);
	return n;
}

/* One at another address. */
static struct client device_at(unsigned host)
{
	struct client c = device(1);

	c.spec.src[3] = (uint8_t)host;
	c.keys.flow = client_flow(&c.spec);
	return c;
}

static struct rte_mbuf *admitted(struct world *w)
{
	struct rte_mbuf *m = world_take(w->to_hs[0][0]);

	return m != NULL ? m : world_take(w->to_hs[0][1]);
}

/* checklist 18 */
static void test_hello_without_then_with_cookie(void **state)
{
	struct world *w = *state;
	struct client c = device(1);
	uint8_t out[HELLO_MAX];
	size_t n = with_cookie(w, &c, out);
	struct rte_mbuf *m;

	assert_null(admitted(w));
	client_send(w, 0, &c, out, n);
	m = admitted(w);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_HELLO);
	assert_int_equal(msg_of(m)->from, 0);
	assert_int_equal(msg_of(m)->peer_hs.generation, 0);
	assert_memory_equal(&msg_of(m)->flow, &c.keys.flow, sizeof(struct flow));
	assert_int_equal(m->data_len, n);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), out, n);
	rte_pktmbuf_free(m);
	assert_null(world_sent());
	assert_int_equal(world_stats(w, 0).hellos_admitted, 1);
}

/* The repeat of a hello goes where its handshake is. */
static void test_hello_of_a_handshake_under_way(void **state)
{
	struct world *w = *state;
	struct client c = device(1);
	uint8_t out[HELLO_MAX];
	size_t n = with_cookie(w, &c, out);
	struct session_ref hs = world_pend(w, &c);
	struct rte_mbuf *m;

	client_send(w, 0, &c, out, n);
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_HELLO);
	assert_int_equal(msg_of(m)->peer_hs.slot, hs.slot);
	assert_int_equal(msg_of(m)->peer_hs.generation, hs.generation);
	rte_pktmbuf_free(m);
}

/* bad-input C16 */
static void test_guesses_behind_a_hello(void **state)
{
	struct world *w = *state;
	struct client c = device(1);
	uint8_t out[HELLO_MAX];
	size_t n = with_cookie(w, &c, out);
	struct rte_mbuf *m;

	memcpy(out + n, hello_gnutls, sizeof(hello_gnutls));
	client_send(w, 0, &c, out, n + sizeof(hello_gnutls));
	m = admitted(w);
	assert_non_null(m);
	assert_int_equal(m->data_len, n);
	rte_pktmbuf_free(m);
}

/* A part of a hello that is whole in its datagram. */
static size_t part_of(uint8_t *out, const uint8_t *hello, size_t len, uint32_t from, uint32_t to)
{
	uint32_t body_len = (uint32_t)(len - HELLO_AT_BODY);
	struct wr w = wr_of(out, HELLO_MAX);

	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_0, 0, from,
			    (uint16_t)(HS_HEADER_LEN + to - from));
	hs_header_write(&w, HS_CLIENT_HELLO, body_len, bytes_u16(hello + 17), from, to - from);
	wr_bytes(&w, hello + HELLO_AT_BODY + from, to - from);
	return wr_len(&w);
}

/* What the handshake gets is one record, whatever the hello came in; between the parts others may
 * come, and the last part is not the hello's end. */
static void test_hello_in_parts(void **state)
{
	struct world *w = *state;
	struct client c = device(1), other = device(2);
	uint8_t out[HELLO_MAX], part[HELLO_MAX];
	size_t n = with_cookie(w, &c, out);
	uint32_t len = (uint32_t)(n - HELLO_AT_BODY);
	struct rte_mbuf *m;

	client_send(w, 0, &c, part, part_of(part, out, n, 100, len));
	client_send(w, 0, &other, part, part_of(part, out, n, 0, 100));
	assert_null(admitted(w));
	assert_null(world_sent());
	assert_int_equal(world_count(w, 0, STATUS_HELLO_FRAGMENT), 2);
	client_send(w, 0, &c, part, part_of(part, out, n, 0, 100));
	m = admitted(w);
	assert_non_null(m);
	assert_int_equal(m->data_len, n);
	/* but for the record's number */
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 11), out + 11, n - 11);
	rte_pktmbuf_free(m);
}

enum { PART = 1000, LONGEST = HELLO_AT_BODY + 2 * HELLO_POOL_MESSAGE_MAX };

/* The hello at out, longer by so many bytes: an extension of zeros at its end (RFC 7685). */
static size_t lengthen(uint8_t *out, size_t n, size_t by)
{
	uint32_t len = (uint32_t)(n + by - HELLO_AT_BODY);
	struct client_hello ch;
	struct wr w;

	assert_int_equal(client_hello_parse(rd_of(out + HELLO_AT_BODY, n - HELLO_AT_BODY), &ch),
			 HS_PARSE_OK);
	w = wr_of(out + (ch.extensions.p - out) - 2, 2);
	wr_u16(&w, (uint16_t)(rd_len(&ch.extensions) + by));
	memset(out + n, 0, by);
	w = wr_of(out + n, 4);
	wr_u16(&w, EXT_PADDING);
	wr_u16(&w, (uint16_t)(by - 4));
	w = wr_of(out + 11, 4 + HS_HEADER_LEN);
	wr_u16(&w, (uint16_t)(HS_HEADER_LEN + len));
	hs_header_write(&w, HS_CLIENT_HELLO, len, bytes_u16(out + 17), 0, len);
	return n + by;
}

static void send_in_parts(struct world *w, const struct client *c, const uint8_t *hello, size_t n)
{
	uint32_t len = (uint32_t)(n - HELLO_AT_BODY);
	uint8_t part[HELLO_MAX];

	for (uint32_t at = 0; at < len; at += PART)
		client_send(w, 0, c, part, part_of(part, hello, n, at, RTE_MIN(at + PART, len)));
}

/* A hello with a cookie that is longer than a packet's mbuf, as one with a key share for after
 * quantum computers or a long ticket is: up to all that the gate's pool makes whole. */
static void test_hello_longer_than_an_mbuf(void **state)
{
	struct world *w = *state;
	uint8_t out[LONGEST];

	for (unsigned i = 0; i < 3; i++) {
		static const size_t bodies[] = { 1900, 2600, HELLO_POOL_MESSAGE_MAX };
		struct client c = device(1 + i);
		size_t n = with_cookie(w, &c, out);
		struct rte_mbuf *m;

		n = lengthen(out, n, HELLO_AT_BODY + bodies[i] - n);
		send_in_parts(w, &c, out, n);
		m = admitted(w);
		assert_non_null(m);
		assert_int_equal(m->data_len, n);
		assert_int_equal(m->nb_segs, 1);
		assert_memory_equal(&msg_of(m)->flow, &c.keys.flow, sizeof(struct flow));
		assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 11), out + 11, n - 11);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(world_count(w, 0, STATUS_HELLO_SIZE), 0);
}

static void test_hello_longer_than_any(void **state)
{
	struct world *w = *state;
	struct client c = device(1);
	uint8_t out[LONGEST];
	size_t n = with_cookie(w, &c, out);

	n = lengthen(out, n, HELLO_AT_BODY + HELLO_POOL_MESSAGE_MAX + 1 - n);
	send_in_parts(w, &c, out, n);
	assert_null(admitted(w));
	assert_null(world_sent());
	assert_int_equal(world_count(w, 0, STATUS_HELLO_MALFORMED), n / PART + 1);
}

/* Where another core has a session of its flow, that core's gate decides, and a reply of it is sent
 * from an mbuf that may be sent. */
static void test_long_hello_is_handed_off(void **state)
{
	struct world *w = *state;
	struct client c = device(1);
	struct cookie_secrets others;
	uint8_t out[LONGEST];
	size_t n = lengthen(out, with_cookie(w, &c, out), 2000);
	struct rte_mbuf *m;

	client_install(w, 1, &c);
	for (unsigned i = 0; i < 2; i++) {
		send_in_parts(w, &c, out, n);
		assert_null(admitted(w));
		m = world_take(w->to_poll[0][1]);
		assert_non_null(m);
		if (i == 1) { /* meanwhile the secrets were replaced */
			assert_true(cookie_secrets_init(&others));
			w->secrets_now = &others;
		}
		world_inbox(w, 1, m);
		m = i == 0 ? world_take(w->to_hs[1][0]) : world_sent();
		if (m == NULL)
			m = world_take(w->to_hs[1][1]);
		assert_non_null(m);
		assert_ptr_equal(m->pool, i == 0 ? w->hello_pool : w->pool);
		rte_pktmbuf_free(m);
	}
}

/* An alert is said so often to a source: its flood takes nothing of the others' (invariant 12). */
static void test_alerts_are_limited_per_source(void **state)
{
	enum { FLOOD = 1000, OTHERS = 8 };
	struct world *w = *state;
	struct client c = device_at(10);
	unsigned said = 0;
	struct rte_mbuf *m;
	uint8_t hello[HELLO_MAX];
	struct hello13 h;
	size_t n;

	hello13_plain(&h);
	n = hello13_datagram(hello, &h);
	for (unsigned i = 0; i < FLOOD; i++) {
		client_send(w, 0, &c, hello, n);
		m = world_sent();
		said += m != NULL;
		rte_pktmbuf_free(m);
	}
	assert_in_range(said, 1, THROTTLE_ALERTS);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_ALERT_LIMIT), FLOOD - said);
	for (unsigned i = 0; i < OTHERS; i++) {
		struct client other = device_at(20 + i);

		client_send(w, 0, &other, hello, n);
		m = world_sent();
		assert_non_null(m);
		rte_pktmbuf_free(m);
	}
	w->now += 1000000000;
	client_send(w, 0, &c, hello, n);
	m = world_sent();
	assert_non_null(m);
	rte_pktmbuf_free(m);
}

/* bad-input E2: a cookie is good for one address and port only. */
static void test_cookie_of_another_port(void **state)
{
	struct world *w = *state;
	struct client c = device(1), other = device(2);
	uint8_t out[HELLO_MAX];
	size_t n = with_cookie(w, &c, out);
	struct rte_mbuf *m;

	client_send(w, 0, &other, out, n);
	assert_null(admitted(w));
	m = world_sent();
	assert_non_null(m);
	rte_pktmbuf_free(m);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_VERIFY_SENT), 2);
}

static void test_draining(void **state)
{
	struct world *w = *state;
	struct client c = device(1), live = client_up(w, 2, AEAD_AES_128_GCM);
	uint8_t out[HELLO_MAX];
	size_t n = with_cookie(w, &c, out);

	w->drain = true;
	client_send(w, 0, &c, out, n);
	client_send(w, 0, &c, hello_openssl, sizeof(hello_openssl));
	assert_null(admitted(w));
	assert_null(world_sent());
	assert_int_equal(world_count(w, 0, STATUS_HELLO_REFUSED), 2);
	client_say(w, 0, &live, "goes on");
	client_delivers(w, 0, &live, "goes on");
}

/* bad-input C1: cut anywhere, a hello is dropped without an answer. */
static void test_truncated_hellos(void **state)
{
	struct world *w = *state;
	struct client c = device(1);

	for (size_t len = 0; len < sizeof(hello_gnutls); len++)
		client_send(w, 0, &c, hello_gnutls, len);
	assert_null(world_sent());
	assert_null(admitted(w));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_SHORT) +
				 world_count(w, 0, STATUS_RECORD_LENGTH),
			 sizeof(hello_gnutls));
}

static size_t sent_bytes(void)
{
	struct rte_mbuf *m[64];
	size_t bytes = 0;
	unsigned n = rte_eth_rx_burst(0, 0, m, 64);

	for (unsigned i = 0; i < n; i++)
		bytes += m[i]->pkt_len;
	rte_pktmbuf_free_bulk(m, n);
	return bytes;
}

/* invariants 1 and 2, bad-input E6, N1: 1e5 hellos from as many sources leave pool, tables and
 * rings as they were, and bytes out never exceed bytes in. */
static void test_forged_hellos_cost_nothing(void **state)
{
	enum { N = 100000, BURST = 32 };
	struct world *w = *state;
	unsigned before = rte_mempool_avail_count(w->pool);
	struct rte_mbuf *burst[BURST];
	size_t in = 0, out = 0;

	for (unsigned i = 0; i < N; i += BURST) {
		for (unsigned k = 0; k < BURST; k++) {
			struct build_spec spec = build_ip4("");

			spec.src[1] = 19; /* 198.19/16, spread over hosts and ports */
			spec.src[2] = (uint8_t)((i + k) >> 8);
			spec.src[3] = (uint8_t)((i + k) % 254 + 1);
			spec.src_port = 1024 + (i + k) % 60000;
			spec.body = k % 2 ? hello_openssl : hello_gnutls;
			spec.body_len = k % 2 ? sizeof(hello_openssl) : sizeof(hello_gnutls);
			burst[k] = world_frame(w, &spec);
			in += burst[k]->pkt_len;
		}
		path_rx_burst(w->core[0], 0, burst, BURST, w->now);
		path_flush(w->core[0], w->now);
		out += sent_bytes();
		assert_true(out <= in);
	}
	assert_true(out > 0);
	assert_int_equal(world_count(w, 0, STATUS_HELLO_VERIFY_SENT), N);
	assert_int_equal(rte_mempool_avail_count(w->pool), before);
	assert_int_equal(store_count(w->store), 0);
	assert_int_equal(table_count(w->store->flows), 0);
	assert_int_equal(table_count(w->pending), 0);
	assert_null(admitted(w));
}

/* bad-input C17, bug 53 and 54 of other stacks: forged hellos on a live 5-tuple are answered and
 * the association goes on, both ways. */
static void test_forged_hellos_on_a_live_session(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_CCM_8);
	struct rte_mbuf *m;

	for (unsigned i = 0; i < 10000; i++) {
		client_send(w, 0, &c, hello_gnutls, sizeof(hello_gnutls));
		m = world_sent();
		assert_non_null(m);
		rte_pktmbuf_free(m);
	}
	client_say(w, 0, &c, "here");
	m = world_coap(w, 0, &c);
	assert_non_null(m);
	msg_of(m)->kind = MSG_REPLY;
	world_inbox(w, 0, m);
	assert_int_equal(client_hears(w, &c).seq, 1);
	assert_int_equal(store_count(w->store), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_hello_without_then_with_cookie),
		WORLD_TEST(test_hello_of_a_handshake_under_way),
		WORLD_TEST(test_guesses_behind_a_hello),
		WORLD_TEST(test_hello_in_parts),
		WORLD_TEST(test_hello_longer_than_an_mbuf),
		WORLD_TEST(test_hello_longer_than_any),
		WORLD_TEST(test_long_hello_is_handed_off),
		WORLD_TEST(test_alerts_are_limited_per_source),
		WORLD_TEST(test_cookie_of_another_port),
		WORLD_TEST(test_draining),
		WORLD_TEST(test_truncated_hellos),
		WORLD_TEST(test_forged_hellos_cost_nothing),
		WORLD_TEST(test_forged_hellos_on_a_live_session),
	};

	return world_main(tests);
}
