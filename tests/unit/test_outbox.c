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

/* What must not get lost waits for room, in order, up to a bound; the rest is dropped. */
static void test_full_ring_keeps_installed(void **state)
{
	struct world *w = *state;
	struct rte_ring *ring = world_ring("tiny", 0, 4);
	struct outbox box = { .ring = ring };
	struct status_counts counts = { 0 };

	for (uint64_t i = 0; i < 4; i++)
		outbox_put(&box, &counts, message(w, MSG_DATAGRAM, i));
	for (uint64_t i = 0; i < OUTBOX_KEEP_MAX + 2; i++) {
		outbox_put(&box, &counts, message(w, MSG_INSTALLED, 100 + i));
		if (i < 5)
			outbox_put(&box, &counts, message(w, MSG_DATAGRAM, 50));
	}
	outbox_flush(&box, &counts);
	assert_int_equal(box.n, OUTBOX_KEEP_MAX);
	assert_int_equal(status_get(&counts, STATUS_RING_FULL), 5 + 2);
	for (uint64_t i = 0; i < 4; i++)
		rte_pktmbuf_free(world_take(ring));
	outbox_flush(&box, &counts);
	for (uint64_t i = 0; i < 4; i++) {
		struct rte_mbuf *m = world_take(ring);

		assert_int_equal(msg_of(m)->number, 100 + i);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(box.n, OUTBOX_KEEP_MAX - 4);
	outbox_clear(&box);
	assert_int_equal(box.n, 0);
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
		WORLD_TEST(test_full_ring_keeps_installed),
		WORLD_TEST(test_no_ring),
	};

	return world_main(tests);
}
