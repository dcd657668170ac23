/* SPDX-License-Identifier: BSD-3-Clause */
/* What is answered, what is not, and the exact bytes of the answers. */
#include "frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "frame_build.h"

static const uint8_t host_mac[] = BUILD_MAC_HOST, peer_mac[] = BUILD_MAC_PEER;
static const uint8_t host_ip4[] = BUILD_IP4_HOST, peer_ip4[] = BUILD_IP4_PEER;
static const uint8_t host_ip6[] = BUILD_IP6_HOST, peer_ip6[] = BUILD_IP6_PEER;
static const uint8_t broadcast[] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t zeros[16];
static const uint8_t solicited_mac[] = { 0x33, 0x33, 0xff, 0, 0, 2 };
static const uint8_t solicited_ip[16] = { 0xff, 2, [11] = 1, 0xff, 0, 0, 2 };
static const uint8_t all_nodes_mac[] = { 0x33, 0x33, 0, 0, 0, 1 };
static const uint8_t all_nodes_ip[16] = { 0xff, 2, [15] = 1 };

/* Answers in memory of exactly cap bytes; what is refused must come back unchanged. */
static enum status answer_cap(struct build *f, size_t cap)
{
	uint8_t *copy = malloc(cap);
	size_t out_len = 0;
	enum status s;

	assert_non_null(copy);
	memset(copy, 0xee, cap);
	memcpy(copy, f->b, f->len);
	s = frame_answer(&build_host, copy, f->len, cap, &out_len);
	if (s == STATUS_FRAME_ANSWERED) {
		assert_true(out_len <= cap);
		assert_true(out_len <= (f->len < 60 ? 60 : f->len));
		memcpy(f->b, copy, out_len);
		f->len = out_len;
	} else {
		assert_memory_equal(f->b, copy, f->len);
	}
	free(copy);
	return s;
}

static enum status answer(struct build *f) { return answer_cap(f, f->len < 60 ? 60 : f->len); }

static void build_arp(struct build *f, unsigned vlan_tci, const uint8_t sender_ip[4],
		      const uint8_t target_ip[4])
{
	build_ether(f, broadcast, peer_mac, vlan_tci, 0x0806);
	build_u16(f, 1);
	build_u16(f, 0x0800);
	build_u16(f, 0x0604);
	build_u16(f, 1);
	build_bytes(f, peer_mac, 6);
	build_bytes(f, sender_ip, 4);
	build_bytes(f, zeros, 6);
	build_bytes(f, target_ip, 4);
}

static void assert_arp_reply(const struct build *f, size_t off, const uint8_t target_ip[4])
{
	const uint8_t fixed[] = { 0, 1, 8, 0, 6, 4, 0, 2 };

	assert_memory_equal(f->b, peer_mac, 6);
	assert_memory_equal(f->b + 6, host_mac, 6);
	assert_int_equal(build_get_u16(f->b + off - 2), 0x0806);
	assert_memory_equal(f->b + off, fixed, 8);
	assert_memory_equal(f->b + off + 8, host_mac, 6);
	assert_memory_equal(f->b + off + 14, host_ip4, 4);
	assert_memory_equal(f->b + off + 18, peer_mac, 6);
	assert_memory_equal(f->b + off + 24, target_ip, 4);
}

static void arp_request_is_answered(void **state)
{
	struct build f;

	(void)state;
	build_arp(&f, VLAN_NONE, peer_ip4, host_ip4);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_arp_reply(&f, 14, peer_ip4);
	assert_int_equal(f.len, 60);
	for (size_t i = 42; i < 60; i++)
		assert_int_equal(f.b[i], 0); /* nothing of other frames in the padding */
}

static void arp_answer_keeps_the_tag(void **state)
{
	struct build f;

	(void)state;
	build_arp(&f, 0x6064, peer_ip4, host_ip4);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_int_equal(build_get_u16(f.b + 12), 0x8100);
	assert_int_equal(build_get_u16(f.b + 14), 0x6064);
	assert_arp_reply(&f, 18, peer_ip4);
}

static void arp_without_room_is_not_padded(void **state)
{
	struct build f;

	(void)state;
	build_arp(&f, VLAN_NONE, peer_ip4, host_ip4);
	assert_int_equal(answer_cap(&f, 42), STATUS_FRAME_ANSWERED);
	assert_int_equal(f.len, 42);
}

static void arp_probe_is_answered(void **state)
{
	struct build f;

	(void)state;
	build_arp(&f, VLAN_NONE, zeros, host_ip4);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_arp_reply(&f, 14, zeros);
}

struct patch {
	const char *name;
	enum status want;
	uint16_t off;
	uint8_t len;
	uint8_t bytes[16];
};

/* clang-format off */
static const struct patch arp_rows[] = {
	{ "arp_for_another", STATUS_FRAME_NOT_OURS, 41, 1, { 3 } },
	{ "arp_reply", STATUS_FRAME_PROTOCOL, 20, 2, { 0, 2 } },
	{ "arp_operation_0", STATUS_FRAME_PROTOCOL, 20, 2, { 0, 0 } },
	{ "arp_not_ethernet", STATUS_FRAME_PROTOCOL, 14, 2, { 0, 6 } },
	{ "arp_not_ip", STATUS_FRAME_PROTOCOL, 16, 2, { 8, 6 } },
	{ "arp_long_mac", STATUS_FRAME_PROTOCOL, 18, 1, { 8 } },
	{ "arp_long_ip", STATUS_FRAME_PROTOCOL, 19, 1, { 16 } },
	{ "arp_sender_mac_is_group", STATUS_FRAME_SOURCE, 22, 1, { 1 } },
	{ "arp_sender_is_us", STATUS_FRAME_SOURCE, 28, 4, BUILD_IP4_HOST },
	{ "arp_sender_is_multicast", STATUS_FRAME_SOURCE, 28, 4, { 224, 0, 0, 1 } },
	{ "arp_sender_is_broadcast", STATUS_FRAME_SOURCE, 28, 4, { 198, 18, 0, 255 } },
	{ "arp_from_a_group", STATUS_FRAME_SOURCE, 6, 1, { 0xff } },
	{ "arp_to_another_mac", STATUS_FRAME_NOT_OURS, 0, 6, BUILD_MAC_OTHER },
	{ "ethertype_unknown", STATUS_FRAME_ETHERTYPE, 12, 2, { 0x88, 0xcc } },
};
/* clang-format on */
enum { N_ARP_ROWS = sizeof(arp_rows) / sizeof(arp_rows[0]) };

static void arp_row_is_not_answered(void **state)
{
	const struct patch *row = *state;
	struct build f;

	build_arp(&f, VLAN_NONE, peer_ip4, host_ip4);
	memcpy(f.b + row->off, row->bytes, row->len);
	assert_int_equal(answer(&f), row->want);
}

static void short_requests_are_not_answered(void **state)
{
	struct build full, f;

	(void)state;
	build_arp(&full, VLAN_NONE, peer_ip4, host_ip4);
	for (size_t len = 0; len < full.len; len++) {
		f = full;
		f.len = len;
		assert_int_equal(answer(&f), STATUS_FRAME_SHORT);
	}
}

static const uint8_t echo4[] = { 8, 0, 0, 0, 0x12, 0x34, 0, 7, 'p', 'i', 'n', 'g', '!' };
static const uint8_t echo6[] = { 128, 0, 0, 0, 0x12, 0x34, 0, 7, 'p', 'i', 'n', 'g', '!' };

static struct build_spec echo_spec(bool v6)
{
	struct build_spec spec = v6 ? build_ip6("") : build_ip4("");

	spec.proto = v6 ? 58 : 1;
	spec.body = v6 ? echo6 : echo4;
	spec.body_len = sizeof(echo4);
	return spec;
}

static void assert_echo_reply(const struct build_spec *spec, const struct build *f)
{
	struct build_spec back = *spec;
	const size_t l4 = build_l4_off(spec);
	const uint8_t *ip = f->b + build_ip_off(spec);

	memcpy(back.src, spec->dst, 16);
	memcpy(back.dst, spec->src, 16);
	assert_memory_equal(f->b, peer_mac, 6);
	assert_memory_equal(f->b + 6, host_mac, 6);
	assert_memory_equal(ip + (spec->v6 ? 8 : 12), back.src, spec->v6 ? 16 : 4);
	assert_memory_equal(ip + (spec->v6 ? 24 : 16), back.dst, spec->v6 ? 16 : 4);
	assert_int_equal(ip[spec->v6 ? 7 : 8], 64);
	assert_int_equal(f->b[l4], spec->v6 ? 129 : 0);
	assert_int_equal(f->b[l4 + 1], 0);
	assert_memory_equal(f->b + l4 + 4, spec->body + 4, spec->body_len - 4);
	assert_int_equal(build_sum(spec->v6 ? build_pseudo(&back, spec->body_len) : 0, f->b + l4,
				   spec->body_len),
			 0xffff);
	if (!spec->v6)
		assert_int_equal(build_sum(0, ip, 20), 0xffff);
}

static void echo_is_answered(void **state)
{
	struct build f;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct build_spec spec = echo_spec(i & 1);

		spec.vlan_tci = i & 2 ? 55 : VLAN_NONE;
		build_packet(&f, &spec);
		assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
		assert_echo_reply(&spec, &f);
	}
}

static void echo_padding_is_not_echoed(void **state)
{
	struct build_spec spec = echo_spec(false);
	struct build f;
	const size_t end = 34 + sizeof(echo4);

	(void)state;
	build_packet(&f, &spec);
	assert_int_equal(f.len, end);
	memset(f.b + f.len, 0xab, 64 - f.len);
	f.len = 64;
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_int_equal(f.len, 60);
	for (size_t i = end; i < 60; i++)
		assert_int_equal(f.b[i], 0);
	assert_echo_reply(&spec, &f);
}

static void large_echo_is_answered(void **state)
{
	uint8_t body[1473] = { 8, 0, 0, 0, 1, 2, 3, 4 };
	struct build_spec spec = echo_spec(false);
	struct build f;

	(void)state;
	for (size_t i = 8; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 31);
	spec.body = body;
	spec.body_len = sizeof(body);
	build_packet(&f, &spec);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_echo_reply(&spec, &f);
}

struct echo_row {
	struct patch patch;
	bool v6;
	bool keep_checksum;
};

/* clang-format off */
static const struct echo_row echo_rows[] = {
	{ { "echo4_to_another", STATUS_FRAME_NOT_OURS, 33, 1, { 9 } }, 0, 0 },
	{ { "echo4_to_broadcast", STATUS_FRAME_NOT_OURS, 30, 4, { 198, 18, 0, 255 } }, 0, 0 },
	{ { "echo4_in_broadcast_frame", STATUS_FRAME_NOT_OURS, 0, 6, { 255, 255, 255, 255, 255, 255 } }, 0, 0 },
	{ { "echo4_from_broadcast", STATUS_FRAME_SOURCE, 26, 4, { 198, 18, 0, 255 } }, 0, 0 },
	{ { "echo4_from_multicast", STATUS_FRAME_SOURCE, 26, 4, { 224, 0, 0, 5 } }, 0, 0 },
	{ { "echo4_from_us", STATUS_FRAME_SOURCE, 26, 4, BUILD_IP4_HOST }, 0, 0 },
	{ { "echo4_reply", STATUS_FRAME_PROTOCOL, 34, 1, { 0 } }, 0, 0 },
	{ { "icmp4_timestamp", STATUS_FRAME_PROTOCOL, 34, 1, { 13 } }, 0, 0 },
	{ { "icmp4_redirect", STATUS_FRAME_PROTOCOL, 34, 1, { 5 } }, 0, 0 },
	{ { "echo4_code_1", STATUS_FRAME_PROTOCOL, 35, 1, { 1 } }, 0, 0 },
	{ { "echo4_checksum", STATUS_FRAME_ICMP_CHECKSUM, 42, 1, { 'P' } }, 0, 1 },
	{ { "echo4_fragment", STATUS_FRAME_FRAGMENT, 20, 2, { 0x20, 0 } }, 0, 0 },
	{ { "ip4_tcp", STATUS_FRAME_PROTOCOL, 23, 1, { 6 } }, 0, 1 },
	{ { "ip4_udp", STATUS_FRAME_PROTOCOL, 23, 1, { 17 } }, 0, 1 },
	{ { "icmp6_over_ip4", STATUS_FRAME_PROTOCOL, 23, 1, { 58 } }, 0, 1 },
	{ { "echo6_to_another", STATUS_FRAME_NOT_OURS, 53, 1, { 9 } }, 1, 0 },
	{ { "echo6_to_all_nodes", STATUS_FRAME_NOT_OURS, 38, 16, { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } }, 1, 0 },
	{ { "echo6_to_mapped_ip4", STATUS_FRAME_NOT_OURS, 38, 16, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 18, 0, 2 } }, 1, 0 },
	{ { "echo6_from_multicast", STATUS_FRAME_SOURCE, 22, 1, { 0xff } }, 1, 0 },
	{ { "echo6_from_unspecified", STATUS_FRAME_SOURCE, 22, 16, { 0 } }, 1, 0 },
	{ { "echo6_checksum", STATUS_FRAME_ICMP_CHECKSUM, 62, 1, { 'P' } }, 1, 1 },
	{ { "echo6_reply", STATUS_FRAME_PROTOCOL, 54, 1, { 129 } }, 1, 0 },
	{ { "icmp6_redirect", STATUS_FRAME_PROTOCOL, 54, 1, { 137 } }, 1, 0 },
	{ { "icmp6_router_advertisement", STATUS_FRAME_PROTOCOL, 54, 1, { 134 } }, 1, 0 },
	{ { "ip6_fragment", STATUS_FRAME_FRAGMENT, 20, 1, { 44 } }, 1, 1 },
	{ { "ip6_hop_by_hop", STATUS_FRAME_PROTOCOL, 20, 1, { 0 } }, 1, 1 },
};
/* clang-format on */
enum { N_ECHO_ROWS = sizeof(echo_rows) / sizeof(echo_rows[0]) };

static void echo_row_is_not_answered(void **state)
{
	const struct echo_row *row = *state;
	struct build_spec spec = echo_spec(row->v6);
	struct build f;

	build_packet(&f, &spec);
	memcpy(f.b + row->patch.off, row->patch.bytes, row->patch.len);
	memcpy(spec.src, f.b + (row->v6 ? 22 : 26), row->v6 ? 16 : 4);
	memcpy(spec.dst, f.b + (row->v6 ? 38 : 30), row->v6 ? 16 : 4);
	if (!row->keep_checksum)
		build_fix_l4(&f, &spec, 2);
	if (!row->v6)
		build_fix_ip4(&f, &spec);
	assert_int_equal(answer(&f), row->patch.want);
}

static void echo_with_options_is_not_answered(void **state)
{
	struct build_spec spec = echo_spec(false);
	struct build f;

	(void)state;
	build_packet(&f, &spec);
	memmove(f.b + 38, f.b + 34, f.len - 34);
	memset(f.b + 34, 1, 4);
	f.len += 4;
	f.b[14] = 0x46;
	build_put_u16(f.b + 16, (unsigned)(f.len - 14));
	build_fix_ip4(&f, &spec);
	assert_int_equal(answer(&f), STATUS_FRAME_PROTOCOL);
}

static void short_echo_is_not_answered(void **state)
{
	struct build f;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (size_t len = 2; len < 8; len++) {
			struct build_spec spec = echo_spec(i);

			spec.body_len = len;
			build_ip(&f, &spec, len);
			build_bytes(&f, spec.body, len);
			if (len >= 4)
				build_fix_l4(&f, &spec, 2);
			assert_int_not_equal(answer(&f), STATUS_FRAME_ANSWERED);
		}
}

enum { NS_SOURCE = 1, NS_NONCE = 2, NS_UNICAST = 4, NS_DAD = 8 };

/* A neighbour solicitation for the host's address. */
static struct build_spec build_ns(struct build *f, unsigned flags)
{
	static uint8_t body[24 + 16];
	struct build_spec spec = build_ip6("");

	memset(body, 0, sizeof(body));
	body[0] = 135;
	memcpy(body + 8, host_ip6, 16);
	spec.body = body;
	spec.body_len = 24;
	if (flags & NS_SOURCE) {
		body[24] = 1;
		body[25] = 1;
		memcpy(body + 26, peer_mac, 6);
		spec.body_len += 8;
	}
	if (flags & NS_NONCE) { /* RFC 3971 §5.3.2, RFC 7527 */
		body[spec.body_len] = 14;
		body[spec.body_len + 1] = 1;
		spec.body_len += 8;
	}
	spec.proto = 58;
	spec.hop_limit = 255;
	if (!(flags & NS_UNICAST)) {
		memcpy(spec.dst, solicited_ip, 16);
		memcpy(spec.dst_mac, solicited_mac, 6);
	}
	if (flags & NS_DAD)
		memset(spec.src, 0, 16);
	build_packet(f, &spec);
	return spec;
}

static void assert_na(const struct build *f, size_t off, const uint8_t dst_mac[6],
		      const uint8_t dst_ip[16], unsigned flags, bool option)
{
	const size_t len = option ? 32 : 24;
	const uint8_t *ip = f->b + off, *na = ip + 40;
	struct build_spec spec = build_ip6("");

	memcpy(spec.src, host_ip6, 16);
	memcpy(spec.dst, dst_ip, 16);
	spec.proto = 58;
	assert_int_equal(f->len, off + 40 + len);
	assert_memory_equal(f->b, dst_mac, 6);
	assert_memory_equal(f->b + 6, host_mac, 6);
	assert_int_equal(build_get_u16(ip + 4), len);
	assert_int_equal(ip[6], 58);
	assert_int_equal(ip[7], 255);
	assert_memory_equal(ip + 8, host_ip6, 16);
	assert_memory_equal(ip + 24, dst_ip, 16);
	assert_int_equal(na[0], 136);
	assert_int_equal(na[1], 0);
	assert_int_equal(na[4], flags);
	assert_memory_equal(na + 8, host_ip6, 16);
	if (option) {
		assert_int_equal(build_get_u16(na + 24), 0x0201);
		assert_memory_equal(na + 26, host_mac, 6);
	}
	assert_int_equal(build_sum(build_pseudo(&spec, len), na, len), 0xffff);
}

static void solicitation_is_answered(void **state)
{
	struct build f;

	(void)state;
	build_ns(&f, NS_SOURCE);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_na(&f, 14, peer_mac, peer_ip6, 0x60, true);
}

static void unicast_solicitation_is_answered(void **state)
{
	struct build f;

	(void)state;
	build_ns(&f, NS_SOURCE | NS_UNICAST);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_na(&f, 14, peer_mac, peer_ip6, 0x60, true);
	build_ns(&f, NS_UNICAST);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_na(&f, 14, peer_mac, peer_ip6, 0x60, false);
}

static void solicitation_from_link_local_is_answered(void **state)
{
	static const uint8_t link_local[16] = { 0xfe, 0x80, [15] = 9 };
	struct build_spec spec;
	struct build f;

	(void)state;
	spec = build_ns(&f, NS_SOURCE);
	memcpy(spec.src, link_local, 16);
	build_packet(&f, &spec);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_na(&f, 14, peer_mac, link_local, 0x60, true);
}

static void solicitation_answer_keeps_the_tag(void **state)
{
	struct build_spec spec;
	struct build f;

	(void)state;
	spec = build_ns(&f, NS_SOURCE);
	spec.vlan_tci = 300;
	build_packet(&f, &spec);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_int_equal(build_get_u16(f.b + 14), 300);
	assert_na(&f, 18, peer_mac, peer_ip6, 0x60, true);
}

/* RFC 4861 §7.2.4: to the unspecified address: all-nodes, not solicited. */
static void duplicate_address_detection_is_answered(void **state)
{
	struct build f;

	(void)state;
	build_ns(&f, NS_DAD);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_na(&f, 14, all_nodes_mac, all_nodes_ip, 0x20, false);
	build_ns(&f, NS_DAD | NS_NONCE);
	assert_int_equal(answer(&f), STATUS_FRAME_ANSWERED);
	assert_na(&f, 14, all_nodes_mac, all_nodes_ip, 0x20, true);
}

struct ns_row {
	struct patch patch;
	unsigned flags;
	bool keep_checksum;
};

/* RFC 4861 §7.1.1, line by line. */
/* clang-format off */
static const struct ns_row ns_rows[] = {
	{ { "ns_hop_limit_254", STATUS_FRAME_PROTOCOL, 21, 1, { 254 } }, NS_SOURCE, 0 },
	{ { "ns_hop_limit_64", STATUS_FRAME_PROTOCOL, 21, 1, { 64 } }, NS_SOURCE, 0 },
	{ { "ns_checksum", STATUS_FRAME_ICMP_CHECKSUM, 56, 1, { 0x77 } }, NS_SOURCE, 1 },
	{ { "ns_code_1", STATUS_FRAME_PROTOCOL, 55, 1, { 1 } }, NS_SOURCE, 0 },
	{ { "ns_target_another", STATUS_FRAME_NOT_OURS, 77, 1, { 9 } }, NS_SOURCE, 0 },
	{ { "ns_target_multicast", STATUS_FRAME_NOT_OURS, 62, 1, { 0xff } }, NS_SOURCE, 0 },
	{ { "ns_target_mapped_ip4", STATUS_FRAME_NOT_OURS, 62, 16, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 18, 0, 2 } }, NS_SOURCE, 0 },
	{ { "ns_to_another_group", STATUS_FRAME_NOT_OURS, 53, 1, { 3 } }, NS_SOURCE, 0 },
	{ { "ns_option_length_0", STATUS_FRAME_PROTOCOL, 79, 1, { 0 } }, NS_SOURCE, 0 },
	{ { "ns_option_past_end", STATUS_FRAME_PROTOCOL, 79, 1, { 2 } }, NS_SOURCE, 0 },
	{ { "ns_multicast_without_source_option", STATUS_FRAME_PROTOCOL, 14, 1, { 0x60 } }, 0, 0 },
	{ { "ns_from_multicast", STATUS_FRAME_SOURCE, 22, 1, { 0xff } }, NS_SOURCE, 0 },
	{ { "ns_from_us", STATUS_FRAME_SOURCE, 37, 1, { 2 } }, NS_SOURCE, 0 },
	{ { "ns_dad_with_source_option", STATUS_FRAME_SOURCE, 14, 1, { 0x60 } }, NS_DAD | NS_SOURCE, 0 },
	{ { "ns_dad_unicast", STATUS_FRAME_SOURCE, 14, 1, { 0x60 } }, NS_DAD | NS_UNICAST, 0 },
	{ { "na_is_no_request", STATUS_FRAME_PROTOCOL, 54, 1, { 136 } }, NS_SOURCE, 0 },
};
/* clang-format on */
enum { N_NS_ROWS = sizeof(ns_rows) / sizeof(ns_rows[0]) };

static void ns_row_is_not_answered(void **state)
{
	const struct ns_row *row = *state;
	struct build f;
	struct build_spec spec = build_ns(&f, row->flags);

	memcpy(f.b + row->patch.off, row->patch.bytes, row->patch.len);
	memcpy(spec.src, f.b + 22, 16);
	memcpy(spec.dst, f.b + 38, 16);
	if (!row->keep_checksum)
		build_fix_l4(&f, &spec, 2);
	assert_int_equal(answer(&f), row->patch.want);
}

static void short_solicitation_is_not_answered(void **state)
{
	struct build_spec spec;
	struct build f;

	(void)state;
	for (size_t len = 4; len < 32; len++) {
		spec = build_ns(&f, NS_SOURCE);
		spec.body_len = len;
		build_packet(&f, &spec);
		assert_int_not_equal(answer(&f), STATUS_FRAME_ANSWERED);
	}
}

static void gratuitous_arp(void **state)
{
	const uint8_t fixed[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t out[90];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const size_t off = i ? 18 : 14;

		memset(out, 0xee, sizeof(out));
		assert_int_equal(frame_arp_announce(&build_host, &build_host.addrs[0],
						    i ? 5 : VLAN_NONE, out),
				 60);
		assert_memory_equal(out, broadcast, 6);
		assert_memory_equal(out + 6, host_mac, 6);
		assert_memory_equal(out + off, fixed, 8);
		assert_memory_equal(out + off + 8, host_mac, 6);
		assert_memory_equal(out + off + 14, host_ip4, 4);
		assert_memory_equal(out + off + 18, zeros, 6);
		assert_memory_equal(out + off + 24, host_ip4, 4);
		assert_int_equal(out[59], 0);
		assert_int_equal(out[60], 0xee);
	}
	assert_int_equal(frame_arp_announce(&build_host, &build_host.addrs[1], VLAN_NONE, out), 0);
}

static void unsolicited_advertisement(void **state)
{
	struct build f;

	(void)state;
	f.len = frame_nd_announce(&build_host, &build_host.addrs[1], VLAN_NONE, f.b);
	assert_na(&f, 14, all_nodes_mac, all_nodes_ip, 0x20, true);
	f.len = frame_nd_announce(&build_host, &build_host.addrs[1], 9, f.b);
	assert_int_equal(f.len, 90);
	assert_na(&f, 18, all_nodes_mac, all_nodes_ip, 0x20, true);
	assert_int_equal(frame_nd_announce(&build_host, &build_host.addrs[0], VLAN_NONE, f.b), 0);
}

static struct CMUnitTest test_of(const char *name, CMUnitTestFunction run, const void *row)
{
	return (struct CMUnitTest){ .name = name,
				    .test_func = run,
				    .initial_state = (void *)(uintptr_t)row };
}

int main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(arp_request_is_answered),
		cmocka_unit_test(arp_answer_keeps_the_tag),
		cmocka_unit_test(arp_without_room_is_not_padded),
		cmocka_unit_test(arp_probe_is_answered),
		cmocka_unit_test(short_requests_are_not_answered),
		cmocka_unit_test(echo_is_answered),
		cmocka_unit_test(echo_padding_is_not_echoed),
		cmocka_unit_test(large_echo_is_answered),
		cmocka_unit_test(echo_with_options_is_not_answered),
		cmocka_unit_test(short_echo_is_not_answered),
		cmocka_unit_test(solicitation_is_answered),
		cmocka_unit_test(unicast_solicitation_is_answered),
		cmocka_unit_test(solicitation_from_link_local_is_answered),
		cmocka_unit_test(solicitation_answer_keeps_the_tag),
		cmocka_unit_test(duplicate_address_detection_is_answered),
		cmocka_unit_test(short_solicitation_is_not_answered),
		cmocka_unit_test(gratuitous_arp),
		cmocka_unit_test(unsolicited_advertisement),
	};
	enum { N_FIXED = sizeof(fixed) / sizeof(fixed[0]) };
	struct CMUnitTest tests[N_FIXED + N_ARP_ROWS + N_ECHO_ROWS + N_NS_ROWS];
	unsigned n = N_FIXED;

	memcpy(tests, fixed, sizeof(fixed));
	for (unsigned i = 0; i < N_ARP_ROWS; i++)
		tests[n++] = test_of(arp_rows[i].name, arp_row_is_not_answered, &arp_rows[i]);
	for (unsigned i = 0; i < N_ECHO_ROWS; i++)
		tests[n++] =
			test_of(echo_rows[i].patch.name, echo_row_is_not_answered, &echo_rows[i]);
	for (unsigned i = 0; i < N_NS_ROWS; i++)
		tests[n++] = test_of(ns_rows[i].patch.name, ns_row_is_not_answered, &ns_rows[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
