/* SPDX-License-Identifier: BSD-3-Clause */
/* A block of devices on a link, against hosts made of lib/wire's codecs. */
#include "load_link.h"
#include "neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define IP4(a, b, c, d)                                                                            \
	{                                                                                          \
		[10] = 0xff, 0xff, a, b, c, d                                                      \
	}
#define IP6(hi, lo)                                                                                \
	{                                                                                          \
		0x20, 0x01, 0x0d, 0xb8, [14] = (hi), (lo)                                          \
	}

/* 300 addresses of 10 ports; the share is devices 1000 .. 1999, so addresses 100 .. 199. */
static const uint8_t hello[5] = { 'h', 'e', 'l', 'l', 'o' };
static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 9 };
static const struct load_share share = { 1000, 1000 };
static struct load_options opt;
static struct port_spec spec;
static struct load_link link_;
static struct frame_host target;
static char err[256];

static void prepare4(void)
{
	memset(&opt, 0, sizeof(opt));
	opt.devices = 3000;
	opt.sources = (struct load_sources){ IP4(198, 18, 1, 0), 300, 100, 109 };
	memcpy(opt.target_ip, (uint8_t[16])IP4(198, 18, 0, 2), 16);
	opt.target_port = 5684;
	spec = (struct port_spec){ .dev = "x",
				   .n_addrs = 1,
				   .addrs = { { IP4(198, 18, 0, 1), 15 } } };
	target = (struct frame_host){ .mac = { 2, 0, 0, 0, 0, 2 },
				      .n_addrs = 1,
				      .addrs = { { IP4(198, 18, 0, 2), 15 } } };
}

static void prepare6(void)
{
	prepare4();
	opt.sources = (struct load_sources){ IP6(1, 0), 300, 100, 109 };
	memcpy(opt.target_ip, (uint8_t[16])IP6(0, 2), 16);
	spec.addrs[0] = (struct frame_addr){ IP6(0, 1), 64 };
	target.addrs[0] = (struct frame_addr){ IP6(0, 2), 64 };
}

static void init(void)
{
	if (!load_link_init(&link_, &opt, &spec, our_mac, share, err, sizeof(err)))
		fail_msg("%s", err);
}

static enum load_link_verdict read_frame(uint8_t *frame, size_t len, struct load_link_in *in)
{
	uint8_t *copy = malloc(len < 60 ? 60 : len);
	enum load_link_verdict v;

	assert_non_null(copy);
	memcpy(copy, frame, len);
	v = load_link_read(&link_, copy, len, len < 60 ? 60 : len, 0, in);
	memcpy(frame, copy, len);
	free(copy);
	return v;
}

static void resolve(void)
{
	uint8_t frame[128];
	struct load_link_in in;
	size_t len = load_link_ask(&link_, frame);

	assert_false(link_.resolved);
	assert_int_equal(frame_answer(&target, frame, len, sizeof(frame), &len),
			 STATUS_FRAME_ANSWERED);
	assert_int_equal(read_frame(frame, len, &in), LOAD_LINK_LEARNED);
	assert_true(link_.resolved);
	assert_memory_equal(link_.hop.remote_mac, target.mac, 6);
}

/* A datagram of a device as the target takes it, and its answer as the device does. */
static void there_and_back(uint32_t device, const uint8_t want_ip[16], uint16_t want_port)
{
	uint8_t frame[256], *payload = frame + FRAME_HEADERS_MAX, back[256];
	struct nexthop hop;
	struct flow flow, forth;
	struct frame f;
	struct load_link_in in;
	uint16_t headers;
	size_t len;

	memcpy(payload, hello, sizeof(hello));
	headers = load_link_write(&link_, device, payload, 5, 0);
	assert_int_equal(frame_parse(&target, payload - headers, headers + 5u, 0, &flow, &hop, &f),
			 STATUS_OK);
	assert_memory_equal(flow.remote_ip, want_ip, 16);
	assert_int_equal(flow.remote_port, want_port);
	assert_int_equal(flow.local_port, 5684);
	assert_memory_equal(hop.remote_mac, our_mac, 6);
	len = frame_headers_len(&flow, &hop);
	memcpy(back + len, hello, sizeof(hello));
	frame_write(&flow, &hop, 0, back, back + len, 5);
	assert_int_equal(read_frame(back, len + 5, &in), LOAD_LINK_DATAGRAM);
	assert_int_equal(in.device, device);
	assert_int_equal(in.off, len);
	assert_int_equal(in.len, 5);
	/* Broken on its way. */
	back[len] ^= 1;
	assert_int_equal(read_frame(back, len + 5, &in), LOAD_LINK_MALFORMED);
	/* From another port of the target, and to a port that is no device's. */
	forth = flow;
	forth.local_port = 5683;
	frame_write(&forth, &hop, 0, back, back + len, 5);
	assert_int_equal(read_frame(back, len + 5, &in), LOAD_LINK_FOREIGN);
	forth = flow;
	forth.remote_port = 110;
	frame_write(&forth, &hop, 0, back, back + len, 5);
	assert_int_equal(read_frame(back, len + 5, &in), LOAD_LINK_FOREIGN);
}

static void devices_of_ip4(void **state)
{
	(void)state;
	prepare4();
	init();
	resolve();
	there_and_back(0, (uint8_t[16])IP4(198, 18, 1, 100), 100);
	there_and_back(999, (uint8_t[16])IP4(198, 18, 1, 199), 109);
}

static void devices_of_ip6(void **state)
{
	(void)state;
	prepare6();
	init();
	resolve();
	there_and_back(0, (uint8_t[16])IP6(1, 100), 100);
	there_and_back(999, (uint8_t[16])IP6(1, 199), 109);
}

static enum load_link_verdict asked(const uint8_t ip[16], uint8_t *answer, size_t *len)
{
	struct load_link_in in = { 0 };
	uint8_t frame[128], from[16];
	enum load_link_verdict v;
	size_t n;

	/* Not the target, which would tell its own address by asking. */
	memcpy(from, target.addrs[0].ip, 16);
	from[15]++;
	n = neighbour_ask(&target, from, ip, frame);
	v = read_frame(frame, n, &in);
	*len = in.len;
	memcpy(answer, frame, in.len);
	return v;
}

/* Every address of the share, and the port's own, but not those of other shares. */
static void answers_for_addresses(bool v6)
{
	uint8_t answer[128], mac[6], ip[16];
	size_t len;

	for (unsigned i = 0; i < 300; i++) {
		const bool ours = i >= 100 && i < 200;

		memcpy(ip, opt.sources.first_ip, 16);
		bytes_put_u64(ip + 8, bytes_u64(ip + 8) + i);
		assert_int_equal(asked(ip, answer, &len),
				 ours ? LOAD_LINK_ANSWER : LOAD_LINK_FOREIGN);
		if (!ours)
			continue;
		assert_true(neighbour_learn(&target, ip, answer, len, mac));
		assert_memory_equal(mac, our_mac, 6);
	}
	assert_int_equal(asked(spec.addrs[0].ip, answer, &len), LOAD_LINK_ANSWER);
	assert_true(neighbour_learn(&target, spec.addrs[0].ip, answer, len, mac));
	ip[v6 ? 4 : 12] ^= 1;
	assert_int_equal(asked(ip, answer, &len), LOAD_LINK_FOREIGN);
}

static void arp_for_every_address(void **state)
{
	(void)state;
	prepare4();
	init();
	answers_for_addresses(false);
}

static void nd_for_every_address(void **state)
{
	(void)state;
	prepare6();
	init();
	answers_for_addresses(true);
}

/* 198.18.0.2 pings 198.18.1.150; and 198.18.2.0, which is another share's. */
static void echo_is_answered(void **state)
{
	uint8_t ping[42] = {
		2, 0, 0, 0,  0, 9, 2, 0,   0,  0, 0, 2,   8,  0, 0x45, 0, 0, 28,   0,
		1, 0, 0, 64, 1, 0, 0, 198, 18, 0, 2, 198, 18, 1, 150,  8, 0, 0xf7, 0xff
	};
	struct load_link_in in;
	uint32_t sum = 0;

	(void)state;
	prepare4();
	init();
	for (unsigned i = 14; i < 34; i += 2)
		sum += bytes_u16(ping + i);
	bytes_put_u16(ping + 24, (uint16_t) ~(sum + (sum >> 16)));
	assert_int_equal(read_frame(ping, sizeof(ping), &in), LOAD_LINK_ANSWER);
	assert_memory_equal(ping, target.mac, 6);
	assert_int_equal(ping[34], 0);
	assert_memory_equal(ping + 26, ((uint8_t[]){ 198, 18, 1, 150 }), 4);
}

static void beyond_the_link_is_the_gateway(void **state)
{
	uint8_t frame[128];

	(void)state;
	prepare4();
	memcpy(opt.target_ip, (uint8_t[16])IP4(203, 0, 113, 7), 16);
	assert_false(load_link_init(&link_, &opt, &spec, our_mac, share, err, sizeof(err)));
	assert_non_null(strstr(err, "gw="));
	spec.has_gw4 = true;
	memcpy(spec.gw4, (uint8_t[16])IP4(198, 18, 0, 2), 16);
	init();
	(void)load_link_ask(&link_, frame);
	assert_memory_equal(frame + 38, ((uint8_t[]){ 198, 18, 0, 2 }), 4);
	assert_memory_equal(frame + 28, ((uint8_t[]){ 198, 18, 0, 1 }), 4);
	resolve();
	/* 198.20/15 is not 198.18/15. */
	memcpy(opt.target_ip, (uint8_t[16])IP4(198, 20, 0, 2), 16);
	init();
	assert_memory_equal(link_.hop_ip, spec.gw4, 16);
	memcpy(opt.target_ip, (uint8_t[16])IP4(198, 19, 255, 2), 16);
	init();
	assert_memory_equal(link_.hop_ip, opt.target_ip, 16);
}

static void families_do_not_mix(void **state)
{
	(void)state;
	prepare4();
	memcpy(opt.target_ip, (uint8_t[16])IP6(0, 2), 16);
	assert_false(load_link_init(&link_, &opt, &spec, our_mac, share, err, sizeof(err)));
	prepare4();
	opt.devices = 3001;
	assert_false(load_link_init(&link_, &opt, &spec, our_mac, share, err, sizeof(err)));
	assert_non_null(strstr(err, "--sources"));
}

/* Whatever is on the wire: read within its bytes (the sanitizer says), and never a datagram. */
static void noise_is_no_datagram(void **state)
{
	static const uint8_t types[][2] = { { 8, 0 }, { 8, 6 }, { 0x86, 0xdd }, { 0x81, 0 } };
	struct load_link_in in;
	uint8_t frame[100];
	uint32_t x = 1;

	(void)state;
	prepare4();
	init();
	for (unsigned i = 0; i < 20000; i++) {
		const size_t len = i % sizeof(frame);

		for (size_t k = 0; k < len; k++)
			frame[k] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		if (len >= 14) {
			memcpy(frame, our_mac, 6);
			frame[6] &= 0xfe;
			memcpy(frame + 12, types[i % 4], 2);
		}
		assert_int_not_equal(read_frame(frame, len, &in), LOAD_LINK_DATAGRAM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_of_ip4),
		cmocka_unit_test(devices_of_ip6),
		cmocka_unit_test(arp_for_every_address),
		cmocka_unit_test(nd_for_every_address),
		cmocka_unit_test(echo_is_answered),
		cmocka_unit_test(beyond_the_link_is_the_gateway),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(noise_is_no_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
