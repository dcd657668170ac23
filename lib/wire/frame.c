/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#include "checksum.h"
#include "frame_header.h"

/*
 * UDP (RFC 768)   0 2 source port · 2 2 destination port · 4 2 length · 6 2 checksum
 */

/* Whether a UDP checksum holds over the datagram; *partial when it is not done yet. */
static bool udp_checksum_ok(const struct frame_ip *ip, uint16_t checksum, unsigned checked,
			    bool *partial)
{
	const size_t len = rd_len(&ip->payload);
	uint64_t sum;

	*partial = false;
	if (checksum == 0)
		return !ip->v6; /* RFC 768: none was made. RFC 8200 §8.1: must not be 0. */
	if (checked & FRAME_L4_CHECKED)
		return true;
	sum = frame_pseudo_sum(ip->src, ip->dst, FRAME_PROTO_UDP, (uint16_t)len);
	if (checksum_fold(checksum_add(sum, ip->payload.p, len)) == 0xffff)
		return true;
	*partial = checksum == checksum_fold(sum);
	return *partial;
}

static enum status udp_read(const struct frame_ip *ip, unsigned checked, struct frame *out)
{
	struct rd r = ip->payload;
	uint16_t len, checksum;

	if (!rd_u16(&r, &out->flow.remote_port) || !rd_u16(&r, &out->flow.local_port) ||
	    !rd_u16(&r, &len) || !rd_u16(&r, &checksum))
		return STATUS_FRAME_SHORT;
	if (len != rd_len(&ip->payload))
		return STATUS_FRAME_UDP_LENGTH;
	if (out->flow.remote_port == 0)
		return STATUS_FRAME_SOURCE;
	if (!udp_checksum_ok(ip, checksum, checked, &out->checksum_partial))
		return STATUS_FRAME_UDP_CHECKSUM;
	out->payload_len = (uint16_t)(len - FRAME_UDP_LEN);
	return STATUS_OK;
}

static enum status addresses_check(const struct frame_host *host, const struct frame_ether *ether,
				   const struct frame_ip *ip)
{
	/* A unicast datagram in a group's frame is not for us (RFC 1122 §3.3.6). */
	if (frame_mac_is_group(ether->dst) || !frame_ip_is_ours(host, ip->dst, ip->v6))
		return STATUS_FRAME_NOT_OURS;
	return frame_ip_is_peer(host, ip->src, ip->v6) ? STATUS_OK : STATUS_FRAME_SOURCE;
}

enum status frame_parse(const struct frame_host *host, const uint8_t *frame, size_t len,
			unsigned checked, struct frame *out)
{
	struct rd r = rd_of(frame, len);
	struct frame_ether ether;
	struct frame_ip ip;
	enum status s;

	if ((s = frame_ether_read(host, &r, &ether)) != STATUS_OK)
		return s;
	if (ether.type == FRAME_ETHERTYPE_ARP)
		return STATUS_FRAME_PROTOCOL;
	if (ether.type != FRAME_ETHERTYPE_IP4 && ether.type != FRAME_ETHERTYPE_IP6)
		return STATUS_FRAME_ETHERTYPE;
	if ((s = frame_ip_read(&r, ether.type, checked, &ip)) != STATUS_OK)
		return s;
	if (ip.proto != FRAME_PROTO_UDP)
		return STATUS_FRAME_PROTOCOL;
	if ((s = addresses_check(host, &ether, &ip)) != STATUS_OK ||
	    (s = udp_read(&ip, checked, out)) != STATUS_OK)
		return s;
	memcpy(out->flow.local_ip, ip.dst, 16);
	memcpy(out->flow.remote_ip, ip.src, 16);
	memcpy(out->hop.local_mac, host->mac, FRAME_MAC_LEN);
	memcpy(out->hop.remote_mac, ether.src, FRAME_MAC_LEN);
	out->hop.vlan_tci = ether.vlan_tci;
	out->payload_off = (uint16_t)(ip.payload.p - frame + FRAME_UDP_LEN);
	return STATUS_OK;
}

bool frame_addr_is_ip6(const struct frame_addr *addr) { return !flow_ip_is_mapped(addr->ip); }

size_t frame_headers_len(const struct flow *flow, const struct nexthop *hop)
{
	return FRAME_ETHER_LEN + (hop->vlan_tci != VLAN_NONE ? (size_t)FRAME_VLAN_LEN : 0) +
	       (flow_ip_is_mapped(flow->remote_ip) ? (size_t)FRAME_IP4_LEN : FRAME_IP6_LEN) +
	       FRAME_UDP_LEN;
}

/* What stands in the checksum field of a datagram of ours. */
static uint16_t udp_checksum(const struct flow *flow, unsigned offload, const uint8_t *payload,
			     size_t payload_len)
{
	const uint16_t len = (uint16_t)(FRAME_UDP_LEN + payload_len);
	uint64_t sum = frame_pseudo_sum(flow->local_ip, flow->remote_ip, FRAME_PROTO_UDP, len);
	uint16_t checksum;

	if (offload & FRAME_L4_OFFLOAD)
		return checksum_fold(sum);
	sum = checksum_add_u16(sum, flow->local_port);
	sum = checksum_add_u16(sum, flow->remote_port);
	sum = checksum_add_u16(sum, len);
	checksum = (uint16_t)~checksum_fold(checksum_add(sum, payload, payload_len));
	return checksum == 0 ? 0xffff : checksum; /* 0 would say "none" */
}

void frame_write(const struct flow *flow, const struct nexthop *hop, unsigned offload,
		 uint8_t *headers, const uint8_t *payload, size_t payload_len)
{
	const uint16_t udp_len = (uint16_t)(FRAME_UDP_LEN + payload_len);
	struct wr w = wr_of(headers, frame_headers_len(flow, hop));

	frame_ether_write(&w, hop->remote_mac, hop->local_mac, hop->vlan_tci,
			  flow_ip_is_mapped(flow->remote_ip) ? FRAME_ETHERTYPE_IP4
							     : FRAME_ETHERTYPE_IP6);
	frame_ip_write(&w, flow->local_ip, flow->remote_ip, FRAME_PROTO_UDP, FRAME_HOP_LIMIT,
		       udp_len, offload);
	wr_u16(&w, flow->local_port);
	wr_u16(&w, flow->remote_port);
	wr_u16(&w, udp_len);
	wr_u16(&w, udp_checksum(flow, offload, payload, payload_len));
}
