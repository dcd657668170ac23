/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_link.h"

#include "frame_plain.h"
#include "neighbour.h"

#include <stdio.h>

static bool same_family(const uint8_t a[16], const uint8_t b[16])
{
	return flow_ip_is_mapped(a) == flow_ip_is_mapped(b);
}

static bool on_prefix(const struct frame_addr *own, const uint8_t ip[16])
{
	const unsigned bits = own->prefix_len + (frame_addr_is_ip6(own) ? 0u : 96u);

	if (!same_family(own->ip, ip) || memcmp(own->ip, ip, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || (own->ip[bits / 8] ^ ip[bits / 8]) >> (8 - bits % 8) == 0;
}

/* The port's own address of the target's family; NULL: it has none. */
static const struct frame_addr *own_like_target(const struct load_link *link)
{
	for (unsigned i = 0; i < link->n_own; i++)
		if (same_family(link->own[i].ip, link->target_ip))
			return &link->own[i];
	return NULL;
}

/* A port without an address of the target's family takes it to be on the link. */
static bool choose_hop(struct load_link *link, const struct port_spec *spec)
{
	const bool v4 = flow_ip_is_mapped(link->target_ip);
	bool on_link = own_like_target(link) == NULL;

	for (unsigned i = 0; i < link->n_own; i++)
		on_link |= on_prefix(&link->own[i], link->target_ip);
	if (on_link)
		memcpy(link->hop_ip, link->target_ip, 16);
	else if (v4 ? spec->has_gw4 : spec->has_gw6)
		memcpy(link->hop_ip, v4 ? spec->gw4 : spec->gw6, 16);
	else
		return false;
	return true;
}

bool load_link_init(struct load_link *link, const struct load_options *opt,
		    const struct port_spec *spec, const uint8_t mac[6], struct load_share share,
		    char *err, size_t err_len)
{
	const char *wrong = load_sources_check(&opt->sources, opt->devices);

	memset(link, 0, sizeof(*link));
	link->sources = opt->sources;
	link->n_own = spec->n_addrs;
	memcpy(link->own, spec->addrs, sizeof(link->own));
	memcpy(link->target_ip, opt->target_ip, 16);
	link->target_port = opt->target_port;
	memcpy(link->host.mac, mac, sizeof(link->host.mac));
	link->host.n_addrs = 1;
	link->host.addrs[0].prefix_len = 128;
	memcpy(&link->host.plain.station, mac, sizeof(link->host.mac));
	link->host.plain.n = 1;
	memcpy(link->hop.local_mac, mac, sizeof(link->hop.local_mac));
	link->hop.vlan_tci = VLAN_NONE;
	if (wrong == NULL && !same_family(opt->sources.first_ip, opt->target_ip))
		wrong = "of another IP version than the target";
	if (wrong == NULL && !load_places_init(&link->places, &opt->sources, opt->devices, share,
					       opt->migrate_share > 0))
		wrong = "no memory";
	if (wrong == NULL && choose_hop(link, spec))
		return true;
	if (wrong != NULL)
		snprintf(err, err_len, "--sources: %s", wrong);
	else
		snprintf(err, err_len,
			 "port %s: the target is not on its link, and it has no gw= for it",
			 spec->dev);
	return false;
}

void load_link_free(struct load_link *link) { load_places_free(&link->places); }

size_t load_link_ask(const struct load_link *link, uint8_t *out)
{
	const struct frame_addr *own = own_like_target(link);
	uint8_t from[16];
	uint16_t port;

	load_sources_at(&link->sources, load_places_first(&link->places), from, &port);
	return neighbour_ask(&link->host, own != NULL ? own->ip : from, link->hop_ip, out);
}

/* An address of our devices, or of the port itself. */
static bool is_ours(const struct load_link *link, const uint8_t ip[16])
{
	const uint32_t ports = load_sources_ports(&link->sources);
	const uint32_t at = load_sources_find(&link->sources, ip, link->sources.first_port);

	if (at != LOAD_NO_DEVICE && at / ports >= load_places_first(&link->places) / ports &&
	    at / ports <= load_places_last(&link->places) / ports)
		return true;
	for (unsigned i = 0; i < link->n_own; i++)
		if (bytes_equal16(link->own[i].ip, ip))
			return true;
	return false;
}

/* The address that a frame is for or asks about; false: none. Untagged frames alone. */
static bool named_address(const uint8_t *frame, size_t len, uint8_t ip[16])
{
	enum {
		TYPE = 12,
		IP4_DST = FRAME_ETHER_LEN + 16,
		ARP_TARGET = FRAME_ETHER_LEN + 24,
		IP6_NEXT = FRAME_ETHER_LEN + 6,
		IP6_DST = FRAME_ETHER_LEN + 24,
		ICMP6_TYPE = FRAME_ETHER_LEN + FRAME_IP6_LEN,
		NS_TARGET = ICMP6_TYPE + 8,
		NEXT_ICMP6 = 58,
		SOLICITATION = 135,
	};

	if (len < ARP_TARGET + 4)
		return false;
	switch (bytes_u16(frame + TYPE)) {
	case 0x0800:
		flow_ip_map(ip, frame + IP4_DST);
		return true;
	case 0x0806:
		flow_ip_map(ip, frame + ARP_TARGET);
		return true;
	case 0x86dd:
		if (len >= NS_TARGET + 16 && frame[IP6_NEXT] == NEXT_ICMP6 &&
		    frame[ICMP6_TYPE] == SOLICITATION)
			bytes_copy16(ip, frame + NS_TARGET);
		else if (len >= IP6_DST + 16)
			bytes_copy16(ip, frame + IP6_DST);
		else
			return false;
		return true;
	}
	return false;
}

/* A right datagram: of which device, if it is the target's. */
static inline enum load_link_verdict accept(const struct load_link *link, const struct flow *flow,
					    const struct frame *f, struct load_link_in *out)
{
	const uint32_t place = load_sources_find(&link->sources, flow->local_ip, flow->local_port);

	out->device =
		place != LOAD_NO_DEVICE ? load_places_find(&link->places, place) : LOAD_NO_DEVICE;
	out->off = f->payload_off;
	out->len = f->payload_len;
	return out->device != LOAD_NO_DEVICE && flow->remote_port == link->target_port &&
			       bytes_equal16(flow->remote_ip, link->target_ip)
		       ? LOAD_LINK_DATAGRAM
		       : LOAD_LINK_FOREIGN;
}

static enum load_link_verdict upkeep(struct load_link *link, uint8_t *frame, size_t len, size_t cap,
				     struct load_link_in *out)
{
	const bool learned =
		neighbour_learn(&link->host, link->hop_ip, frame, len, link->hop.remote_mac);
	size_t answer;

	link->resolved |= learned;
	if (!is_ours(link, link->host.addrs[0].ip) ||
	    frame_answer(&link->host, frame, len, cap, &answer) != STATUS_FRAME_ANSWERED)
		return learned ? LOAD_LINK_LEARNED : LOAD_LINK_FOREIGN;
	out->len = (uint16_t)answer;
	return LOAD_LINK_ANSWER;
}

/* Any frame. */
static __attribute__((noinline)) enum load_link_verdict read_any(struct load_link *link,
								 uint8_t *frame, size_t len,
								 size_t cap, unsigned checked,
								 struct load_link_in *out)
{
	struct nexthop hop;
	struct flow flow;
	struct frame f;

	if (!named_address(frame, len, link->host.addrs[0].ip))
		return LOAD_LINK_FOREIGN;
	switch ((int)frame_parse(&link->host, frame, len, checked, &flow, &hop, &f)) {
	case STATUS_OK:
		return accept(link, &flow, &f, out);
	case STATUS_FRAME_PROTOCOL:
		return upkeep(link, frame, len, cap, out);
	case STATUS_FRAME_NOT_OURS:
	case STATUS_FRAME_SOURCE:
		return LOAD_LINK_FOREIGN;
	}
	return is_ours(link, link->host.addrs[0].ip) ? LOAD_LINK_MALFORMED : LOAD_LINK_FOREIGN;
}

enum load_link_verdict load_link_read(struct load_link *link, uint8_t *frame, size_t len,
				      size_t cap, unsigned checked, struct load_link_in *out)
{
	struct frame_plain_addr *plain = &link->host.plain.ip4[0];
	struct nexthop hop;
	struct flow flow;
	struct frame f;

	if (len >= FRAME_PLAIN_LEN) {
		plain->ours = bytes_raw32(frame + 30);
		plain->broadcast = plain->ours;
		if (frame_plain_parse(&link->host.plain, frame, len, checked, &flow, &hop, &f))
			return accept(link, &flow, &f, out);
	}
	return read_any(link, frame, len, cap, checked, out);
}

uint16_t load_link_write(const struct load_link *link, uint32_t device, uint8_t *payload,
			 uint16_t len, unsigned offload)
{
	struct flow flow;
	size_t headers;

	load_sources_at(&link->sources, load_places_of(&link->places, device), flow.local_ip,
			&flow.local_port);
	bytes_copy16(flow.remote_ip, link->target_ip);
	flow.remote_port = link->target_port;
	headers = frame_headers_len(&flow, &link->hop);
	if (offload == 0 && frame_is_plain(&flow, &link->hop))
		frame_plain_write(&flow, &link->hop, payload - headers, payload, len);
	else
		frame_write(&flow, &link->hop, offload, payload - headers, payload, len);
	return (uint16_t)headers;
}
