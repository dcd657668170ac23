/* SPDX-License-Identifier: BSD-3-Clause */
/* What EAL's arguments depend on: channels, sockets and huge pages of this host. Slow path only. */
#pragma once

#include <stdbool.h>

/* eal_host_channels: how many channels an interface has for AF_XDP; 1 when it cannot say. */
unsigned eal_host_channels(const char *interface);

/*
 * eal_host_claim_socket: whether this process is to listen on path.
 *
 * false: somebody listens there already, connect. A socket file that nobody listens on (its owner
 * was killed) is removed, because binding to it would fail.
 */
bool eal_host_claim_socket(const char *path);

/* eal_host_free_huge_mb: free huge pages of all sizes, in MiB. */
unsigned eal_host_free_huge_mb(void);
