/* SPDX-License-Identifier: BSD-3-Clause */
/* What EAL's arguments depend on: channels, sockets and huge pages of this host. Slow path only. */
#pragma once

#include <stdbool.h>

/*
 * eal_host_channels: how many queue pairs net_af_xdp can have on an interface; *n_rxq is how many
 * receive queues packets arrive on.
 *
 * The driver counts combined channels alone: a veth with several queues has none, so one can be
 * used.
 */
unsigned eal_host_channels(unsigned *n_rxq, const char *interface);

/*
 * eal_host_claim_socket: whether this process is to listen on path.
 *
 * false: somebody listens there already, connect. A socket file that nobody listens on (its owner
 * was killed) is removed, because binding to it would fail.
 */
bool eal_host_claim_socket(const char *path);

/* eal_host_free_huge_mb: free huge pages of all sizes, in MiB. */
unsigned eal_host_free_huge_mb(void);
