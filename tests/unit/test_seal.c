/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

static struct rte_mbuf *reply(struct world *w, const struct client *c, const void *text, size_t len)
{
	struct rte_mbuf *m = world_mbuf(w, text, len);
	struct msg *msg = msg_of(m);

	msg->kind = MSG_REPLY;
	msg->ref = c->ref;
	msg->class = c->keys.aead;
	msg->flow = c->keys.flow;
	msg->hop = c->keys.hop;
	return m;
}

/* bad-input K5 and bug 72: numbers go up by one; each is used once. */
static void test_numbers(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client_up(w, alg, alg);

		for (uint64_t seq = 1; seq < 6; seq++)
			world_inbox(w, 0, reply(w, &c, "answer", 6));
		for (uint64_t seq = 1; seq < 6; seq++)
			assert_int_equal(client_hears(w, &c).seq, seq);
	}
}

/* RFC 5288 §3, RFC 6655 §3: the explicit nonce is epoch and number, so it is unique (checklist 14).
 */
static void test_explicit_nonce(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_CCM_8);
	const uint8_t want[8] = { 0, 1, 0, 0, 0, 0, 0, 1 };
	struct rte_mbuf *m;
	struct rd r;

	world_inbox(w, 0, reply(w, &c, "answer", 6));
	m = world_sent();
	assert_non_null(m);
	r = client_datagram(&c, m);
	assert_int_equal(rd_len(&r), 13 + 8 + 6 + 8);
	assert_memory_equal(r.p + 13, want, 8);
	rte_pktmbuf_free(m);
}

/* A separate response answers no request: where to comes from the cold part. */
static void test_address_from_cold(void **state)
{
	struct build_spec spec = build_ip4("");
	struct world *w = *state;
	struct rte_mbuf *m;
	struct client c;
	struct heard h;

	spec.vlan_tci = 5;
	c = client_make(&spec, 1, AEAD_AES_256_GCM);
	client_install(w, 0, &c);
	m = reply(w, &c, "separate", 8);
	memset(&msg_of(m)->flow, 0xee, sizeof(struct flow));
	msg_of(m)->hop = (struct nexthop){ .port_id = MSG_COLD_HOP };
	msg_of(m)->class = 0xee;
	world_inbox(w, 0, m);
	h = client_hears(w, &c);
	assert_int_equal(h.len, 8);
	assert_memory_equal(h.text, "separate", 8);
}

/* The last flight repeated: the ChangeCipherSpec goes as it is, the Finished is sealed behind it.
 */
static void test_prefix(void **state)
{
	static const uint8_t ccs[14] = { RECORD_CCS, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 1 };
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client_up(w, alg, alg);
		struct rte_mbuf *m = world_mbuf(w, ccs, sizeof(ccs));
		struct record rec;
		struct heard h;
		struct rd r;

		memcpy(rte_pktmbuf_append(m, 8), "finished", 8);
		*msg_of(m) = (struct msg){ .kind = MSG_SEAL,
					   .type = RECORD_HANDSHAKE,
					   .ref = c.ref,
					   .prefix_len = sizeof(ccs),
					   .hop = { .port_id = MSG_COLD_HOP } };
		world_inbox(w, 0, m);
		m = world_sent();
		assert_non_null(m);
		r = client_datagram(&c, m);
		assert_int_equal(record_next(&r, &rec), STATUS_OK);
		assert_int_equal(rec.type, RECORD_CCS);
		assert_int_equal(rec.seq, 4);
		h = client_open(w, &c, &r);
		assert_int_equal(h.type, RECORD_HANDSHAKE);
		assert_memory_equal(h.text, "finished", 8);
		assert_int_equal(rd_len(&r), 0);
		rte_pktmbuf_free(m);
	}
}

/* bad-input K5 and K6, checklist 11 and 13: a key seals what it may and no more; the last record
 * says goodbye, and no number is used again. */
static void numbers_end(struct world *w, enum aead_alg alg, uint64_t seal_max)
{
	const struct build_spec spec = build_ip4("");
	struct client c = client_make(&spec, 1, alg);
	struct rte_mbuf *burst[4];
	struct heard h;
	uint32_t slot;

	c.keys.tx_seq = seal_max - 2;
	client_install(w, 0, &c);
	for (unsigned i = 0; i < 4; i++)
		burst[i] = reply(w, &c, "data", 4);
	path_inbox_burst(w->core[0], burst, 4, w->now);
	path_flush(w->core[0], w->now);
	h = client_hears(w, &c);
	assert_int_equal(h.seq, seal_max - 2);
	assert_memory_equal(h.text, "data", 4);
	h = client_hears(w, &c);
	assert_int_equal(h.seq, seal_max - 1);
	assert_int_equal(h.type, RECORD_ALERT);
	assert_int_equal(h.text[1], ALERT_CLOSE_NOTIFY);
	assert_null(world_sent());
	/* Two replies without a number, and the session. */
	assert_int_equal(world_count(w, 0, STATUS_SEQ_EXHAUSTED), 3);
	assert_false(store_live(w->store, c.ref));
	assert_int_equal(store_take_retired(w->store, &slot, 1), 1);
}

static void test_numbers_end(void **state)
{
	numbers_end(*state, AEAD_CHACHA20_POLY1305, RECORD_SEQ_MAX);
}

static void test_gcm_limit(void **state) { numbers_end(*state, AEAD_AES_128_GCM, 23726566); }

static void test_ccm_limit(void **state) { numbers_end(*state, AEAD_AES_128_CCM_8, 8388608); }

/* invariant 3: only the owner seals. */
static void test_not_the_owner(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *m = reply(w, &c, "answer", 6);

	msg_of(m)->hop.port_id = MSG_COLD_HOP;
	world_inbox(w, 1, m);
	assert_null(world_sent());
	assert_int_equal(world_count(w, 1, STATUS_STALE_REF), 1);
	assert_int_equal(session_tx_next(&w->store->hot[c.ref.slot]), 1);
}

/* References from anywhere: none reaches beyond the store. */
static void test_wild_references(void **state)
{
	static const struct session_ref wild[] = {
		{ 0, 0 }, { 63, 1 }, { 64, 1 }, { UINT32_MAX, 1 }, { UINT32_MAX, UINT32_MAX },
	};
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		struct rte_mbuf *m = reply(w, &c, "answer", 6);

		msg_of(m)->ref = wild[i];
		world_inbox(w, 0, m);
	}
	assert_int_equal(world_count(w, 0, STATUS_STALE_REF), sizeof(wild) / sizeof(wild[0]));
	assert_null(world_sent());
}

/* Messages without room for headers or tag, with a wild prefix or in segments use up no number. */
static void test_messages_that_do_not_fit(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *m = reply(w, &c, "", 0);

	assert_non_null(rte_pktmbuf_append(m, rte_pktmbuf_tailroom(m)));
	world_inbox(w, 0, m);
	m = reply(w, &c, "x", 1);
	assert_non_null(rte_pktmbuf_prepend(m, rte_pktmbuf_headroom(m)));
	world_inbox(w, 0, m);
	m = reply(w, &c, "x", 1);
	assert_int_equal(rte_pktmbuf_chain(m, world_mbuf(w, "y", 1)), 0);
	world_inbox(w, 0, m);
	m = reply(w, &c, "x", 1);
	msg_of(m)->kind = MSG_SEAL;
	msg_of(m)->prefix_len = 2;
	world_inbox(w, 0, m);
	m = reply(w, &c, "x", 1);
	msg_of(m)->class = AEAD_N;
	world_inbox(w, 0, m);
	assert_int_equal(world_count(w, 0, STATUS_TX_SIZE), 5);
	assert_null(world_sent());
	assert_int_equal(session_tx_next(&w->store->hot[c.ref.slot]), 1);
}

/* More messages than one round holds, of all suites at once: each session's in order. */
static void test_many_replies(void **state)
{
	enum { EACH = 20 };
	struct world *w = *state;
	struct client c[AEAD_N];

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++)
		c[alg] = client_up(w, alg, alg);
	for (unsigned i = 0; i < EACH; i++) {
		struct rte_mbuf *burst[AEAD_N];

		for (unsigned k = 0; k < AEAD_N; k++)
			burst[k] = reply(w, &c[k], "answer", 6);
		path_inbox_burst(w->core[0], burst, AEAD_N, w->now);
	}
	path_flush(w->core[0], w->now);
	for (unsigned i = 0; i < EACH; i++) {
		for (unsigned k = 0; k < AEAD_N; k++)
			assert_int_equal(client_hears(w, &c[k]).seq, i + 1);
	}
	assert_int_equal(world_stats(w, 0).records_sealed, EACH * AEAD_N);
}

/* A burst of answers of several algorithms, and what is none between them: all leave in order. */
static void test_answers_among_others(void **state)
{
	struct world *w = *state;
	struct client gcm = client_up(w, 1, AEAD_AES_128_GCM),
		      ccm = client_up(w, 2, AEAD_AES_128_CCM_8);
	struct rte_mbuf *m[8];
	struct heard h;

	for (unsigned i = 0; i < 8; i++)
		m[i] = reply(w, i == 2 || i == 6 ? &ccm : &gcm, "answer", 6);
	msg_of(m[1])->ref.generation += 2;        /* of a session that has gone */
	msg_of(m[3])->hop.port_id = MSG_COLD_HOP; /* asked for by nobody */
	msg_of(m[4])->class = AEAD_N;             /* wild */
	msg_of(m[5])->kind = MSG_SEAL;
	msg_of(m[5])->type = RECORD_HANDSHAKE;
	msg_of(m[5])->prefix_len = 0;
	path_inbox_burst(w->core[0], m, 8, w->now);
	path_flush(w->core[0], w->now);
	assert_int_equal(client_hears(w, &gcm).seq, 1);
	assert_int_equal(client_hears(w, &ccm).seq, 1);
	assert_int_equal(client_hears(w, &gcm).seq, 2);
	h = client_hears(w, &gcm);
	assert_int_equal(h.seq, 3);
	assert_int_equal(h.type, RECORD_HANDSHAKE);
	assert_int_equal(client_hears(w, &ccm).seq, 2);
	assert_int_equal(client_hears(w, &gcm).seq, 4);
	assert_null(world_sent());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_numbers),           WORLD_TEST(test_explicit_nonce),
		WORLD_TEST(test_address_from_cold), WORLD_TEST(test_prefix),
		WORLD_TEST(test_numbers_end),       WORLD_TEST(test_gcm_limit),
		WORLD_TEST(test_ccm_limit),         WORLD_TEST(test_not_the_owner),
		WORLD_TEST(test_wild_references),   WORLD_TEST(test_messages_that_do_not_fit),
		WORLD_TEST(test_many_replies),      WORLD_TEST(test_answers_among_others),
	};

	return world_main(tests);
}
