/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet and IP headers: what parsing, answering and writing of frames share. Inline, because it
 * is most of what a packet costs. Private to frame*.c. Pure functions; any thread.
 *
 *   Ethernet            0 6 destination · 6 6 source · [12 2 0x8100 · 14 2 TCI] · 12|16 2 EtherType
 *   IPv4 (RFC 791)      0 1 version, IHL · 1 1 TOS · 2 2 total length · 4 2 id · 6 2 flags, offset
 *                       8 1 TTL · 9 1 protocol · 10 2 checksum · 12 4 source · 16 4 destination
 *   IPv6 (RFC 8200)     0 4 version, class, label · 4 2 payload length · 6 1 next header
 *                       7 1 hop limit · 8 16 source · 24 16 destination
 */
#pragma once

#include "checksum.h"
#include "cursor.h"
#include "frame.h"

enum {
	FRAME_ETHERTYPE_IP4 = 0x0800,
	FRAME_ETHERTYPE_ARP = 0x0806,
	FRAME_ETHERTYPE_VLAN = 0x8100,
	FRAME_ETHERTYPE_IP6 = 0x86dd,
};

enum {
	FRAME_VLAN_ID_MASK = 0x0fff,
	FRAME_VLAN_ID_RESERVED = 0x0fff,
	FRAME_IP4_FRAGMENT_MASK = 0x3fff, /* more fragments, offset */
};

enum {
	FRAME_PROTO_ICMP = 1,
	FRAME_PROTO_UDP = 17,
	FRAME_PROTO_IP6_FRAGMENT = 44,
	FRAME_PROTO_ICMP6 = 58,
};

enum {
	FRAME_MAC_LEN = 6,
	FRAME_ETHER_MIN = 60, /* without the FCS */
	FRAME_HOP_LIMIT = 64, /* RFC 1700's default TTL */
};

/* frame_mac_is_group: a broadcast or multicast address. */
static inline bool frame_mac_is_group(const uint8_t *mac) { return mac[0] & 1; }

struct frame_ether {
	const uint8_t *dst, *src;
	uint16_t vlan_tci; /* VLAN_NONE: untagged */
	uint16_t type;
};

/*
 * frame_ether_read: takes the Ethernet header off a frame.
 *
 * Refuses frames for another station, sources that are a group, and more than one tag.
 */
static inline enum status frame_ether_read(const struct frame_host *host, struct rd *frame,
					   struct frame_ether *out)
{
	struct rd head;

	if (!rd_sub(frame, FRAME_ETHER_LEN, &head))
		return STATUS_FRAME_SHORT;
	out->dst = head.p;
	out->src = head.p + FRAME_MAC_LEN;
	out->type = bytes_u16(head.p + FRAME_MAC_LEN + FRAME_MAC_LEN);
	out->vlan_tci = VLAN_NONE;
	if (out->type == FRAME_ETHERTYPE_VLAN) {
		if (!rd_u16(frame, &out->vlan_tci) || !rd_u16(frame, &out->type))
			return STATUS_FRAME_SHORT;
		/* VLAN 4095 is reserved (802.1Q), and it would look like VLAN_NONE. */
		if ((out->vlan_tci & FRAME_VLAN_ID_MASK) == FRAME_VLAN_ID_RESERVED)
			return STATUS_FRAME_ETHERTYPE;
	}
	if (!bytes_equal6(out->dst, host->mac) && !frame_mac_is_group(out->dst))
		return STATUS_FRAME_NOT_OURS;
	return frame_mac_is_group(out->src) ? STATUS_FRAME_SOURCE : STATUS_OK;
}

/* What an IP header says beside its addresses. */
struct frame_ip {
	uint8_t proto; /* IPv6: the first next header */
	uint8_t hop_limit;
	bool v6;
	bool has_options;  /* IPv4 */
	struct rd payload; /* without Ethernet padding */
};

/* frame_ip4_sum: the checksum accumulator over an IPv4 header. */
static inline uint64_t frame_ip4_sum(const uint8_t *header, size_t len)
{
	uint64_t sum = checksum_add_raw(bytes_raw64(header), bytes_raw64(header + 8));

	sum = checksum_add_raw(sum, bytes_raw32(header + 16));
	return len == FRAME_IP4_LEN
		       ? sum
		       : checksum_add(sum, header + FRAME_IP4_LEN, len - FRAME_IP4_LEN);
}

/*
 * frame_ip_read: the IP packet behind an Ethernet header; its source is flow's remote
 * end, its destination the local one. Leaves the ports alone.
 *
 * Checks version, lengths, the IPv4 header checksum unless checked has FRAME_IP_CHECKED, and that
 * the packet is no fragment; the addresses not at all.
 */
static inline enum status frame_ip4_read(const struct rd *packet, unsigned checked,
					 struct flow *flow, struct frame_ip *out)
{
	const uint8_t *p = packet->p;
	size_t header_len, total;

	if (rd_len(packet) < FRAME_IP4_LEN)
		return STATUS_FRAME_SHORT;
	header_len = (p[0] & (size_t)0xf) * 4;
	total = bytes_u16(p + 2);
	if (p[0] >> 4 != 4 || header_len < FRAME_IP4_LEN || total < header_len)
		return STATUS_FRAME_IP_HEADER;
	if (total > rd_len(packet))
		return STATUS_FRAME_IP_HEADER;
	if (!(checked & FRAME_IP_CHECKED) && !checksum_holds(frame_ip4_sum(p, header_len)))
		return STATUS_FRAME_IP_CHECKSUM;
	out->v6 = false;
	out->hop_limit = p[8];
	out->proto = p[9];
	out->has_options = header_len > FRAME_IP4_LEN;
	out->payload = rd_of(p + header_len, total - header_len);
	flow_ip_map(flow->remote_ip, p + 12);
	flow_ip_map(flow->local_ip, p + 16);
	return bytes_u16(p + 6) & FRAME_IP4_FRAGMENT_MASK ? STATUS_FRAME_FRAGMENT : STATUS_OK;
}

static inline enum status frame_ip6_read(const struct rd *packet, struct flow *flow,
					 struct frame_ip *out)
{
	const uint8_t *p = packet->p;
	size_t payload_len;

	if (rd_len(packet) < FRAME_IP6_LEN)
		return STATUS_FRAME_SHORT;
	payload_len = bytes_u16(p + 4);
	/* A payload length of 0 is a jumbogram (RFC 2675), or holds nothing for us. */
	if (p[0] >> 4 != 6 || payload_len == 0 || payload_len > rd_len(packet) - FRAME_IP6_LEN)
		return STATUS_FRAME_IP_HEADER;
	out->v6 = true;
	out->proto = p[6];
	out->hop_limit = p[7];
	out->has_options = false;
	out->payload = rd_of(p + FRAME_IP6_LEN, payload_len);
	bytes_copy16(flow->remote_ip, p + 8);
	bytes_copy16(flow->local_ip, p + 24);
	return out->proto == FRAME_PROTO_IP6_FRAGMENT ? STATUS_FRAME_FRAGMENT : STATUS_OK;
}

static inline enum status frame_ip_read(const struct rd *packet, bool v6, unsigned checked,
					struct flow *flow, struct frame_ip *out)
{
	return v6 ? frame_ip6_read(packet, flow, out) : frame_ip4_read(packet, checked, flow, out);
}

/* frame_ip_is_ours: an address of the host, of that version. */
static inline bool frame_ip_is_ours(const struct frame_host *host, const uint8_t ip[16], bool v6)
{
	/* An IPv6 packet must not reach an IPv4 address by its mapped form. */
	if (v6 == flow_ip_is_mapped(ip))
		return false;
	for (unsigned i = 0; i < host->n_addrs; i++)
		if (bytes_equal16(host->addrs[i].ip, ip))
			return true;
	return false;
}

/* frame_ip4_broadcast: of our prefix; the address itself when there is none: a /31 (RFC 3021). */
static inline uint32_t frame_ip4_broadcast(const struct frame_addr *addr)
{
	const uint32_t ones = addr->prefix_len <= 30 ? UINT32_MAX >> addr->prefix_len : 0;

	return bytes_u32(addr->ip + 12) | ones;
}

/* frame_ip4_is_peer, frame_ip6_is_peer: an address that a peer can send from: not a group, not
 * unspecified, not loopback, not ours. */
static inline bool frame_ip4_is_peer(const struct frame_host *host, const uint8_t ip[16])
{
	const uint32_t theirs = bytes_u32(ip + 12);

	/* 0/8 this host, 127/8 loopback, 224/4 multicast (RFC 1122 §3.2.1.3) */
	if (theirs >> 24 == 0 || theirs >> 24 == 127 || theirs >> 28 == 0xe || theirs == UINT32_MAX)
		return false;
	for (unsigned i = 0; i < host->n_addrs; i++) {
		const struct frame_addr *addr = &host->addrs[i];

		if (flow_ip_is_mapped(addr->ip) &&
		    (theirs == bytes_u32(addr->ip + 12) || theirs == frame_ip4_broadcast(addr)))
			return false;
	}
	return true;
}

static inline bool frame_ip6_is_peer(const struct frame_host *host, const uint8_t ip[16])
{
	/* ff00::/8 multicast, :: and ::1 (RFC 4291 §2.5, §2.7) */
	if (ip[0] == 0xff || flow_ip_is_mapped(ip) ||
	    (bytes_raw64(ip) == 0 && bytes_u64(ip + 8) <= 1))
		return false;
	return !frame_ip_is_ours(host, ip, true);
}

static inline bool frame_ip_is_peer(const struct frame_host *host, const uint8_t ip[16], bool v6)
{
	return v6 ? frame_ip6_is_peer(host, ip) : frame_ip4_is_peer(host, ip);
}

/* frame_pseudo_sum: the checksum accumulator over a pseudo-header (RFC 768, RFC 8200 §8.1). */
static inline uint64_t frame_pseudo_sum(const uint8_t src[16], const uint8_t dst[16], uint8_t proto,
					uint16_t len)
{
	/* The two 0xffff of mapped addresses are zeros of one's complement: one way for both. */
	uint64_t sum = checksum_add_raw(bytes_raw64(src), bytes_raw64(src + 8));

	sum = checksum_add_raw(sum, bytes_raw64(dst));
	sum = checksum_add_raw(sum, bytes_raw64(dst + 8));
	return checksum_add_raw(sum, htobe32((uint32_t)proto << 16 | len));
}

/* frame_ether_put: 14 bytes at out, or 18 with a tag; returns what follows them. */
static inline uint8_t *frame_ether_put(uint8_t *out, const uint8_t dst[FRAME_MAC_LEN],
				       const uint8_t src[FRAME_MAC_LEN], uint16_t vlan_tci,
				       uint16_t type)
{
	memcpy(out, dst, FRAME_MAC_LEN);
	memcpy(out + FRAME_MAC_LEN, src, FRAME_MAC_LEN);
	out += FRAME_MAC_LEN + FRAME_MAC_LEN;
	if (vlan_tci != VLAN_NONE) {
		bytes_put_u32(out, (uint32_t)FRAME_ETHERTYPE_VLAN << 16 | vlan_tci);
		out += FRAME_VLAN_LEN;
	}
	bytes_put_u16(out, type);
	return out + 2;
}

/* frame_ip_put: an IPv4 (20 bytes) or IPv6 (40 bytes) header at out, as the addresses are; returns
 * what follows it. The IPv4 checksum field is 0 when offload has FRAME_IP_OFFLOAD. */
static inline uint8_t *frame_ip4_put(uint8_t *out, const uint8_t src[4], const uint8_t dst[4],
				     uint16_t ttl_proto, uint16_t payload_len, unsigned offload)
{
	/* Five words, no TOS; DF, and so no identification (RFC 6864 §4.1). */
	const uint64_t first =
		UINT64_C(0x4500) << 48 | (uint64_t)(FRAME_IP4_LEN + payload_len) << 32 | 0x4000;
	const uint64_t second = (uint64_t)ttl_proto << 48 | bytes_u32(src);
	/* From the fields rather than from bytes just written. */
	uint64_t sum = checksum_add_raw(htobe64(first), htobe64(second));
	uint16_t checksum = (uint16_t)~checksum_fold(checksum_add_raw(sum, bytes_raw32(dst)));

	if (offload & FRAME_IP_OFFLOAD)
		checksum = 0;
	bytes_put_u64(out, first);
	bytes_put_u64(out + 8, second | (uint64_t)checksum << 32);
	bytes_put_raw32(out + 16, bytes_raw32(dst));
	return out + FRAME_IP4_LEN;
}

static inline uint8_t *frame_ip_put(uint8_t *out, const uint8_t src[16], const uint8_t dst[16],
				    uint8_t proto, uint8_t hop_limit, uint16_t payload_len,
				    unsigned offload)
{
	if (flow_ip_is_mapped(src))
		return frame_ip4_put(out, src + 12, dst + 12, (uint16_t)(hop_limit << 8 | proto),
				     payload_len, offload);
	/* Version 6, no traffic class, no flow label. */
	bytes_put_u64(out, UINT64_C(6) << 60 | (uint64_t)payload_len << 16 | (uint64_t)proto << 8 |
				   hop_limit);
	bytes_copy16(out + 8, src);
	bytes_copy16(out + 24, dst);
	return out + FRAME_IP6_LEN;
}
