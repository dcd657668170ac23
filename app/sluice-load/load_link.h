/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The devices' side of a link, as bytes: frames to datagrams of devices and back, and what a host
 * owes its network, for any number of addresses. No mbuf, no port. Owner core only.
 *
 * Addresses are a block, not a list: a frame is parsed for the very address that it names, by
 * lib/wire's codecs, and whether that is one of ours is arithmetic.
 */
#pragma once

#include "frame.h"
#include "load_places.h"

struct load_link {
	struct frame_host host; /* its one address is the one that the frame in hand names */
	struct load_sources sources;
	struct load_places places;
	struct frame_addr own[FRAME_ADDRS_MAX]; /* of the port itself */
	unsigned n_own;
	uint8_t target_ip[16];
	uint16_t target_port;
	uint8_t hop_ip[16]; /* the target's, or the gateway's */
	bool resolved;      /* hop is known */
	struct nexthop hop; /* untagged */
};

/* load_link_init: false: the target is not on the link, and there is no gateway, or there is no
 * memory; err. */
bool load_link_init(struct load_link *link, const struct load_options *opt,
		    const struct port_spec *spec, const uint8_t mac[6], struct load_share share,
		    char *err, size_t err_len) MUST_USE;
void load_link_free(struct load_link *link);

/* load_link_ask: a question for the next hop's link address, 90 bytes at most; its length. */
size_t load_link_ask(const struct load_link *link, uint8_t *out);

enum load_link_verdict {
	LOAD_LINK_DATAGRAM,  /* of one of our devices, from the target */
	LOAD_LINK_ANSWER,    /* the frame is an answer now, to be sent; it may have told us, too */
	LOAD_LINK_LEARNED,   /* it told the next hop's address */
	LOAD_LINK_FOREIGN,   /* for others, from others, of other protocols */
	LOAD_LINK_MALFORMED, /* to us and not right */
};

/* What load_link_read found. */
struct load_link_in {
	uint32_t device; /* DATAGRAM */
	uint16_t off;    /* DATAGRAM: where the payload begins */
	uint16_t len;    /* DATAGRAM: the payload; ANSWER: the frame */
};

/* load_link_read: a frame of len bytes in room for cap. checked: FRAME_*_CHECKED. */
enum load_link_verdict load_link_read(struct load_link *link, uint8_t *frame, size_t len,
				      size_t cap, unsigned checked, struct load_link_in *out);

/* load_link_write: the headers of a datagram of a device in front of its payload, which has room
 * for FRAME_HEADERS_MAX bytes there; their length. offload: FRAME_*_OFFLOAD. */
uint16_t load_link_write(const struct load_link *link, uint32_t device, uint8_t *payload,
			 uint16_t len, unsigned offload);
