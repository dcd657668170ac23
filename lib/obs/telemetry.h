/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK telemetry (dpdk-telemetry.py):
 *
 *   /sluice/stats            counters and outcomes of all cores together, and the lcores there are
 *   /sluice/stats,LCORE      those of one core
 *   /sluice/layout           roles and queues of every core
 *   /sluice/session/summary  sessions, handshakes, identities, memory, sink
 *
 * DPDK 22.11 hands its callbacks no argument, so there is one source for the process.
 */
#pragma once

#include "sample.h"

/* One core of the layout, as text. */
struct telemetry_core {
	uint16_t lcore;
	int16_t socket;
	char role[40];    /* "main+poll" */
	char queues[128]; /* "port:queue …" */
};

/* Where the answers come from. Called on DPDK's telemetry threads, one call at a time; what needs
 * an RCU reader registers and unregisters there. */
struct telemetry_source {
	void (*sample)(void *arg, struct sample *out);
	unsigned (*layout)(void *arg, struct telemetry_core *out, unsigned cap);
	void *arg;
};

/* telemetry_start: registers the commands (before or after rte_eal_init). 0 or -errno. The source
 * is copied; its arg must live until telemetry_stop. Slow path only. */
int telemetry_start(const struct telemetry_source *source);

/* telemetry_stop: waits for the call under way; later ones are answered with an error. */
void telemetry_stop(void);
