/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

static size_t alert(struct world *w, struct client *c, uint8_t *out, uint8_t level, uint8_t what)
{
	const uint8_t body[2] = { level, what };

	return client_record(w, c, out, RECORD_ALERT, 1, c->seq++, body, 2);
}

static uint32_t retired(struct world *w)
{
	uint32_t slot;

	assert_int_equal(store_take_retired(w->store, &slot, 1), 1);
	return slot;
}

static void closed_was_told(struct world *w, const struct client *c)
{
	struct rte_mbuf *m = world_take(w->to_hs[0][c->keys.handshake_core]);

	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_CLOSED);
	assert_int_equal(msg_of(m)->peer_hs.slot, c->keys.handshake_slot);
	assert_int_equal(msg_of(m)->ref.generation, c->ref.generation);
	rte_pktmbuf_free(m);
}

/* bad-input J4, checklist 16: what follows a close_notify in the burst is dropped, in order; the
 * peer gets a close_notify back, the control thread the slot. */
static void test_close_notify_then_data(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client_up(w, alg, alg);
		uint8_t out[512];
		size_t n = client_record(w, &c, out, RECORD_APPDATA, 1, c.seq++, "before", 6);
		struct heard h;

		n += alert(w, &c, out + n, ALERT_WARNING, ALERT_CLOSE_NOTIFY);
		n += client_record(w, &c, out + n, RECORD_APPDATA, 1, c.seq++, "after", 5);
		client_send(w, 0, &c, out, n);
		client_delivers(w, 0, &c, "before");
		client_delivers_nothing(w, 0, &c);
		h = client_hears(w, &c);
		assert_int_equal(h.type, RECORD_ALERT);
		assert_int_equal(h.len, 2);
		assert_int_equal(h.text[0], ALERT_WARNING);
		assert_int_equal(h.text[1], ALERT_CLOSE_NOTIFY);
		assert_false(store_live(w->store, c.ref));
		assert_int_equal(retired(w), c.ref.slot);
		closed_was_told(w, &c);
		/* The next burst finds nothing at all. */
		client_say(w, 0, &c, "later");
		assert_null(world_sent());
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_AFTER_CLOSE), AEAD_N);
	assert_int_equal(world_count(w, 0, STATUS_SESSION_CLOSED), AEAD_N);
	assert_int_equal(world_count(w, 0, STATUS_NO_SESSION), AEAD_N);
	assert_int_equal(store_count(w->store), 0);
}

/* RFC 6066 §4, checklist 56: what a device sends beyond the length it asked for ends its session,
 * with an alert, since it is the device that sent it; a session without one takes what comes. */
static void test_record_beyond_the_agreed_length(void **state)
{
	struct world *w = *state;
	const struct build_spec spec = build_ip4("");
	char text[514];

	memset(text, 'x', 513);
	for (unsigned limited = 0; limited < 2; limited++) {
		struct client c = client_make(&spec, limited, AEAD_AES_128_GCM);
		struct heard h;

		c.keys.rx_limit = limited ? 512 : 0;
		client_install(w, 0, &c);
		text[512] = '\0';
		client_say(w, 0, &c, text);
		client_delivers(w, 0, &c, text);
		text[512] = 'x';
		text[513] = '\0';
		client_say(w, 0, &c, text);
		if (!limited) {
			client_delivers(w, 0, &c, text);
			continue;
		}
		client_delivers_nothing(w, 0, &c);
		h = client_hears(w, &c);
		assert_int_equal(h.type, RECORD_ALERT);
		assert_int_equal(h.len, 2);
		assert_int_equal(h.text[0], ALERT_FATAL);
		assert_int_equal(h.text[1], ALERT_RECORD_OVERFLOW);
		assert_false(store_live(w->store, c.ref));
		assert_int_equal(retired(w), c.ref.slot);
		assert_int_equal(world_count(w, 0, STATUS_SESSION_RECORD_SIZE), 1);
	}
}

/* A close in one round of records, its session's data in a later round of the same burst. */
static void test_close_in_an_earlier_round(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *burst[PATH_BURST_MAX];

	for (unsigned i = 0; i < PATH_BURST_MAX; i++) {
		struct build_spec spec = c.spec;
		uint8_t out[256];

		spec.body = out;
		spec.body_len =
			i == 0 ? alert(w, &c, out, ALERT_WARNING, ALERT_CLOSE_NOTIFY)
			       : client_record(w, &c, out, RECORD_APPDATA, 1, c.seq++, "x", 1);
		burst[i] = world_frame(w, &spec);
	}
	path_rx_burst(w->core[0], 0, burst, PATH_BURST_MAX, w->now);
	path_flush(w->core[0], w->now);
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_AFTER_CLOSE), PATH_BURST_MAX - 1);
	assert_int_equal(client_hears(w, &c).type, RECORD_ALERT);
}

/* A full table of datagrams is worked off while replies of the same turn wait: the close_notify
 * that answers one goes out behind them, and what follows it in the round is delivered as it is. */
static void test_close_while_replies_wait(void **state)
{
	enum { DATAGRAMS = PATH_BURST_MAX - 4 };
	struct world *w = *state;
	struct client a = client_up(w, 1, AEAD_AES_128_GCM), b = client_up(w, 2, AEAD_AES_128_GCM);
	struct rte_mbuf *burst[PATH_BURST_MAX];
	uint8_t out[256];

	for (unsigned i = 0; i < DATAGRAMS; i++) {
		struct build_spec spec = i == 0 ? a.spec : b.spec;

		spec.body = out;
		spec.body_len =
			i == 0 ? alert(w, &a, out, ALERT_WARNING, ALERT_CLOSE_NOTIFY)
			       : client_record(w, &b, out, RECORD_APPDATA, 1, b.seq++, "x", 1);
		burst[i] = world_frame(w, &spec);
	}
	path_rx_burst(w->core[0], 0, burst, DATAGRAMS, w->now);
	for (unsigned turn = 0; turn < 2; turn++) {
		const unsigned n = turn == 0 ? PATH_BURST_MAX - DATAGRAMS : PATH_BURST_MAX;

		for (unsigned i = 0; i < n; i++) {
			burst[i] = world_mbuf(w, "answer", 6);
			*msg_of(burst[i]) = (struct msg){ .kind = MSG_REPLY,
							  .ref = b.ref,
							  .class = b.keys.aead,
							  .flow = b.keys.flow,
							  .hop = b.keys.hop };
		}
		path_inbox_burst(w->core[0], burst, n, w->now);
	}
	path_flush(w->core[0], w->now);
	for (unsigned i = 1; i < DATAGRAMS; i++)
		client_delivers(w, 0, &b, "x");
	client_delivers_nothing(w, 0, &b);
	for (unsigned i = DATAGRAMS; i < PATH_BURST_MAX; i++)
		assert_int_equal(client_hears(w, &b).len, 6);
	assert_int_equal(client_hears(w, &a).type, RECORD_ALERT);
	world_port_drain();
}

/* bad-input J5: a session that does nothing but warn is closed. */
static void test_too_many_alerts(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[64];

	for (unsigned i = 0; i < 200; i++)
		client_send(w, 0, &c, out, alert(w, &c, out, ALERT_WARNING, ALERT_USER_CANCELED));
	assert_null(world_sent());
	assert_true(store_live(w->store, c.ref));
	client_send(w, 0, &c, out, alert(w, &c, out, ALERT_WARNING, ALERT_USER_CANCELED));
	assert_int_equal(client_hears(w, &c).type, RECORD_ALERT);
	assert_false(store_live(w->store, c.ref));
	assert_int_equal(world_count(w, 0, STATUS_SESSION_ALERTS), 1);
	assert_int_equal(retired(w), c.ref.slot);
}

/* Whatever length the last of them has, what goes back is a close_notify. */
static void test_too_many_malformed_alerts(void **state)
{
	static const size_t lengths[] = { 1, 3, 200 };
	static const uint8_t rubbish[200] = { ALERT_WARNING, ALERT_USER_CANCELED, 9 };
	struct world *w = *state;

	for (unsigned k = 0; k < RTE_DIM(lengths); k++) {
		struct client c = client_up(w, k, AEAD_AES_128_CCM_8);
		uint8_t out[512];
		struct heard h;

		for (unsigned i = 0; i < 201; i++)
			client_send(w, 0, &c, out,
				    client_record(w, &c, out, RECORD_ALERT, 1, c.seq++, rubbish,
						  lengths[k]));
		h = client_hears(w, &c);
		assert_int_equal(h.type, RECORD_ALERT);
		assert_int_equal(h.len, 2);
		assert_int_equal(h.text[0], ALERT_WARNING);
		assert_int_equal(h.text[1], ALERT_CLOSE_NOTIFY);
		assert_false(store_live(w->store, c.ref));
		closed_was_told(w, &c);
	}
}

static void test_fatal_alert(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[64];

	client_send(w, 0, &c, out, alert(w, &c, out, ALERT_FATAL, ALERT_INTERNAL_ERROR));
	assert_null(world_sent());
	assert_false(store_live(w->store, c.ref));
	assert_int_equal(retired(w), c.ref.slot);
}

/* bad-input J5: warnings and malformed alerts are counted and change nothing. */
static void test_other_alerts_are_ignored(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[64];

	for (unsigned i = 0; i < 100; i++)
		client_send(w, 0, &c, out,
			    alert(w, &c, out, ALERT_WARNING,
				  i % 2 ? ALERT_USER_CANCELED : ALERT_NO_RENEGOTIATION));
	client_send(w, 0, &c, out, client_record(w, &c, out, RECORD_ALERT, 1, c.seq++, "\2", 1));
	client_send(w, 0, &c, out, client_record(w, &c, out, RECORD_ALERT, 1, c.seq++, "\2(x", 3));
	client_send(w, 0, &c, out, alert(w, &c, out, 0, ALERT_DECODE_ERROR));
	assert_int_equal(world_count(w, 0, STATUS_ALERT_IGNORED), 103);
	assert_null(world_sent());
	client_say(w, 0, &c, "open");
	client_delivers(w, 0, &c, "open");
}

static void test_empty_records(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_CCM_8);
	uint8_t out[64];

	client_send(w, 0, &c, out, client_record(w, &c, out, RECORD_APPDATA, 1, 1, "", 0));
	client_send(w, 0, &c, out, client_record(w, &c, out, RECORD_ALERT, 1, 2, "", 0));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_EMPTY), 2);
	client_delivers_nothing(w, 0, &c);
	/* They were genuine, so their numbers are used. */
	client_send(w, 0, &c, out, client_record(w, &c, out, RECORD_APPDATA, 1, 1, "", 0));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 1);
}

/* A device's messages go to one worker, by its slot. */
static void test_worker_by_slot(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 6; i++) {
		struct client c = client_up(w, i, AEAD_AES_128_GCM);

		client_say(w, 0, &c, "mine");
		assert_int_equal(rte_ring_count(w->to_worker[0][c.ref.slot % WORLD_WORKERS]), 1);
		client_delivers(w, 0, &c, "mine");
	}
}

/* Renegotiation is for the handshake core to refuse (checklist 51, bug 65). */
static void test_handshake_record(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_256_GCM);
	uint8_t out[512];
	struct rte_mbuf *m;

	client_send(w, 0, &c, out,
		    client_record(w, &c, out, RECORD_HANDSHAKE, 1, 3, hello_gnutls + 13,
				  sizeof(hello_gnutls) - 13));
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_OPENED);
	assert_int_equal(msg_of(m)->number, UINT64_C(1) << 48 | 3);
	assert_int_equal(m->data_len, sizeof(hello_gnutls) - 13);
	rte_pktmbuf_free(m);
	assert_true(store_live(w->store, c.ref));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_close_notify_then_data),
		WORLD_TEST(test_close_in_an_earlier_round),
		WORLD_TEST(test_record_beyond_the_agreed_length),
		WORLD_TEST(test_close_while_replies_wait),
		WORLD_TEST(test_too_many_alerts),
		WORLD_TEST(test_too_many_malformed_alerts),
		WORLD_TEST(test_fatal_alert),
		WORLD_TEST(test_other_alerts_are_ignored),
		WORLD_TEST(test_empty_records),
		WORLD_TEST(test_worker_by_slot),
		WORLD_TEST(test_handshake_record),
	};

	return world_main(tests);
}
