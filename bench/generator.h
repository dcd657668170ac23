/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port and the network behind it: a thread on a CPU of its own writes copies of prepared frames,
 * at a rate, into the buffers that the poll core has posted. A frame for which there is no buffer
 * is lost. As with a port's queue, only frames and descriptors cross between the cores; mbufs are
 * the poll core's alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <rte_mbuf.h>

enum { GENERATOR_STREAMS = 2, GENERATOR_QUEUE = 1024, GENERATOR_FLAT_OUT = -1 };

/* Frames of one kind; they go round. */
struct generator_stream {
	const uint8_t *frames;
	const uint16_t *lens; /* NULL: all are len long */
	uint32_t n, stride;
	uint16_t len;
	double per_s; /* GENERATOR_FLAT_OUT: whenever there is time for it */
	uint32_t at;  /* the next: kept for the next run */
	/* out: frames that were there to be received, whether or not there was room for them. */
	uint64_t offered;
};

/* What poll core and generator share. head: frames put there so far; tail: buffers posted so far.
 */
struct generator_queue {
	uint8_t *to[GENERATOR_QUEUE];
	uint16_t lens[GENERATOR_QUEUE] __attribute__((aligned(64)));
	struct rte_mbuf *mbufs[GENERATOR_QUEUE] __attribute__((aligned(64))); /* the poll core's */
	_Atomic uint32_t head __attribute__((aligned(64)));
	_Atomic uint32_t tail __attribute__((aligned(64)));
	uint32_t taken; /* the poll core's: frames received so far */
	_Atomic bool done __attribute__((aligned(64)));
};

struct generator {
	struct generator_queue q; /* the generator's own, as what follows the gap */
	struct rte_mempool *pool;
	unsigned cpu;
	double seconds;
	struct generator_stream streams[GENERATOR_STREAMS];
	uint64_t longest_gap; /* out: TSC cycles from one turn to the next, at most */
	/* The rest is the generator's own. */
	pthread_t thread;
	double per_cycle[GENERATOR_STREAMS];
	uint64_t due[GENERATOR_STREAMS];
	uint32_t random;
};

/* generator_start: false: no thread, or no mbufs. generator_done: whether it has put its last frame
 * there. generator_stop: after that. The poll core's thread, all of them. */
bool generator_start(struct generator *g);
bool generator_done(struct generator *g);
void generator_stop(struct generator *g);

/* generator_receive: at most n frames; posts as many buffers. */
unsigned generator_receive(struct generator *g, struct rte_mbuf **m, unsigned n);
