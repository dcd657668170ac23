/* SPDX-License-Identifier: BSD-3-Clause */
#include "path13_fixture.h"

static uint64_t newest(const struct world *w, const struct client *c)
{
	return replay_newest(&w->store->hot[c->ref.slot]);
}

/* bad-input K1, K2 */
static void replays_are_delivered_once(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	uint8_t first[128], out[128];
	size_t n = client13_text(w, &c, first, CLIENT13_HEADER, c.seq++, "once");

	client_send(w, 0, &c, first, n);
	client_delivers(w, 0, &c, "once");
	client_send(w, 0, &c, first, n);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 1);
	while (c.seq < 64) {
		client13_say(w, &c, "next");
		client_delivers(w, 0, &c, "next");
	}
	client_send(w, 0, &c, first, n); /* at the window's left edge */
	assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 2);
	client13_say(w, &c, "next");
	client_delivers(w, 0, &c, "next");
	client_send(w, 0, &c, first, n);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_OLD), 1);
	/* Both in one datagram. */
	n = client13_text(w, &c, out, CLIENT13_HEADER, c.seq, "twice");
	memcpy(out + n, out, n);
	client_send(w, 0, &c, out, 2 * n);
	client_delivers(w, 0, &c, "twice");
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 3);
	assert_int_equal(w->store->read13[c.ref.slot].failed_opens, 0);
}

/* A wide window (--replay-window) holds across it. */
static void wide_window(void **state)
{
	struct world *w = world_sized(64, 256, 256);
	struct client c = client13_up(w, 1, AEAD_AES_256_GCM);
	void *as_state = w;

	(void)state;
	client13_says(w, &c, CLIENT13_HEADER, 0, "0");
	client13_says(w, &c, CLIENT13_HEADER, 255, "255");
	client13_says(w, &c, CLIENT13_HEADER, 1, "1");
	client13_says(w, &c, CLIENT13_HEADER, 0, "0");
	client_delivers(w, 0, &c, "0");
	client_delivers(w, 0, &c, "255");
	client_delivers(w, 0, &c, "1");
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 1);
	assert_int_equal(world_teardown(&as_state), 0);
}

/* bad-input A14, K2: counted under the key; nothing else changes. */
static void forgeries_change_nothing(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_CCM_8);
	uint8_t out[128];
	size_t n;

	client13_say(w, &c, "before");
	client_delivers(w, 0, &c, "before");
	n = client13_text(w, &c, out, CLIENT13_HEADER, 40, "number 40");
	for (unsigned i = 1; i <= 10; i++) {
		out[n - 1] ^= (uint8_t)i;
		client_send(w, 0, &c, out, n);
		out[n - 1] ^= (uint8_t)i;
		assert_int_equal(w->store->read13[c.ref.slot].failed_opens, i);
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 10);
	assert_int_equal(newest(w, &c), 0);
	client_send(w, 0, &c, out, n);
	client_delivers(w, 0, &c, "number 40");
	assert_true(store_live(w->store, c.ref));
}

/* checklist 17: whatever padding. */
static void padding_comes_off(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	const size_t zeros[] = { 0, 1, 15, 16, 255, 1200 };
	uint8_t out[2048];

	for (unsigned i = 0; i < 6; i++) {
		/* The text's own zeros stay. */
		const struct said13 said = { CLIENT13_HEADER,  c.seq++, RECORD_APPDATA,
					     "ends in zero\0", 13,      zeros[i] };
		struct rte_mbuf *m;

		client_send(w, 0, &c, out, client13_record(w, &c, out, &said));
		m = world_coap(w, 0, &c);
		assert_non_null(m);
		assert_int_equal(m->data_len, 13);
		assert_memory_equal(rte_pktmbuf_mtod(m, char *), said.text, 13);
		rte_pktmbuf_free(m);
	}
}

/* bad-input A16: no type; silently dropped, and the window stays (rfc9147bis §4.5.2). */
static void plaintext_of_zeros_is_dropped(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	const uint8_t zeros[64] = { 0 };
	uint8_t out[256];

	for (size_t len = 0; len < sizeof(zeros); len += 7)
		client_send(w, 0, &c, out,
			    client13_inner(w, &c, out, CLIENT13_HEADER, 7, zeros, len));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TYPE), 10);
	assert_int_equal(newest(w, &c), 0);
	assert_null(world_sent());
	client13_says(w, &c, CLIENT13_HEADER, 7, "number 7");
	client_delivers(w, 0, &c, "number 7");
}

/* bad-input A17, J6: of the 256 types five mean something. */
static void other_inner_types_are_dropped(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	unsigned dropped = 0;

	for (unsigned type = 1; type < 256; type++) {
		const struct said13 said = { CLIENT13_HEADER, type, (uint8_t)type, "text", 4, 0 };
		uint8_t out[128];

		if (type == RECORD_ALERT || type == RECORD_HANDSHAKE || type == RECORD_APPDATA ||
		    type == RECORD_ACK || type == RECORD_RRC)
			continue;
		client_send(w, 0, &c, out, client13_record(w, &c, out, &said));
		dropped++;
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TYPE), dropped);
	assert_true(store_live(w->store, c.ref));
	assert_null(world_sent());
	assert_int_equal(newest(w, &c), 0);
}

/* Handshake messages and ACKs are for the core that made the session. */
static void handshake_and_ack_go_to_the_maker(void **state)
{
	struct world *w = *state;
	struct client c = client13_make(1, AEAD_AES_128_GCM);
	const uint8_t types[] = { RECORD_HANDSHAKE, RECORD_ACK };

	c.keys.rx_newest = 69999;
	client_install(w, 0, &c);
	for (unsigned i = 0; i < 2; i++) {
		const struct said13 said = {
			CLIENT13_HEADER, 70000 + i, types[i], "message", 7, 3
		};
		uint8_t out[128];
		struct rte_mbuf *m;

		client_send(w, 0, &c, out, client13_record(w, &c, out, &said));
		m = world_take(w->to_hs[0][c.keys.handshake_core]);
		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_OPENED);
		assert_int_equal(msg_of(m)->type, types[i]);
		assert_int_equal(msg_of(m)->number, UINT64_C(3) << 48 | (70000 + i));
		assert_int_equal(msg_of(m)->ref.generation, c.ref.generation);
		assert_int_equal(msg_of(m)->peer_hs.slot, c.keys.handshake_slot);
		assert_int_equal(m->data_len, 7);
		assert_memory_equal(rte_pktmbuf_mtod(m, char *), "message", 7);
		rte_pktmbuf_free(m);
	}
}

static void content_of_no_bytes(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	const struct said13 said = { CLIENT13_HEADER, 4, RECORD_APPDATA, NULL, 0, 0 };
	uint8_t out[128];

	client_send(w, 0, &c, out, client13_record(w, &c, out, &said));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_EMPTY), 1);
	assert_int_equal(newest(w, &c), 4);
}

/* RFC 8446 §6: an error is one whatever its level says; user_canceled is none. */
static void alerts_of_1_3(void **state)
{
	struct world *w = *state;
	const struct {
		const char *alert;
		bool ends;
	} rows[] = { { "\x01\x28", true },
		     { "\x02\x28", true },
		     { "\x01\x5a", false },
		     { "\x02\x5a", false },
		     { "\x01\x00", true } };

	for (unsigned i = 0; i < 5; i++) {
		struct client c = client13_up(w, 1 + i, AEAD_AES_128_GCM);
		const struct said13 said = {
			CLIENT13_HEADER, 0, RECORD_ALERT, rows[i].alert, 2, 0
		};
		struct rte_mbuf *m;
		uint8_t out[128];

		client_send(w, 0, &c, out, client13_record(w, &c, out, &said));
		assert_int_equal(store_live(w->store, c.ref), !rows[i].ends);
		while ((m = world_take(w->to_hs[0][c.keys.handshake_core])) != NULL)
			rte_pktmbuf_free(m); /* MSG_CLOSED */
	}
	assert_int_equal(world_count(w, 0, STATUS_ALERT_IGNORED), 2);
	assert_int_equal(world_count(w, 0, STATUS_SESSION_CLOSED), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(replays_are_delivered_once),
		cmocka_unit_test(wide_window),
		WORLD_TEST(forgeries_change_nothing),
		WORLD_TEST(padding_comes_off),
		WORLD_TEST(plaintext_of_zeros_is_dropped),
		WORLD_TEST(other_inner_types_are_dropped),
		WORLD_TEST(handshake_and_ack_go_to_the_maker),
		WORLD_TEST(content_of_no_bytes),
		WORLD_TEST(alerts_of_1_3),
	};

	return world_main(tests);
}
