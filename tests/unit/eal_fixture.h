/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK inside a unit test: ordinary memory, no devices but net_ring, nothing left behind. */
#pragma once

#include <rte_eal.h>

#include <stdio.h>
#include <stdlib.h>

/* eal_start: once a program. Its port 0 is a net_ring: what is sent on it is received from it. */
static inline void eal_start(void)
{
	static char *args[] = {
		"test", "--no-huge",      "--no-shconf",   "--no-pci",         "-m",
		"64",   "--no-telemetry", "--log-level=3", "--lcores=0@(0-1)", "--vdev=net_ring0"
	};

	if (rte_eal_init((int)(sizeof(args) / sizeof(args[0])), args) < 0) {
		fprintf(stderr, "rte_eal_init failed\n");
		exit(1);
	}
}

static inline void eal_stop(void) { (void)rte_eal_cleanup(); }
