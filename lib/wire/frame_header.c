/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame_header.h"

#include "checksum.h"

#include <endian.h>

enum {
	VLAN_ID_MASK = 0x0fff,
	VLAN_ID_RESERVED = 0x0fff,
	IP4_VERSION_IHL_TOS = 0x4500, /* five words, no TOS */
	IP4_DONT_FRAGMENT = 0x4000,
	IP4_FRAGMENT_MASK = 0x3fff, /* more fragments, offset */
	IP4_PREFIX_LEN = 12,
};

enum status frame_ether_read(const struct frame_host *host, struct rd *frame,
			     struct frame_ether *out)
{
	struct rd macs;

	if (!rd_sub(frame, FRAME_MAC_LEN + FRAME_MAC_LEN, &macs) || !rd_u16(frame, &out->type))
		return STATUS_FRAME_SHORT;
	out->dst = macs.p;
	out->src = macs.p + FRAME_MAC_LEN;
	out->vlan_tci = VLAN_NONE;
	if (out->type == FRAME_ETHERTYPE_VLAN) {
		if (!rd_u16(frame, &out->vlan_tci) || !rd_u16(frame, &out->type))
			return STATUS_FRAME_SHORT;
		/* VLAN 4095 is reserved (802.1Q), and it would look like VLAN_NONE. */
		if ((out->vlan_tci & VLAN_ID_MASK) == VLAN_ID_RESERVED)
			return STATUS_FRAME_ETHERTYPE;
	}
	if (!frame_mac_is_group(out->dst) && memcmp(out->dst, host->mac, FRAME_MAC_LEN) != 0)
		return STATUS_FRAME_NOT_OURS;
	return frame_mac_is_group(out->src) ? STATUS_FRAME_SOURCE : STATUS_OK;
}

void frame_ether_write(struct wr *w, const uint8_t dst[FRAME_MAC_LEN],
		       const uint8_t src[FRAME_MAC_LEN], uint16_t vlan_tci, uint16_t type)
{
	wr_bytes(w, dst, FRAME_MAC_LEN);
	wr_bytes(w, src, FRAME_MAC_LEN);
	if (vlan_tci != VLAN_NONE) {
		wr_u16(w, FRAME_ETHERTYPE_VLAN);
		wr_u16(w, vlan_tci);
	}
	wr_u16(w, type);
}

/* The mapped form, written in eight-byte halves: they are read back as such right away, and a load
 * across two stores would wait for both to leave the store buffer. */
static bool read_mapped(struct rd *r, uint8_t out[16])
{
	uint32_t ip;
	uint64_t low;

	if (!rd_u32(r, &ip))
		return false;
	low = htobe64(UINT64_C(0xffff) << 32 | ip);
	memset(out, 0, sizeof(low));
	memcpy(out + sizeof(low), &low, sizeof(low));
	return true;
}

static enum status ip4_read(const struct rd *packet, unsigned checked, struct frame_ip *out)
{
	struct rd r = *packet, header;
	uint8_t version_ihl;
	uint16_t total, fragment;
	size_t header_len;

	if (!rd_u8(&r, &version_ihl) || !rd_skip(&r, 1) || !rd_u16(&r, &total) || !rd_skip(&r, 2) ||
	    !rd_u16(&r, &fragment) || !rd_u8(&r, &out->hop_limit) || !rd_u8(&r, &out->proto) ||
	    !rd_skip(&r, 2) || !read_mapped(&r, out->src) || !read_mapped(&r, out->dst))
		return STATUS_FRAME_SHORT;
	header_len = (version_ihl & (size_t)0xf) * 4;
	out->v6 = false;
	out->has_options = header_len > FRAME_IP4_LEN;
	r = *packet;
	if (version_ihl >> 4 != 4 || header_len < FRAME_IP4_LEN || total < header_len ||
	    !rd_sub(&r, header_len, &header) || !rd_sub(&r, total - header_len, &out->payload))
		return STATUS_FRAME_IP_HEADER;
	if (!(checked & FRAME_IP_CHECKED) &&
	    checksum_fold(checksum_add(0, header.p, header_len)) != 0xffff)
		return STATUS_FRAME_IP_CHECKSUM;
	return fragment & IP4_FRAGMENT_MASK ? STATUS_FRAME_FRAGMENT : STATUS_OK;
}

static enum status ip6_read(const struct rd *packet, struct frame_ip *out)
{
	struct rd r = *packet;
	uint32_t version;
	uint16_t payload_len;

	if (!rd_u32(&r, &version) || !rd_u16(&r, &payload_len) || !rd_u8(&r, &out->proto) ||
	    !rd_u8(&r, &out->hop_limit) || !rd_copy(&r, out->src, 16) || !rd_copy(&r, out->dst, 16))
		return STATUS_FRAME_SHORT;
	out->v6 = true;
	out->has_options = false;
	/* A payload length of 0 is a jumbogram (RFC 2675), or holds nothing for us. */
	if (version >> 28 != 6 || payload_len == 0 || !rd_sub(&r, payload_len, &out->payload))
		return STATUS_FRAME_IP_HEADER;
	return out->proto == FRAME_PROTO_IP6_FRAGMENT ? STATUS_FRAME_FRAGMENT : STATUS_OK;
}

enum status frame_ip_read(const struct rd *packet, uint16_t ethertype, unsigned checked,
			  struct frame_ip *out)
{
	return ethertype == FRAME_ETHERTYPE_IP6 ? ip6_read(packet, out)
						: ip4_read(packet, checked, out);
}

/* The header's checksum, from its fields rather than from bytes just written. */
static uint16_t ip4_checksum(const uint8_t src[4], const uint8_t dst[4], uint16_t ttl_proto,
			     uint16_t total)
{
	uint64_t sum = checksum_add(checksum_add(0, src, 4), dst, 4);

	sum = checksum_add_u16(sum, IP4_VERSION_IHL_TOS);
	sum = checksum_add_u16(sum, total);
	sum = checksum_add_u16(sum, IP4_DONT_FRAGMENT);
	sum = checksum_add_u16(sum, ttl_proto);
	return (uint16_t)~checksum_fold(sum);
}

static void ip4_write(struct wr *w, const uint8_t src[4], const uint8_t dst[4], uint16_t ttl_proto,
		      uint16_t total, unsigned offload)
{
	wr_u16(w, IP4_VERSION_IHL_TOS);
	wr_u16(w, total);
	/* A datagram that is never fragmented needs no identification (RFC 6864 §4.1). */
	wr_u16(w, 0);
	wr_u16(w, IP4_DONT_FRAGMENT);
	wr_u16(w, ttl_proto);
	wr_u16(w, offload & FRAME_IP_OFFLOAD ? 0 : ip4_checksum(src, dst, ttl_proto, total));
	wr_bytes(w, src, 4);
	wr_bytes(w, dst, 4);
}

void frame_ip_write(struct wr *w, const uint8_t src[16], const uint8_t dst[16], uint8_t proto,
		    uint8_t hop_limit, uint16_t payload_len, unsigned offload)
{
	if (flow_ip_is_mapped(src)) {
		ip4_write(w, src + IP4_PREFIX_LEN, dst + IP4_PREFIX_LEN,
			  (uint16_t)(hop_limit << 8 | proto),
			  (uint16_t)(FRAME_IP4_LEN + payload_len), offload);
		return;
	}
	wr_u32(w, 0x60000000); /* version 6, no traffic class, no flow label */
	wr_u16(w, payload_len);
	wr_u8(w, proto);
	wr_u8(w, hop_limit);
	wr_bytes(w, src, 16);
	wr_bytes(w, dst, 16);
}

bool frame_ip_is_ours(const struct frame_host *host, const uint8_t ip[16], bool v6)
{
	/* An IPv6 packet must not reach an IPv4 address by its mapped form. */
	if (v6 == flow_ip_is_mapped(ip))
		return false;
	for (unsigned i = 0; i < host->n_addrs; i++)
		if (memcmp(host->addrs[i].ip, ip, 16) == 0)
			return true;
	return false;
}

/* Whether ip is the directed broadcast address of one of our IPv4 networks. */
static bool ip4_is_directed_broadcast(const struct frame_host *host, const uint8_t ip[16])
{
	for (unsigned i = 0; i < host->n_addrs; i++) {
		const struct frame_addr *addr = &host->addrs[i];
		struct rd ours = rd_of(addr->ip + IP4_PREFIX_LEN, 4);
		struct rd theirs = rd_of(ip + IP4_PREFIX_LEN, 4);
		uint32_t a, b;

		/* A /31 has no broadcast address (RFC 3021). */
		if (!flow_ip_is_mapped(addr->ip) || addr->prefix_len > 30 || !rd_u32(&ours, &a) ||
		    !rd_u32(&theirs, &b))
			continue;
		if (b == (a | UINT32_MAX >> addr->prefix_len))
			return true;
	}
	return false;
}

static bool ip4_is_peer(const struct frame_host *host, const uint8_t ip[16])
{
	const uint8_t first = ip[IP4_PREFIX_LEN];
	static const uint8_t all_ones[4] = { 0xff, 0xff, 0xff, 0xff };

	/* 0/8 this host, 127/8 loopback, 224/4 multicast (RFC 1122 §3.2.1.3) */
	if (first == 0 || first == 127 || first >> 4 == 0xe)
		return false;
	return memcmp(ip + IP4_PREFIX_LEN, all_ones, 4) != 0 &&
	       !ip4_is_directed_broadcast(host, ip);
}

static bool ip6_is_peer(const uint8_t ip[16])
{
	static const uint8_t zeros[15];

	/* ff00::/8 multicast, :: and ::1 (RFC 4291 §2.5, §2.7) */
	return ip[0] != 0xff && !flow_ip_is_mapped(ip) &&
	       !(memcmp(ip, zeros, sizeof(zeros)) == 0 && ip[15] <= 1);
}

bool frame_ip_is_peer(const struct frame_host *host, const uint8_t ip[16], bool v6)
{
	if (v6 ? !ip6_is_peer(ip) : !ip4_is_peer(host, ip))
		return false;
	return !frame_ip_is_ours(host, ip, v6);
}

uint64_t frame_pseudo_sum(const uint8_t src[16], const uint8_t dst[16], uint8_t proto, uint16_t len)
{
	/* The two 0xffff of mapped addresses are zeros of one's complement: one way for both. */
	uint64_t sum = checksum_add(checksum_add(0, src, 16), dst, 16);

	return checksum_add_u16(checksum_add_u16(sum, proto), len);
}
