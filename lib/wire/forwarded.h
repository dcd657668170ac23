/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram that one endpoint hands to another of its cluster, as the payload of a UDP datagram of
 * their own: codec only. No record of DTLS begins with its first byte (RFC 7983), so it comes to
 * the same port. Any thread.
 *
 *   OFFSET SIZE
 *     0     1   0xd5
 *     1     1   kind: 1 from the device, to the owner of its session; 2 from the owner, to the
 * device 2     1   node that sends it 3     1   node that it is for 4    16   device's address;
 * IPv4 as IPv4-mapped 20    16   the address that the device sent to, or is answered from 36     2
 * device's port 38     2   port that the device sent to 40    14   next hop to the device as the
 * node that met it knows it: its own MAC 6, the next one's 6, 802.1Q tag 2; comes back in answers
 *    54     2   zero
 *    56    16   MAC over all, these bytes taken for zeros
 *    72     -   datagram
 *
 * What is forwarded is never forwarded again: the kind is the one hop that there is.
 */
#pragma once

#include "cursor.h"
#include "flow.h"

enum {
	FORWARDED_MAGIC = 0xd5,
	FORWARDED_HEADER_LEN = 72,
	FORWARDED_MAC_AT = 56,
	FORWARDED_MAC_LEN = 16,
};

enum forwarded_kind { FORWARDED_TO_OWNER = 1, FORWARDED_TO_DEVICE = 2 };

struct forwarded {
	enum forwarded_kind kind;
	uint8_t from, to;
	struct flow flow;   /* local: of the node that met the device */
	struct nexthop hop; /* that node's; port_id is not on the wire */
};

/* forwarded_is: whether a datagram is to be taken for one. */
static inline bool forwarded_is(const uint8_t *datagram, size_t len)
{
	return len > 0 && datagram[0] == FORWARDED_MAGIC;
}

/* forwarded_put: the header, in front of a datagram, with zeros for the MAC. */
static inline void forwarded_put(uint8_t out[FORWARDED_HEADER_LEN], const struct forwarded *f)
{
	out[0] = FORWARDED_MAGIC;
	out[1] = (uint8_t)f->kind;
	out[2] = f->from;
	out[3] = f->to;
	memcpy(out + 4, f->flow.remote_ip, 16);
	memcpy(out + 20, f->flow.local_ip, 16);
	bytes_put_u16(out + 36, f->flow.remote_port);
	bytes_put_u16(out + 38, f->flow.local_port);
	memcpy(out + 40, f->hop.local_mac, 6);
	memcpy(out + 46, f->hop.remote_mac, 6);
	bytes_put_u16(out + 52, f->hop.vlan_tci);
	memset(out + 54, 0, 2 + FORWARDED_MAC_LEN);
}

/* forwarded_parse: false: it is none that forwarded_put makes, or no datagram is behind it. Both
 * addresses are of one IP version. The MAC is not looked at. */
static inline bool MUST_USE forwarded_parse(const uint8_t *p, size_t len, struct forwarded *out)
{
	if (len <= FORWARDED_HEADER_LEN || p[0] != FORWARDED_MAGIC ||
	    (p[1] != FORWARDED_TO_OWNER && p[1] != FORWARDED_TO_DEVICE) || bytes_u16(p + 54) != 0 ||
	    flow_ip_is_mapped(p + 4) != flow_ip_is_mapped(p + 20))
		return false;
	*out = (struct forwarded){ .kind = (enum forwarded_kind)p[1], .from = p[2], .to = p[3] };
	memcpy(out->flow.remote_ip, p + 4, 16);
	memcpy(out->flow.local_ip, p + 20, 16);
	out->flow.remote_port = bytes_u16(p + 36);
	out->flow.local_port = bytes_u16(p + 38);
	memcpy(out->hop.local_mac, p + 40, 6);
	memcpy(out->hop.remote_mac, p + 46, 6);
	out->hop.vlan_tci = bytes_u16(p + 52);
	return true;
}
