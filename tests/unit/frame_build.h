/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames for the tests of lib/wire/frame*.c, made byte by byte and with a checksum of their own, so
 * that a mistake of the library cannot cancel itself out.
 */
#pragma once

#include "frame.h"

#include <stdint.h>
#include <string.h>

enum { BUILD_MAX = 2048 };

struct build {
	uint8_t b[BUILD_MAX];
	size_t len;
};

/* All that frame_parse says of a frame. */
struct build_parsed {
	struct flow flow;
	struct nexthop hop;
	struct frame at;
};

static inline enum status build_parse(const struct frame_host *host, const uint8_t *frame,
				      size_t len, unsigned checked, struct build_parsed *out)
{
	return frame_parse(host, frame, len, checked, &out->flow, &out->hop, &out->at);
}

#define BUILD_MAC_HOST                                                                             \
	{                                                                                          \
		0x02, 0, 0, 0, 0, 0x01                                                             \
	}
#define BUILD_MAC_PEER                                                                             \
	{                                                                                          \
		0x02, 0, 0, 0, 0, 0x02                                                             \
	}
#define BUILD_MAC_OTHER                                                                            \
	{                                                                                          \
		0x02, 0, 0, 0, 0, 0x03                                                             \
	}
#define BUILD_IP4_HOST                                                                             \
	{                                                                                          \
		198, 18, 0, 2                                                                      \
	}
#define BUILD_IP4_PEER                                                                             \
	{                                                                                          \
		198, 18, 0, 1                                                                      \
	}
#define BUILD_IP6_HOST                                                                             \
	{                                                                                          \
		0x20, 0x01, 0x0d, 0xb8, [15] = 2                                                   \
	}
#define BUILD_IP6_PEER                                                                             \
	{                                                                                          \
		0x20, 0x01, 0x0d, 0xb8, [15] = 1                                                   \
	}

/* 198.18.0.2/24 and 2001:db8::2/64 */
static const struct frame_host build_host = {
	.mac = BUILD_MAC_HOST,
	.n_addrs = 2,
	.addrs = {
		{ .ip = { [10] = 0xff, 0xff, 198, 18, 0, 2 }, .prefix_len = 24 },
		{ .ip = BUILD_IP6_HOST, .prefix_len = 64 },
	},
};

static inline void build_bytes(struct build *f, const void *p, size_t n)
{
	if (n > 0)
		memcpy(f->b + f->len, p, n);
	f->len += n;
}

static inline void build_u8(struct build *f, unsigned v) { f->b[f->len++] = (uint8_t)v; }

static inline void build_u16(struct build *f, unsigned v)
{
	build_u8(f, v >> 8);
	build_u8(f, v);
}

static inline void build_put_u16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline unsigned build_get_u16(const uint8_t *at) { return (unsigned)(at[0] << 8 | at[1]); }

/* RFC 1071 byte by byte; sum is not complemented. */
static inline unsigned build_sum(unsigned sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (unsigned)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static inline void build_ether(struct build *f, const uint8_t dst[6], const uint8_t src[6],
			       unsigned vlan_tci, unsigned type)
{
	f->len = 0;
	build_bytes(f, dst, 6);
	build_bytes(f, src, 6);
	if (vlan_tci != VLAN_NONE) {
		build_u16(f, 0x8100);
		build_u16(f, vlan_tci);
	}
	build_u16(f, type);
}

/* What a frame is made of: change what build_ip4 or build_ip6 returned, then build_packet. */
struct build_spec {
	uint8_t dst_mac[6], src_mac[6];
	unsigned vlan_tci;
	bool v6;
	uint8_t src[16], dst[16]; /* the first four bytes for IPv4 */
	uint8_t proto, hop_limit;
	const uint8_t *body; /* of UDP or ICMP */
	size_t body_len;
	unsigned src_port, dst_port;
};

static inline struct build_spec build_ip4(const char *text)
{
	return (struct build_spec){
		.dst_mac = BUILD_MAC_HOST,
		.src_mac = BUILD_MAC_PEER,
		.vlan_tci = VLAN_NONE,
		.src = BUILD_IP4_PEER,
		.dst = BUILD_IP4_HOST,
		.proto = 17,
		.hop_limit = 64,
		.body = (const uint8_t *)text,
		.body_len = strlen(text),
		.src_port = 40000,
		.dst_port = 5684,
	};
}

static inline struct build_spec build_ip6(const char *text)
{
	struct build_spec s = build_ip4(text);

	s.v6 = true;
	memcpy(s.src, (const uint8_t[16])BUILD_IP6_PEER, 16);
	memcpy(s.dst, (const uint8_t[16])BUILD_IP6_HOST, 16);
	return s;
}

static inline size_t build_ip_off(const struct build_spec *s)
{
	return s->vlan_tci == VLAN_NONE ? 14 : 18;
}

static inline size_t build_l4_off(const struct build_spec *s)
{
	return build_ip_off(s) + (s->v6 ? 40 : 20);
}

/* The pseudo-header's sum for len bytes of the transport protocol. */
static inline unsigned build_pseudo(const struct build_spec *s, size_t len)
{
	const size_t n = s->v6 ? 16 : 4;

	return build_sum(build_sum((unsigned)(len + s->proto), s->src, n), s->dst, n);
}

/* Recomputes the IPv4 header checksum after a change (ihl words). */
static inline void build_fix_ip4(struct build *f, const struct build_spec *s)
{
	uint8_t *ip = f->b + build_ip_off(s);

	build_put_u16(ip + 10, 0);
	build_put_u16(ip + 10, ~build_sum(0, ip, (ip[0] & (size_t)15) * 4));
}

static inline void build_ip(struct build *f, const struct build_spec *s, size_t len)
{
	build_ether(f, s->dst_mac, s->src_mac, s->vlan_tci, s->v6 ? 0x86dd : 0x0800);
	if (s->v6) {
		build_u16(f, 0x6000);
		build_u16(f, 0);
		build_u16(f, (unsigned)len);
		build_u8(f, s->proto);
		build_u8(f, s->hop_limit);
		build_bytes(f, s->src, 16);
		build_bytes(f, s->dst, 16);
		return;
	}
	build_u16(f, 0x4500);
	build_u16(f, (unsigned)(20 + len));
	build_u16(f, 0x1234);
	build_u16(f, 0);
	build_u8(f, s->hop_limit);
	build_u8(f, s->proto);
	build_u16(f, 0);
	build_bytes(f, s->src, 4);
	build_bytes(f, s->dst, 4);
	build_fix_ip4(f, s);
}

/* Recomputes the UDP or ICMP checksum over the last len bytes; field: its offset there. */
static inline void build_fix_l4(struct build *f, const struct build_spec *s, size_t field)
{
	uint8_t *l4 = f->b + build_l4_off(s);
	const size_t len = f->len - build_l4_off(s);
	unsigned sum;

	build_put_u16(l4 + field, 0);
	sum = build_sum(s->proto == 1 ? 0 : build_pseudo(s, len), l4, len);
	sum = (sum & 0xffff) + (sum >> 16);
	build_put_u16(l4 + field, sum == 0xffff && s->proto == 17 ? 0xffff : ~sum);
}

/* A whole UDP or ICMP frame with right checksums. */
static inline void build_packet(struct build *f, const struct build_spec *s)
{
	const bool udp = s->proto == 17;
	const size_t len = s->body_len + (udp ? 8 : 0);

	build_ip(f, s, len);
	if (udp) {
		build_u16(f, s->src_port);
		build_u16(f, s->dst_port);
		build_u16(f, (unsigned)len);
		build_u16(f, 0);
	}
	build_bytes(f, s->body, s->body_len);
	build_fix_l4(f, s, udp ? 6 : 2);
}
