/* SPDX-License-Identifier: BSD-3-Clause */
#include "neighbour.h"

#include "frame_message.h"

/* Not inline: gcc 12 at -O3 warns of a write past an end that wr_space checks. */
static __attribute__((noinline)) void ask_ip4(struct wr *w, const struct frame_host *host,
					      const uint8_t from[16], const uint8_t target[16])
{
	static const uint8_t all[FRAME_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t unknown[FRAME_MAC_LEN];
	uint8_t *padding;

	frame_ether_write(w, all, host->mac, VLAN_NONE, FRAME_ETHERTYPE_ARP);
	frame_arp_write(w, FRAME_ARP_REQUEST, host->mac, from + 12, unknown, target + 12);
	padding = wr_space(w, FRAME_ETHER_MIN - wr_len(w));
	if (padding != NULL)
		memset(padding, 0, (size_t)(w->p - padding));
}

static void ask_ip6(struct wr *w, const struct frame_host *host, const uint8_t from[16],
		    const uint8_t target[16])
{
	enum { LEN = FRAME_ND_LEN + FRAME_ND_OPTION_LEN };
	/* The solicited-node address (RFC 4291 §2.7.1) and its group (RFC 2464 §7). */
	const uint8_t group[16] = { 0xff, 2, [11] = 1, 0xff, target[13], target[14], target[15] };
	const uint8_t mac[FRAME_MAC_LEN] = { 0x33, 0x33, 0xff, target[13], target[14], target[15] };
	uint8_t *message;

	frame_ether_write(w, mac, host->mac, VLAN_NONE, FRAME_ETHERTYPE_IP6);
	frame_ip_write(w, from, group, FRAME_PROTO_ICMP6, FRAME_ND_HOP_LIMIT, LEN);
	message = w->p;
	wr_u8(w, FRAME_ICMP6_NS);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u32(w, 0);
	wr_bytes(w, target, 16);
	wr_u8(w, FRAME_ND_OPTION_SOURCE);
	wr_u8(w, FRAME_ND_OPTION_LEN / 8);
	wr_bytes(w, host->mac, FRAME_MAC_LEN);
	frame_icmp_finish(from, group, true, message, LEN);
}

size_t neighbour_ask(const struct frame_host *host, const uint8_t from[16],
		     const uint8_t target[16], uint8_t *out)
{
	struct wr w = wr_of(out, NEIGHBOUR_ASK_MAX);

	if (flow_ip_is_mapped(target))
		ask_ip4(&w, host, from, target);
	else
		ask_ip6(&w, host, from, target);
	return wr_len(&w);
}

static bool learn_ip4(const struct rd *body, const uint8_t target[16], uint8_t mac[FRAME_MAC_LEN])
{
	struct frame_arp arp;

	if (!frame_arp_read(*body, &arp) || memcmp(arp.sender, target, 16) != 0)
		return false;
	memcpy(mac, arp.sender_mac, FRAME_MAC_LEN);
	return true;
}

/* The options of an advertisement; mac stays when none is a target's link address. */
static bool read_options(struct rd r, uint8_t mac[FRAME_MAC_LEN])
{
	uint8_t type, units;
	struct rd value;

	while (rd_len(&r) > 0) {
		if (!rd_u8(&r, &type) || !rd_u8(&r, &units) || units == 0 ||
		    !rd_sub(&r, units * (size_t)8 - 2, &value))
			return false;
		if (type == FRAME_ND_OPTION_TARGET && units == 1 &&
		    !rd_copy(&value, mac, FRAME_MAC_LEN))
			return false;
	}
	return true;
}

static bool learn_ip6(struct rd *body, const uint8_t target[16], uint8_t mac[FRAME_MAC_LEN])
{
	struct frame_ip ip;
	struct flow flow;
	uint16_t type_code;
	uint8_t about[16];
	struct rd r;

	if (frame_ip_read(body, true, 0, &flow, &ip) != STATUS_OK ||
	    ip.proto != FRAME_PROTO_ICMP6 || ip.hop_limit != FRAME_ND_HOP_LIMIT ||
	    !frame_icmp_checksum_ok(&flow, &ip))
		return false;
	r = ip.payload;
	return rd_u16(&r, &type_code) && type_code == FRAME_ICMP6_NA << 8 && rd_skip(&r, 2 + 4) &&
	       rd_copy(&r, about, 16) && memcmp(about, target, 16) == 0 && read_options(r, mac);
}

bool neighbour_learn(const struct frame_host *host, const uint8_t target[16], const uint8_t *frame,
		     size_t len, uint8_t mac[FRAME_MAC_LEN])
{
	struct rd body = rd_of(frame, len);
	struct frame_ether ether;
	uint8_t told[FRAME_MAC_LEN];

	if (frame_ether_read(host, &body, &ether) != STATUS_OK)
		return false;
	/* A solicited advertisement need not say what its frame does (RFC 4861 §4.4). */
	memcpy(told, ether.src, FRAME_MAC_LEN);
	if (!(flow_ip_is_mapped(target)
		      ? ether.type == FRAME_ETHERTYPE_ARP && learn_ip4(&body, target, told)
		      : ether.type == FRAME_ETHERTYPE_IP6 && learn_ip6(&body, target, told)) ||
	    frame_mac_is_group(told))
		return false;
	memcpy(mac, told, FRAME_MAC_LEN);
	return true;
}
