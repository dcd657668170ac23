/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's interface behind a port (net_af_packet, net_af_xdp, net_tap). Slow path only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* port_kernel_mtu: the interface's MTU, 0 when it cannot be read. */
uint16_t port_kernel_mtu(unsigned if_index);

/* port_kernel_is_up: whether the interface is administratively up. */
bool port_kernel_is_up(unsigned if_index);

/*
 * port_kernel_all_multicast: a socket that keeps the interface in all-multicast mode; -1: failed.
 *
 * A membership ends with its socket, even when the process is killed, where the interface's
 * IFF_PROMISC and IFF_ALLMULTI flags that DPDK's drivers set would stay.
 */
int port_kernel_all_multicast(unsigned if_index);
