/* SPDX-License-Identifier: BSD-3-Clause */
#include "core.h"

#include "mono_clock.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_pause.h>
#include <urcu/urcu-qsbr.h>

enum {
	IDLE_TURNS = 1024, /* without work before a core that may sleep does */
	IDLE_SLEEP_US = 50,
	QUEUE_BURSTS = 4, /* of one turn, as long as there is room for what is left of them */
	INBOX_BURSTS = 4, /* of one turn: answers are served before new frames pile up */
};

/* In a flood of hellos little is left of a burst, and a turn costs the same for a few records as
 * for many: so it takes more. */
static unsigned poll_queue(struct core *c, const struct core_queue *q, uint64_t now_ns)
{
	struct rte_mbuf *mbufs[PATH_BURST_MAX];
	unsigned work = 0, n = c->burst;

	for (unsigned i = 0; i < QUEUE_BURSTS && n == c->burst; i++) {
		n = rte_eth_rx_burst(q->port_id, q->queue, mbufs, (uint16_t)c->burst);
		if (n > 0)
			path_rx_burst(c->path, q->port, mbufs, n, now_ns);
		work += n;
		if (path_waiting(c->path) + c->burst > PATH_BURST_MAX)
			break;
	}
	return work;
}

static unsigned poll_queues(struct core *c, uint64_t now_ns)
{
	unsigned work = 0;

	for (unsigned i = 0; i < c->n_queues; i++)
		work += poll_queue(c, &c->queues[i], now_ns);
	return work;
}

static unsigned poll_inbox(struct core *c, uint64_t now_ns)
{
	struct rte_mbuf *mbufs[PATH_BURST_MAX];
	unsigned work = 0, n = c->burst;

	for (unsigned i = 0; i < INBOX_BURSTS && n == c->burst; i++) {
		n = mesh_receive(c->mesh, MESH_POLL, c->poll, &c->next_ring, mbufs, c->burst);
		if (n > 0)
			path_inbox_burst(c->path, mbufs, n, now_ns);
		work += n;
	}
	return work;
}

static unsigned poll_turn(struct core *c, uint64_t now_ns)
{
	unsigned work = poll_queues(c, now_ns) + poll_inbox(c, now_ns);

	path_flush(c->path, now_ns);
	path_sweep(c->path, now_ns);
	return work;
}

static unsigned turn(struct core *c)
{
	uint64_t now_ns = mono_clock_ns();
	unsigned work = 0;

	if (c->path != NULL)
		work += poll_turn(c, now_ns);
	if (c->handshake != NULL)
		work += handshake_core_turn(c->handshake, now_ns);
	if (c->worker != NULL)
		work += worker_turn(c->worker, now_ns);
	urcu_qsbr_quiescent_state();
	return work;
}

static void idle(struct core *c, unsigned idle_turns)
{
	if (!c->sleeps || idle_turns < IDLE_TURNS) {
		rte_pause();
		return;
	}
	/* A sleeper must not hold up grace periods. */
	urcu_qsbr_thread_offline();
	rte_delay_us_sleep(IDLE_SLEEP_US);
	urcu_qsbr_thread_online();
}

int core_run(void *arg)
{
	struct core *c = arg;
	unsigned idle_turns = 0;
	uint64_t last_end = rte_rdtsc();

	urcu_qsbr_register_thread();
	while (!atomic_load_explicit(c->stop, memory_order_relaxed)) {
		uint64_t start = rte_rdtsc();
		unsigned work = turn(c);
		uint64_t end = rte_rdtsc();

		counter_add(&c->clock.cycles, end - last_end);
		last_end = end;
		if (work > 0) {
			counter_add(&c->clock.busy_cycles, end - start);
			idle_turns = 0;
		} else {
			idle(c, ++idle_turns);
		}
	}
	urcu_qsbr_unregister_thread();
	return 0;
}
