/* SPDX-License-Identifier: BSD-3-Clause */
#include "cookie.h"

#include "hellos.h"

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

static size_t input_of(const struct flow *flow, const struct hello_parts *parts,
		       uint8_t out[COOKIE_INPUT_MAX])
{
	static uint8_t body[HELLO_MAX];
	struct client_hello ch;

	assert_int_not_equal(client_hello_parse(rd_of(body, hello_body(body, parts)), &ch),
			     HS_PARSE_DECODE_ERROR);
	return cookie_input(flow, &ch, out);
}

static void mac_of(const struct hmac_key *key, const void *msg, uint16_t len,
		   uint8_t out[HMAC_SHA256_LEN])
{
	struct hmac_batch *batch = hmac_batch_new();
	struct hmac_op op = { .key = key, .msg = msg, .len = len };

	assert_non_null(batch);
	hmac_batch_run(batch, &op, 1);
	memcpy(out, op.mac, HMAC_SHA256_LEN);
	hmac_batch_free(batch);
}

static bool same_input(const struct flow *flow, const struct hello_parts *p)
{
	static uint8_t base[COOKIE_INPUT_MAX], other[COOKIE_INPUT_MAX];
	const struct hello_parts plain = hello_plain();
	size_t base_len = input_of(&a_flow, &plain, base), len = input_of(flow, p, other);

	assert_true(base_len > 0);
	return base_len == len && memcmp(base, other, len) == 0;
}

/* bad-input E2; checklist 19 */
static void input_binds_every_byte_of_the_flow(void **state)
{
	struct hello_parts p = hello_plain();

	(void)state;
	assert_true(same_input(&a_flow, &p));
	for (size_t i = 0; i < sizeof(struct flow); i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct flow f = a_flow;

			((uint8_t *)&f)[i] ^= (uint8_t)(1u << bit);
			assert_false(same_input(&f, &p));
		}
}

/* bad-input E5; RFC 6347 §4.2.1 */
static void input_binds_what_the_second_hello_must_repeat(void **state)
{
	struct hello_parts p = hello_plain();

	(void)state;
	p.version = 0xfefc;
	assert_false(same_input(&a_flow, &p));
	p = hello_plain();
	p.random ^= 1;
	assert_false(same_input(&a_flow, &p));
	p = hello_plain();
	p.suites = HELLO_BYTES(0x00, 0xa8, 0xc0, 0xa8);
	assert_false(same_input(&a_flow, &p));
	p.suites = HELLO_BYTES(0xc0, 0xa8);
	assert_false(same_input(&a_flow, &p));
	p = hello_plain();
	p.compression = HELLO_BYTES(0, 0);
	assert_false(same_input(&a_flow, &p));
}

/* The session_id too: see cookie.h. */
static void input_leaves_out_the_cookie_itself(void **state)
{
	struct hello_parts p = hello_plain();

	(void)state;
	p.session_id = HELLO_BYTES(1, 2);
	p.cookie = HELLO_BYTES(1, 2, 3);
	p.message_seq = 1;
	p.record_seq = 9;
	assert_true(same_input(&a_flow, &p));
}

/* Bytes cannot move from one list to the next under the same MAC. */
static void input_keeps_the_lists_apart(void **state)
{
	uint8_t one[COOKIE_INPUT_MAX], two[COOKIE_INPUT_MAX];
	struct hello_parts p = hello_plain();
	size_t one_len, two_len;

	(void)state;
	p.suites = HELLO_BYTES(0, 1, 2, 2);
	p.compression = HELLO_BYTES(0);
	one_len = input_of(&a_flow, &p, one);
	p.suites = HELLO_BYTES(0, 1);
	p.compression = HELLO_BYTES(2, 2, 0);
	two_len = input_of(&a_flow, &p, two);
	assert_false(one_len == two_len && memcmp(one, two, one_len) == 0);
}

/* bad-input C14: a bounded MAC for a hello of any size. */
static void input_of_endless_lists_is_refused(void **state)
{
	static uint8_t suites[65534], out[COOKIE_INPUT_MAX + 1];
	struct client_hello ch = { .version = DTLS_1_2, .random = suites };
	const size_t room = COOKIE_INPUT_MAX - 36 - 2 - 32 - 2 - 2;

	(void)state;
	out[COOKIE_INPUT_MAX] = 0xee;
	ch.compression = rd_of(suites, 1);
	for (size_t len = 2; len <= sizeof(suites); len += 2) {
		ch.suites = rd_of(suites, len);
		assert_int_equal(cookie_input(&a_flow, &ch, out),
				 len <= room ? COOKIE_INPUT_MAX - room + len : 0);
	}
	assert_int_equal(out[COOKIE_INPUT_MAX], 0xee);
	/* Two hundred suites fit. */
	ch.suites = rd_of(suites, 400);
	assert_true(cookie_input(&a_flow, &ch, out) > 0);
}

/* bad-input E8: never a zero key at start, and no key twice. */
static void secrets_are_random_from_the_start(void **state)
{
	struct hmac_key zero;
	struct cookie_secrets s[8];

	(void)state;
	hmac_key_init(&zero, (const uint8_t[32]){ 0 });
	for (size_t i = 0; i < 8; i++)
		assert_true(cookie_secrets_init(&s[i]));
	for (size_t i = 0; i < 16; i++) {
		const struct hmac_key *k = &s[i / 2].keys[i % 2];

		assert_memory_not_equal(k, &zero, sizeof(zero));
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(k, &s[j / 2].keys[j % 2], sizeof(*k));
	}
}

/* checklist 19: two secrets overlap. */
static void rotation_replaces_the_elder(void **state)
{
	struct cookie_secrets first, second, third;

	(void)state;
	assert_true(cookie_secrets_init(&first));
	assert_true(cookie_secrets_rotate(&first, &second));
	assert_int_equal(second.current, !first.current);
	assert_memory_equal(&second.keys[first.current], &first.keys[first.current],
			    sizeof(struct hmac_key));
	assert_memory_not_equal(&second.keys[second.current], &first.keys[second.current],
				sizeof(struct hmac_key));
	assert_true(cookie_secrets_rotate(&second, &third));
	assert_int_equal(third.current, first.current);
	assert_memory_equal(&third.keys[second.current], &second.keys[second.current],
			    sizeof(struct hmac_key));
	assert_memory_not_equal(&third.keys[third.current], &first.keys[third.current],
				sizeof(struct hmac_key));
}

/* bad-input E1 */
static void only_our_shape_is_a_cookie(void **state)
{
	uint8_t bytes[256] = { 0 };
	uint8_t secret = 77;
	struct rd cookie;

	(void)state;
	for (size_t len = 0; len <= 255; len++) {
		cookie = rd_of(bytes, len);
		assert_int_equal(cookie_shaped(&cookie, &secret), len == COOKIE_LEN);
	}
	for (unsigned id = 0; id < 256; id++) {
		bytes[0] = (uint8_t)id;
		secret = 77;
		cookie = rd_of(bytes, COOKIE_LEN);
		assert_int_equal(cookie_shaped(&cookie, &secret), id < 2);
		assert_int_equal(secret, id < 2 ? id : 77);
	}
}

/* bad-input E1: every bit counts. */
static void every_flipped_bit_is_noticed(void **state)
{
	struct cookie_secrets secrets;
	uint8_t mac[HMAC_SHA256_LEN], bytes[COOKIE_LEN];
	struct rd cookie = rd_of(bytes, sizeof(bytes));

	(void)state;
	assert_true(cookie_secrets_init(&secrets));
	mac_of(&secrets.keys[1], "hello", 5, mac);
	cookie_write(bytes, 1, mac);
	assert_true(cookie_verify(&cookie, 1, mac));
	assert_false(cookie_verify(&cookie, 0, mac));
	for (size_t i = 0; i < sizeof(bytes) * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_false(cookie_verify(&cookie, 1, mac));
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	cookie.end--;
	assert_false(cookie_verify(&cookie, 1, mac));
	mac_of(&secrets.keys[0], "hello", 5, mac);
	cookie.end++;
	assert_false(cookie_verify(&cookie, 1, mac));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_binds_every_byte_of_the_flow),
		cmocka_unit_test(input_binds_what_the_second_hello_must_repeat),
		cmocka_unit_test(input_leaves_out_the_cookie_itself),
		cmocka_unit_test(input_keeps_the_lists_apart),
		cmocka_unit_test(input_of_endless_lists_is_refused),
		cmocka_unit_test(secrets_are_random_from_the_start),
		cmocka_unit_test(rotation_replaces_the_elder),
		cmocka_unit_test(only_our_shape_is_a_cookie),
		cmocka_unit_test(every_flipped_bit_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
