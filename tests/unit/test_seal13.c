/* SPDX-License-Identifier: BSD-3-Clause */
#include "path13_fixture.h"

/* The device opens what every suite seals, whatever its length; numbers count up over a boundary of
 * the 16 bits that go out (bad-input K5). checklist 6: what is short is padded. */
static void every_suite_and_length(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client13_make(1 + (unsigned)alg, alg);

		c.keys.tx_seq = 65536 - 10;
		client_install(w, 0, &c);
		for (unsigned len = 1; len < 20; len++) {
			const char *text = &"nineteen characters"[19 - len];
			struct heard h;

			world_inbox(w, 0, client13_message(w, &c, MSG_REPLY, text));
			h = client13_hears(w, &c, 65536);
			assert_int_equal(h.type, RECORD_APPDATA);
			assert_int_equal(h.seq, c.keys.tx_seq + len - 1);
			assert_int_equal(h.len, len);
			assert_memory_equal(h.text, text, len);
		}
	}
}

/* A burst of answers to sessions of both versions and all suites: each gets its own, in order. */
static void answers_in_one_burst(void **state)
{
	struct world *w = *state;
	struct client c[AEAD_N][2];
	struct rte_mbuf *burst[AEAD_N * 2 * 3];
	unsigned n = 0;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		c[alg][0] = client13_up(w, 1 + (unsigned)alg, alg);
		c[alg][1] = client_up(w, 20 + (unsigned)alg, alg);
	}
	for (unsigned i = 0; i < AEAD_N * 2 * 3; i++)
		burst[n++] = client13_message(w, &c[i % AEAD_N][i / AEAD_N % 2], MSG_REPLY,
					      i < AEAD_N * 2 ? "first" : "later");
	path_inbox_burst(w->core[0], burst, n, w->now);
	path_flush(w->core[0], w->now);
	for (unsigned i = 0; i < n; i++) {
		const struct client *who = &c[i % AEAD_N][i / AEAD_N % 2];
		struct heard h =
			i / AEAD_N % 2 == 0 ? client13_hears(w, who, 1) : client_hears(w, who);

		assert_int_equal(h.seq, 1 + i / (AEAD_N * 2));
		assert_memory_equal(h.text, i < AEAD_N * 2 ? "first" : "later", 5);
	}
}

/* What others ask to be sealed: ACK, alert, handshake messages; the session says how. */
static void other_types(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_CCM_8);
	/* the alert last: the session ends behind it */
	const uint8_t types[] = { RECORD_ACK, RECORD_HANDSHAKE, RECORD_ALERT };

	for (unsigned i = 0; i < 3; i++) {
		struct rte_mbuf *m = client13_message(w, &c, MSG_SEAL, "body");
		struct heard h;

		msg_of(m)->type = types[i];
		msg_of(m)->class = 0xee;
		if (i == 2)
			msg_of(m)->hop.port_id = MSG_COLD_HOP;
		world_inbox(w, 0, m);
		h = client13_hears(w, &c, 1);
		assert_int_equal(h.type, types[i]);
		assert_int_equal(h.seq, 1 + i);
		assert_memory_equal(h.text, "body", 4);
	}
	assert_int_equal(world_count(w, 0, STATUS_SESSION_POST_HANDSHAKE), 1);
}

static void what_cannot_be_sealed(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *m = client13_message(w, &c, MSG_REPLY, "x");

	msg_of(m)->class = SESSION_CLASS_13 | AEAD_N;
	world_inbox(w, 0, m);
	m = client13_message(w, &c, MSG_SEAL, "in front, text");
	msg_of(m)->type = RECORD_ACK;
	msg_of(m)->prefix_len = 8;
	world_inbox(w, 0, m);
	m = client13_message(w, &c, MSG_REPLY, "x");
	assert_non_null(rte_pktmbuf_append(m, (uint16_t)(rte_pktmbuf_tailroom(m) - 8)));
	world_inbox(w, 0, m);
	assert_int_equal(world_count(w, 0, STATUS_TX_SIZE), 3);
	m = client13_message(w, &c, MSG_REPLY, "x");
	msg_of(m)->ref.generation += 2;
	world_inbox(w, 0, m);
	m = client13_message(w, &c, MSG_REPLY, "x");
	msg_of(m)->ref.slot = UINT32_MAX;
	world_inbox(w, 0, m);
	assert_int_equal(world_count(w, 0, STATUS_STALE_REF), 2);
	assert_null(world_sent());
	/* No number was lost. */
	assert_int_equal(w->store->hot[c.ref.slot].tx_number, UINT64_C(3) << 48 | 1);
}

/* bad-input K6, checklist 11: the limit of records under one key. */
static void limit_of_records(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		const uint64_t end = aead_info(alg)->seal_max;
		struct client c = client13_make(1 + (unsigned)alg, alg);
		struct rte_mbuf *burst[3], *m;
		struct heard h;

		c.keys.tx_seq = end - 2;
		client_install(w, 0, &c);
		for (unsigned i = 0; i < 3; i++)
			burst[i] = client13_message(w, &c, MSG_REPLY, "text");
		path_inbox_burst(w->core[0], burst, 3, w->now);
		path_flush(w->core[0], w->now);
		h = client13_hears(w, &c, end);
		assert_int_equal(h.seq, end - 2);
		assert_int_equal(h.type, RECORD_APPDATA);
		h = client13_hears(w, &c, end);
		assert_int_equal(h.seq, end - 1);
		assert_int_equal(h.type, RECORD_ALERT);
		assert_int_equal(h.text[1], ALERT_CLOSE_NOTIFY);
		assert_null(world_sent());
		assert_false(store_live(w->store, c.ref));
		while ((m = world_take(w->to_hs[0][c.keys.handshake_core])) != NULL)
			rte_pktmbuf_free(m); /* MSG_CLOSED */
	}
	assert_int_equal(world_count(w, 0, STATUS_SEQ_EXHAUSTED), 2 * AEAD_N);
}

/* No number of ours, and no key, can be read off the wire: two records of one text differ from
 * their first byte of number on. */
static void numbers_are_hidden(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	unsigned plain = 0;

	for (unsigned i = 1; i <= 64; i++) {
		struct rte_mbuf *m;
		struct rd r;

		world_inbox(w, 0, client13_message(w, &c, MSG_REPLY, "same text"));
		m = world_sent();
		assert_non_null(m);
		r = client_datagram(&c, m);
		plain += bytes_u16(r.p + 1) == i;
		rte_pktmbuf_free(m);
	}
	assert_true(plain < 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(every_suite_and_length),
		WORLD_TEST(answers_in_one_burst),
		WORLD_TEST(other_types),
		WORLD_TEST(what_cannot_be_sealed),
		WORLD_TEST(limit_of_records),
		WORLD_TEST(numbers_are_hidden),
	};

	return world_main(tests);
}
