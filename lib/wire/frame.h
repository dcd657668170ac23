/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet, IP and UDP: from a frame to a datagram and back, and the answers a host owes
 * (ARP, neighbour discovery, ICMP echo). Bytes only: no mbuf, no port. Pure functions; any thread.
 */
#pragma once

#include "flow.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	FRAME_ETHER_LEN = 14,
	FRAME_VLAN_LEN = 4,
	FRAME_IP4_LEN = 20, /* without options */
	FRAME_IP6_LEN = 40,
	FRAME_UDP_LEN = 8,
	/* Largest headers we make. */
	FRAME_HEADERS_MAX = FRAME_ETHER_LEN + FRAME_VLAN_LEN + FRAME_IP6_LEN + FRAME_UDP_LEN,
};

/* What the port's hardware already verified. */
enum { FRAME_IP_CHECKED = 1, FRAME_L4_CHECKED = 2 };

/* Where the datagram of a frame is. */
struct frame {
	uint16_t payload_off;
	uint16_t payload_len;
	bool checksum_partial; /* UDP checksum held only the pseudo-header's sum (veth, tap) */
};

/* An address of ours. */
struct frame_addr {
	uint8_t ip[16];     /* IPv4-mapped for IPv4 */
	uint8_t prefix_len; /* of the IPv4 or IPv6 address itself */
};

/* frame_addr_is_ip6: IPv6, not IPv4 in its mapped form. */
bool frame_addr_is_ip6(const struct frame_addr *addr);

enum { FRAME_ADDRS_MAX = 8 };

/* What frames are checked against and answered from. */
struct frame_host {
	uint8_t mac[6];
	uint8_t n_addrs;
	struct frame_addr addrs[FRAME_ADDRS_MAX];
	/* The same for the frames that are most of all (frame_host_prepare); words as the machine
	 * loads them. None: zero. */
	struct frame_plain {
		uint64_t station; /* the MAC */
		unsigned n;
		struct frame_plain_addr {
			uint32_t ours, broadcast; /* ours again when there is none */
		} ip4[FRAME_ADDRS_MAX];
	} plain;
};

/* frame_host_prepare: once a host's MAC and addresses are set, makes frame_parse fast for plain
 * frames: unicast, untagged, UDP over IPv4 without options. Results are the same without. */
void frame_host_prepare(struct frame_host *host);

/*
 * frame_parse: the UDP datagram inside a contiguous Ethernet frame.
 *
 * STATUS_OK: *flow, *hop and *out describe it; hop->port_id is left to the caller.
 * STATUS_FRAME_PROTOCOL: not UDP, may deserve an answer (try frame_answer). Any other: drop and
 * count. But for STATUS_OK, *flow, *hop and *out are undefined. Checks the destination MAC and IP
 * address against host (a datagram in a broadcast or multicast frame is not ours, RFC 1122 §3.3.6),
 * lengths, IPv4 header checksum and UDP checksum unless checked says that the port did. The UDP
 * length must be the IP payload's; Ethernet padding behind that is ignored. A UDP checksum of 0 is
 * "none" over IPv4 and refused over IPv6. One that equals the pseudo-header's sum is an offload not
 * yet done by the sending kernel: accepted, checksum_partial set. IPv6 extension headers other than
 * fragment are FRAME_PROTOCOL; fragments are FRAME_FRAGMENT. A source that is multicast, broadcast,
 * unspecified, loopback, one of ours, IPv4-mapped over IPv6, or port 0 is FRAME_SOURCE. One 802.1Q
 * tag is taken off and remembered in hop; a port that strips tags leaves that to the caller.
 */
enum status frame_parse(const struct frame_host *host, const uint8_t *frame, size_t len,
			unsigned checked, struct flow *flow, struct nexthop *hop,
			struct frame *out);

/* frame_udp_payload: where a UDP frame's payload begins, told from types alone, without one of
 * frame_parse's checks; 0: another protocol, IPv4 options, or shorter than the largest headers. */
size_t frame_udp_payload(const uint8_t *frame, size_t len);

/*
 * frame_answer: turns a request of the network into its answer, in place.
 *
 * ARP request for an address of ours, ICMP and ICMPv6 echo request, neighbour solicitation. cap >=
 * len is the room at frame. STATUS_FRAME_ANSWERED: *out_len bytes are to be sent on the port the
 * request came from; a tag is kept. Any other: the frame is unchanged, drop and count. Never
 * answers a multicast, broadcast or unspecified source (but for duplicate address detection: ARP
 * probes and solicitations from ::). The answer is never longer than the request, except that it is
 * padded to 60 bytes when cap allows.
 */
enum status frame_answer(const struct frame_host *host, uint8_t *frame, size_t len, size_t cap,
			 size_t *out_len);

/* frame_headers_len: bytes of the headers that frame_write makes for this flow and hop. */
static inline size_t frame_headers_len(const struct flow *flow, const struct nexthop *hop)
{
	const size_t vlan = hop->vlan_tci == VLAN_NONE ? 0 : FRAME_VLAN_LEN;
	const size_t ip = flow_ip_is_mapped(flow->remote_ip) ? FRAME_IP4_LEN : FRAME_IP6_LEN;

	return FRAME_ETHER_LEN + vlan + ip + FRAME_UDP_LEN;
}

/* What the port computes itself. */
enum { FRAME_IP_OFFLOAD = 1, FRAME_L4_OFFLOAD = 2 };

/*
 * frame_write: writes Ethernet, 802.1Q, IP and UDP headers in front of a payload, for a datagram
 * from flow's local to its remote end. headers has frame_headers_len() bytes of room, and the
 * payload follows it. With offload bits the checksum fields hold what DPDK's offloads expect (zero,
 * and the pseudo-header's sum). Both ends are of one IP version; payload_len is what UDP can hold.
 * IPv4 packets have DF set. Does not pad short frames.
 */
void frame_write(const struct flow *flow, const struct nexthop *hop, unsigned offload,
		 uint8_t *headers, const uint8_t *payload, size_t payload_len);

/* frame_arp_announce, frame_nd_announce: a gratuitous ARP / unsolicited NA for one address of
 * ours; returns the frame's length, at most 90 bytes at out; 0 for an address of the other family.
 */
size_t frame_arp_announce(const struct frame_host *host, const struct frame_addr *addr,
			  uint16_t vlan_tci, uint8_t *out);
size_t frame_nd_announce(const struct frame_host *host, const struct frame_addr *addr,
			 uint16_t vlan_tci, uint8_t *out);
