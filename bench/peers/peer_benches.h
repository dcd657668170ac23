/* SPDX-License-Identifier: BSD-3-Clause */
/* The benches of sluice-bench-peers. */
#pragma once

#include "shim.h"

/* A turn of bench_next is a pass over so many records, and a run is one turn. */
enum { PASS_RECORDS = 20000 };

/* bench_peer_add: the DTLS libraries, for so many repetitions of each bench; peer_free: ends them.
 */
void bench_peer_add(unsigned repetitions);
void bench_peer_free(void);

/* bench_peer_handshake_add: their handshakes. */
void bench_peer_handshake_add(void);

/* bench_cryptodev_add: DPDK's crypto_ipsec_mb drivers, where they are installed. After
 * rte_eal_init. */
void bench_cryptodev_add(void);
void bench_cryptodev_free(void);
