/* SPDX-License-Identifier: BSD-3-Clause */
#include "retry.h"

#include "ecdhe.h"
#include "hellos13.h"
#include "hs_msg13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct flow a_flow = {
	.local_ip = { [10] = 0xff, 0xff, 198, 18, 0, 2 },
	.remote_ip = { [10] = 0xff, 0xff, 198, 18, 0, 1 },
	.local_port = 5684,
	.remote_port = 40000,
};

static const uint8_t a_hash[HASH_MAX] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const uint8_t a_mac[HMAC_SHA256_LEN] = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7 };

static struct retry_cookie a_cookie(uint16_t suite)
{
	return (struct retry_cookie){ .secret = 1,
				      .time_s = 0x01020304,
				      .suite = suite_by_id(suite),
				      .group = ECDHE_SECP256R1,
				      .hash = a_hash };
}

static void cookie_is_laid_out_as_drawn(void **state)
{
	const uint8_t head[] = { 1, 1, 2, 3, 4, 0x13, 0x02, 0, 23 };
	const struct retry_cookie c = a_cookie(TLS_AES_256_GCM_SHA384);
	uint8_t bytes[RETRY_COOKIE_MAX];

	(void)state;
	assert_int_equal(retry_cookie_write(bytes, &c, a_mac), RETRY_COOKIE_MAX);
	assert_memory_equal(bytes, head, sizeof(head));
	assert_memory_equal(bytes + 9, a_hash, 48);
	assert_memory_equal(bytes + 57, a_mac, COOKIE_MAC_LEN);
}

static void cookie_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (size_t i = SUITE_12_N; i < SUITE_N; i++) {
		const struct retry_cookie c = a_cookie(suite_at(i)->id);
		uint8_t bytes[RETRY_COOKIE_MAX];
		size_t len = retry_cookie_write(bytes, &c, a_mac);
		struct retry_cookie back;

		assert_true(retry_cookie_parse(rd_of(bytes, len), &back));
		assert_int_equal(back.secret, c.secret);
		assert_int_equal(back.time_s, c.time_s);
		assert_ptr_equal(back.suite, c.suite);
		assert_int_equal(back.group, c.group);
		assert_memory_equal(back.hash, a_hash, len - 9 - COOKIE_MAC_LEN);
	}
}

/* bad-input E1 */
static void what_is_no_cookie_of_ours_is_not_read(void **state)
{
	const struct retry_cookie c = a_cookie(TLS_AES_128_GCM_SHA256);
	uint8_t bytes[RETRY_COOKIE_MAX + 1] = { 0 };
	size_t len = retry_cookie_write(bytes, &c, a_mac);
	struct retry_cookie out;

	(void)state;
	for (size_t n = 0; n <= sizeof(bytes); n++)
		assert_int_equal(retry_cookie_parse(rd_of(bytes, n), &out), n == len);
	bytes[0] = 2; /* there are two secrets */
	assert_false(retry_cookie_parse(rd_of(bytes, len), &out));
	bytes[0] = 0;
	assert_true(retry_cookie_parse(rd_of(bytes, len), &out));
	bytes[5] = 0xc0; /* a suite of DTLS 1.2 */
	bytes[6] = 0xa8;
	assert_false(retry_cookie_parse(rd_of(bytes, len), &out));
	bytes[5] = 0x13;
	bytes[6] = 0x06; /* and one of nobody */
	assert_false(retry_cookie_parse(rd_of(bytes, len), &out));
}

static void cookie_is_fresh_for_a_minute(void **state)
{
	struct retry_cookie c = a_cookie(TLS_AES_128_GCM_SHA256);

	(void)state;
	assert_true(retry_cookie_fresh(&c, c.time_s));
	assert_true(retry_cookie_fresh(&c, c.time_s + 60));
	assert_false(retry_cookie_fresh(&c, c.time_s + 61));
	assert_true(retry_cookie_fresh(&c, c.time_s - 1));
	assert_false(retry_cookie_fresh(&c, c.time_s - 2));
	c.time_s = UINT32_MAX - 10; /* the clock's 32 bits wrap */
	assert_true(retry_cookie_fresh(&c, 20));
	assert_false(retry_cookie_fresh(&c, 60));
}

static void mac_is_compared_whole(void **state)
{
	const struct retry_cookie c = a_cookie(TLS_AES_128_GCM_SHA256);
	uint8_t bytes[RETRY_COOKIE_MAX], mac[HMAC_SHA256_LEN];
	size_t len = retry_cookie_write(bytes, &c, a_mac);

	(void)state;
	assert_true(retry_cookie_verify(rd_of(bytes, len), a_mac));
	for (size_t bit = 0; bit < (size_t)8 * COOKIE_MAC_LEN; bit++) {
		memcpy(mac, a_mac, sizeof(mac));
		mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(retry_cookie_verify(rd_of(bytes, len), mac));
	}
	assert_false(retry_cookie_verify(rd_of(bytes + len - 15, 15), a_mac));
}

/* What of a hello and a cookie is under the MAC. */
static size_t input_of(const struct flow *flow, const struct hello13 *h,
		       const struct retry_cookie *c, uint8_t out[RETRY_INPUT_MAX])
{
	static uint8_t body[HELLO_MAX];
	struct client_hello ch;

	assert_int_not_equal(client_hello_parse(rd_of(body, hello13_body(body, h)), &ch),
			     HS_PARSE_DECODE_ERROR);
	return retry_input(flow, &ch, c, out);
}

static bool same_input(const struct flow *flow, const struct hello13 *h,
		       const struct retry_cookie *c)
{
	static uint8_t base[RETRY_INPUT_MAX], other[RETRY_INPUT_MAX];
	const struct retry_cookie a = a_cookie(TLS_AES_128_GCM_SHA256);
	struct hello13 plain;
	size_t len;

	hello13_plain(&plain);
	len = input_of(&a_flow, &plain, &a, base);
	assert_true(len > 0);
	return input_of(flow, h, c, other) == len && memcmp(base, other, len) == 0;
}

/* bad-input E2; checklist 19 */
static void input_binds_flow_and_cookie(void **state)
{
	struct retry_cookie c = a_cookie(TLS_AES_128_GCM_SHA256);
	uint8_t hash[HASH_MAX];
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	assert_true(same_input(&a_flow, &h, &c));
	for (size_t bit = 0; bit < 8 * sizeof(struct flow); bit++) {
		struct flow f = a_flow;

		((uint8_t *)&f)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(same_input(&f, &h, &c));
	}
	c.time_s++;
	assert_false(same_input(&a_flow, &h, &c));
	c = a_cookie(TLS_CHACHA20_POLY1305_SHA256);
	assert_false(same_input(&a_flow, &h, &c));
	c = a_cookie(TLS_AES_128_GCM_SHA256);
	c.group = ECDHE_NONE;
	assert_false(same_input(&a_flow, &h, &c));
	c = a_cookie(TLS_AES_128_GCM_SHA256);
	memcpy(hash, a_hash, sizeof(hash));
	hash[31] ^= 1;
	c.hash = hash;
	assert_false(same_input(&a_flow, &h, &c));
}

/* bad-input C10: what a second hello must repeat, and what it may change. */
static void input_binds_what_the_second_hello_must_repeat(void **state)
{
	const struct retry_cookie c = a_cookie(TLS_AES_128_GCM_SHA256);
	uint8_t random[HS_RANDOM_LEN];
	struct hello13 h;

	(void)state;
	memcpy(random, hello13_random, sizeof(random));
	random[31] ^= 1;
	hello13_plain(&h);
	h.p.random = random;
	assert_false(same_input(&a_flow, &h, &c));
	hello13_plain(&h);
	h.suites[h.p.n_suites++] = TLS_AES_128_CCM_SHA256;
	assert_false(same_input(&a_flow, &h, &c));
	hello13_plain(&h);
	h.groups[h.p.n_groups++] = ECDHE_SECP256R1;
	assert_false(same_input(&a_flow, &h, &c));
	hello13_plain(&h);
	h.p.n_signature_algorithms = 1;
	assert_false(same_input(&a_flow, &h, &c));
	hello13_plain(&h);
	h.p.server_name = rd_of("a.example", 9);
	assert_false(same_input(&a_flow, &h, &c));
	hello13_plain(&h);
	h.p.psk_modes = hello13_modes;
	h.p.n_psk_modes = 1;
	assert_false(same_input(&a_flow, &h, &c));

	hello13_plain(&h);
	h.shares[0].key = random;
	assert_true(same_input(&a_flow, &h, &c));
	h.p.n_shares = 0;
	assert_true(same_input(&a_flow, &h, &c));
	h.p.cookie = rd_of("cookie", 6);
	assert_true(same_input(&a_flow, &h, &c));
}

static void input_is_not_one_of_a_12_cookie(void **state)
{
	const struct retry_cookie c = a_cookie(TLS_AES_128_GCM_SHA256);
	uint8_t input[RETRY_INPUT_MAX];
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	assert_int_equal(input_of(&a_flow, &h, &c, input), 1 + 36 + 9 + 32 + 32);
	assert_int_equal(input[0], 0xff); /* no address of ours: that is multicast */
	assert_memory_equal(input + 1, &a_flow, sizeof(a_flow));
}

/* What the handshake puts into its transcript is what the gate sent. */
static void request_is_written_again_from_its_cookie(void **state)
{
	const struct retry_cookie c = a_cookie(TLS_AES_256_GCM_SHA384);
	uint8_t cookie[RETRY_COOKIE_MAX], body[256];
	size_t n = retry_cookie_write(cookie, &c, a_mac), len;
	struct wr w = wr_of(body, sizeof(body));
	struct retry_cookie back;
	struct server_hello13 sh;

	(void)state;
	assert_true(retry_cookie_parse(rd_of(cookie, n), &back));
	retry_write(&w, &back, rd_of(cookie, n));
	assert_true(wr_finish(&w, &len));
	assert_int_equal(server_hello13_parse(rd_of(body, len), &sh), HS_PARSE_OK);
	assert_true(sh.retry && sh.has_share && !sh.has_psk);
	assert_int_equal(sh.version, DTLS_1_3);
	assert_int_equal(sh.suite, TLS_AES_256_GCM_SHA384);
	assert_int_equal(sh.group, ECDHE_SECP256R1);
	assert_int_equal(rd_len(&sh.session_id), 0);
	assert_int_equal(rd_len(&sh.cookie), n);
	assert_memory_equal(sh.cookie.p, cookie, n);
	back.group = ECDHE_NONE;
	w = wr_of(body, sizeof(body));
	retry_write(&w, &back, rd_of(cookie, n));
	assert_true(wr_finish(&w, &len));
	assert_int_equal(server_hello13_parse(rd_of(body, len), &sh), HS_PARSE_OK);
	assert_false(sh.has_share);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookie_is_laid_out_as_drawn),
		cmocka_unit_test(cookie_is_read_as_it_was_written),
		cmocka_unit_test(what_is_no_cookie_of_ours_is_not_read),
		cmocka_unit_test(cookie_is_fresh_for_a_minute),
		cmocka_unit_test(mac_is_compared_whole),
		cmocka_unit_test(input_binds_flow_and_cookie),
		cmocka_unit_test(input_binds_what_the_second_hello_must_repeat),
		cmocka_unit_test(input_is_not_one_of_a_12_cookie),
		cmocka_unit_test(request_is_written_again_from_its_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
