/* SPDX-License-Identifier: BSD-3-Clause */
#include "wiring_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { CORES = 3, SIZE = 64, THREAD_MESSAGES = 20000, THREAD_MBUFS = 48 };

static const unsigned N_DST[MESH_ROLES] = { 2, 1, 2 };

struct world {
	struct rte_mempool *pool;
	struct mesh mesh;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->pool = wiring_pool();
	assert_int_equal(mesh_init(&w->mesh, CORES, N_DST, SIZE), 0);
	*state = w;
	return 0;
}

/* What still is in rings goes back to the pool. */
static int teardown(void **state)
{
	struct world *w = *state;
	int rc;

	mesh_free(&w->mesh);
	rc = wiring_pool_free(w->pool);
	free(w);
	return rc;
}

static unsigned all_waiting(const struct mesh *m, enum mesh_role role, unsigned dst)
{
	unsigned n = 0;

	for (unsigned src = 0; src < m->n_cores; src++)
		n += mesh_depth(m, role, dst, src);
	return n;
}

/* A message: who sent it, and which it is of that sender's. */
static void send(struct world *w, enum mesh_role role, unsigned dst, unsigned src, uint64_t number)
{
	struct rte_mbuf *m = wiring_mbuf(w->pool, NULL, 0);

	msg_of(m)->from = (uint8_t)src;
	msg_of(m)->number = number;
	wiring_send(&w->mesh, role, dst, src, m);
}

static void order_is_kept_for_each_sender(void **state)
{
	struct world *w = *state;
	uint64_t next[CORES] = { 0 };
	struct rte_mbuf *got[7];
	unsigned where = 0, total = 0, n;

	for (uint64_t k = 0; k < 20; k++)
		for (unsigned src = 0; src < CORES; src++)
			send(w, MESH_WORKER, 1, src, k);
	assert_int_equal(all_waiting(&w->mesh, MESH_WORKER, 1), 20 * CORES);
	assert_int_equal(all_waiting(&w->mesh, MESH_WORKER, 0), 0);
	assert_int_equal(mesh_receive(&w->mesh, MESH_WORKER, 0, &where, got, 7), 0);
	while ((n = mesh_receive(&w->mesh, MESH_WORKER, 1, &where, got, 7)) > 0) {
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(msg_of(got[i])->number, next[msg_of(got[i])->from]++);
			rte_pktmbuf_free(got[i]);
		}
		total += n;
	}
	assert_int_equal(total, 20 * CORES);
}

/* A sender whose ring is always full takes no other's turn (hostile N: fairness). */
static void no_sender_starves(void **state)
{
	struct world *w = *state;
	unsigned heard[CORES] = { 0 }, where = 0;
	struct rte_mbuf *got[8];

	for (unsigned turn = 0; turn < 30; turn++) {
		struct rte_ring *busy = mesh_ring(&w->mesh, MESH_POLL, 0, 0);

		while (rte_ring_free_count(busy) > 0)
			send(w, MESH_POLL, 0, 0, 0);
		if (turn % CORES == 0) {
			send(w, MESH_POLL, 0, 1, 0);
			send(w, MESH_POLL, 0, 2, 0);
		}
		unsigned n = mesh_receive(&w->mesh, MESH_POLL, 0, &where, got, 8);

		assert_int_equal(n, 8);
		for (unsigned i = 0; i < n; i++) {
			heard[msg_of(got[i])->from]++;
			rte_pktmbuf_free(got[i]);
		}
		/* Whatever was sent is heard within a round. */
		if (turn % CORES == CORES - 1) {
			assert_int_equal(heard[1], turn / CORES + 1);
			assert_int_equal(heard[2], turn / CORES + 1);
		}
	}
}

static void receive_gives_no_more_than_asked(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *got[8] = { NULL };
	unsigned where = 0;

	for (uint64_t k = 0; k < 5; k++)
		send(w, MESH_HANDSHAKE, 0, 1, k);
	assert_int_equal(mesh_receive(&w->mesh, MESH_HANDSHAKE, 0, &where, got, 3), 3);
	assert_null(got[3]);
	assert_int_equal(mesh_depth(&w->mesh, MESH_HANDSHAKE, 0, 1), 2);
	rte_pktmbuf_free_bulk(got, 3);
}

static void take_one(struct world *w, unsigned dst, unsigned src)
{
	struct rte_mbuf *m = wiring_take(&w->mesh, MESH_WORKER, dst, src);

	assert_non_null(m);
	rte_pktmbuf_free(m);
}

static void marks_are_passed_when_all_rings_were_read(void **state)
{
	struct world *w = *state;
	uint32_t marks[CORES * 2];

	assert_int_equal(mesh_marks_len(&w->mesh, MESH_WORKER), CORES * 2);
	mesh_mark(&w->mesh, MESH_WORKER, marks);
	assert_true(mesh_passed(&w->mesh, MESH_WORKER, marks));
	send(w, MESH_WORKER, 0, 0, 0);
	send(w, MESH_WORKER, 1, 2, 0);
	assert_true(mesh_passed(&w->mesh, MESH_WORKER, marks));
	mesh_mark(&w->mesh, MESH_WORKER, marks);
	/* What comes later, or to another role, does not count. */
	send(w, MESH_WORKER, 1, 2, 1);
	send(w, MESH_POLL, 0, 2, 1);
	assert_false(mesh_passed(&w->mesh, MESH_WORKER, marks));
	take_one(w, 0, 0);
	assert_false(mesh_passed(&w->mesh, MESH_WORKER, marks));
	take_one(w, 1, 2);
	assert_true(mesh_passed(&w->mesh, MESH_WORKER, marks));
	assert_int_equal(all_waiting(&w->mesh, MESH_WORKER, 1), 1);
}

static void ring_stands_at(struct rte_ring *ring, uint32_t position)
{
	ring->prod.head = ring->prod.tail = position;
	ring->cons.head = ring->cons.tail = position;
}

/* Positions in a ring wrap after 2^32 messages. */
static void marks_hold_across_the_wrap(void **state)
{
	struct world *w = *state;
	uint32_t marks[CORES * 2];

	ring_stands_at(mesh_ring(&w->mesh, MESH_WORKER, 0, 1), UINT32_MAX - 2);
	for (uint64_t k = 0; k < 5; k++)
		send(w, MESH_WORKER, 0, 1, k);
	assert_int_equal(mesh_depth(&w->mesh, MESH_WORKER, 0, 1), 5);
	mesh_mark(&w->mesh, MESH_WORKER, marks);
	assert_true(marks[1] < 5);
	for (unsigned k = 0; k < 5; k++) {
		assert_false(mesh_passed(&w->mesh, MESH_WORKER, marks));
		take_one(w, 0, 1);
	}
	assert_true(mesh_passed(&w->mesh, MESH_WORKER, marks));
	/* A mark from before the wrap, looked at after it. */
	ring_stands_at(mesh_ring(&w->mesh, MESH_WORKER, 0, 1), UINT32_MAX - 1);
	send(w, MESH_WORKER, 0, 1, 0);
	mesh_mark(&w->mesh, MESH_WORKER, marks);
	assert_int_equal(marks[1], UINT32_MAX);
	for (uint64_t k = 0; k < 3; k++)
		send(w, MESH_WORKER, 0, 1, k);
	assert_false(mesh_passed(&w->mesh, MESH_WORKER, marks));
	for (unsigned k = 0; k < 4; k++)
		take_one(w, 0, 1);
	assert_true(mesh_passed(&w->mesh, MESH_WORKER, marks));
}

static void room_is_what_fits(void **state)
{
	struct world *w = *state;
	unsigned n = mesh_room(&w->mesh, MESH_POLL, 1, 2);

	assert_int_equal(n, SIZE - 1);
	while (n > 0) {
		send(w, MESH_POLL, 1, 2, 0);
		assert_int_equal(mesh_room(&w->mesh, MESH_POLL, 1, 2), --n);
	}
	assert_int_equal(mesh_depth(&w->mesh, MESH_POLL, 1, 2), SIZE - 1);
}

static void free_gives_back_what_waits(void **state)
{
	struct world *w = *state;

	send(w, MESH_POLL, 1, 0, 0);
	send(w, MESH_HANDSHAKE, 0, 1, 0);
	send(w, MESH_WORKER, 1, 2, 0);
	assert_int_equal(rte_mempool_avail_count(w->pool), WIRING_MBUFS - 3);
	mesh_free(&w->mesh);
	assert_int_equal(rte_mempool_avail_count(w->pool), WIRING_MBUFS);
	/* Once more is harmless, and the names are free again. */
	mesh_free(&w->mesh);
	assert_int_equal(mesh_init(&w->mesh, CORES, N_DST, SIZE), 0);
}

/* Keys that never reached their owner are not left behind in the pool. */
static void free_wipes_installations(void **state)
{
	struct world *w = *state;
	struct session_install in;
	uint8_t zeros[sizeof(in)] = { 0 };
	struct rte_mbuf *m;
	const uint8_t *at;

	memset(&in, 0x77, sizeof(in));
	m = wiring_mbuf(w->pool, &in, sizeof(in));
	at = rte_pktmbuf_mtod(m, uint8_t *);
	msg_of(m)->kind = MSG_INSTALL;
	wiring_send(&w->mesh, MESH_POLL, 0, 0, m);
	mesh_free(&w->mesh);
	assert_memory_equal(at, zeros, sizeof(zeros));
	assert_int_equal(mesh_init(&w->mesh, CORES, N_DST, SIZE), 0);
}

static void what_failed_leaves_nothing(void **state)
{
	struct world *w = *state;
	const unsigned none[MESH_ROLES] = { 1, 0, 0 };
	struct mesh bad;

	mesh_free(&w->mesh);
	assert_true(mesh_init(&bad, CORES, N_DST, 100) < 0); /* not a power of two */
	assert_null(bad.rings[MESH_POLL]);
	/* A role with no instance has no rings. */
	assert_int_equal(mesh_init(&bad, 1, none, SIZE), 0);
	assert_int_equal(mesh_marks_len(&bad, MESH_WORKER), 0);
	assert_true(mesh_passed(&bad, MESH_WORKER, NULL));
	mesh_free(&bad);
	assert_int_equal(mesh_init(&w->mesh, CORES, N_DST, SIZE), 0);
}

/* Two cores that send each other what the other wrote, and a third thread that looks on. */
static struct {
	struct mesh *mesh;
	_Atomic bool stop;
	_Atomic unsigned wrong, looks, not_passed;
} threads;

/* Core 1: sends each message back, its number one higher. */
static void *echo(void *arg)
{
	struct rte_mbuf *got[16];
	unsigned where = 0;

	(void)arg;
	while (!atomic_load(&threads.stop)) {
		unsigned n = mesh_receive(threads.mesh, MESH_WORKER, 0, &where, got, 16);

		for (unsigned i = 0; i < n; i++) {
			msg_of(got[i])->number++;
			while (rte_ring_sp_enqueue(mesh_ring(threads.mesh, MESH_POLL, 0, 1),
						   got[i]) != 0)
				sched_yield();
		}
		if (n == 0)
			sched_yield();
	}
	return NULL;
}

static void *look(void *arg)
{
	uint32_t marks[CORES * 2];

	(void)arg;
	while (!atomic_load(&threads.stop)) {
		mesh_mark(threads.mesh, MESH_WORKER, marks);
		threads.not_passed += !mesh_passed(threads.mesh, MESH_WORKER, marks);
		/* Not exact while others are at work, but never more than the rings hold. */
		threads.wrong += all_waiting(threads.mesh, MESH_WORKER, 0) > CORES * (SIZE - 1);
		threads.looks++;
		sched_yield();
	}
	return NULL;
}

static void core_of_the_main_thread(struct rte_mbuf **mine, unsigned n_mine)
{
	uint64_t sent = 0, heard = 0;
	unsigned where = 0;

	while (heard < THREAD_MESSAGES) {
		while (n_mine > 0 && sent < THREAD_MESSAGES) {
			msg_of(mine[n_mine - 1])->number = 2 * sent;
			if (rte_ring_sp_enqueue(mesh_ring(threads.mesh, MESH_WORKER, 0, 0),
						mine[n_mine - 1]) != 0)
				break;
			n_mine--;
			sent++;
		}
		unsigned n = mesh_receive(threads.mesh, MESH_POLL, 0, &where, &mine[n_mine],
					  THREAD_MBUFS - n_mine);

		for (unsigned i = 0; i < n; i++)
			threads.wrong += msg_of(mine[n_mine + i])->number != 2 * heard++ + 1;
		n_mine += n;
		if (n == 0)
			sched_yield();
	}
}

/* Clean under the thread sanitizer, too. */
static void two_cores_exchange_messages(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *mine[THREAD_MBUFS];
	pthread_t other, watcher;

	threads.mesh = &w->mesh;
	for (unsigned i = 0; i < THREAD_MBUFS; i++)
		mine[i] = wiring_mbuf(w->pool, NULL, 0);
	assert_int_equal(pthread_create(&other, NULL, echo, NULL), 0);
	assert_int_equal(pthread_create(&watcher, NULL, look, NULL), 0);
	core_of_the_main_thread(mine, THREAD_MBUFS);
	while (atomic_load(&threads.looks) == 0)
		sched_yield();
	atomic_store(&threads.stop, true);
	pthread_join(other, NULL);
	pthread_join(watcher, NULL);
	assert_int_equal(threads.wrong, 0);
	assert_true(threads.looks > 0);
	rte_pktmbuf_free_bulk(mine, THREAD_MBUFS);
}

#define MESH_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MESH_TEST(order_is_kept_for_each_sender),
		MESH_TEST(no_sender_starves),
		MESH_TEST(receive_gives_no_more_than_asked),
		MESH_TEST(marks_are_passed_when_all_rings_were_read),
		MESH_TEST(marks_hold_across_the_wrap),
		MESH_TEST(room_is_what_fits),
		MESH_TEST(free_gives_back_what_waits),
		MESH_TEST(free_wipes_installations),
		MESH_TEST(what_failed_leaves_nothing),
		MESH_TEST(two_cores_exchange_messages),
	};

	return wiring_main(tests);
}
