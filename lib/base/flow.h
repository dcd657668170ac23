/* SPDX-License-Identifier: BSD-3-Clause */
/* Who speaks to whom: the UDP flow and the next hop towards the peer. Plain values. */
#pragma once

#include <stdint.h>

/* A UDP flow as seen from here. IPv4 addresses are IPv4-mapped (::ffff:a.b.c.d); ports are in
 * host order. Without padding, so it can be hashed and compared as bytes. */
struct flow {
	uint8_t local_ip[16];
	uint8_t remote_ip[16];
	uint16_t local_port;
	uint16_t remote_port;
};
_Static_assert(sizeof(struct flow) == 36, "struct flow is hashed as 36 bytes");

#define VLAN_NONE 0xffff

/* The next hop: where a frame for the peer goes out. */
struct nexthop {
	uint8_t local_mac[6];
	uint8_t remote_mac[6];
	uint16_t vlan_tci; /* host order; VLAN_NONE: untagged */
	uint16_t port_id;  /* DPDK port */
};
_Static_assert(sizeof(struct nexthop) == 16, "struct nexthop has no padding");
