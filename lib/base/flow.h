/* SPDX-License-Identifier: BSD-3-Clause */
/* Who speaks to whom: the UDP flow and the next hop towards the peer. Plain values. */
#pragma once

#include "bytes.h"

/* A UDP flow as seen from here. IPv4 addresses are IPv4-mapped (::ffff:a.b.c.d); ports are in
 * host order. Without padding, so it can be hashed and compared as bytes. */
struct flow {
	uint8_t local_ip[16];
	uint8_t remote_ip[16];
	uint16_t local_port;
	uint16_t remote_port;
};
_Static_assert(sizeof(struct flow) == 36, "struct flow is hashed as 36 bytes");

/* flow_ip_is_mapped: an IPv4-mapped address, which stands for IPv4 and must not come over IPv6. */
static inline bool flow_ip_is_mapped(const uint8_t ip[16])
{
	return bytes_raw64(ip) == 0 && bytes_raw32(ip + 8) == 0xffff0000;
}

/* flow_ip_map: the mapped form of an IPv4 address. In eight-byte halves, as it is read again right
 * away: a load across two stores would wait for both to leave the store buffer. */
static inline void flow_ip_map(uint8_t out[16], const uint8_t ip4[4])
{
	bytes_put_raw64(out, 0);
	bytes_put_raw64(out + 8, (uint64_t)bytes_raw32(ip4) << 32 | 0xffff0000);
}

#define VLAN_NONE 0xffff

/* The next hop: where a frame for the peer goes out. */
struct nexthop {
	uint8_t local_mac[6];
	uint8_t remote_mac[6];
	uint16_t vlan_tci; /* host order; VLAN_NONE: untagged */
	uint16_t port_id;  /* DPDK port */
};
_Static_assert(sizeof(struct nexthop) == 16, "struct nexthop has no padding");
