/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One lcore: the roles it has, and the loop that gives each its turn.
 *
 * A turn polls the receive queues first, then what other cores sent, then handshakes, then
 * workers; it flushes and reports a quiescent state at its end.
 */
#pragma once

#include "handshake_core.h"
#include "layout.h"
#include "path.h"
#include "worker.h"

enum { CORE_QUEUES_MAX = OPTIONS_QUEUES_MAX * 2 };

struct core_queue {
	uint8_t port; /* index into path_config.ports */
	uint16_t port_id, queue;
};

/* One writer, the core itself; others read relaxed. Cycles are the TSC's. */
struct core_clock {
	uint64_t cycles, busy_cycles;
};

struct core {
	unsigned lcore, index;
	unsigned n_queues;
	struct core_queue queues[CORE_QUEUES_MAX];
	uint16_t burst;
	bool sleeps; /* gives the CPU away when there is nothing to do */
	const _Atomic bool *stop;
	const struct mesh *mesh;
	unsigned next_ring;
	unsigned poll;                    /* its number among the poll cores */
	struct path_core *path;           /* NULL: not a poll core */
	struct handshake_core *handshake; /* NULL: not a handshake core */
	struct worker *worker;            /* NULL: not a worker */
	struct core_clock clock;
};

/* core_run: the loop, until *stop; an lcore function, arg is a struct core. */
int core_run(void *arg);
