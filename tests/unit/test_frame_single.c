/* SPDX-License-Identifier: BSD-3-Clause */
/* frame_parse and record_next say what frame_single_parse has to say. */
#include "frame_single.h"

#include "frame_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { PAGE = 4096, UDP_SUM_AT = FRAME_PLAIN_UDP + 6 };

static struct frame_host host, unprepared; /* the same, but for what makes frame_parse fast */
static uint8_t *page;                      /* behind it there is nothing to be read */

static int start(void **state)
{
	uint8_t *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	host = build_host;
	host.addrs[2] =
		(struct frame_addr){ .ip = { [10] = 0xff, 0xff, 10, 0, 0, 7 }, .prefix_len = 30 };
	host.n_addrs = 3;
	unprepared = host;
	frame_host_prepare(&host);
	page = pages;
	return pages == MAP_FAILED || mprotect(pages + PAGE, PAGE, PROT_NONE) != 0;
}

static uint64_t random_next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Which of the forms is looked for. */
static bool of_13;
static size_t cid_len; /* 0: without connection IDs */
static struct frame_single_form cid_form;

static FRAME_SINGLE_TARGET bool is_single(const uint8_t *frame, size_t len, unsigned checked,
					  void *ends)
{
	if (cid_len != 0)
		return frame_single_parse(&cid_form, &host.plain, frame, (uint16_t)len, checked,
					  ends);
	if (of_13)
		return frame_single_parse(&frame_single_13, &host.plain, frame, (uint16_t)len,
					  checked, ends);
	return frame_single_parse(&frame_single_12, &host.plain, frame, (uint16_t)len, checked,
				  ends);
}

/* Whether a datagram is one record of application data with a header of epoch 1, or one of DTLS 1.3
 * with a header like ours. */
static bool is_one_record(const uint8_t *p, size_t len)
{
	struct rd left = rd_of(p, len);
	struct record13 r13;
	struct record r;

	if (of_13 && cid_len != 0 && len > cid_len + RECORD13_HEADER_LEN &&
	    len < cid_len + RECORD13_HEADER_LEN +
			    RECORD13_SAMPLE_LEN) /* too short: not its matter */
		return record13_is_usual(*p ^ RECORD13_CID) &&
		       bytes_u16(p + cid_len + 3) == len - cid_len - RECORD13_HEADER_LEN;
	if (of_13)
		return len > 0 && record13_is_usual(cid_len ? *p ^ RECORD13_CID : *p) &&
		       record13_next(&left, cid_len, &r13) == STATUS_OK && rd_len(&left) == 0;
	return record_next_cid(&left, cid_len, &r) == STATUS_OK &&
	       r.type == (cid_len ? RECORD_CID : RECORD_APPDATA) && r.version == DTLS_1_2 &&
	       r.epoch == 1 && rd_len(&left) == 0;
}

/* By the general code, whether a frame is of the kind; its ends at out. */
static bool expected(const uint8_t *frame, size_t len, unsigned checked, struct build_parsed *out)
{
	return build_parse(&unprepared, frame, len, checked, out) == STATUS_OK &&
	       out->at.payload_off == FRAME_PLAIN_LEN && !out->at.checksum_partial &&
	       flow_ip_is_mapped(out->flow.remote_ip) && out->flow.remote_ip[12] < 224 &&
	       FRAME_PLAIN_LEN + (size_t)out->at.payload_len == len &&
	       is_one_record(frame + FRAME_PLAIN_LEN, out->at.payload_len);
}

/* Returns what both say. */
static bool assert_alike(const struct build *f, unsigned checked)
{
	uint8_t ends[FRAME_SINGLE_ENDS] __attribute__((aligned(64)));
	uint8_t *frame = page + PAGE - f->len;
	struct build_parsed want;
	bool single;

	memcpy(frame, f->b, f->len);
	memset(ends, 0x5a, sizeof(ends));
	memset(&want, 0, sizeof(want));
	single = is_single(frame, f->len, checked, ends);
	if (!expected(frame, f->len, checked, &want)) {
		assert_false(single);
		return false;
	}
	if (!single) { /* a frame without a checksum may be left to others */
		assert_int_equal(build_get_u16(frame + UDP_SUM_AT), 0);
		return false;
	}
	want.hop.port_id = 0;
	assert_memory_equal(ends, &want.flow, sizeof(want.flow));
	assert_memory_equal(ends + sizeof(want.flow), &want.hop, sizeof(want.hop));
	for (size_t i = sizeof(want.flow) + sizeof(want.hop); i < sizeof(ends); i++)
		assert_int_equal(ends[i], 0);
	return true;
}

/* The header of a datagram of one record; of a number all that a header can hold. */
static void put_header(uint8_t *datagram, size_t len, uint64_t number)
{
	static const uint8_t cid[] = "any bytes";
	const uint64_t seq = number & RECORD_SEQ_MAX;

	if (cid_len != 0 && of_13)
		record13_put_cid_header(datagram, number >> 32, number, cid, cid_len,
					(uint16_t)(len - cid_len - RECORD13_HEADER_LEN));
	else if (cid_len != 0)
		record_put_cid_header(datagram, 1, seq, cid, cid_len,
				      (uint16_t)(len - cid_len - RECORD_HEADER_LEN));
	else if (of_13)
		record13_put_header(datagram, number >> 32, number,
				    (uint16_t)(len - RECORD13_HEADER_LEN));
	else
		record_put_header(datagram, RECORD_APPDATA, DTLS_1_2, 1, seq,
				  (uint16_t)(len - RECORD_HEADER_LEN));
}

/* A datagram of one record with a body of any bytes. */
static void build_single(struct build *f, struct build_spec *spec, uint8_t *body, size_t len,
			 uint64_t *x)
{
	for (size_t i = 0; i < len; i += 8)
		bytes_put_raw64(body + i, random_next(x));
	put_header(body, len, random_next(x));
	spec->body = body;
	spec->body_len = len;
	build_packet(f, spec);
}

static void each_bit(struct build *f)
{
	for (size_t i = 0; i < 4 * 8 * f->len; i++) {
		const size_t bit = i / 4;

		f->b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_alike(f, i % 4);
		f->b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void every_length_and_each_bit(void **state)
{
	uint64_t x = 88172645463325252;
	uint8_t body[1600];

	(void)state;
	for (size_t len = FRAME_SINGLE_MIN - FRAME_PLAIN_LEN; len < 1500; len++) {
		struct build_spec spec = build_ip4("");
		struct build f;

		build_single(&f, &spec, body, len, &x);
		assert_true(assert_alike(&f, 0));
		if (len % 97 == 0)
			each_bit(&f);
	}
}

/* The largest there are, and sums of ones and zeros. */
static void long_frames(void **state)
{
	static const uint8_t fills[] = { 0, 0xff, 0x80 };
	static uint8_t big[65000];
	uint8_t ends[FRAME_SINGLE_ENDS] __attribute__((aligned(64)));
	const size_t lens[] = { 192, 193, 255, 256, 257, 9000, 16384, 18000, sizeof(big) };

	(void)state;
	for (size_t i = 0; i < 3 * sizeof(lens) / sizeof(lens[0]); i++) {
		const size_t len = lens[i / 3], payload = len - FRAME_PLAIN_LEN;
		struct flow flow = { .local_port = 9, .remote_port = 5684 };
		struct nexthop hop = { .local_mac = BUILD_MAC_PEER, .vlan_tci = VLAN_NONE };

		memset(big, fills[i % 3], len);
		flow_ip_map(flow.local_ip, (const uint8_t[4])BUILD_IP4_PEER);
		flow_ip_map(flow.remote_ip, (const uint8_t[4])BUILD_IP4_HOST);
		memcpy(hop.remote_mac, host.mac, 6);
		put_header(big + FRAME_PLAIN_LEN, payload, 7);
		frame_write(&flow, &hop, 0, big, big + FRAME_PLAIN_LEN, payload);
		assert_true(is_single(big, len, 0, ends));
		big[len - 1] ^= 1;
		assert_false(is_single(big, len, 0, ends));
		assert_true(is_single(big, len, FRAME_L4_CHECKED, ends));
	}
}

/* Sources that something is said of somewhere; addresses and ports. */
static void random_ends(struct build_spec *spec, uint64_t *x)
{
	static const uint8_t some[][4] = {
		{ 198, 18, 0, 255 }, { 198, 18, 0, 2 },      { 10, 0, 0, 7 },  { 10, 0, 0, 6 },
		{ 127, 0, 0, 1 },    { 0, 0, 0, 1 },         { 223, 1, 2, 3 }, { 224, 0, 0, 1 },
		{ 240, 1, 2, 3 },    { 255, 255, 255, 255 }, { 128, 0, 0, 1 }, { 1, 0, 0, 0 }
	};
	const uint64_t r = random_next(x);

	memcpy(spec->src, &r, 4);
	if (r >> 63)
		memcpy(spec->src, some[r % (sizeof(some) / sizeof(some[0]))], 4);
	if (r >> 62 & 1)
		memcpy(spec->dst, (const uint8_t[4]){ 10, 0, 0, 7 }, 4);
	spec->src_port = (uint16_t)random_next(x);
	spec->dst_port = (uint16_t)(random_next(x) >> 8);
}

/* Frames of the kind and others, one to three bytes changed, with and without their sums made right
 * again, cut and padded. */
static void random_frames(void **state)
{
	uint64_t x = 1469598103934665603;
	unsigned good = 0;
	uint8_t body[400];

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		struct build_spec spec = random_next(&x) % 16 ? build_ip4("") : build_ip6("");
		struct build f;

		if (!spec.v6 && x & 0x100)
			random_ends(&spec, &x);
		if (x >> 60 == 0)
			spec.vlan_tci = (uint16_t)x;
		build_single(&f, &spec, body, 22 + random_next(&x) % (sizeof(body) - 30), &x);
		for (unsigned n = random_next(&x) % 4; n > 0; n--)
			f.b[random_next(&x) % (x & 0x10000 ? f.len : 55)] ^= (uint8_t)(x >> 32);
		if (x & 0x20000 && !spec.v6)
			build_fix_ip4(&f, &spec);
		if (x & 0x40000)
			build_fix_l4(&f, &spec, 6);
		if (random_next(&x) % 32 == 0) /* unfinished, or none */
			build_put_u16(f.b + build_l4_off(&spec) + 6,
				      x & 0x100 ? 0 : build_pseudo(&spec, spec.body_len + 8));
		if (random_next(&x) % 16 == 0)
			f.len += (x >> 40) % 20;
		else if (random_next(&x) % 16 == 0)
			f.len -= (x >> 40) % (f.len - FRAME_SINGLE_MIN + 1);
		good += assert_alike(&f, i % 4 ? 0 : (unsigned)(x >> 50) & 3);
	}
	assert_in_range(good, 10000, 50000); /* both answers were looked at */
}

static int as_12(void **state)
{
	(void)state;
	of_13 = false;
	cid_len = 0;
	return 0;
}

static int as_13(void **state)
{
	(void)state;
	of_13 = true;
	cid_len = 0;
	return 0;
}

/* With connection IDs of every length that there is a form for. */
static void connection_ids(void **state)
{
	(void)state;
	for (size_t i = 0; i < 18; i++) {
		of_13 = i % 2;
		cid_len = 1 + i / 2;
		assert_true(frame_single_cid_fits(cid_len));
		frame_single_form_cid(&cid_form, of_13, cid_len);
		long_frames(NULL);
		if (cid_len % 4 == 0)
			random_frames(NULL);
	}
	assert_false(frame_single_cid_fits(0) || frame_single_cid_fits(10));
}

static int as_cid_12(void **state)
{
	(void)state;
	of_13 = false;
	cid_len = 8;
	frame_single_form_cid(&cid_form, false, 8);
	return 0;
}

static int as_cid_13(void **state)
{
	(void)state;
	of_13 = true;
	cid_len = 7;
	frame_single_form_cid(&cid_form, true, 7);
	return 0;
}

#define EACH_FORM(f)                                                                               \
	{ #f "_of_1_2", f, as_12, NULL, NULL }, { #f "_of_1_3", f, as_13, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_FORM(every_length_and_each_bit),
		EACH_FORM(long_frames),
		EACH_FORM(random_frames),
		cmocka_unit_test(connection_ids),
		{ "every_length_and_each_bit_with_cid_of_1_2", every_length_and_each_bit, as_cid_12,
		  NULL, NULL },
		{ "every_length_and_each_bit_with_cid_of_1_3", every_length_and_each_bit, as_cid_13,
		  NULL, NULL },
	};

	if (!frame_single_usable()) {
		printf("1..0 # SKIP no AVX-512 here\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, start, NULL);
}
