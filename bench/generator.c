/* SPDX-License-Identifier: BSD-3-Clause */
#include "generator.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include <rte_cycles.h>

/* A generator that was not running for a while does not make up for more than LAG frames: the
 * network would not have sent them in one go. */
enum { BATCH = 16, LAG = 128, FRAME_MAX = 512 };

/* How many frames of a stream are due now, BATCH at most. */
static unsigned due(struct generator *g, unsigned s, uint64_t elapsed)
{
	uint64_t until = (uint64_t)((double)elapsed * g->per_cycle[s]);
	unsigned n;

	if (g->streams[s].per_s == GENERATOR_FLAT_OUT)
		return BATCH;
	if (until > g->due[s] + LAG)
		g->due[s] = until - LAG;
	n = (unsigned)RTE_MIN(until - g->due[s], (uint64_t)BATCH);
	g->due[s] += n;
	return n;
}

static uint16_t put(struct generator_stream *s, uint8_t *to)
{
	uint16_t len = s->lens == NULL ? s->len : s->lens[s->at];

	memcpy(to, s->frames + (size_t)s->at * s->stride, len);
	s->at = s->at + 1 == s->n ? 0 : s->at + 1;
	s->offered++;
	return len;
}

/* Streams are mixed at random, so that none is always the last to find room. */
static unsigned pick(struct generator *g, const unsigned n[GENERATOR_STREAMS])
{
	g->random = g->random * 1664525 + 1013904223;
	return (uint64_t)g->random * (n[0] + n[1]) >> 32 < n[0] ? 0 : 1;
}

static void batch(struct generator *g, unsigned n[GENERATOR_STREAMS])
{
	struct generator_queue *q = &g->q;
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	uint32_t room = atomic_load_explicit(&q->tail, memory_order_acquire) - head;
	uint8_t nowhere[FRAME_MAX];

	for (unsigned total = n[0] + n[1]; total > 0; total--) {
		unsigned at = head % GENERATOR_QUEUE;
		unsigned s = pick(g, n);

		n[s]--;
		if (room == 0) {
			(void)put(&g->streams[s], nowhere); /* takes its time on the wire */
			continue;
		}
		q->lens[at] = put(&g->streams[s], q->to[at]);
		head++;
		room--;
	}
	atomic_store_explicit(&q->head, head, memory_order_release);
}

static void *generate(void *arg)
{
	struct generator *g = arg;
	uint64_t start = rte_rdtsc(), elapsed = 0, now;
	uint64_t end = (uint64_t)(g->seconds * (double)rte_get_tsc_hz());

	g->longest_gap = 0;
	while (elapsed < end) {
		unsigned n[] = { due(g, 0, elapsed), due(g, 1, elapsed) };

		batch(g, n);
		now = rte_rdtsc() - start;
		g->longest_gap = RTE_MAX(g->longest_gap, now - elapsed);
		elapsed = now;
	}
	atomic_store_explicit(&g->q.done, true, memory_order_release);
	return NULL;
}

static bool start_thread(struct generator *g)
{
	pthread_attr_t attr;
	cpu_set_t cpus;
	bool ok;

	CPU_ZERO(&cpus);
	CPU_SET(g->cpu, &cpus);
	if (pthread_attr_init(&attr) != 0)
		return false;
	ok = pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus) == 0 &&
	     pthread_create(&g->thread, &attr, generate, g) == 0;
	(void)pthread_attr_destroy(&attr);
	return ok;
}

static void post(struct generator_queue *q, uint32_t at, struct rte_mbuf *m)
{
	q->mbufs[at % GENERATOR_QUEUE] = m;
	q->to[at % GENERATOR_QUEUE] = rte_pktmbuf_mtod(m, uint8_t *);
}

bool generator_start(struct generator *g)
{
	struct generator_queue *q = &g->q;

	g->random = 1;
	for (unsigned s = 0; s < GENERATOR_STREAMS; s++) {
		g->due[s] = 0;
		g->streams[s].offered = 0;
		g->per_cycle[s] = g->streams[s].per_s / (double)rte_get_tsc_hz();
	}
	if (rte_pktmbuf_alloc_bulk(g->pool, q->mbufs, GENERATOR_QUEUE) != 0)
		return false;
	for (uint32_t i = 0; i < GENERATOR_QUEUE; i++)
		post(q, i, q->mbufs[i]);
	q->head = 0;
	q->tail = GENERATOR_QUEUE;
	q->taken = 0;
	q->done = false;
	if (start_thread(g))
		return true;
	rte_pktmbuf_free_bulk(q->mbufs, GENERATOR_QUEUE);
	return false;
}

unsigned generator_receive(struct generator *g, struct rte_mbuf **m, unsigned n)
{
	struct generator_queue *q = &g->q;
	uint32_t ready = atomic_load_explicit(&q->head, memory_order_acquire) - q->taken;
	struct rte_mbuf *fresh[GENERATOR_QUEUE];

	n = RTE_MIN(n, ready);
	if (n == 0 || rte_pktmbuf_alloc_bulk(g->pool, fresh, n) != 0)
		return 0;
	for (unsigned i = 0; i < n; i++, q->taken++) {
		m[i] = q->mbufs[q->taken % GENERATOR_QUEUE];
		m[i]->data_len = q->lens[q->taken % GENERATOR_QUEUE];
		m[i]->pkt_len = m[i]->data_len;
		post(q, q->taken, fresh[i]);
	}
	atomic_store_explicit(&q->tail, q->taken + GENERATOR_QUEUE, memory_order_release);
	return n;
}

bool generator_done(struct generator *g)
{
	return atomic_load_explicit(&g->q.done, memory_order_acquire);
}

void generator_stop(struct generator *g)
{
	(void)pthread_join(g->thread, NULL);
	rte_pktmbuf_free_bulk(g->q.mbufs, GENERATOR_QUEUE);
}
