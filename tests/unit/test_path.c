/* SPDX-License-Identifier: BSD-3-Clause */
/* The record path from end to end: what a device sends and what it hears. */
#include "path_fixture.h"

#include <errno.h>

/* Turns the request that a worker got into its answer, in the same mbuf, as workers do. */
static struct rte_mbuf *answer_in_place(struct rte_mbuf *m, const char *text)
{
	msg_of(m)->kind = MSG_REPLY;
	assert_int_equal(rte_pktmbuf_trim(m, m->data_len), 0);
	memcpy(rte_pktmbuf_append(m, (uint16_t)strlen(text)), text, strlen(text));
	return m;
}

static void round_trip(struct world *w, struct client *c)
{
	struct rte_mbuf *m;
	struct heard h;

	client_say(w, 0, c, "reading 21.5");
	m = world_coap(w, 0, c);
	assert_non_null(m);
	assert_int_equal(m->data_len, 12);
	assert_memory_equal(rte_pktmbuf_mtod(m, char *), "reading 21.5", 12);
	world_inbox(w, 0, answer_in_place(m, "2.04 changed"));
	h = client_hears(w, c);
	assert_int_equal(h.type, RECORD_APPDATA);
	assert_int_equal(h.seq, 1);
	assert_int_equal(h.len, 12);
	assert_memory_equal(h.text, "2.04 changed", 12);
}

static void test_round_trip_of_each_suite(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client_up(w, alg, alg);

		round_trip(w, &c);
	}
	assert_int_equal(world_stats(w, 0).records_opened, AEAD_N);
	assert_int_equal(world_stats(w, 0).records_sealed, AEAD_N);
}

static void test_round_trip_over_ipv6(void **state)
{
	const struct build_spec spec = build_ip6("");
	struct client c = client_make(&spec, 1, AEAD_AES_128_GCM);

	client_install(*state, 0, &c);
	round_trip(*state, &c);
}

static void test_round_trip_with_vlan_tag(void **state)
{
	struct build_spec spec = build_ip4("");
	struct client c;

	spec.vlan_tci = 0x6064;
	c = client_make(&spec, 1, AEAD_AES_128_CCM_8);
	client_install(*state, 0, &c);
	round_trip(*state, &c);
}

/* One burst of every suite, interleaved, two records each: one AEAD call an algorithm. */
static void test_mixed_burst(void **state)
{
	struct world *w = *state;
	struct client c[AEAD_N];
	struct rte_mbuf *burst[2 * AEAD_N];
	struct path_stats before;
	uint8_t out[256];

	for (unsigned i = 0; i < AEAD_N; i++)
		c[i] = client_up(w, i, (enum aead_alg)i);
	for (unsigned i = 0; i < 2 * AEAD_N; i++) {
		struct client *from = &c[i % AEAD_N];
		struct build_spec spec = from->spec;
		const char *text = i < AEAD_N ? "first" : "second";

		spec.body = out;
		spec.body_len = client_record(w, from, out, RECORD_APPDATA, 1, from->seq++, text,
					      strlen(text));
		burst[i] = world_frame(w, &spec);
	}
	before = world_stats(w, 0);
	path_rx_burst(w->core[0], 0, burst, 2 * AEAD_N, w->now);
	path_flush(w->core[0], w->now);
	assert_int_equal(world_stats(w, 0).aead_calls - before.aead_calls, AEAD_N);
	assert_int_equal(world_stats(w, 0).aead_ops - before.aead_ops, 2 * AEAD_N);
	for (unsigned i = 0; i < AEAD_N; i++) {
		struct rte_mbuf *m;

		m = world_coap(w, 0, &c[i]);
		assert_non_null(m);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(world_stats(w, 0).records_opened, 2 * AEAD_N);
}

/* A session's records reach its worker in the order in which they came. */
static void test_order_is_kept(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *burst[PATH_BURST_MAX];
	uint8_t out[256];
	char text[16];

	for (unsigned i = 0; i < PATH_BURST_MAX; i++) {
		struct build_spec spec = c.spec;

		snprintf(text, sizeof(text), "n%u", i);
		spec.body = out;
		spec.body_len =
			client_record(w, &c, out, RECORD_APPDATA, 1, c.seq++, text, strlen(text));
		burst[i] = world_frame(w, &spec);
	}
	path_rx_burst(w->core[0], 0, burst, PATH_BURST_MAX, w->now);
	path_flush(w->core[0], w->now);
	for (unsigned i = 0; i < PATH_BURST_MAX; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		client_delivers(w, 0, &c, text);
	}
}

/* The datagram lands on a core that does not own the session: it crosses a ring and is answered by
 * the owner (architecture §1). */
static void test_handoff_to_the_owner(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *m;

	client_say(w, 1, &c, "elsewhere");
	client_delivers_nothing(w, 1, &c);
	assert_int_equal(world_stats(w, 1).handoffs_out, 1);
	m = world_take(w->to_poll[1][0]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_HANDOFF);
	world_inbox(w, 0, m);
	assert_int_equal(world_stats(w, 0).handoffs_in, 1);
	client_delivers(w, 0, &c, "elsewhere");
}

/* A handed-off datagram whose session has gone to nobody, or keeps moving, ends. */
static void test_handoff_never_circles(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *m;

	client_say(w, 1, &c, "round");
	m = world_take(w->to_poll[1][0]);
	assert_non_null(m);
	for (unsigned i = 0; i < MSG_HOPS_MAX; i++) {
		/* Given to the core that does not own it, as if ownership had moved. */
		world_inbox(w, 1, m);
		m = world_take(w->to_poll[1][0]);
		if (m == NULL)
			break;
	}
	assert_null(m);
	assert_int_equal(world_count(w, 1, STATUS_HANDOFF_LIMIT), 1);
}

/* bad-input N8: an empty pool drops what needs another mbuf and nothing else. */
static void test_empty_pool(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *hoard[WORLD_MBUFS];
	struct build_spec spec = c.spec;
	uint8_t out[512];
	size_t n = client_record(w, &c, out, RECORD_APPDATA, 1, 1, "kept", 4);
	struct rte_mbuf *m;

	n += client_record(w, &c, out + n, RECORD_APPDATA, 1, 2, "lost", 4);
	spec.body = out;
	spec.body_len = n;
	m = world_frame(w, &spec);
	unsigned left = rte_mempool_avail_count(w->pool);

	assert_int_equal(rte_pktmbuf_alloc_bulk(w->pool, hoard, left), 0);
	world_rx(w, 0, m);
	assert_int_equal(world_count(w, 0, STATUS_NO_MBUF), 1);
	client_delivers(w, 0, &c, "kept");
	client_delivers_nothing(w, 0, &c);
	rte_pktmbuf_free_bulk(hoard, left);
	/* The lost one was never opened, so its repeat is not a replay. */
	n = client_record(w, &c, out, RECORD_APPDATA, 1, 2, "lost", 4);
	client_send(w, 0, &c, out, n);
	client_delivers(w, 0, &c, "lost");
}

/* bad-input N8: a full ring drops and counts. */
static void test_full_ring(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	unsigned room = rte_ring_get_capacity(w->to_worker[0][c.ref.slot % WORLD_WORKERS]);

	for (unsigned i = 0; i < room + 3; i++)
		client_say(w, 0, &c, "x");
	assert_int_equal(world_count(w, 0, STATUS_RING_FULL), 3);
	assert_int_equal(rte_ring_count(w->to_worker[0][c.ref.slot % WORLD_WORKERS]), room);
}

/* Moves a frame within its mbuf, to its very start or its very end. */
static void squeeze(struct rte_mbuf *m, bool to_end)
{
	uint16_t off = to_end ? (uint16_t)(m->buf_len - m->data_len) : 0;

	memmove((uint8_t *)m->buf_addr + off, rte_pktmbuf_mtod(m, void *), m->data_len);
	m->data_off = off;
}

/* What the worker does with a request: its answer, in the request's mbuf as it is. */
static void answer_as_it_is(struct world *w, struct rte_mbuf *m)
{
	msg_of(m)->kind = MSG_REPLY;
	world_inbox(w, 0, m);
}

/* bad-input A21: mbufs without headroom or tailroom. What is around them stays as it was; what
 * finds no room is counted. */
static void test_mbufs_without_room(void **state)
{
	struct world *w = *state;
	unsigned refused = 0, heard = 0;

	for (unsigned i = 0; i < 2 * AEAD_N; i++) {
		struct client c = client_up(w, i, (enum aead_alg)(i / 2));
		struct rte_mbuf *m, *other;
		struct build_spec spec = c.spec;
		uint8_t out[256], before[128];
		size_t n = client_record(w, &c, out, RECORD_APPDATA, 1, 1, "one", 3);
		const uint8_t *behind;

		n += client_record(w, &c, out + n, RECORD_APPDATA, 1, 2, "two", 3);
		spec.body = out;
		spec.body_len = n;
		m = world_frame(w, &spec);
		squeeze(m, i % 2);
		behind = (const uint8_t *)m->buf_addr + m->buf_len;
		memcpy(before, behind, sizeof(before));
		path_rx_burst(w->core[0], 0, &m, 1, w->now);
		assert_memory_equal(before, behind, sizeof(before));
		path_flush(w->core[0], w->now);
		m = world_coap(w, 0, &c);
		assert_non_null(m);
		assert_memory_equal(rte_pktmbuf_mtod(m, char *), "one", 3);
		client_delivers(w, 0, &c, "two");
		answer_as_it_is(w, m);
		assert_memory_equal(before, behind, sizeof(before));
		other = world_sent();
		heard += other != NULL;
		refused += other == NULL;
		rte_pktmbuf_free(other);
	}
	assert_int_equal(heard + refused, 2 * AEAD_N);
	assert_true(refused >= AEAD_N);
	assert_int_equal(world_count(w, 0, STATUS_TX_SIZE), refused);
}

/* A wide window reaches the store's bits. */
static void test_wide_window(void **state)
{
	struct world *w = world_sized(8, 256, 64);
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[256];
	size_t n = client_record(w, &c, out, RECORD_APPDATA, 1, 1000, "new", 3);
	void *owned = w;

	(void)state;
	client_send(w, 0, &c, out, n);
	client_delivers(w, 0, &c, "new");
	n = client_record(w, &c, out, RECORD_APPDATA, 1, 800, "late", 4);
	client_send(w, 0, &c, out, n);
	client_delivers(w, 0, &c, "late");
	client_send(w, 0, &c, out, n);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 1);
	n = client_record(w, &c, out, RECORD_APPDATA, 1, 744, "too late", 8);
	client_send(w, 0, &c, out, n);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_OLD), 1);
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_teardown(&owned), 0);
}

static void test_layouts_that_cannot_work(void **state)
{
	struct world *w = *state;
	struct path_config bad = w->cfg[0];

	bad.to_poll[1] = NULL;
	assert_null(path_core_new(&bad, w->now));
	assert_int_equal(errno, EINVAL);
	bad = w->cfg[0];
	bad.n_workers = 0;
	assert_null(path_core_new(&bad, w->now));
	bad = w->cfg[0];
	bad.index = WORLD_CORES;
	assert_null(path_core_new(&bad, w->now));
}

/* What waits in a core when it is freed goes back to the pool (teardown counts). */
static void test_free_with_work_waiting(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct build_spec spec = c.spec;
	uint8_t out[256];
	struct rte_mbuf *m;

	spec.body = out;
	spec.body_len = client_record(w, &c, out, RECORD_APPDATA, 1, 1, "waits", 5);
	m = world_frame(w, &spec);
	path_rx_burst(w->core[0], 0, &m, 1, w->now);
	m = world_mbuf(w, "late", 4);
	*msg_of(m) = (struct msg){ .kind = MSG_REPLY, .ref = c.ref };
	path_inbox_burst(w->core[0], &m, 1, w->now);
	assert_null(world_coap(w, 0, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_round_trip_of_each_suite),
		WORLD_TEST(test_round_trip_over_ipv6),
		WORLD_TEST(test_round_trip_with_vlan_tag),
		WORLD_TEST(test_mixed_burst),
		WORLD_TEST(test_order_is_kept),
		WORLD_TEST(test_handoff_to_the_owner),
		WORLD_TEST(test_handoff_never_circles),
		WORLD_TEST(test_empty_pool),
		WORLD_TEST(test_full_ring),
		WORLD_TEST(test_mbufs_without_room),
		cmocka_unit_test(test_wide_window),
		WORLD_TEST(test_layouts_that_cannot_work),
		WORLD_TEST(test_free_with_work_waiting),
	};

	return world_main(tests);
}
