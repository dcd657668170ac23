/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL for a generator: memory and devices are EAL's, threads are the program's own. Slow path only.
 */
#pragma once

#include "load_options.h"

#include "port.h"

/* load_eal_mbufs: of a port's pool: both its queues, and the bursts, queues and caches of its core.
 */
uint32_t load_eal_mbufs(const struct load_options *opt);

/* load_eal_cores: the CPUs of n generator cores: of --cores, otherwise the first allowed ones.
 * false: there are fewer; err. With kernel sockets too. */
bool load_eal_cores(uint16_t *cores, unsigned n, const struct load_options *opt, char *err,
		    size_t err_len) MUST_USE;

/*
 * load_eal_start: EAL with the devices of the options' ports, from the same arguments as the
 * endpoint's. The caller's affinity stays what it was.
 *
 * warning: what the user may want to know; empty: nothing. false: err. Once a process.
 */
bool load_eal_start(const struct load_options *opt, char *warning, char *err, size_t len) MUST_USE;

/* load_eal_enter: makes the calling thread one of DPDK's (its mempool caches need that); it is
 * pinned already. load_eal_leave: before it ends. */
bool load_eal_enter(void) MUST_USE;
void load_eal_leave(void);

/* load_eal_stop: every port is freed. */
void load_eal_stop(void);
