/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing and writing; every refusal here is a row of bad-input A20. */
#include "frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "frame_build.h"
#include "frame_plain.h"
#include "frame_plain_avx512.h"

#include <sys/mman.h>

/* Parses from memory of exactly len bytes, so that the sanitizer sees an over-read. */
static enum status parse_exact(const uint8_t *bytes, size_t len, unsigned checked,
			       struct build_parsed *out)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum status s;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	s = build_parse(&build_host, copy, len, checked, out);
	free(copy);
	return s;
}

static void assert_parses(const struct build_spec *spec, const struct build *f)
{
	static const uint8_t host_mac[] = BUILD_MAC_HOST, peer_mac[] = BUILD_MAC_PEER;
	struct build_parsed out = { .hop.port_id = 77 };
	const uint8_t *src = out.flow.remote_ip, *dst = out.flow.local_ip;

	assert_int_equal(parse_exact(f->b, f->len, 0, &out), STATUS_OK);
	assert_int_equal(out.flow.remote_port, spec->src_port);
	assert_int_equal(out.flow.local_port, spec->dst_port);
	if (!spec->v6) {
		static const uint8_t prefix[12] = { [10] = 0xff, 0xff };

		assert_memory_equal(src, prefix, 12);
		assert_memory_equal(dst, prefix, 12);
		src += 12;
		dst += 12;
	}
	assert_memory_equal(src, spec->src, spec->v6 ? 16 : 4);
	assert_memory_equal(dst, spec->dst, spec->v6 ? 16 : 4);
	assert_memory_equal(out.hop.local_mac, host_mac, 6);
	assert_memory_equal(out.hop.remote_mac, peer_mac, 6);
	assert_int_equal(out.hop.vlan_tci, spec->vlan_tci);
	assert_int_equal(out.hop.port_id, 77);
	assert_false(out.at.checksum_partial);
	assert_int_equal(out.at.payload_len, spec->body_len);
	assert_memory_equal(f->b + out.at.payload_off, spec->body, spec->body_len);
}

static void payload_by_types_alone(void **state)
{
	struct build_spec specs[] = { build_ip4("more than the largest headers less"),
				      build_ip6("more than the largest headers less") };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct build_spec spec = specs[i % 2];
		struct build_parsed out = { 0 };
		struct build f;

		spec.vlan_tci = i < 2 ? VLAN_NONE : 7;
		build_packet(&f, &spec);
		assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_OK);
		assert_int_equal(frame_udp_payload(f.b, f.len), out.at.payload_off);
		assert_int_equal(frame_udp_payload(f.b, FRAME_HEADERS_MAX - 1), 0);
		f.b[out.at.payload_off - 8 - (i % 2 ? 34 : 11)]++; /* the protocol */
		assert_int_equal(frame_udp_payload(f.b, f.len), 0);
	}
}

static void udp_over_ip4(void **state)
{
	struct build_spec spec = build_ip4("a reading");
	struct build f;

	(void)state;
	build_packet(&f, &spec);
	assert_parses(&spec, &f);
}

static void udp_over_ip6(void **state)
{
	struct build_spec spec = build_ip6("a reading.");
	struct build f;

	(void)state;
	build_packet(&f, &spec);
	assert_parses(&spec, &f);
}

static void vlan_tag_is_remembered(void **state)
{
	struct build_spec v4 = build_ip4("tagged"), v6 = build_ip6("tagged");
	struct build f;

	(void)state;
	v4.vlan_tci = 0xa064; /* priority 5, VLAN 100 */
	build_packet(&f, &v4);
	assert_parses(&v4, &f);
	v6.vlan_tci = 0; /* priority-tagged */
	build_packet(&f, &v6);
	assert_parses(&v6, &f);
}

static void empty_datagram(void **state)
{
	struct build_spec v4 = build_ip4(""), v6 = build_ip6("");
	struct build f;

	(void)state;
	build_packet(&f, &v4);
	assert_parses(&v4, &f);
	build_packet(&f, &v6);
	assert_parses(&v6, &f);
}

static void ethernet_padding_is_not_payload(void **state)
{
	struct build_spec v4 = build_ip4("x"), v6 = build_ip6("x");
	struct build f;

	(void)state;
	build_packet(&f, &v4);
	memset(f.b + f.len, 0xee, 60 - f.len);
	f.len = 60;
	assert_parses(&v4, &f);
	build_packet(&f, &v6);
	build_u16(&f, 0xeeee);
	assert_parses(&v6, &f);
}

static void ip4_options_are_stepped_over(void **state)
{
	struct build_spec spec = build_ip4("behind options");
	struct build f;
	struct build_parsed out;

	(void)state;
	build_packet(&f, &spec);
	memmove(f.b + 42, f.b + 34, f.len - 34);
	memset(f.b + 34, 1, 8); /* no-operation */
	f.len += 8;
	f.b[14] = 0x47;
	build_put_u16(f.b + 16, (unsigned)(f.len - 14));
	build_fix_ip4(&f, &spec);
	assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_OK);
	assert_int_equal(out.at.payload_off, 50);
	assert_int_equal(out.at.payload_len, spec.body_len);
}

static void every_truncation_is_refused(void **state)
{
	struct build_spec specs[] = { build_ip4("cut short"), build_ip6("cut short") };
	struct build f;
	struct build_parsed out;

	(void)state;
	specs[1].vlan_tci = 7;
	for (unsigned i = 0; i < 2; i++) {
		build_packet(&f, &specs[i]);
		for (size_t len = 0; len < f.len; len++)
			assert_int_not_equal(parse_exact(f.b, len, 0, &out), STATUS_OK);
		assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_OK);
	}
}

static void every_flipped_bit_is_noticed(void **state)
{
	struct build_spec specs[] = { build_ip4("bits"), build_ip6("bits") };
	struct build f;
	struct build_parsed out;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		build_packet(&f, &specs[i]);
		/* Behind the MACs: all that is checked. IPv6's class, label and hop limit are not
		 * under any checksum. */
		for (size_t bit = (size_t)12 * 8; bit < f.len * 8; bit++) {
			const size_t at = bit / 8;

			if (i == 1 &&
			    ((at == 14 && bit % 8 < 4) || (at > 14 && at < 18) || at == 21))
				continue;
			f.b[at] ^= (uint8_t)(1 << bit % 8);
			assert_int_not_equal(parse_exact(f.b, f.len, 0, &out), STATUS_OK);
			f.b[at] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* A kernel that leaves the checksum to its device writes the pseudo-header's sum. */
static void unfinished_checksum_is_accepted(void **state)
{
	struct build_spec specs[] = { build_ip4("partial"), build_ip6("partial") };
	struct build f;
	struct build_parsed out;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const size_t l4 = build_l4_off(&specs[i]);
		const unsigned sum = build_pseudo(&specs[i], specs[i].body_len + 8);

		build_packet(&f, &specs[i]);
		build_put_u16(f.b + l4 + 6, sum);
		assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_OK);
		assert_true(out.at.checksum_partial);
		build_put_u16(f.b + l4 + 6, ~sum); /* the complement is just wrong */
		assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_FRAME_UDP_CHECKSUM);
	}
}

static void absent_checksum(void **state)
{
	struct build_spec v4 = build_ip4("none"), v6 = build_ip6("none");
	struct build f;
	struct build_parsed out;

	(void)state;
	build_packet(&f, &v4);
	build_put_u16(f.b + 40, 0);
	assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_OK);
	build_packet(&f, &v6);
	build_put_u16(f.b + 60, 0);
	assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_FRAME_UDP_CHECKSUM);
	assert_int_equal(parse_exact(f.b, f.len, FRAME_L4_CHECKED, &out),
			 STATUS_FRAME_UDP_CHECKSUM);
}

static void port_checked_is_not_checked_again(void **state)
{
	struct build_spec spec = build_ip4("hardware");
	struct build f;
	struct build_parsed out;

	(void)state;
	build_packet(&f, &spec);
	f.b[24] ^= 1;
	f.b[40] ^= 1;
	assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_FRAME_IP_CHECKSUM);
	assert_int_equal(parse_exact(f.b, f.len, FRAME_IP_CHECKED, &out),
			 STATUS_FRAME_UDP_CHECKSUM);
	assert_int_equal(parse_exact(f.b, f.len, FRAME_L4_CHECKED, &out), STATUS_FRAME_IP_CHECKSUM);
	assert_int_equal(parse_exact(f.b, f.len, FRAME_IP_CHECKED | FRAME_L4_CHECKED, &out),
			 STATUS_OK);
}

/* One change to a good frame; checksums are made right again but where they are the point. */
enum { NO_FIX_IP = 1, NO_FIX_L4 = 2, NO_FIX = 3 };
struct row {
	const char *name;
	bool v6;
	enum status want;
	unsigned flags;
	uint16_t off;
	uint8_t len;
	uint8_t bytes[16];
};

/* clang-format off */
static const struct row rows[] = {
	{ "another_mac", 0, STATUS_FRAME_NOT_OURS, 0, 5, 1, { 9 } },
	{ "broadcast_mac", 0, STATUS_FRAME_NOT_OURS, 0, 0, 6, { 255, 255, 255, 255, 255, 255 } },
	{ "multicast_mac", 1, STATUS_FRAME_NOT_OURS, 0, 0, 6, { 0x33, 0x33, 0, 0, 0, 2 } },
	{ "source_mac_is_group", 0, STATUS_FRAME_SOURCE, 0, 6, 1, { 3 } },
	{ "ethertype_unknown", 0, STATUS_FRAME_ETHERTYPE, 0, 12, 2, { 0x88, 0xcc } },
	{ "ethertype_is_length", 0, STATUS_FRAME_ETHERTYPE, 0, 12, 2, { 0, 50 } },
	{ "ethertype_qinq", 0, STATUS_FRAME_ETHERTYPE, 0, 12, 2, { 0x88, 0xa8 } },
	{ "ethertype_arp", 0, STATUS_FRAME_PROTOCOL, 0, 12, 2, { 8, 6 } },
	{ "ip4_version_5", 0, STATUS_FRAME_IP_HEADER, 0, 14, 1, { 0x55 } },
	{ "ip4_version_6", 0, STATUS_FRAME_IP_HEADER, 0, 14, 1, { 0x65 } },
	{ "ip4_header_of_16", 0, STATUS_FRAME_IP_HEADER, 0, 14, 1, { 0x44 } },
	{ "ip4_header_past_total", 0, STATUS_FRAME_IP_HEADER, NO_FIX, 14, 1, { 0x4f } },
	{ "ip4_total_below_header", 0, STATUS_FRAME_IP_HEADER, 0, 16, 2, { 0, 19 } },
	{ "ip4_total_0", 0, STATUS_FRAME_IP_HEADER, 0, 16, 2, { 0, 0 } },
	{ "ip4_total_past_frame", 0, STATUS_FRAME_IP_HEADER, 0, 16, 2, { 0, 37 } },
	{ "ip4_total_65535", 0, STATUS_FRAME_IP_HEADER, 0, 16, 2, { 255, 255 } },
	{ "ip4_checksum", 0, STATUS_FRAME_IP_CHECKSUM, NO_FIX_IP, 22, 1, { 3 } },
	{ "ip4_first_fragment", 0, STATUS_FRAME_FRAGMENT, 0, 20, 2, { 0x20, 0 } },
	{ "ip4_last_fragment", 0, STATUS_FRAME_FRAGMENT, 0, 20, 2, { 0x00, 1 } },
	{ "ip4_dont_fragment", 0, STATUS_OK, 0, 20, 2, { 0x40, 0 } },
	{ "ip4_tcp", 0, STATUS_FRAME_PROTOCOL, NO_FIX_L4, 23, 1, { 6 } },
	{ "ip4_icmp", 0, STATUS_FRAME_PROTOCOL, NO_FIX_L4, 23, 1, { 1 } },
	{ "ip4_another_host", 0, STATUS_FRAME_NOT_OURS, 0, 33, 1, { 3 } },
	{ "ip4_to_broadcast", 0, STATUS_FRAME_NOT_OURS, 0, 30, 4, { 255, 255, 255, 255 } },
	{ "ip4_to_multicast", 0, STATUS_FRAME_NOT_OURS, 0, 30, 4, { 224, 0, 1, 187 } },
	{ "ip4_from_zero", 0, STATUS_FRAME_SOURCE, 0, 26, 4, { 0, 0, 0, 0 } },
	{ "ip4_from_loopback", 0, STATUS_FRAME_SOURCE, 0, 26, 4, { 127, 0, 0, 1 } },
	{ "ip4_from_multicast", 0, STATUS_FRAME_SOURCE, 0, 26, 4, { 239, 1, 2, 3 } },
	{ "ip4_from_broadcast", 0, STATUS_FRAME_SOURCE, 0, 26, 4, { 255, 255, 255, 255 } },
	{ "ip4_from_directed_broadcast", 0, STATUS_FRAME_SOURCE, 0, 26, 4, { 198, 18, 0, 255 } },
	{ "ip4_from_another_network_255", 0, STATUS_OK, 0, 26, 4, { 198, 18, 1, 255 } },
	{ "ip4_from_ourselves", 0, STATUS_FRAME_SOURCE, 0, 26, 4, { 198, 18, 0, 2 } },
	{ "ip6_version_4", 1, STATUS_FRAME_IP_HEADER, 0, 14, 1, { 0x40 } },
	{ "ip6_payload_0", 1, STATUS_FRAME_IP_HEADER, NO_FIX, 18, 2, { 0, 0 } },
	{ "ip6_payload_past_frame", 1, STATUS_FRAME_IP_HEADER, NO_FIX, 18, 2, { 0, 17 } },
	{ "ip6_fragment_header", 1, STATUS_FRAME_FRAGMENT, NO_FIX, 20, 1, { 44 } },
	{ "ip6_hop_by_hop", 1, STATUS_FRAME_PROTOCOL, NO_FIX, 20, 1, { 0 } },
	{ "ip6_routing", 1, STATUS_FRAME_PROTOCOL, NO_FIX, 20, 1, { 43 } },
	{ "ip6_destination_options", 1, STATUS_FRAME_PROTOCOL, NO_FIX, 20, 1, { 60 } },
	{ "ip6_icmp6", 1, STATUS_FRAME_PROTOCOL, NO_FIX, 20, 1, { 58 } },
	{ "ip6_another_host", 1, STATUS_FRAME_NOT_OURS, 0, 53, 1, { 3 } },
	{ "ip6_to_all_nodes", 1, STATUS_FRAME_NOT_OURS, 0, 38, 16,
	  { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } },
	{ "ip6_to_our_mapped_ip4", 1, STATUS_FRAME_NOT_OURS, 0, 38, 16,
	  { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 18, 0, 2 } },
	{ "ip6_from_mapped_ip4", 1, STATUS_FRAME_SOURCE, 0, 22, 16,
	  { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 18, 0, 1 } },
	{ "ip6_from_unspecified", 1, STATUS_FRAME_SOURCE, 0, 22, 16, { 0 } },
	{ "ip6_from_loopback", 1, STATUS_FRAME_SOURCE, 0, 22, 16,
	  { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } },
	{ "ip6_from_multicast", 1, STATUS_FRAME_SOURCE, 0, 22, 1, { 0xff } },
	{ "ip6_from_ourselves", 1, STATUS_FRAME_SOURCE, 0, 37, 1, { 2 } },
	{ "ip6_from_link_local", 1, STATUS_OK, 0, 22, 2, { 0xfe, 0x80 } },
	{ "udp_length_short_by_one", 0, STATUS_FRAME_UDP_LENGTH, 0, 38, 2, { 0, 15 } },
	{ "udp_length_long_by_one", 0, STATUS_FRAME_UDP_LENGTH, 0, 38, 2, { 0, 17 } },
	{ "udp_length_below_header", 0, STATUS_FRAME_UDP_LENGTH, 0, 38, 2, { 0, 7 } },
	{ "udp_length_0", 0, STATUS_FRAME_UDP_LENGTH, 0, 38, 2, { 0, 0 } },
	{ "udp_length_0_over_ip6", 1, STATUS_FRAME_UDP_LENGTH, 0, 58, 2, { 0, 0 } },
	{ "udp_length_65535", 1, STATUS_FRAME_UDP_LENGTH, 0, 58, 2, { 255, 255 } },
	{ "udp_source_port_0", 0, STATUS_FRAME_SOURCE, 0, 34, 2, { 0, 0 } },
	{ "udp_checksum", 0, STATUS_FRAME_UDP_CHECKSUM, NO_FIX_L4, 45, 1, { 'X' } },
	{ "udp_checksum_over_ip6", 1, STATUS_FRAME_UDP_CHECKSUM, NO_FIX_L4, 65, 1, { 'X' } },
	{ "udp_checksum_other_address", 1, STATUS_FRAME_UDP_CHECKSUM, NO_FIX_L4, 36, 1, { 7 } },
};
/* clang-format on */
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static void row_has_its_status(void **state)
{
	const struct row *row = *state;
	struct build_spec spec = row->v6 ? build_ip6("12345678") : build_ip4("12345678");
	struct build f;
	struct build_parsed out;

	build_packet(&f, &spec);
	assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_OK);
	memcpy(f.b + row->off, row->bytes, row->len);
	/* Read back what the pseudo-header's sum depends on. */
	memcpy(spec.src, f.b + (row->v6 ? 22 : 26), row->v6 ? 16 : 4);
	memcpy(spec.dst, f.b + (row->v6 ? 38 : 30), row->v6 ? 16 : 4);
	if (!(row->flags & NO_FIX_L4))
		build_fix_l4(&f, &spec, 6);
	if (!row->v6 && !(row->flags & NO_FIX_IP))
		build_fix_ip4(&f, &spec);
	assert_int_equal(parse_exact(f.b, f.len, 0, &out), row->want);
}

static void reserved_and_double_tags_are_refused(void **state)
{
	struct build_spec spec = build_ip4("tag");
	struct build f;
	struct build_parsed out;

	(void)state;
	spec.vlan_tci = 0x0fff;
	build_packet(&f, &spec);
	assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_FRAME_ETHERTYPE);
	spec.vlan_tci = 100;
	build_packet(&f, &spec);
	build_put_u16(f.b + 16, 0x8100);
	assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_FRAME_ETHERTYPE);
}

static void udp_ends_inside_its_header(void **state)
{
	struct build_spec spec = build_ip4("");
	struct build f;
	struct build_parsed out;

	(void)state;
	build_packet(&f, &spec);
	build_put_u16(f.b + 16, 27);
	build_fix_ip4(&f, &spec);
	assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_FRAME_SHORT);
}

/* The answer to a parsed frame, checked against the test's own sums and parsed by "the peer". */
static void write_and_read_back(const struct build_spec *spec)
{
	const char text[] = "2.04 Changed, and an odd length.";
	struct build_spec back = *spec;
	struct build f;
	struct build_parsed in, out;
	struct frame_host peer = { .mac = BUILD_MAC_PEER, .n_addrs = 1 };
	uint8_t answer[256];
	size_t headers_len, l4;

	build_packet(&f, spec);
	assert_int_equal(parse_exact(f.b, f.len, 0, &in), STATUS_OK);
	headers_len = frame_headers_len(&in.flow, &in.hop);
	assert_true(headers_len <= FRAME_HEADERS_MAX);
	memset(answer, 0x5a, sizeof(answer));
	memcpy(answer + headers_len, text, sizeof(text));
	frame_write(&in.flow, &in.hop, 0, answer, answer + headers_len, sizeof(text));
	assert_int_equal(answer[headers_len + sizeof(text)], 0x5a);

	memcpy(peer.addrs[0].ip, in.flow.remote_ip, 16);
	assert_int_equal(build_parse(&peer, answer, headers_len + sizeof(text), 0, &out),
			 STATUS_OK);
	assert_memory_equal(out.flow.local_ip, in.flow.remote_ip, 16);
	assert_memory_equal(out.flow.remote_ip, in.flow.local_ip, 16);
	assert_int_equal(out.flow.local_port, in.flow.remote_port);
	assert_int_equal(out.flow.remote_port, in.flow.local_port);
	assert_memory_equal(out.hop.remote_mac, build_host.mac, 6);
	assert_int_equal(out.hop.vlan_tci, spec->vlan_tci);
	assert_int_equal(out.at.payload_off, headers_len);
	assert_int_equal(out.at.payload_len, sizeof(text));

	memcpy(back.src, spec->dst, 16);
	memcpy(back.dst, spec->src, 16);
	l4 = build_l4_off(spec);
	assert_int_equal(
		build_sum(build_pseudo(&back, sizeof(text) + 8), answer + l4, sizeof(text) + 8),
		0xffff);
	if (!spec->v6)
		assert_int_equal(build_sum(0, answer + build_ip_off(spec), 20), 0xffff);
}

static void answers_go_back_where_they_came_from(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct build_spec spec = i & 1 ? build_ip6("request") : build_ip4("request");

		spec.vlan_tci = i & 2 ? 0x2003 : VLAN_NONE;
		write_and_read_back(&spec);
	}
}

static uint64_t random_next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	return *x ^= *x << 17;
}

/* Whatever the addresses, ports and lengths: what was written is what a peer reads, and its sums
 * are right by the test's own. */
static void anything_written_reads_back(void **state)
{
	uint64_t x = 88172645463325252;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct build_spec spec = i & 1 ? build_ip6("") : build_ip4("");
		struct frame_host peer = { .mac = BUILD_MAC_PEER, .n_addrs = 1 };
		struct nexthop hop = { .local_mac = BUILD_MAC_HOST, .remote_mac = BUILD_MAC_PEER };
		uint8_t frame[FRAME_HEADERS_MAX + 300], *payload;
		const size_t len = random_next(&x) % 300, l4 = build_l4_off(&spec);
		struct flow flow = { .local_port = (uint16_t)(random_next(&x) | 1) };
		struct build_parsed back;

		flow.remote_port = (uint16_t)random_next(&x);
		hop.vlan_tci = VLAN_NONE;
		spec.src[3] = (uint8_t)x;
		spec.dst[2] = (uint8_t)(x >> 8);
		spec.dst[15] = (uint8_t)(x >> 16);
		for (unsigned end = 0; end < 2; end++) {
			uint8_t *ip = end ? flow.remote_ip : flow.local_ip;

			if (spec.v6)
				memcpy(ip, end ? spec.dst : spec.src, 16);
			else
				flow_ip_map(ip, end ? spec.dst : spec.src);
		}
		if (memcmp(flow.local_ip, flow.remote_ip, 16) == 0)
			continue;
		memcpy(peer.addrs[0].ip, flow.remote_ip, 16);
		peer.addrs[0].prefix_len = 32;
		payload = frame + frame_headers_len(&flow, &hop);
		assert_ptr_equal(payload, frame + l4 + FRAME_UDP_LEN);
		for (size_t k = 0; k < len; k++)
			payload[k] = (uint8_t)random_next(&x);
		frame_write(&flow, &hop, 0, frame, payload, len);
		assert_int_equal(build_sum(build_pseudo(&spec, len + 8), frame + l4, len + 8),
				 0xffff);
		if (!spec.v6)
			assert_int_equal(build_sum(0, frame + 14, 20), 0xffff);
		assert_int_equal(build_parse(&peer, frame, l4 + 8 + len, 0, &back), STATUS_OK);
		assert_memory_equal(back.flow.local_ip, flow.remote_ip, 16);
		assert_memory_equal(back.flow.remote_ip, flow.local_ip, 16);
		assert_int_equal(back.flow.local_port, flow.remote_port);
		assert_int_equal(back.flow.remote_port, flow.local_port);
		assert_memory_equal(back.hop.local_mac, hop.remote_mac, 6);
		assert_memory_equal(back.hop.remote_mac, hop.local_mac, 6);
		assert_int_equal(back.at.payload_len, len);
	}
}

/* By the general code: with a tag, which is then left out. */
static void headers_of_general_code(const struct flow *flow, const struct nexthop *hop,
				    const uint8_t *payload, size_t len, uint8_t *out)
{
	uint8_t tagged[FRAME_HEADERS_MAX];
	struct nexthop with_tag = *hop;

	with_tag.vlan_tci = 5;
	frame_write(flow, &with_tag, 0, tagged, payload, len);
	memcpy(out, tagged, 12);
	memcpy(out + 12, tagged + 12 + FRAME_VLAN_LEN, FRAME_PLAIN_LEN - 12);
}

static void writes_alike(frame_plain_writer *write, const struct flow *flow,
			 const struct nexthop *hop, const uint8_t *payload, size_t len)
{
	uint8_t want[FRAME_PLAIN_LEN], got[FRAME_PLAIN_LEN + 2];

	headers_of_general_code(flow, hop, payload, len, want);
	memset(got, 0x5a, sizeof(got));
	write(flow, hop, got + 1, payload, len);
	assert_memory_equal(got + 1, want, FRAME_PLAIN_LEN);
	assert_int_equal(got[0], 0x5a);
	assert_int_equal(got[FRAME_PLAIN_LEN + 1], 0x5a);
}

/* A page's worth, behind which there is nothing to be read. */
static uint8_t *page_before_nothing(void)
{
	uint8_t *pages =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(pages != MAP_FAILED);
	assert_int_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
	return pages;
}

static FRAME_PLAIN_TARGET void write_avx512(const struct flow *flow, const struct nexthop *hop,
					    uint8_t *headers, const uint8_t *payload,
					    size_t payload_len)
{
	frame_plain_write_avx512(flow, hop, headers, payload, payload_len);
}

/* Every way there is to write a plain frame, whatever this CPU's, says what the general code does;
 * sums that come out as 0 among them. */
static void plain_frames_are_written_alike(void **state)
{
	frame_plain_writer *const writers[] = { frame_plain_write, frame_plain_avx512_usable()
									   ? write_avx512
									   : frame_plain_write };
	uint8_t *page = page_before_nothing();
	uint64_t x = 88172645463325252;

	(void)state;
	for (unsigned i = 0; i < 6000; i++) {
		size_t len = i < 300 ? i : random_next(&x) % (i % 16 == 0 ? 1473 : 150);
		uint8_t *payload = page + 4096 - len, headers[FRAME_PLAIN_LEN];
		uint64_t macs[2] = { random_next(&x), random_next(&x) };
		struct nexthop hop = { .vlan_tci = VLAN_NONE };
		struct flow flow = { .local_port = (uint16_t)x,
				     .remote_port = (uint16_t)(x >> 16) };
		uint32_t local = (uint32_t)random_next(&x), remote = (uint32_t)random_next(&x);

		memcpy(&hop, macs, 12);
		flow_ip_map(flow.local_ip, (const uint8_t *)&local);
		flow_ip_map(flow.remote_ip, (const uint8_t *)&remote);
		for (size_t k = 0; k < len; k++)
			payload[k] = i % 5 == 0 ? 0xff : (uint8_t)random_next(&x);
		if (i % 2 && len >= 2) { /* with its own checksum in it the sum is all ones */
			memset(payload, 0, 2);
			headers_of_general_code(&flow, &hop, payload, len, headers);
			memcpy(payload, headers + 40, 2);
			headers_of_general_code(&flow, &hop, payload, len, headers);
			assert_int_equal(build_get_u16(headers + 40), 0xffff);
		}
		for (unsigned k = 0; k < 2; k++)
			writes_alike(writers[k], &flow, &hop, payload, len);
	}
	assert_int_equal(munmap(page, 8192), 0);
}

static void offloads_leave_what_dpdk_expects(void **state)
{
	struct build_spec specs[] = { build_ip4("offload"), build_ip6("offload") };
	uint8_t answer[FRAME_HEADERS_MAX + 7];
	struct build f;
	struct build_parsed in;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		size_t l4 = build_l4_off(&specs[i]);

		build_packet(&f, &specs[i]);
		assert_int_equal(parse_exact(f.b, f.len, 0, &in), STATUS_OK);
		memset(answer, 0x5a, sizeof(answer));
		frame_write(&in.flow, &in.hop, FRAME_IP_OFFLOAD | FRAME_L4_OFFLOAD, answer,
			    (const uint8_t *)"offload", 7);
		assert_int_equal(build_get_u16(answer + l4 + 6), build_pseudo(&specs[i], 15));
		if (i == 0)
			assert_int_equal(build_get_u16(answer + 24), 0);
	}
}

/* RFC 768: "If the computed checksum is zero, it is transmitted as all ones". */
static void zero_checksum_is_written_as_ones(void **state)
{
	struct build_spec spec = build_ip4("request");
	uint8_t answer[FRAME_HEADERS_MAX], payload[2] = { 0, 0 };
	struct build f;
	struct build_parsed in;
	unsigned seen;

	(void)state;
	build_packet(&f, &spec);
	assert_int_equal(parse_exact(f.b, f.len, 0, &in), STATUS_OK);
	frame_write(&in.flow, &in.hop, 0, answer, payload, 2);
	seen = build_get_u16(answer + 40); /* adding the checksum itself makes the sum 0xffff */
	build_put_u16(payload, seen);
	frame_write(&in.flow, &in.hop, 0, answer, payload, 2);
	assert_int_equal(build_get_u16(answer + 40), 0xffff);
}

static void checksums_agree_for_every_length(void **state)
{
	char text[600];
	struct build f;
	struct build_parsed out;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(1 + i * 7 % 250);
	for (size_t len = 0; len < sizeof(text); len++) {
		struct build_spec spec = len % 2 ? build_ip6("") : build_ip4("");

		spec.body = (const uint8_t *)text;
		spec.body_len = len;
		spec.src_port = (unsigned)(1 + len * 131 % 65000);
		build_packet(&f, &spec);
		assert_int_equal(parse_exact(f.b, f.len, 0, &out), STATUS_OK);
		assert_int_equal(out.at.payload_len, len);
	}
}

static void assert_same_verdict(const struct frame_host *plain, const uint8_t *bytes, size_t len,
				unsigned checked)
{
	struct build_parsed a = { .hop.port_id = 77 }, b = { .hop.port_id = 77 };
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum status s;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	s = build_parse(&build_host, copy, len, checked, &b);
	assert_int_equal(build_parse(plain, copy, len, checked, &a), s);
	free(copy);
	if (s != STATUS_OK)
		return;
	assert_memory_equal(&a.flow, &b.flow, sizeof(a.flow));
	assert_memory_equal(&a.hop, &b.hop, sizeof(a.hop));
	assert_int_equal(a.at.payload_off, b.at.payload_off);
	assert_int_equal(a.at.payload_len, b.at.payload_len);
	assert_int_equal(a.at.checksum_partial, b.at.checksum_partial);
}

/* Addresses that something is said of somewhere, or whatever comes. */
static void random_source(uint8_t src[4], uint64_t *x)
{
	static const uint8_t some[][4] = {
		{ 198, 18, 0, 255 }, { 198, 18, 0, 2 },      { 10, 0, 0, 7 },  { 10, 0, 0, 6 },
		{ 127, 0, 0, 1 },    { 0, 0, 0, 1 },         { 223, 1, 2, 3 }, { 224, 0, 0, 1 },
		{ 240, 1, 2, 3 },    { 255, 255, 255, 255 }, { 128, 0, 0, 1 }, { 1, 0, 0, 0 }
	};
	const uint64_t r = random_next(x);

	memcpy(src, &r, 4);
	if (r >> 63)
		memcpy(src, some[r % (sizeof(some) / sizeof(some[0]))], 4);
}

/* A host made ready for plain frames says of every frame what one says that is not: same status,
 * same flow, hop and payload. Frames of every kind, then with one to three bytes changed, with and
 * without their sums made right again, cut and padded. */
static void plain_frames_are_parsed_alike(void **state)
{
	struct frame_host host = build_host;
	uint64_t x = 1469598103934665603;
	unsigned good = 0;

	(void)state;
	frame_host_prepare(&host);
	assert_int_equal(host.plain.n, 1);
	for (unsigned i = 0; i < 60000; i++) {
		uint8_t body[200];
		struct build_spec spec = random_next(&x) % 16 ? build_ip4("") : build_ip6("");
		struct build_parsed out;
		struct build f;

		for (unsigned k = 0; k < sizeof(body); k += 8)
			bytes_put_raw64(body + k, random_next(&x));
		spec.body = body;
		spec.body_len = random_next(&x) % 9 ? random_next(&x) % sizeof(body) : x % 8;
		if (!spec.v6 && x & 0x100)
			random_source(spec.src, &x);
		spec.src_port = (uint16_t)random_next(&x);
		if (x >> 60 == 0)
			spec.vlan_tci = (uint16_t)x;
		build_packet(&f, &spec);
		for (unsigned n = random_next(&x) % 4; n > 0; n--)
			f.b[random_next(&x) % (x & 0x10000 ? f.len : 42)] ^= (uint8_t)(x >> 32);
		if (x & 0x20000 && !spec.v6)
			build_fix_ip4(&f, &spec);
		if (x & 0x40000)
			build_fix_l4(&f, &spec, 6);
		if (random_next(&x) % 32 == 0) /* unfinished, or none */
			build_put_u16(f.b + build_l4_off(&spec) + 6,
				      x & 0x100 ? 0 : build_pseudo(&spec, spec.body_len + 8));
		if (random_next(&x) % 16 == 0)
			f.len = x >> 32 & 1 ? f.len + (x >> 40) % 20 : (x >> 40) % f.len;
		assert_same_verdict(&host, f.b, f.len, i % 4 ? 0 : (unsigned)(x >> 50) & 3);
		good += build_parse(&host, f.b, f.len, 0, &out) == STATUS_OK;
	}
	assert_in_range(good, 10000, 55000); /* both answers were looked at */
}

/* The same for the rows above, and for each single bit of a plain frame. */
static void plain_frames_are_refused_alike(void **state)
{
	struct frame_host host = build_host;
	struct build_spec spec = build_ip4("a reading of 27 bytes, and so");
	struct build f;

	(void)state;
	frame_host_prepare(&host);
	for (unsigned fix = 0; fix < 4; fix++)
		for (size_t bit = 0; bit < ((size_t)42 + spec.body_len) * 8; bit++) {
			build_packet(&f, &spec);
			f.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (fix & 2)
				build_fix_l4(&f, &spec, 6);
			if (fix & 1)
				build_fix_ip4(&f, &spec);
			for (unsigned checked = 0; checked < 4; checked++)
				assert_same_verdict(&host, f.b, f.len, checked);
		}
}

/* What a host is ready for: its IPv4 addresses, each with its broadcast address if it has one. */
static void hosts_are_made_ready(void **state)
{
	struct frame_host host = build_host;
	static const uint8_t want[3][8] = { { 198, 18, 0, 2, 198, 18, 0, 255 },
					    { 10, 0, 0, 6, 10, 0, 0, 6 },
					    { 10, 0, 0, 9, 10, 0, 0, 9 } };

	(void)state;
	host.n_addrs = 4;
	host.addrs[2] =
		(struct frame_addr){ .ip = { [10] = 0xff, 0xff, 10, 0, 0, 6 }, .prefix_len = 31 };
	host.addrs[3] =
		(struct frame_addr){ .ip = { [10] = 0xff, 0xff, 10, 0, 0, 9 }, .prefix_len = 32 };
	frame_host_prepare(&host);
	assert_int_equal(host.plain.n, 3);
	assert_memory_equal(host.plain.ip4, want, sizeof(want));
	assert_memory_equal(&host.plain.station, host.mac, 6);
	host.mac[0] |= 1; /* a station cannot be a group: nothing is plain then */
	frame_host_prepare(&host);
	assert_int_equal(host.plain.n, 0);
}

int main(void)
{
	const struct CMUnitTest fixed[] = {
		cmocka_unit_test(payload_by_types_alone),
		cmocka_unit_test(udp_over_ip4),
		cmocka_unit_test(udp_over_ip6),
		cmocka_unit_test(vlan_tag_is_remembered),
		cmocka_unit_test(empty_datagram),
		cmocka_unit_test(ethernet_padding_is_not_payload),
		cmocka_unit_test(ip4_options_are_stepped_over),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(unfinished_checksum_is_accepted),
		cmocka_unit_test(absent_checksum),
		cmocka_unit_test(port_checked_is_not_checked_again),
		cmocka_unit_test(reserved_and_double_tags_are_refused),
		cmocka_unit_test(udp_ends_inside_its_header),
		cmocka_unit_test(answers_go_back_where_they_came_from),
		cmocka_unit_test(anything_written_reads_back),
		cmocka_unit_test(plain_frames_are_written_alike),
		cmocka_unit_test(offloads_leave_what_dpdk_expects),
		cmocka_unit_test(zero_checksum_is_written_as_ones),
		cmocka_unit_test(checksums_agree_for_every_length),
		cmocka_unit_test(plain_frames_are_parsed_alike),
		cmocka_unit_test(plain_frames_are_refused_alike),
		cmocka_unit_test(hosts_are_made_ready),
	};
	enum { N_FIXED = sizeof(fixed) / sizeof(fixed[0]) };
	struct CMUnitTest tests[N_FIXED + N_ROWS];

	memcpy(tests, fixed, sizeof(fixed));
	for (unsigned i = 0; i < N_ROWS; i++)
		tests[N_FIXED + i] =
			(struct CMUnitTest){ .name = rows[i].name,
					     .test_func = row_has_its_status,
					     .initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
