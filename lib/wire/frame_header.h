/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet and IP headers: what parsing, answering and writing of frames share. Private to
 * frame*.c. Pure functions; any thread.
 *
 *   Ethernet            0 6 destination · 6 6 source · [12 2 0x8100 · 14 2 TCI] · 12|16 2 EtherType
 *   IPv4 (RFC 791)      0 1 version, IHL · 1 1 TOS · 2 2 total length · 4 2 id · 6 2 flags, offset
 *                       8 1 TTL · 9 1 protocol · 10 2 checksum · 12 4 source · 16 4 destination
 *   IPv6 (RFC 8200)     0 4 version, class, label · 4 2 payload length · 6 1 next header
 *                       7 1 hop limit · 8 16 source · 24 16 destination
 */
#pragma once

#include "cursor.h"
#include "frame.h"

enum {
	FRAME_ETHERTYPE_IP4 = 0x0800,
	FRAME_ETHERTYPE_ARP = 0x0806,
	FRAME_ETHERTYPE_VLAN = 0x8100,
	FRAME_ETHERTYPE_IP6 = 0x86dd,
};

enum {
	FRAME_PROTO_ICMP = 1,
	FRAME_PROTO_UDP = 17,
	FRAME_PROTO_IP6_FRAGMENT = 44,
	FRAME_PROTO_ICMP6 = 58,
};

enum {
	FRAME_MAC_LEN = 6,
	FRAME_ETHER_LEN = 14,
	FRAME_VLAN_LEN = 4,
	FRAME_ETHER_MIN = 60, /* without the FCS */
	FRAME_IP4_LEN = 20,
	FRAME_IP6_LEN = 40,
	FRAME_UDP_LEN = 8,
	FRAME_HOP_LIMIT = 64, /* RFC 1700's default TTL */
};

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
enum status frame_ether_read(const struct frame_host *host, struct rd *frame,
			     struct frame_ether *out);

/* frame_ether_write: 14 bytes, or 18 with a tag. */
void frame_ether_write(struct wr *w, const uint8_t dst[FRAME_MAC_LEN],
		       const uint8_t src[FRAME_MAC_LEN], uint16_t vlan_tci, uint16_t type);

/* frame_mac_is_group: a broadcast or multicast address. */
static inline bool frame_mac_is_group(const uint8_t *mac) { return mac[0] & 1; }

struct frame_ip {
	uint8_t src[16], dst[16]; /* IPv4-mapped for IPv4 */
	uint8_t proto;            /* IPv6: the first next header */
	uint8_t hop_limit;
	bool v6;
	bool has_options;  /* IPv4 */
	struct rd payload; /* without Ethernet padding */
};

/*
 * frame_ip_read: the IP packet behind an Ethernet header of that type.
 *
 * Checks version, lengths, the IPv4 header checksum unless checked has FRAME_IP_CHECKED, and that
 * the packet is no fragment; the addresses not at all.
 */
enum status frame_ip_read(const struct rd *packet, uint16_t ethertype, unsigned checked,
			  struct frame_ip *out);

/* frame_ip_write: an IPv4 (20 bytes) or IPv6 (40 bytes) header, as the addresses are. The IPv4
 * checksum field is 0 when offload has FRAME_IP_OFFLOAD. */
void frame_ip_write(struct wr *w, const uint8_t src[16], const uint8_t dst[16], uint8_t proto,
		    uint8_t hop_limit, uint16_t payload_len, unsigned offload);

/* frame_ip_is_ours: an address of the host, of that version. */
bool frame_ip_is_ours(const struct frame_host *host, const uint8_t ip[16], bool v6);

/* frame_ip_is_peer: an address that a peer can send from: not a group, not unspecified, not
 * loopback, not ours. */
bool frame_ip_is_peer(const struct frame_host *host, const uint8_t ip[16], bool v6);

/* frame_pseudo_sum: the checksum accumulator over a pseudo-header (RFC 768, RFC 8200 §8.1). */
uint64_t frame_pseudo_sum(const uint8_t src[16], const uint8_t dst[16], uint8_t proto,
			  uint16_t len);
