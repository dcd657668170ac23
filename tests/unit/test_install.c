/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

static struct client device(unsigned n)
{
	const struct build_spec spec = build_ip4("");

	return client_make(&spec, n, AEAD_AES_128_GCM);
}

/* The pending entry goes, the session is there, the handshake core hears of it. */
static void test_install_ends_the_handshake(void **state)
{
	struct world *w = *state;
	struct client c = device(1);

	world_pend(w, &c);
	assert_int_equal(table_count(w->pending), 1);
	client_install(w, 0, &c);
	assert_int_equal(table_count(w->pending), 0);
	assert_int_equal(store_count(w->store), 1);
	assert_int_equal(world_stats(w, 0).installs, 1);
	client_say(w, 0, &c, "hello");
	client_delivers(w, 0, &c, "hello");
}

/* No keys stay in a message that travels on as MSG_INSTALLED. */
static void test_keys_are_wiped(void **state)
{
	struct world *w = *state;
	struct client c = device(1);
	uint8_t zeros[sizeof(c.keys)] = { 0 };
	struct rte_mbuf *m = client_install_msg(w, &c);
	const uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

	world_inbox(w, 0, m);
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	assert_int_equal(m->data_len, 0);
	assert_memory_equal(at, zeros, sizeof(zeros));
	rte_pktmbuf_free(m);
}

/* Data that came with the Finished: held by the handshake, returned behind MSG_INSTALL
 * (architecture §1: no first reading is lost). One burst, both orders. */
static void test_held_datagrams(void **state)
{
	struct world *w = *state;

	for (unsigned order = 0; order < 2; order++) {
		struct client c = device(1 + order);
		struct rte_mbuf *burst[2], *m;
		uint8_t out[256];
		size_t n = client_record(w, &c, out, RECORD_APPDATA, 1, 1, "first reading", 13);

		world_pend(w, &c);
		burst[order] = client_install_msg(w, &c);
		burst[1 - order] = world_mbuf(w, out, n);
		*msg_of(burst[1 - order]) =
			(struct msg){ .kind = MSG_HANDOFF, .flow = c.keys.flow, .hop = c.keys.hop };
		path_inbox_burst(w->core[0], burst, 2, w->now);
		path_flush(w->core[0], w->now);
		m = world_take(w->to_hs[0][1]);
		assert_non_null(m);
		c.ref = msg_of(m)->ref;
		rte_pktmbuf_free(m);
		client_delivers(w, 0, &c, "first reading");
	}
}

/* checklist 24, invariant 13: the old association ends when the new handshake has finished, and
 * what still refers to it reaches nobody. */
static void test_replaced(void **state)
{
	struct world *w = *state;
	struct client old = client_up(w, 1, AEAD_AES_128_GCM), anew = old;
	struct rte_mbuf *m;
	uint32_t slot;

	memset(anew.keys.rx_key, 0x71, sizeof(anew.keys.rx_key));
	memset(anew.keys.tx_key, 0x72, sizeof(anew.keys.tx_key));
	anew.keys.handshake_slot = 7;
	world_inbox(w, 0, client_install_msg(w, &anew));
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_CLOSED);
	assert_int_equal(msg_of(m)->peer_hs.slot, old.keys.handshake_slot);
	rte_pktmbuf_free(m);
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_INSTALLED);
	anew.ref = msg_of(m)->ref;
	rte_pktmbuf_free(m);
	assert_false(store_live(w->store, old.ref));
	assert_int_equal(world_count(w, 0, STATUS_SESSION_REPLACED), 1);
	assert_int_equal(store_take_retired(w->store, &slot, 1), 1);
	assert_int_equal(slot, old.ref.slot);
	assert_int_equal(store_count(w->store), 1);

	client_say(w, 0, &old, "old");
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 1);
	client_say(w, 0, &anew, "new");
	client_delivers(w, 0, &anew, "new");
	m = world_mbuf(w, "to the old one", 14);
	*msg_of(m) = (struct msg){ .kind = MSG_REPLY, .ref = old.ref, .flow = old.keys.flow };
	world_inbox(w, 0, m);
	assert_null(world_sent());
	assert_int_equal(world_count(w, 0, STATUS_STALE_REF), 1);
}

/* bad-input N5: a full store refuses, and gives the identity back. */
static void test_full_store(void **state)
{
	struct world *w = world_sized(2, 64, 64);
	struct client c = device(9);
	uintptr_t identity = 0;
	void *owned = w, *mine = &c; /* only its address matters */
	struct rte_mbuf *m;

	(void)state;
	client_up(w, 1, AEAD_AES_128_GCM);
	client_up(w, 2, AEAD_AES_128_GCM);
	world_pend(w, &c);
	c.keys.identity = mine;
	world_inbox(w, 0, client_install_msg(w, &c));
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_INSTALLED);
	assert_int_equal(msg_of(m)->ref.generation, 0);
	assert_int_equal(m->data_len, sizeof(identity));
	memcpy(&identity, rte_pktmbuf_mtod(m, void *), sizeof(identity));
	assert_int_equal(identity, (uintptr_t)mine);
	rte_pktmbuf_free(m);
	assert_int_equal(world_count(w, 0, STATUS_SESSION_FULL), 1);
	assert_int_equal(table_count(w->pending), 0);
	assert_int_equal(store_count(w->store), 2);
	assert_int_equal(world_teardown(&owned), 0);
}

/* The store and the ring are full: no identity's reference gets lost, however many devices try. */
static void test_full_store_and_ring(void **state)
{
	enum { TRIES = 80, RING = 4, SIZE = 64 };
	/* Identities that nobody has said anything of: all zeros. */
	static const uint8_t identities[TRIES][SIZE] __attribute__((aligned(SIZE)));
	struct world *w = world_sized(1, 64, RING);
	bool heard[TRIES] = { false };
	void *owned = w;
	struct rte_mbuf *m;
	unsigned n = 0;

	(void)state;
	client_up(w, 0, AEAD_AES_128_GCM);
	for (unsigned i = 0; i < TRIES; i++) {
		struct client c = device(1 + i);

		c.keys.identity = (const void *)identities[i];
		world_inbox(w, 0, client_install_msg(w, &c));
	}
	for (unsigned turn = 0; turn < TRIES; turn++) {
		path_flush(w->core[0], w->now);
		while ((m = world_take(w->to_hs[0][1])) != NULL) {
			uintptr_t identity;

			assert_int_equal(m->data_len, sizeof(identity));
			memcpy(&identity, rte_pktmbuf_mtod(m, void *), sizeof(identity));
			heard[(identity - (uintptr_t)identities) / SIZE] = true;
			rte_pktmbuf_free(m);
		}
	}
	for (unsigned i = 0; i < TRIES; i++)
		n += heard[i];
	assert_int_equal(n, TRIES);
	assert_int_equal(world_count(w, 0, STATUS_SESSION_FULL), TRIES);
	assert_int_equal(world_count(w, 0, STATUS_RING_FULL), 0);
	assert_int_equal(world_teardown(&owned), 0);
}

/* A flow whose live session another core owns is not taken over: one writer. */
static void test_install_at_the_wrong_core(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *m;

	world_inbox(w, 1, client_install_msg(w, &c));
	m = world_take(w->to_hs[1][1]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->ref.generation, 0);
	rte_pktmbuf_free(m);
	assert_true(store_live(w->store, c.ref));
	client_say(w, 0, &c, "same");
	client_delivers(w, 0, &c, "same");
}

static void test_message_that_is_no_install(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *m = world_mbuf(w, "short", 5);

	*msg_of(m) = (struct msg){ .kind = MSG_INSTALL };
	world_inbox(w, 0, m);
	assert_int_equal(world_count(w, 0, STATUS_HS_INTERNAL), 1);
	assert_int_equal(store_count(w->store), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_install_ends_the_handshake),
		WORLD_TEST(test_keys_are_wiped),
		WORLD_TEST(test_held_datagrams),
		WORLD_TEST(test_replaced),
		cmocka_unit_test(test_full_store),
		cmocka_unit_test(test_full_store_and_ring),
		WORLD_TEST(test_install_at_the_wrong_core),
		WORLD_TEST(test_message_that_is_no_install),
	};

	return world_main(tests);
}
