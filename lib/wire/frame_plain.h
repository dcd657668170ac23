/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plain frames, which are nearly all there are: unicast, untagged, UDP over IPv4 without options.
 * Inline, by few wide loads and masked comparisons, for this is most of what a packet costs.
 * frame_parse and frame_write begin with these; a caller who counts instructions does it himself
 * and falls back on those. Pure functions; any thread.
 *
 *   0 6 to · 6 6 from · 12 2 0x0800 · 14 1 0x45 · 15 1 TOS · 16 2 IP length · 18 2 id
 *   20 2 flags, offset · 22 1 TTL · 23 1 17 · 24 2 IP checksum · 26 4 source · 30 4 destination
 *   34 2 source port · 36 2 destination port · 38 2 UDP length · 40 2 UDP checksum · 42 payload
 */
#pragma once

#include "checksum.h"
#include "frame.h"

enum {
	FRAME_PLAIN_LEN = FRAME_ETHER_LEN + FRAME_IP4_LEN + FRAME_UDP_LEN,
	FRAME_PLAIN_UDP = FRAME_ETHER_LEN + FRAME_IP4_LEN,
};

/* flow_ip_map of an IPv4 address as the machine loads it. */
static inline void frame_plain_map(uint8_t out[16], uint32_t ip4)
{
	bytes_put_raw64(out, 0);
	bytes_put_raw64(out + 8, (uint64_t)ip4 << 32 | 0xffff0000);
}

/* To our MAC, from one that is no group; IPv4 in 20 bytes, no fragment, UDP. */
static inline bool frame_plain_kind(const struct frame_plain *plain, uint64_t macs,
				    const uint8_t *frame)
{
	const uint64_t ether = (macs & UINT64_C(0x0001ffffffffffff)) ^ plain->station;
	const uint32_t type = (bytes_raw32(frame + 12) & 0x00ffffff) ^ 0x00450008;
	const uint32_t proto = (bytes_raw32(frame + 20) & 0xff00ff3f) ^ 0x11000000;

	return (ether | type | proto) == 0;
}

/* To one of our addresses, from one that a peer can have; of those not all: 240/4. */
static inline bool frame_plain_addrs(const struct frame_plain *plain, uint32_t local,
				     uint32_t remote)
{
	const uint32_t first = remote & 0xff;
	bool ours = false;

	if (first - 1 >= 223 || first == 127)
		return false;
	for (unsigned i = 0; i < plain->n; i++) {
		const struct frame_plain_addr *a = &plain->ip4[i];

		if (remote == a->ours || remote == a->broadcast)
			return false;
		ours |= local == a->ours;
	}
	return ours;
}

/* Whether the IP header's checksum holds; addrs: the sum of the addresses. */
static inline bool frame_plain_ip_holds(const uint8_t *frame, uint64_t addrs)
{
	uint64_t sum = checksum_add_raw(addrs, bytes_raw64(frame + 14));

	return checksum_holds_some(checksum_add_raw(sum, bytes_raw32(frame + 22)));
}

static inline bool frame_plain_sums(const uint8_t *frame, size_t udp_len, uint64_t addrs,
				    unsigned checked)
{
	uint64_t sum;

	if (!(checked & FRAME_IP_CHECKED) && !frame_plain_ip_holds(frame, addrs))
		return false;
	if (checked & FRAME_L4_CHECKED || bytes_u16(frame + 40) == 0)
		return true;
	/* In one's complement a word with its bytes swapped is 256 times the word. */
	sum = addrs + ((udp_len + 17) << 8);
	return checksum_holds_some(checksum_add_long(sum, frame + FRAME_PLAIN_UDP, udp_len));
}

/*
 * frame_plain_parse: frame_parse of a plain frame; plain is the host's.
 *
 * False: another frame, or something is wrong with it, or its checksum is not finished. Ask
 * frame_parse; *flow, *hop and *out are
 * undefined.
 */
static inline bool frame_plain_parse(const struct frame_plain *plain, const uint8_t *frame,
				     size_t len, unsigned checked, struct flow *flow,
				     struct nexthop *hop, struct frame *out)
{
	uint32_t remote, local, ports;
	uint64_t macs;
	size_t udp_len;

	if (len < FRAME_PLAIN_LEN)
		return false;
	macs = bytes_raw64(frame);
	remote = bytes_raw32(frame + 26);
	local = bytes_raw32(frame + 30);
	ports = bytes_u32(frame + 34);
	udp_len = bytes_u16(frame + 38);
	if (!frame_plain_kind(plain, macs, frame) || udp_len < FRAME_UDP_LEN ||
	    udp_len > len - FRAME_PLAIN_UDP || udp_len + FRAME_IP4_LEN != bytes_u16(frame + 16) ||
	    ports >> 16 == 0 || !frame_plain_addrs(plain, local, remote))
		return false;
	memcpy(hop, &macs, sizeof(macs));
	memcpy((uint8_t *)hop + 8, frame + 8, 4);
	hop->vlan_tci = VLAN_NONE;
	frame_plain_map(flow->local_ip, local);
	frame_plain_map(flow->remote_ip, remote);
	flow->local_port = (uint16_t)ports;
	flow->remote_port = (uint16_t)(ports >> 16);
	out->payload_off = FRAME_PLAIN_LEN;
	out->payload_len = (uint16_t)(udp_len - FRAME_UDP_LEN);
	out->checksum_partial = false;
	return frame_plain_sums(frame, udp_len, (uint64_t)remote + local, checked);
}

/* frame_is_plain: IPv4 without a tag. */
static inline bool frame_is_plain(const struct flow *flow, const struct nexthop *hop)
{
	return hop->vlan_tci == VLAN_NONE && flow_ip_is_mapped(flow->remote_ip);
}

/* What is summed for a frame's two checksums, but for the payload. In one's complement a word with
 * its bytes swapped is 256 times the word. */
static inline uint64_t frame_plain_addrs_sum(const struct flow *flow)
{
	return (uint64_t)bytes_raw32(flow->local_ip + 12) + bytes_raw32(flow->remote_ip + 12);
}

static inline uint64_t frame_plain_ip_sum(const struct flow *flow, size_t payload_len)
{
	const uint64_t total = FRAME_IP4_LEN + FRAME_UDP_LEN + payload_len;

	return frame_plain_addrs_sum(flow) + (total << 8) + 0x0045 + 0x0040 + 0x1140;
}

/* This one is greater by 1: what it folds to, taken from 0, is the checksum, and never the 0 that
 * would say "none". */
static inline uint64_t frame_plain_udp_sum(const struct flow *flow, size_t payload_len)
{
	const uint64_t ports = bytes_raw32(&flow->local_port);

	return 1 + frame_plain_addrs_sum(flow) +
	       ((ports + 2 * (FRAME_UDP_LEN + payload_len) + 17) << 8);
}

/* A way to write what frame_write does where frame_is_plain, without offloads. */
typedef void frame_plain_writer(const struct flow *flow, const struct nexthop *hop,
				uint8_t *headers, const uint8_t *payload, size_t payload_len);

/* frame_plain_write: for every CPU. (frame_plain_avx512.h: for some.) */
frame_plain_writer frame_plain_write;
