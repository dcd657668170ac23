/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#include "frame_header.h"
#include "frame_plain.h"

/*
 * UDP (RFC 768)   0 2 source port · 2 2 destination port · 4 2 length · 6 2 checksum
 */

/* Whether a UDP checksum holds over the datagram; *partial when it is not done yet. */
static inline bool udp_checksum_ok(const struct flow *flow, const struct frame_ip *ip,
				   uint16_t checksum, unsigned checked, bool *partial)
{
	const size_t len = rd_len(&ip->payload);
	uint64_t sum;

	*partial = false;
	if (checksum == 0)
		return !ip->v6; /* RFC 768: none was made. RFC 8200 §8.1: must not be 0. */
	if (checked & FRAME_L4_CHECKED)
		return true;
	sum = frame_pseudo_sum(flow->remote_ip, flow->local_ip, FRAME_PROTO_UDP, (uint16_t)len);
	if (checksum_holds(checksum_add(sum, ip->payload.p, len)))
		return true;
	*partial = checksum == checksum_fold(sum);
	return *partial;
}

static inline enum status udp_read(const struct frame_ip *ip, unsigned checked, struct flow *flow,
				   struct frame *out)
{
	const size_t len = rd_len(&ip->payload);
	uint64_t header;

	if (len < FRAME_UDP_LEN)
		return STATUS_FRAME_SHORT;
	header = bytes_u64(ip->payload.p);
	if ((header >> 16 & 0xffff) != len)
		return STATUS_FRAME_UDP_LENGTH;
	flow->remote_port = (uint16_t)(header >> 48);
	flow->local_port = (uint16_t)(header >> 32);
	if (flow->remote_port == 0)
		return STATUS_FRAME_SOURCE;
	if (!udp_checksum_ok(flow, ip, (uint16_t)header, checked, &out->checksum_partial))
		return STATUS_FRAME_UDP_CHECKSUM;
	out->payload_len = (uint16_t)(len - FRAME_UDP_LEN);
	return STATUS_OK;
}

/* What is behind the Ethernet header. There is one for either version (v6 is a constant), so that
 * no step of it has to ask. */
static inline __attribute__((always_inline)) enum status
packet_read(const struct frame_host *host, const struct rd *packet, bool v6, bool group,
	    unsigned checked, struct flow *flow, struct rd *payload, struct frame *out)
{
	struct frame_ip ip;
	enum status s;

	if ((s = frame_ip_read(packet, v6, checked, flow, &ip)) != STATUS_OK)
		return s;
	if (ip.proto != FRAME_PROTO_UDP)
		return STATUS_FRAME_PROTOCOL;
	/* A unicast datagram in a group's frame is not for us (RFC 1122 §3.3.6). */
	if (group || !frame_ip_is_ours(host, flow->local_ip, v6))
		return STATUS_FRAME_NOT_OURS;
	if (!frame_ip_is_peer(host, flow->remote_ip, v6))
		return STATUS_FRAME_SOURCE;
	*payload = ip.payload;
	return udp_read(&ip, checked, flow, out);
}

/* Any frame. */
static __attribute__((noinline)) enum status general_parse(const struct frame_host *host,
							   const uint8_t *frame, size_t len,
							   unsigned checked, struct flow *flow,
							   struct nexthop *hop, struct frame *out)
{
	struct rd packet = rd_of(frame, len), payload;
	struct frame_ether ether;
	enum status s;
	bool group;

	if ((s = frame_ether_read(host, &packet, &ether)) != STATUS_OK)
		return s;
	group = frame_mac_is_group(ether.dst);
	if (ether.type == FRAME_ETHERTYPE_IP4)
		s = packet_read(host, &packet, false, group, checked, flow, &payload, out);
	else if (ether.type == FRAME_ETHERTYPE_IP6)
		s = packet_read(host, &packet, true, group, checked, flow, &payload, out);
	else
		s = ether.type == FRAME_ETHERTYPE_ARP ? STATUS_FRAME_PROTOCOL
						      : STATUS_FRAME_ETHERTYPE;
	if (s != STATUS_OK)
		return s;
	memcpy(hop->local_mac, host->mac, FRAME_MAC_LEN);
	memcpy(hop->remote_mac, ether.src, FRAME_MAC_LEN);
	hop->vlan_tci = ether.vlan_tci;
	out->payload_off = (uint16_t)(payload.p - frame + FRAME_UDP_LEN);
	return STATUS_OK;
}

enum status frame_parse(const struct frame_host *host, const uint8_t *frame, size_t len,
			unsigned checked, struct flow *flow, struct nexthop *hop, struct frame *out)
{
	/* What is not plain, or wrong in some way, gets its verdict from the general code. */
	if (__builtin_expect(frame_plain_parse(&host->plain, frame, len, checked, flow, hop, out),
			     1))
		return STATUS_OK;
	return general_parse(host, frame, len, checked, flow, hop, out);
}

void frame_host_prepare(struct frame_host *host)
{
	struct frame_plain plain = { 0 };

	memcpy(&plain.station, host->mac, FRAME_MAC_LEN);
	for (unsigned i = 0; i < host->n_addrs && !frame_mac_is_group(host->mac); i++) {
		const struct frame_addr *addr = &host->addrs[i];

		if (frame_addr_is_ip6(addr))
			continue;
		plain.ip4[plain.n++] = (struct frame_plain_addr){
			.ours = bytes_raw32(addr->ip + 12),
			.broadcast = htobe32(frame_ip4_broadcast(addr)),
		};
	}
	host->plain = plain;
}

size_t frame_udp_payload(const uint8_t *frame, size_t len)
{
	enum { IP4_NO_OPTIONS = 0x45, IP4_PROTOCOL_AT = 9, IP6_NEXT_AT = 6, UDP = 17 };
	size_t at = FRAME_ETHER_LEN;

	if (len < FRAME_HEADERS_MAX)
		return 0;
	if (bytes_u16(frame + at - 2) == FRAME_ETHERTYPE_VLAN)
		at += FRAME_VLAN_LEN;
	if (bytes_u16(frame + at - 2) == FRAME_ETHERTYPE_IP4 && frame[at] == IP4_NO_OPTIONS &&
	    frame[at + IP4_PROTOCOL_AT] == UDP)
		return at + FRAME_IP4_LEN + FRAME_UDP_LEN;
	if (bytes_u16(frame + at - 2) == FRAME_ETHERTYPE_IP6 && frame[at + IP6_NEXT_AT] == UDP)
		return at + FRAME_IP6_LEN + FRAME_UDP_LEN;
	return 0;
}

bool frame_addr_is_ip6(const struct frame_addr *addr) { return !flow_ip_is_mapped(addr->ip); }

static __attribute__((noinline)) void general_write(const struct flow *flow,
						    const struct nexthop *hop, unsigned offload,
						    uint8_t *headers, const uint8_t *payload,
						    size_t payload_len)
{
	const bool v4 = flow_ip_is_mapped(flow->remote_ip);
	const uint16_t len = (uint16_t)(FRAME_UDP_LEN + payload_len);
	const uint64_t udp = (uint64_t)flow->local_port << 48 | (uint64_t)flow->remote_port << 32 |
			     (uint64_t)len << 16;
	uint64_t sum = frame_pseudo_sum(flow->local_ip, flow->remote_ip, FRAME_PROTO_UDP, len);
	uint8_t *at = frame_ether_put(headers, hop->remote_mac, hop->local_mac, hop->vlan_tci,
				      v4 ? FRAME_ETHERTYPE_IP4 : FRAME_ETHERTYPE_IP6);
	uint16_t checksum;

	at = frame_ip_put(at, flow->local_ip, flow->remote_ip, FRAME_PROTO_UDP, FRAME_HOP_LIMIT,
			  len, offload);
	if (offload & FRAME_L4_OFFLOAD) {
		checksum = checksum_fold(sum);
	} else {
		sum = checksum_add(checksum_add_raw(sum, htobe64(udp)), payload, payload_len);
		checksum = (uint16_t)~checksum_fold(sum);
		checksum = checksum == 0 ? 0xffff : checksum; /* 0 would say "none" */
	}
	bytes_put_u64(at, udp | checksum);
}

void frame_plain_write(const struct flow *flow, const struct nexthop *hop, uint8_t *headers,
		       const uint8_t *payload, size_t payload_len)
{
	const uint64_t udp_sum = frame_plain_udp_sum(flow, payload_len);
	const uint64_t len = FRAME_UDP_LEN + payload_len;
	const uint32_t ports = bytes_raw32(&flow->local_port);
	const uint8_t *macs = (const uint8_t *)hop;
	uint16_t sum;

	/* What is written too far is written over by the next. */
	bytes_put_raw64(headers, bytes_raw64(macs + 6));
	bytes_put_raw64(headers + 6, bytes_raw64(macs));
	bytes_put_raw32(headers + 12, 0x00450008);
	/* No identification, for DF is set (RFC 6864 §4.1); TTL 64, UDP. */
	bytes_put_u64(headers + 16, (FRAME_IP4_LEN + len) << 48 | 0x40004011);
	sum = (uint16_t)~checksum_fold_raw(frame_plain_ip_sum(flow, payload_len));
	memcpy(headers + 24, &sum, 2);
	bytes_put_raw32(headers + 26, bytes_raw32(flow->local_ip + 12));
	bytes_put_raw32(headers + 30, bytes_raw32(flow->remote_ip + 12));
	bytes_put_raw32(headers + 34, (ports & 0x00ff00ff) << 8 | (ports >> 8 & 0x00ff00ff));
	bytes_put_u16(headers + 38, (uint16_t)len);
	sum = (uint16_t)-checksum_fold_raw(checksum_add(udp_sum, payload, payload_len));
	memcpy(headers + 40, &sum, 2);
}

void frame_write(const struct flow *flow, const struct nexthop *hop, unsigned offload,
		 uint8_t *headers, const uint8_t *payload, size_t payload_len)
{
	if (offload == 0 && frame_is_plain(flow, hop))
		frame_plain_write(flow, hop, headers, payload, payload_len);
	else
		general_write(flow, hop, offload, headers, payload, payload_len);
}
