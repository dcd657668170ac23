/* SPDX-License-Identifier: BSD-3-Clause */
#include "outbox.h"

#include "path_fixture.h"

static struct rte_mbuf *message(struct world *w, enum msg_kind kind, uint64_t number)
{
	struct rte_mbuf *m = world_mbuf(w, "", 0);

	msg_of(m)->kind = (uint8_t)kind;
	msg_of(m)->number = number;
	return m;
}

static void test_order_through_flushes(void **state)
{
	struct world *w = *state;
	struct outbox box = { .ring = w->to_worker[0][0] };
	struct status_counts counts = { 0 };

	for (uint64_t i = 0; i < 100; i++)
		outbox_put(&box, &counts, message(w, MSG_COAP, i));
	outbox_flush(&box, &counts);
	outbox_flush(&box, &counts);
	for (uint64_t i = 0; i < 100; i++) {
		struct rte_mbuf *m = world_take(box.ring);

		assert_non_null(m);
		assert_int_equal(msg_of(m)->number, i);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(status_get(&counts, STATUS_RING_FULL), 0);
}

/* A refused installation: it carries the reference to an identity. */
static struct rte_mbuf *refusal(struct world *w, uint64_t number)
{
	struct rte_mbuf *m = message(w, MSG_INSTALLED, number);

	assert_non_null(rte_pktmbuf_append(m, sizeof(uintptr_t)));
	return m;
}

static void take_in_order(struct rte_ring *ring, uint64_t from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = world_take(ring);

		assert_non_null(m);
		assert_int_equal(msg_of(m)->number, from + i);
		assert_null(m->next);
		rte_pktmbuf_free(m);
	}
}

/* More of them at once than there is room for, behind one that waits. */
static void test_many_at_once(void **state)
{
	enum { MANY = 2 * OUTBOX_MAX + 3 };
	struct world *w = *state;
	struct outbox box = { .ring = w->to_worker[0][0] };
	struct status_counts counts = { 0 };
	struct rte_mbuf *m[MANY];

	for (uint64_t i = 0; i < MANY; i++)
		m[i] = message(w, MSG_COAP, 1 + i);
	outbox_put(&box, &counts, message(w, MSG_COAP, 0));
	outbox_put_all(&box, &counts, m, MANY);
	outbox_put_all(&box, &counts, m, 0);
	outbox_flush(&box, &counts);
	take_in_order(box.ring, 0, 1 + MANY);
	assert_null(world_take(box.ring));
	assert_int_equal(status_get(&counts, STATUS_RING_FULL), 0);
}

/* A refused installation must not get lost, for its identity would never be given back: however
 * many there are, they wait for room, in order. All else is dropped (bad-input N8). */
static void test_full_ring_keeps_refusals(void **state)
{
	enum { REFUSALS = 3 * OUTBOX_MAX };
	struct world *w = *state;
	struct rte_ring *ring = world_ring("tiny", 0, 4);
	struct outbox box = { .ring = ring };
	struct status_counts counts = { 0 };

	for (uint64_t i = 0; i < 4; i++)
		outbox_put(&box, &counts, message(w, MSG_DATAGRAM, i));
	for (uint64_t i = 0; i < REFUSALS; i++) {
		outbox_put(&box, &counts, refusal(w, 100 + i));
		if (i < 5)
			outbox_put(&box, &counts, message(w, MSG_DATAGRAM, 50));
	}
	outbox_put(&box, &counts, message(w, MSG_INSTALLED, 60));
	outbox_flush(&box, &counts);
	assert_int_equal(status_get(&counts, STATUS_RING_FULL), 5 + 1);
	take_in_order(ring, 0, 4);
	for (uint64_t i = 0; i < REFUSALS / 2; i += 4) {
		outbox_flush(&box, &counts);
		take_in_order(ring, 100 + i, 4);
	}
	assert_null(world_take(ring));
	outbox_clear(&box); /* the rest; the fixture counts mbufs */
	outbox_flush(&box, &counts);
	assert_null(world_take(ring));
	assert_int_equal(status_get(&counts, STATUS_RING_FULL), 5 + 1);
	rte_ring_free(ring);
}

/* No ring (this core itself): dropped and counted. */
static void test_no_ring(void **state)
{
	struct world *w = *state;
	struct outbox box = { 0 };
	struct status_counts counts = { 0 };

	for (unsigned i = 0; i < 3; i++)
		outbox_put(&box, &counts, message(w, MSG_INSTALLED, 0));
	outbox_flush(&box, &counts);
	assert_int_equal(status_get(&counts, STATUS_RING_FULL), 3);
	assert_int_equal(box.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_order_through_flushes),
		WORLD_TEST(test_many_at_once),
		WORLD_TEST(test_full_ring_keeps_refusals),
		WORLD_TEST(test_no_ring),
	};

	return world_main(tests);
}
