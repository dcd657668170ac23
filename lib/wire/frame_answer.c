/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a host owes its network: ARP (RFC 826, 5227), ICMP echo (RFC 792, 4443) and neighbour
 * discovery (RFC 4861) as far as being found and pinged needs it.
 */
#include "frame_message.h"

static const uint8_t mac_broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t mac_all_nodes[] = { 0x33, 0x33, 0, 0, 0, 1 };
static const uint8_t ip6_all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t ip6_unspecified[16];

/* A request as it came, and the room for its answer. */
struct request {
	const struct frame_host *host;
	uint8_t *frame;
	size_t cap;
	struct frame_ether ether;
	struct flow flow;               /* of an IP packet: its addresses alone */
	uint8_t src_mac[FRAME_MAC_LEN]; /* a copy: the answer overwrites the frame */
	struct rd body;
};

/* Pads to Ethernet's minimum, with zeros: nothing of earlier frames leaks. */
static size_t pad(uint8_t *frame, size_t len, size_t cap)
{
	if (len >= FRAME_ETHER_MIN || cap < FRAME_ETHER_MIN)
		return len;
	memset(frame + len, 0, FRAME_ETHER_MIN - len);
	return FRAME_ETHER_MIN;
}

static enum status answered(const struct request *q, const struct wr *w, size_t *out_len)
{
	size_t len;

	if (!wr_finish(w, &len))
		return STATUS_FRAME_SHORT; /* the caller gave no room */
	*out_len = pad(q->frame, len, q->cap);
	return STATUS_FRAME_ANSWERED;
}

static enum status answer_arp(const struct request *q, size_t *out_len)
{
	static const uint8_t probe[4];
	struct wr w = wr_of(q->frame, q->cap);
	struct frame_arp arp;

	if (rd_len(&q->body) < FRAME_ARP_LEN)
		return STATUS_FRAME_SHORT;
	if (!frame_arp_read(q->body, &arp) || arp.operation != FRAME_ARP_REQUEST)
		return STATUS_FRAME_PROTOCOL;
	if (!frame_ip_is_ours(q->host, arp.target, false))
		return STATUS_FRAME_NOT_OURS;
	/* 0.0.0.0 asks whether the address is taken (RFC 5227 §2.1.1). */
	if (frame_mac_is_group(arp.sender_mac) || (memcmp(arp.sender + 12, probe, 4) != 0 &&
						   !frame_ip_is_peer(q->host, arp.sender, false)))
		return STATUS_FRAME_SOURCE;
	frame_ether_write(&w, q->src_mac, q->host->mac, q->ether.vlan_tci, FRAME_ETHERTYPE_ARP);
	frame_arp_write(&w, FRAME_ARP_REPLY, q->host->mac, arp.target + 12, arp.sender_mac,
			arp.sender + 12);
	return answered(q, &w, out_len);
}

/* An echo's body stays where it is: the headers of the answer are as long as the request's. */
static enum status answer_echo(const struct request *q, const struct frame_ip *ip, size_t *out_len)
{
	const uint16_t len = (uint16_t)rd_len(&ip->payload);
	struct wr w = wr_of(q->frame, q->cap);
	uint8_t *message;

	if (len < FRAME_ICMP_ECHO_LEN)
		return STATUS_FRAME_SHORT;
	if (frame_mac_is_group(q->ether.dst) ||
	    !frame_ip_is_ours(q->host, q->flow.local_ip, ip->v6))
		return STATUS_FRAME_NOT_OURS;
	if (!frame_ip_is_peer(q->host, q->flow.remote_ip, ip->v6))
		return STATUS_FRAME_SOURCE;
	if (ip->has_options)
		return STATUS_FRAME_PROTOCOL;
	frame_ether_write(&w, q->src_mac, q->host->mac, q->ether.vlan_tci, q->ether.type);
	frame_ip_write(&w, q->flow.local_ip, q->flow.remote_ip, ip->proto, FRAME_HOP_LIMIT, len);
	message = w.p;
	wr_u8(&w, ip->v6 ? FRAME_ICMP6_ECHO_REPLY : FRAME_ICMP_ECHO_REPLY);
	wr_u8(&w, 0);
	wr_u16(&w, 0);
	if (wr_space(&w, len - (size_t)FRAME_ICMP_HEADER_LEN) != NULL)
		frame_icmp_finish(q->flow.local_ip, q->flow.remote_ip, ip->v6, message, len);
	return answered(q, &w, out_len);
}

struct na {
	const uint8_t *src, *dst, *target;
	const uint8_t *dst_mac, *src_mac;
	uint16_t vlan_tci;
	uint32_t flags;
	bool with_option;
};

static void na_write(struct wr *w, const struct na *na)
{
	const uint16_t len = FRAME_ND_LEN + (na->with_option ? FRAME_ND_OPTION_LEN : 0);
	uint8_t *message;

	frame_ether_write(w, na->dst_mac, na->src_mac, na->vlan_tci, FRAME_ETHERTYPE_IP6);
	frame_ip_write(w, na->src, na->dst, FRAME_PROTO_ICMP6, FRAME_ND_HOP_LIMIT, len);
	message = w->p;
	wr_u8(w, FRAME_ICMP6_NA);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u32(w, na->flags);
	wr_bytes(w, na->target, 16);
	if (na->with_option) {
		wr_u8(w, FRAME_ND_OPTION_TARGET);
		wr_u8(w, FRAME_ND_OPTION_LEN / 8);
		wr_bytes(w, na->src_mac, FRAME_MAC_LEN);
	}
	if (!w->failed)
		frame_icmp_finish(na->src, na->dst, true, message, len);
}

/* RFC 4861 §7.1.1: "All included options have a length that is greater than zero." */
static bool nd_options_ok(struct rd options, bool *has_source)
{
	uint8_t type, units;

	*has_source = false;
	while (rd_len(&options) > 0) {
		if (!rd_u8(&options, &type) || !rd_u8(&options, &units) || units == 0 ||
		    !rd_skip(&options, units * (size_t)8 - 2))
			return false;
		if (type == FRAME_ND_OPTION_SOURCE)
			*has_source = true;
	}
	return true;
}

/* The group an address is asked for at: ff02::1:ffXX:XXXX (RFC 4291 §2.7.1). */
static bool is_solicited_node(const uint8_t group[16], const uint8_t target[16])
{
	static const uint8_t prefix[13] = { 0xff, 2, [11] = 1, [12] = 0xff };

	return memcmp(group, prefix, sizeof(prefix)) == 0 &&
	       memcmp(group + 13, target + 13, 3) == 0;
}

/* What RFC 4861 §7.1.1 demands of a solicitation; target is the address it asks for. */
static enum status ns_check(const struct request *q, const struct frame_ip *ip, uint8_t target[16],
			    bool *dad, size_t *options_len)
{
	struct rd r = ip->payload;
	bool has_source, to_group;

	if (!rd_skip(&r, FRAME_ICMP_HEADER_LEN + 4) || !rd_copy(&r, target, 16))
		return STATUS_FRAME_SHORT;
	*options_len = rd_len(&r);
	if (ip->hop_limit != FRAME_ND_HOP_LIMIT || !nd_options_ok(r, &has_source))
		return STATUS_FRAME_PROTOCOL;
	to_group = is_solicited_node(q->flow.local_ip, target);
	if (!frame_ip_is_ours(q->host, target, true) ||
	    (!to_group && !frame_ip_is_ours(q->host, q->flow.local_ip, true)))
		return STATUS_FRAME_NOT_OURS;
	*dad = memcmp(q->flow.remote_ip, ip6_unspecified, 16) == 0;
	if (*dad)
		return to_group && !has_source ? STATUS_OK : STATUS_FRAME_SOURCE;
	if (!frame_ip_is_peer(q->host, q->flow.remote_ip, true))
		return STATUS_FRAME_SOURCE;
	/* "MUST be included in multicast solicitations" (§4.3), and its answer needs the room. */
	return to_group && !has_source ? STATUS_FRAME_PROTOCOL : STATUS_OK;
}

/*
 * An answer is no longer than its request. A unicast solicitation without options gets an
 * advertisement without (RFC 4861 §7.2.4 allows it), and so does duplicate address detection
 * without a nonce: its sender looks at the target alone (RFC 4862 §5.4.4).
 */
static enum status answer_ns(const struct request *q, const struct frame_ip *ip, size_t *out_len)
{
	struct wr w = wr_of(q->frame, q->cap);
	uint8_t target[16];
	size_t options_len;
	bool dad;
	enum status s;
	struct na na;

	if ((s = ns_check(q, ip, target, &dad, &options_len)) != STATUS_OK)
		return s;
	na = (struct na){
		.src = target,
		.dst = dad ? ip6_all_nodes : q->flow.remote_ip,
		.target = target,
		.dst_mac = dad ? mac_all_nodes : q->src_mac,
		.src_mac = q->host->mac,
		.vlan_tci = q->ether.vlan_tci,
		.flags = FRAME_ND_FLAG_OVERRIDE | (dad ? 0 : FRAME_ND_FLAG_SOLICITED),
		.with_option = options_len >= FRAME_ND_OPTION_LEN,
	};
	na_write(&w, &na);
	return answered(q, &w, out_len);
}

static enum status answer_ip(struct request *q, size_t *out_len)
{
	struct frame_ip ip;
	struct rd r;
	enum status s =
		frame_ip_read(&q->body, q->ether.type == FRAME_ETHERTYPE_IP6, 0, &q->flow, &ip);
	uint16_t type_code;

	if (s != STATUS_OK)
		return s;
	r = ip.payload;
	if (ip.proto != (ip.v6 ? FRAME_PROTO_ICMP6 : FRAME_PROTO_ICMP))
		return STATUS_FRAME_PROTOCOL;
	if (!rd_u16(&r, &type_code))
		return STATUS_FRAME_SHORT;
	if (!frame_icmp_checksum_ok(&q->flow, &ip))
		return STATUS_FRAME_ICMP_CHECKSUM;
	if (type_code == (ip.v6 ? FRAME_ICMP6_ECHO : FRAME_ICMP_ECHO) << 8)
		return answer_echo(q, &ip, out_len);
	if (ip.v6 && type_code == FRAME_ICMP6_NS << 8)
		return answer_ns(q, &ip, out_len);
	return STATUS_FRAME_PROTOCOL;
}

enum status frame_answer(const struct frame_host *host, uint8_t *frame, size_t len, size_t cap,
			 size_t *out_len)
{
	struct request q = { .host = host, .frame = frame, .cap = cap, .body = rd_of(frame, len) };
	enum status s = frame_ether_read(host, &q.body, &q.ether);

	if (s != STATUS_OK)
		return s;
	memcpy(q.src_mac, q.ether.src, FRAME_MAC_LEN);
	switch (q.ether.type) {
	case FRAME_ETHERTYPE_ARP:
		return answer_arp(&q, out_len);
	case FRAME_ETHERTYPE_IP4:
	case FRAME_ETHERTYPE_IP6:
		return answer_ip(&q, out_len);
	}
	return STATUS_FRAME_ETHERTYPE;
}

enum { ANNOUNCE_MAX = 90 };

size_t frame_arp_announce(const struct frame_host *host, const struct frame_addr *addr,
			  uint16_t vlan_tci, uint8_t *out)
{
	static const uint8_t nobody[FRAME_MAC_LEN];
	const uint8_t *ip = addr->ip + 12;
	struct wr w = wr_of(out, ANNOUNCE_MAX);

	if (!flow_ip_is_mapped(addr->ip))
		return 0;
	frame_ether_write(&w, mac_broadcast, host->mac, vlan_tci, FRAME_ETHERTYPE_ARP);
	/* A request, as RFC 5227 §3 advises: replies out of the blue are ignored by some. */
	frame_arp_write(&w, FRAME_ARP_REQUEST, host->mac, ip, nobody, ip);
	return pad(out, wr_len(&w), ANNOUNCE_MAX);
}

size_t frame_nd_announce(const struct frame_host *host, const struct frame_addr *addr,
			 uint16_t vlan_tci, uint8_t *out)
{
	const struct na na = {
		.src = addr->ip,
		.dst = ip6_all_nodes,
		.target = addr->ip,
		.dst_mac = mac_all_nodes,
		.src_mac = host->mac,
		.vlan_tci = vlan_tci,
		.flags = FRAME_ND_FLAG_OVERRIDE,
		.with_option = true,
	};
	struct wr w = wr_of(out, ANNOUNCE_MAX);

	if (flow_ip_is_mapped(addr->ip))
		return 0;
	na_write(&w, &na);
	return wr_len(&w);
}
