/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of a network's upkeep, as answers, announcements and questions share them. Private to
 * frame_answer.c and neighbour.c. Pure functions; any thread.
 *
 *   ARP                  0 2 hardware · 2 2 protocol · 4 1 6 · 5 1 4 · 6 2 operation
 *                        8 6 sender MAC · 14 4 sender IP · 18 6 target MAC · 24 4 target IP
 *   ICMP, ICMPv6         0 1 type · 1 1 code · 2 2 checksum · 4 - body
 *   NS, NA               4 4 flags · 8 16 target · 24 - options: type, length in 8 bytes, value
 */
#pragma once

#include "frame_header.h"

enum {
	FRAME_ARP_LEN = 28,
	FRAME_ARP_REQUEST = 1,
	FRAME_ARP_REPLY = 2,
	FRAME_ARP_HARDWARE_ETHERNET = 1
};

enum {
	FRAME_ICMP_ECHO_REPLY = 0,
	FRAME_ICMP_ECHO = 8,
	FRAME_ICMP6_ECHO = 128,
	FRAME_ICMP6_ECHO_REPLY = 129,
	FRAME_ICMP6_NS = 135,
	FRAME_ICMP6_NA = 136,
	FRAME_ICMP_HEADER_LEN = 4,
	FRAME_ICMP_ECHO_LEN = 8,
};

enum {
	FRAME_ND_LEN = 24,
	FRAME_ND_OPTION_LEN = 8, /* a link-layer address */
	FRAME_ND_OPTION_SOURCE = 1,
	FRAME_ND_OPTION_TARGET = 2,
	FRAME_ND_HOP_LIMIT = 255,
};

#define FRAME_ND_FLAG_SOLICITED UINT32_C(0x40000000)
#define FRAME_ND_FLAG_OVERRIDE  UINT32_C(0x20000000)

static inline void frame_ether_write(struct wr *w, const uint8_t dst[FRAME_MAC_LEN],
				     const uint8_t src[FRAME_MAC_LEN], uint16_t vlan_tci,
				     uint16_t type)
{
	uint8_t *at = wr_space(w, vlan_tci == VLAN_NONE ? FRAME_ETHER_LEN
							: FRAME_ETHER_LEN + FRAME_VLAN_LEN);

	if (at != NULL)
		(void)frame_ether_put(at, dst, src, vlan_tci, type);
}

static inline void frame_ip_write(struct wr *w, const uint8_t src[16], const uint8_t dst[16],
				  uint8_t proto, uint8_t hop_limit, uint16_t payload_len)
{
	uint8_t *at = wr_space(w, flow_ip_is_mapped(src) ? FRAME_IP4_LEN : FRAME_IP6_LEN);

	if (at != NULL)
		(void)frame_ip_put(at, src, dst, proto, hop_limit, payload_len, 0);
}

static inline void frame_arp_write(struct wr *w, uint16_t operation,
				   const uint8_t sender_mac[FRAME_MAC_LEN],
				   const uint8_t sender_ip[4],
				   const uint8_t target_mac[FRAME_MAC_LEN],
				   const uint8_t target_ip[4])
{
	wr_u16(w, FRAME_ARP_HARDWARE_ETHERNET);
	wr_u16(w, FRAME_ETHERTYPE_IP4);
	wr_u8(w, FRAME_MAC_LEN);
	wr_u8(w, 4);
	wr_u16(w, operation);
	wr_bytes(w, sender_mac, FRAME_MAC_LEN);
	wr_bytes(w, sender_ip, 4);
	wr_bytes(w, target_mac, FRAME_MAC_LEN);
	wr_bytes(w, target_ip, 4);
}

struct frame_arp {
	uint16_t operation;
	uint8_t sender_mac[FRAME_MAC_LEN];
	uint8_t sender[16], target[16]; /* IPv4-mapped */
};

static inline bool frame_arp_read(struct rd r, struct frame_arp *out)
{
	uint16_t hardware, protocol, lens;

	memset(out->sender, 0, sizeof(out->sender));
	memset(out->sender + 10, 0xff, 2);
	memcpy(out->target, out->sender, sizeof(out->target));
	return rd_u16(&r, &hardware) && hardware == FRAME_ARP_HARDWARE_ETHERNET &&
	       rd_u16(&r, &protocol) && protocol == FRAME_ETHERTYPE_IP4 && rd_u16(&r, &lens) &&
	       lens == (FRAME_MAC_LEN << 8 | 4) && rd_u16(&r, &out->operation) &&
	       rd_copy(&r, out->sender_mac, FRAME_MAC_LEN) && rd_copy(&r, out->sender + 12, 4) &&
	       rd_skip(&r, FRAME_MAC_LEN) && rd_copy(&r, out->target + 12, 4);
}

/* The accumulator an ICMP checksum starts from: only ICMPv6 has a pseudo-header. */
static inline uint64_t frame_icmp_sum(const uint8_t src[16], const uint8_t dst[16], bool v6,
				      size_t len)
{
	return v6 ? frame_pseudo_sum(src, dst, FRAME_PROTO_ICMP6, (uint16_t)len) : 0;
}

static inline bool frame_icmp_checksum_ok(const struct flow *flow, const struct frame_ip *ip)
{
	const size_t len = rd_len(&ip->payload);
	const uint64_t sum = frame_icmp_sum(flow->remote_ip, flow->local_ip, ip->v6, len);

	return checksum_fold(checksum_add(sum, ip->payload.p, len)) == 0xffff;
}

/* Puts the checksum into an ICMP message that was written with a checksum of 0. */
static inline void frame_icmp_finish(const uint8_t src[16], const uint8_t dst[16], bool v6,
				     uint8_t *message, size_t len)
{
	const uint64_t sum = checksum_add(frame_icmp_sum(src, dst, v6, len), message, len);
	struct wr w = wr_of(message + 2, 2);

	wr_u16(&w, (uint16_t)~checksum_fold(sum));
}
