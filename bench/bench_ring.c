/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hop of messages over an rte_ring with one producer and one consumer, as all rings of ours are:
 *
 *   ring_hop/same_core     enqueued and dequeued again
 *   ring_hop/two_cores     the same two calls a message, but the other ends of the two rings are
 *                          another core's, which sends every message back
 *   ring_round_trip        there and back, one burst under way at a time
 */
#include "benches.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

#include <rte_ring.h>

enum { BURST_MAX = 32, SIZE = 1024, UNDER_WAY = 256 };
enum kind { SAME_CORE, TWO_CORES, ROUND_TRIP };

struct hop {
	struct rte_ring *there, *back;
	_Atomic bool stop;
	unsigned burst;
	cpu_set_t cpus; /* where the other end may run */
	uint64_t messages[BURST_MAX];
	void *m[BURST_MAX];
};

static void *send_back(void *arg)
{
	struct hop *h = arg;
	void *m[BURST_MAX];
	unsigned n;

	while (!atomic_load_explicit(&h->stop, memory_order_relaxed)) {
		n = rte_ring_sc_dequeue_burst(h->there, m, h->burst, NULL);
		if (n != 0) /* there is always room: at most UNDER_WAY messages exist */
			(void)rte_ring_sp_enqueue_bulk(h->back, m, n, NULL);
	}
	return NULL;
}

static void same_core(struct bench *b, struct hop *h)
{
	while (bench_next(b)) {
		(void)rte_ring_sp_enqueue_bulk(h->there, h->m, h->burst, NULL);
		(void)rte_ring_sc_dequeue_bulk(h->there, h->m, h->burst, NULL);
		bench_keep(h->m);
	}
}

static void take_back(struct hop *h)
{
	unsigned n = 0;

	while (n < h->burst)
		n += rte_ring_sc_dequeue_burst(h->back, h->m + n, h->burst - n, NULL);
}

static void two_cores(struct bench *b, struct hop *h, unsigned under_way)
{
	unsigned n = 0;

	while (bench_next(b)) {
		(void)rte_ring_sp_enqueue_bulk(h->there, h->m, h->burst, NULL);
		n += h->burst;
		if (n >= under_way) {
			take_back(h);
			n -= h->burst;
		}
	}
	for (; n != 0; n -= h->burst)
		take_back(h);
}

/* A CPU that this thread does not run on, wherever the process was bound to. */
static bool other_cpu(cpu_set_t *out)
{
	int here = sched_getcpu();

	CPU_ZERO(out);
	for (int cpu = 0; cpu < get_nprocs(); cpu++) {
		if (cpu == here)
			continue;
		CPU_SET((unsigned)cpu, out);
		return true;
	}
	return false;
}

static void run(struct bench *b)
{
	enum kind kind = (enum kind)bench_arg(b, 0);
	struct hop *h = calloc(1, sizeof(*h));
	unsigned flags = RING_F_SP_ENQ | RING_F_SC_DEQ;
	pthread_t other;

	if (h == NULL)
		return;
	h->burst = (unsigned)bench_arg(b, 1);
	for (unsigned i = 0; i < BURST_MAX; i++)
		h->m[i] = &h->messages[i];
	h->there = rte_ring_create("bench_there", SIZE, SOCKET_ID_ANY, flags);
	h->back = rte_ring_create("bench_back", SIZE, SOCKET_ID_ANY, flags);
	if (h->there == NULL || h->back == NULL) {
		bench_fail(b, "no rings");
	} else if (kind == SAME_CORE) {
		same_core(b, h);
	} else if (!other_cpu(&h->cpus) || pthread_create(&other, NULL, send_back, h) != 0) {
		bench_skip(b, "one CPU only");
	} else {
		(void)pthread_setaffinity_np(other, sizeof(h->cpus), &h->cpus);
		two_cores(b, h, kind == ROUND_TRIP ? h->burst : UNDER_WAY);
		atomic_store(&h->stop, true);
		(void)pthread_join(other, NULL);
	}
	bench_items(b, h->burst);
	rte_ring_free(h->there);
	rte_ring_free(h->back);
	free(h);
}

void bench_ring_add(void)
{
	static const int64_t bursts[] = { 1, 8, 32 };
	static const char *const names[] = { "ring_hop/same_core", "ring_hop/two_cores",
					     "ring_round_trip" };
	char name[64];

	for (int64_t kind = SAME_CORE; kind <= ROUND_TRIP; kind++) {
		for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
			snprintf(name, sizeof(name), "%s/burst:%d", names[kind], (int)bursts[i]);
			bench_add(name, run, (int64_t[]){ kind, bursts[i] }, 2);
		}
	}
}
