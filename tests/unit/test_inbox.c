/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

static struct rte_mbuf *message(struct world *w, const struct client *c, enum msg_kind kind,
				const char *text)
{
	struct rte_mbuf *m = world_mbuf(w, text, strlen(text));

	*msg_of(m) = (struct msg){ .kind = (uint8_t)kind,
				   .flow = c->keys.flow,
				   .hop = c->keys.hop,
				   .ref = c->ref,
				   .class = c->keys.aead };
	return m;
}

static void test_send(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *m;
	struct rd r;

	world_inbox(w, 0, message(w, &c, MSG_SEND, "a flight"));
	m = world_sent();
	assert_non_null(m);
	r = client_datagram(&c, m);
	assert_int_equal(rd_len(&r), 8);
	assert_memory_equal(r.p, "a flight", 8);
	rte_pktmbuf_free(m);
}

static void close_session(struct world *w, struct client *c)
{
	static const char close_notify[2] = { ALERT_WARNING, ALERT_CLOSE_NOTIFY };
	uint8_t out[64];
	size_t n = client_record(w, c, out, RECORD_ALERT, 1, c->seq++, close_notify, 2);

	client_send(w, 0, c, out, n);
	rte_pktmbuf_free(world_sent()); /* the close_notify that answers */
	assert_false(store_live(w->store, c->ref));
}

/* architecture §1: nothing in flight over a ring reaches the next device in a recycled slot. */
static void test_recycled_slot(void **state)
{
	struct world *w = world_sized(1, 64, 64);
	struct client a = client_up(w, 1, AEAD_AES_128_GCM), b;
	void *owned = w;
	uint32_t slot;

	(void)state;
	close_session(w, &a);
	rte_pktmbuf_free(world_take(w->to_hs[0][1])); /* MSG_CLOSED */
	assert_int_equal(store_take_retired(w->store, &slot, 1), 1);
	store_recycle(w->store, &slot, 1);
	b = client_up(w, 2, AEAD_AES_128_GCM);
	assert_int_equal(b.ref.slot, a.ref.slot);
	world_inbox(w, 0, message(w, &a, MSG_REPLY, "for a"));
	world_inbox(w, 0, message(w, &a, MSG_SEAL, "for a"));
	assert_int_equal(world_count(w, 0, STATUS_STALE_REF), 2);
	assert_null(world_sent());
	client_say(w, 0, &b, "b lives");
	client_delivers(w, 0, &b, "b lives");
	assert_int_equal(world_teardown(&owned), 0);
}

/* A datagram that a handshake core gives back is looked up again, a bounded number of times. */
static void test_datagram_given_back(void **state)
{
	struct world *w = *state;
	const struct build_spec spec = build_ip4("");
	struct client c = client_make(&spec, 1, AEAD_AES_128_GCM);
	uint8_t out[256];
	size_t n = client_record(w, &c, out, RECORD_APPDATA, 1, 1, "early", 5);
	struct rte_mbuf *m;

	world_pend(w, &c);
	client_send(w, 0, &c, out, n);
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_DATAGRAM);
	client_install(w, 0, &c);
	world_inbox(w, 0, m);
	client_delivers(w, 0, &c, "early");
}

static void test_datagram_bounced_for_ever(void **state)
{
	struct world *w = *state;
	const struct build_spec spec = build_ip4("");
	struct client c = client_make(&spec, 1, AEAD_AES_128_GCM);
	uint8_t out[256];
	size_t n = client_record(w, &c, out, RECORD_APPDATA, 1, 1, "early", 5);
	struct rte_mbuf *m;
	unsigned rounds = 0;

	world_pend(w, &c);
	client_send(w, 0, &c, out, n);
	while ((m = world_take(w->to_hs[0][1])) != NULL) {
		world_inbox(w, 0, m);
		rounds++;
	}
	assert_int_equal(rounds, MSG_HOPS_MAX + 1);
	assert_int_equal(world_count(w, 0, STATUS_HANDOFF_LIMIT), 1);
}

/* Kinds that no core sends to a poll core are dropped and counted. */
static void test_kinds_for_others(void **state)
{
	static const uint8_t kinds[] = { MSG_OPENED, MSG_INSTALLED, MSG_CLOSED, MSG_COAP, 200 };
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);

	for (size_t i = 0; i < sizeof(kinds); i++)
		world_inbox(w, 0, message(w, &c, (enum msg_kind)kinds[i], "x"));
	assert_int_equal(world_count(w, 0, STATUS_STALE_REF), sizeof(kinds));
	assert_null(world_sent());
	assert_true(store_live(w->store, c.ref));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_send),
		cmocka_unit_test(test_recycled_slot),
		WORLD_TEST(test_datagram_given_back),
		WORLD_TEST(test_datagram_bounced_for_ever),
		WORLD_TEST(test_kinds_for_others),
	};

	return world_main(tests);
}
