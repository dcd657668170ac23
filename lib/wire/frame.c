/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#include "frame_header.h"

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
	if (checksum_fold(checksum_add(sum, ip->payload.p, len)) == 0xffff)
		return true;
	*partial = checksum == checksum_fold(sum);
	return *partial;
}

static inline enum status udp_read(const struct frame_ip *ip, unsigned checked, struct flow *flow,
				   struct frame *out)
{
	const uint8_t *p = ip->payload.p;
	const size_t len = rd_len(&ip->payload);

	if (len < FRAME_UDP_LEN)
		return STATUS_FRAME_SHORT;
	if (bytes_u16(p + 4) != len)
		return STATUS_FRAME_UDP_LENGTH;
	flow->remote_port = bytes_u16(p);
	flow->local_port = bytes_u16(p + 2);
	if (flow->remote_port == 0)
		return STATUS_FRAME_SOURCE;
	if (!udp_checksum_ok(flow, ip, bytes_u16(p + 6), checked, &out->checksum_partial))
		return STATUS_FRAME_UDP_CHECKSUM;
	out->payload_len = (uint16_t)(len - FRAME_UDP_LEN);
	return STATUS_OK;
}

static inline enum status addresses_check(const struct frame_host *host,
					  const struct frame_ether *ether, const struct flow *flow,
					  bool v6)
{
	/* A unicast datagram in a group's frame is not for us (RFC 1122 §3.3.6). */
	if (frame_mac_is_group(ether->dst) || !frame_ip_is_ours(host, flow->local_ip, v6))
		return STATUS_FRAME_NOT_OURS;
	return frame_ip_is_peer(host, flow->remote_ip, v6) ? STATUS_OK : STATUS_FRAME_SOURCE;
}

enum status frame_parse(const struct frame_host *host, const uint8_t *frame, size_t len,
			unsigned checked, struct flow *flow, struct nexthop *hop, struct frame *out)
{
	struct rd r = rd_of(frame, len);
	struct frame_ether ether;
	struct frame_ip ip;
	enum status s;

	if ((s = frame_ether_read(host, &r, &ether)) != STATUS_OK)
		return s;
	if (ether.type != FRAME_ETHERTYPE_IP4 && ether.type != FRAME_ETHERTYPE_IP6)
		return ether.type == FRAME_ETHERTYPE_ARP ? STATUS_FRAME_PROTOCOL
							 : STATUS_FRAME_ETHERTYPE;
	if ((s = frame_ip_read(&r, ether.type, checked, flow, &ip)) != STATUS_OK)
		return s;
	if (ip.proto != FRAME_PROTO_UDP)
		return STATUS_FRAME_PROTOCOL;
	if ((s = addresses_check(host, &ether, flow, ip.v6)) != STATUS_OK ||
	    (s = udp_read(&ip, checked, flow, out)) != STATUS_OK)
		return s;
	memcpy(hop->local_mac, host->mac, FRAME_MAC_LEN);
	memcpy(hop->remote_mac, ether.src, FRAME_MAC_LEN);
	hop->vlan_tci = ether.vlan_tci;
	out->payload_off = (uint16_t)(ip.payload.p - frame + FRAME_UDP_LEN);
	return STATUS_OK;
}

bool frame_addr_is_ip6(const struct frame_addr *addr) { return !flow_ip_is_mapped(addr->ip); }

void frame_write(const struct flow *flow, const struct nexthop *hop, unsigned offload,
		 uint8_t *headers, const uint8_t *payload, size_t payload_len)
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
